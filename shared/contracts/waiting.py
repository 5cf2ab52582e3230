"""What waits for somebody to see to it: every service that has such work answers for its own."""

from typing import ClassVar

from shared.contracts.base import Request, Value


class Pile(Value):
    """Things of one sort that wait for a person."""

    sort: str
    count: int
    only: str = ""
    """The id of the one there is, when it is the only one."""
    owner: str = ""
    """The account whose they are; empty: of whoever may see to them."""
    is_least: bool = False
    """There are more than were counted."""


class Waiting(Value):
    """Piles that are not empty."""

    piles: tuple[Pile, ...]


class CountWaiting(Request[Waiting]):
    """What waits at the service; it is asked each time somebody opens the first page, so it must cost little."""

    reply: ClassVar = Waiting
    service: str  # type: ignore[misc]


def waiting(*piles: Pile) -> Waiting:
    """Those of the piles that hold something."""
    return Waiting(piles=tuple(each for each in piles if each.count))
