"""Who of several processes may write what: locks of one machine, and what a machine calls itself to the others."""

import fcntl
import os
import socket
from contextlib import suppress
from pathlib import Path

from services.history.index.port import IndexBusy
from shared.contracts.base import new_id


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
