"""Lists of cases: what is to be answered, and how much of it there is. Owned by services/events."""

from datetime import date
from typing import Annotated, ClassVar

from pydantic import AwareDatetime, Field

from shared.contracts.base import Personal, Request, Value
from shared.contracts.cases import CaseKind, CaseState, When


class CaseSummary(Value):
    """A case as lists show it."""

    engagement_id: str
    kind: str
    title: Annotated[str, Personal]
    who: Annotated[str, Personal] = ""
    """Whoever is named first, as recorded."""
    sensitive: bool
    state: CaseState
    owner_id: str
    owner: str
    due_on: date
    opened_at: AwareDatetime
    answered_at: AwareDatetime | None = None
    closed_at: AwareDatetime | None = None
    follow_up_on: date | None = None
    is_overdue: bool = False


class CaseList(Value):
    items: tuple[CaseSummary, ...]
    counts: dict[str, int]
    """Of each `When` how many there are, of the owner and the kinds asked for; not of `closed`, nor in its list."""
    is_least: bool = False
    """There are more than were counted."""
    next_cursor: str | None = None


class ListCases(Request[CaseList]):
    """Cases that are not closed, the first to be due first; `closed`: the others, the latest first."""

    service: ClassVar[str] = "events"
    reply: ClassVar = CaseList
    owner_id: str = ""
    """Of this account only; empty: everybody's."""
    kind: tuple[CaseKind, ...] = ()
    when: When = ""
    sensitive: bool = False
    limit: Annotated[int, Field(ge=1, le=100)] = 25
    cursor: str | None = None
