"""The fault matrix: every scenario by name, registered where it is written."""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass

from tests.faults.run import Run, Scenario

SEEDS, SEEDS_OF_KILLS = 5, 20
OUTAGE, LONG_OUTAGE = 10.0, 60.0
TANTIVY, ELASTIC = "tantivy", "elastic"


@dataclass(frozen=True)
class Entry:
    """A row of the matrix."""

    name: str
    fault: str
    """What happens, in words for the report."""
    play: Scenario
    seeds: int
    long: bool
    """One more run with an outage of 60 s."""
    fresh: bool
    """Each seed needs an instance of its own."""
    direct: bool
    """The services reach the servers without the proxies, which cost time: for scenarios that measure it."""
    alone: bool
    """Nothing may run beside it: it measures time, or has a rule for it that a busy machine breaks."""
    engine: str
    """The only search engine that it is about; empty: any."""


MATRIX: dict[str, Entry] = {}


def scenario(
    fault: str,
    *,
    seeds: int = SEEDS,
    long: bool = False,
    fresh: bool = False,
    direct: bool = False,
    alone: bool = False,
    engine: str = "",
    name: str = "",
) -> Callable[[Scenario], Scenario]:
    """Put a scenario into the matrix, under the name of its function unless it has another."""

    def decorate(play: Scenario) -> Scenario:
        found = name or play.__name__.replace("_", "-")
        if found in MATRIX:
            raise ValueError(f"two scenarios are called {found}")
        MATRIX[found] = Entry(found, fault, play, seeds, long, fresh, direct, alone, engine)
        return play

    return decorate


def matrix() -> dict[str, Entry]:
    """All of them, in the order of the modules."""
    from tests.faults import scenarios

    for module in sorted(each.name for each in pkgutil.iter_modules(scenarios.__path__)):
        importlib.import_module(f"{scenarios.__name__}.{module}")
    return MATRIX


__all__ = ["ELASTIC", "LONG_OUTAGE", "MATRIX", "OUTAGE", "TANTIVY", "Entry", "Run", "matrix", "scenario"]
