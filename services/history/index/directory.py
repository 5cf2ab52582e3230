"""The indexes of an instance on disk, and which of them serves.

`<root>/<name>/` is an index; `<root>/current` names the one that serves and is replaced in one step.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import orjson

from services.history.index.port import (
    EngineHealth,
    IndexLost,
    IndexReader,
    IndexWriter,
    OnRefusal,
    Pointer,
    Unfinished,
    refused_silently,
)
from services.history.index.tantivy import TantivyReader, TantivyWriter
from services.history.index.tantivy_schema import file_stamp
from shared.contracts.base import new_id
from shared.errors import Conflict

WRITER_LOCK = ".tantivy-writer.lock"
BEGUN, SERVED = "begun", "served"
"""Files beside those of an index: when its building began, and that it has served and held everything."""
PROBE_BYTES = 1_000_000
BULK_HEAP_BYTES = 200_000_000


class Indexes:
    """The indexes of tantivy, in a directory."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._pointer = root / "current"
        self._unfinished: Unfinished | None = None

    def current(self) -> Pointer | None:
        """The index that serves, None when there is none."""
        try:
            return Pointer(**orjson.loads(self._pointer.read_bytes()))
        except (OSError, ValueError, TypeError):
            return None

    def serve(self, pointer: Pointer) -> None:
        """Let this index serve from now on. Raises IndexLost when the directory cannot be written."""
        try:
            if pointer.complete:
                (self._root / pointer.name / SERVED).touch()
            temporary = self._pointer.with_suffix(f".{os.getpid()}")
            with temporary.open("wb") as file:
                file.write(orjson.dumps(asdict(pointer)))
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self._pointer)
        except OSError as error:
            raise IndexLost(str(error)) from error

    def new_name(self) -> str:
        return new_id("index")

    @contextmanager
    def rebuilding(self) -> Iterator[None]:
        """One rebuild at a time, else Conflict; what is left over is removed, but for what can be gone on with."""
        self._root.mkdir(parents=True, exist_ok=True)
        with (self._root / "rebuild.lock").open("w") as lock:
            if not _locked(lock):
                raise Conflict("Another rebuild is going on. Wait until it has ended.")
            left = [each for each in self._root.iterdir() if each.is_dir() and self._is_left_over(each)]
            self._unfinished = max(filter(None, map(_begun, left)), key=lambda each: each.begun_at, default=None)
            for each in left:
                if self._unfinished is None or each.name != self._unfinished.name:
                    self.remove(each.name)
            yield

    def _is_left_over(self, path: Path) -> bool:
        """Neither does it serve nor does anybody write it."""
        pointer, lock = self.current(), path / WRITER_LOCK
        if pointer is not None and pointer.name == path.name:
            return False
        if not lock.exists():
            return True
        with lock.open("r+") as file:
            return _locked(file)

    def unfinished(self) -> Unfinished | None:
        return self._unfinished

    def kept(self) -> str | None:
        served = {each.stat().st_mtime_ns: each.parent for each in self._root.glob(f"*/{SERVED}")}
        found = [served[at].name for at in sorted(served) if self._is_left_over(served[at])]
        return found[-1] if found else None

    def check_writable(self) -> None:
        """Raises IndexLost when nothing can be written here: the disk is full, or read-only."""
        probe = self._root / f"probe.{os.getpid()}"
        try:
            with probe.open("wb") as file:
                file.write(bytes(PROBE_BYTES))
                file.flush()
                os.fsync(file.fileno())
            probe.unlink()
        except OSError as error:
            with suppress(OSError):
                probe.unlink(missing_ok=True)
            raise IndexLost(str(error)) from error

    def has(self, name: str) -> bool:
        return (self._root / name / "meta.json").exists()

    def writer(self, name: str, on_refusal: OnRefusal = refused_silently) -> IndexWriter:
        """tantivy takes everything, so nothing is ever refused."""
        return TantivyWriter(self._root / name)

    def bulk_writer(self, name: str, on_refusal: OnRefusal = refused_silently) -> IndexWriter:
        path = self._root / name
        if not self.has(name):
            path.mkdir(parents=True, exist_ok=True)
            (path / BEGUN).write_text(datetime.now(UTC).isoformat())
        return TantivyWriter(path, BULK_HEAP_BYTES, threads=2)

    def reader(self, name: str) -> IndexReader:
        return TantivyReader(self._root / name)

    def serving_reader(self, name: str) -> IndexReader:
        return self.reader(name)

    def remove(self, name: str) -> None:
        shutil.rmtree(self._root / name, ignore_errors=True)

    def health(self) -> EngineHealth:
        pointer = self.current()
        return EngineHealth("tantivy", "green" if pointer and self.has(pointer.name) else "away")

    def stamp(self) -> tuple[int, int] | None:
        """Differs when another index serves; None when there is none."""
        return file_stamp(self._pointer)


def _begun(path: Path) -> Unfinished | None:
    """What a killed rebuild has left there; None when nothing was committed, or it has served, or is broken."""
    if (path / SERVED).exists() or not (path / BEGUN).exists():
        return None
    try:
        if not TantivyReader(path).position():
            return None
    except IndexLost:
        return None
    return Unfinished(path.name, datetime.fromisoformat((path / BEGUN).read_text()))


def _locked(file: IO[str]) -> bool:
    """Whether the lock on the file could be taken; it ends with the file."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
