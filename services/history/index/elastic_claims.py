"""Who of several processes may write what: locks of one machine, what it calls itself to the others, and claims."""

import fcntl
import os
import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from elasticsearch import ConflictError, Elasticsearch

from services.history.index.elastic_client import WRITE_SECONDS, asking
from services.history.index.elastic_mapping import Names
from services.history.index.port import IndexBusy, IndexLost
from shared.contracts.base import new_id

BEAT_SECONDS = 5.0
"""How often a writer that has nothing to write says that it is there."""


class MachineLock:
    """A lock on a file; it ends with its process, however that ends. Raises IndexBusy while another has it."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("w")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise IndexBusy("another process of this machine writes this index") from None

    def release(self) -> None:
        self._file.close()


def holder_in(directory: Path) -> str:
    """What the processes that share this directory are called, also after a restart: they know their own."""
    directory.mkdir(parents=True, exist_ok=True)
    path, made = directory / "holder", directory / f"holder.{os.getpid()}"
    if not path.exists():
        made.write_text(f"{socket.gethostname()}:{new_id()}")
        with suppress(FileExistsError):  # another process was faster
            path.hardlink_to(made)  # whole or not at all
        made.unlink()
    return path.read_text()


class Claim:
    """That this process writes an index: the index's state, which only whoever wrote it last can change."""

    def __init__(self, client: Elasticsearch, names: Names, name: str, holder: str) -> None:
        self._client = client.options(request_timeout=WRITE_SECONDS)
        self._index, self._id, self._holder = names.state, name, holder
        found = self._get()
        self.position = int(found["_source"]["position"])
        self._made = found["_source"]["made"]
        self._seen = (found["_seq_no"], found["_primary_term"])
        self._beaten = 0.0
        self.write(self.position)

    def write(self, position: int, holder: str | None = None) -> None:
        """Note how far the index has come. Raises IndexLost when another process has taken it."""
        document = {"position": position, "holder": self._holder if holder is None else holder, "made": self._made}
        try:
            with asking():
                done = self._client.index(
                    index=self._index,
                    id=self._id,
                    document=document | {"beat": int(time.time())},
                    if_seq_no=self._seen[0],
                    if_primary_term=self._seen[1],
                )
        except ConflictError as error:
            raise IndexLost("another process writes this index now") from error
        self._seen = (done["_seq_no"], done["_primary_term"])
        self.position, self._beaten = position, time.monotonic()

    def keep(self) -> None:
        """Say from time to time that somebody is there."""
        if time.monotonic() - self._beaten > BEAT_SECONDS:
            self.write(self.position)

    def give_back(self) -> None:
        """Let another process in at once."""
        self.write(self.position, holder="")

    def _get(self) -> Any:
        with asking():
            return self._client.get(index=self._index, id=self._id)
