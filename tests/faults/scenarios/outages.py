"""What every outage has in common: load, damage, health that tells the truth, healing, and recovery in time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.faults.run import Run

BACK, DRAINED = 10.0, 30.0
"""Seconds after healing in which every service must be ready again, and the backlog gone."""


@contextmanager
def recovery(run: Run, a_second: float = 60) -> Iterator[None]:
    """Load during the block and until everything is ready again; the damage is done and healed in the block."""
    run.ready_limit, run.drain_limit = BACK, DRAINED
    with run.load(a_second):
        run.pause(1, 3)
        yield
        run.healed()
        run.wait_ready_again()
        run.pause(2)


def outage(run: Run, take_away: Callable[[], object], bring_back: Callable[[], object]) -> None:
    """Something is away for as long as the run says."""
    with recovery(run):
        take_away()
        try:
            run.tell_the_truth(run.outage)
        finally:
            bring_back()
