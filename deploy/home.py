"""Where the servers that one user's instances share keep their files, and who is using them."""

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def home() -> Path:
    """`WELLHEARD_HOME`, else `~/.local/share/wellheard`."""
    return Path(os.environ.get("WELLHEARD_HOME") or Path.home() / ".local/share/wellheard").absolute()


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on, below the range that outgoing connections take."""
    for _ in range(200):
        port = 20_000 + int.from_bytes(os.urandom(2), "big") % 12_000
        if not listens(port):
            return port
    raise RuntimeError("no free port between 20000 and 32000")


def listens(port: int) -> bool:
    """Whether something accepts connections at the port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Holds the lock `name` of this home: starts and stops of shared servers never interleave."""
    home().mkdir(parents=True, exist_ok=True)
    with (home() / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


class Leases:
    """Who uses a shared server. The last one to leave stops it; a lease whose owner is gone does not count."""

    def __init__(self, server: str) -> None:
        self._dir = home() / "leases" / server

    def take(self, holder: str, owner: str) -> None:
        """`owner` is what must exist for the lease to count: `pid:<number>` or `dir:<path>`."""
        self._dir.mkdir(parents=True, exist_ok=True)
        (self._dir / holder).write_text(owner)

    def give_back(self, holder: str) -> None:
        (self._dir / holder).unlink(missing_ok=True)

    def holders(self) -> list[str]:
        """Those that count; leases of owners that are gone are dropped on the way."""
        if not self._dir.is_dir():
            return []
        for lease in list(self._dir.iterdir()):
            if not _exists(lease.read_text()):
                lease.unlink(missing_ok=True)
        return sorted(lease.name for lease in self._dir.iterdir())


def _exists(owner: str) -> bool:
    kind, _, value = owner.partition(":")
    return Path("/proc", value).exists() if kind == "pid" else Path(value).exists()
