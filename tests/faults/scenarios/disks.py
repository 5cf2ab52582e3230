"""Small disks that fill up: a tmpfs mounted where a server or the index keeps its files."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.run import Run, SkippedError
from tests.faults.waiting import wait_until


class Disk:
    """A small file system with a file that takes the rest of it."""

    def __init__(self, path: Path) -> None:
        self._ballast = path / "ballast"

    def fill(self, leave: int = 0) -> None:
        """Take everything but `leave` bytes."""
        taken, piece = 0, max(4096, shutil.disk_usage(self._ballast.parent).free - leave)
        with self._ballast.open("wb") as file:
            while piece >= 4096:
                try:
                    os.posix_fallocate(file.fileno(), taken, piece)
                    taken, piece = taken + piece, shutil.disk_usage(self._ballast.parent).free - leave
                except OSError:  # somebody else has taken a part of it meanwhile
                    piece //= 2

    def free(self) -> None:
        self._ballast.unlink(missing_ok=True)


def _mount(*arguments: str) -> bool:
    return subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode == 0


@contextmanager
def mounted(path: Path, megabytes: int) -> Iterator[Disk]:
    """What is in the folder moves to a tmpfs of this size for the block, and back afterwards."""
    kept = path.with_name(f"{path.name}.kept")
    if path.exists():
        shutil.copytree(path, kept, symlinks=True)
    path.mkdir(parents=True, exist_ok=True)
    if not _mount("-t", "tmpfs", "-o", f"size={megabytes}m,mode=0700", "tmpfs", str(path)):
        shutil.rmtree(kept, ignore_errors=True)
        raise SkippedError("a tmpfs cannot be mounted here (that needs root)")
    try:
        if kept.exists():
            shutil.copytree(kept, path, symlinks=True, dirs_exist_ok=True)
            shutil.rmtree(kept)
        yield Disk(path)
    finally:
        shutil.copytree(path, kept, symlinks=True)
        subprocess.run(["umount", "--lazy", str(path)], check=True)
        shutil.rmtree(path)
        kept.rename(path)


@contextmanager
def read_only(path: Path) -> Iterator[None]:
    """Nothing can be written in the folder during the block; what is open for writing stays so."""
    if not _mount("--bind", str(path), str(path)):
        raise SkippedError("nothing can be mounted here (that needs root)")
    try:
        # It is refused while a file that was opened through this very mount is being written.
        if not wait_until(lambda: _mount("-o", "remount,ro,bind", str(path)), 10):
            raise SkippedError("the folder cannot be made read-only")
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


@contextmanager
def filled(run: Run, path: Path, server: str, megabytes: int = 900) -> Iterator[Disk]:
    """A server on a small disk: it is stopped for the move there and for the move back."""
    servers = run.system.servers
    servers.stop(server)
    with mounted(path, megabytes) as disk:
        servers.ensure(server)
        run.system.wait_ready(60)
        try:
            yield disk
        finally:
            disk.free()
            run.wait_ready_again()
            run.settle()
            servers.stop(server)
    servers.ensure(server)
    run.system.wait_ready(60)
