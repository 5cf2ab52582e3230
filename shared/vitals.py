"""What a process can say of itself: its version, since when it runs, and the memory it takes."""

import resource
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

STARTED_AT = datetime.now(UTC)
"""When this module was imported: at the start of a process."""


def wellheard_version() -> str:
    """The version of the installed package; `unknown` when it runs from files that nobody installed."""
    try:
        return version("wellheard")
    except PackageNotFoundError:
        return "unknown"


def resident_bytes() -> int | None:
    """The memory that the process holds now; None where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    except (OSError, IndexError, ValueError):
        return None
