"""The MongoDB-compatible store as a process of its own: how it is started, and which build serves.

The default comes from PyPI into an environment of its own (its licence is GPL-2.0: it is never imported). `make
fast-store` builds the same store in Rust; it reads the same data directory and takes the default's place.
"""

from pathlib import Path

import pymongo
from pymongo.errors import PyMongoError

from deploy.home import home
from deploy.supervision import Program

# Without it a kill -9 loses acknowledged writes (measured: 149 of 18,275).
DURABLE = "--sync-on-commit"


class StoreMissing(Exception):
    """The store has not been installed; the text says how."""


def default_binary() -> Path:
    return home() / "store-env/bin/secantusd-py"


def fast_binary() -> Path:
    return home() / "fast-store/bin/secantusd-rs"


def store_name() -> str:
    """The build that serves, for the output of benches: `fast store` or `default store`."""
    return "fast store" if fast_binary().exists() else "default store"


def store_command(port: int, data: Path, cache: str = "512M") -> list[str]:
    """The command that serves `data` at the port of 127.0.0.1."""
    binary = next((each for each in (fast_binary(), default_binary()) if each.exists()), None)
    if binary is None:
        raise StoreMissing(f"no store in {home()}: run `make install`")
    address = ["--host", "127.0.0.1", "--port", str(port), "--storage-path", str(data)]
    return [str(binary), *address, DURABLE, "--cache-size", cache, "--log-level", "WARNING"]


def store_program(port: int, data: Path, stop_seconds: int = 60) -> Program:
    """A store under supervision; it writes everything out before it stops, which takes a while."""
    return Program("store", store_command(port, data), stop_seconds=stop_seconds, priority=100)


def store_answers(port: int) -> bool:
    """Whether a store at the port answers a ping."""
    client: pymongo.MongoClient[dict[str, object]] = pymongo.MongoClient(
        f"mongodb://127.0.0.1:{port}/", serverSelectionTimeoutMS=500, connectTimeoutMS=500
    )
    try:
        client.admin.command("ping")
    except PyMongoError:
        return False
    else:
        return True
    finally:
        client.close()
