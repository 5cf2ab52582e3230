"""A timeline, whosever it is, and what stands beside it."""

from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime

from shared.contracts.base import Personal, Request, Value
from shared.contracts.history import FacetCount, HistoryPage, NamedContact, SearchHistory


class Companion(Value):
    """Somebody who took part in what is on a timeline, and in how much of it."""

    contact: NamedContact
    count: int


class OpenQuestion(Value):
    """What somebody asked and was never answered."""

    engagement_id: str
    kind: str
    title: Annotated[str, Personal]
    asked_at: AwareDatetime
    taken_on: bool
    """It has a case; otherwise nobody has said that they see to it."""
    sensitive: bool = False


class OpenQuestions(Value):
    """The first few: those with a case, the longest waiting first, then the others, the newest first."""

    items: tuple[OpenQuestion, ...] = ()
    total: int = 0
    is_least: bool = False
    """There are more than were looked through."""


class Timeline(Value):
    """What the page of one contact, consultation, organisation, locality or topic shows of its history."""

    page: HistoryPage
    said_by_month: tuple[FacetCount, ...]
    """Engagements of `search`, without what became of a contact with us."""
    first_said_at: AwareDatetime | None
    last_said_at: AwareDatetime | None
    """Of all its engagements, whatever is searched for."""
    companions: tuple[Companion, ...] = ()
    """Who else took part in them, the most frequent first; a few."""
    questions: OpenQuestions = OpenQuestions()
    """Enquiries, questions, complaints and the like among them that nobody has answered."""


class GetTimeline(Request[Timeline]):
    """A search in one timeline, and when its first and last engagement were. Invalid as SearchHistory.

    It is the timeline of what `search` is about (`contact_id` with its `people`, `about`), and of the values of the
    `fixed` filters: all others narrow it down.
    """

    service: ClassVar[str] = "history"
    reply: ClassVar = Timeline
    contact_id: str | None = None
    """In place of the one in `search`."""
    search: SearchHistory
    fixed: tuple[Literal["locality", "topic"], ...] = ()
    companions: bool = False
    questions: bool = False
    """Whether these are wanted."""
