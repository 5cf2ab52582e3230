"""Cases: engagements that somebody expects an answer to, from whoever takes them on to what came of them.

Owned by services/events. A case is a part of its engagement: it has the engagement's id and is restricted as that is.
"""

from datetime import date, datetime
from typing import Annotated, ClassVar, Literal, get_args

from pydantic import AwareDatetime, Field

from shared.contracts.base import Event, Personal, Request, Value
from shared.contracts.events import Engagement
from shared.contracts.photographs import Photograph

CaseKind = Literal["enquiry", "complaint", "question", "story", "foi_request"]
HANDLED: tuple[str, ...] = get_args(CaseKind)
"""Kinds of engagements that can be handled."""
CaseState = Literal["open", "answered", "closed"]
How = Literal["email", "letter", "phone", "in_person", "website", "other"]
Result = Literal["we_did", "nothing_changed"]
When = Literal["", "overdue", "week", "unanswered", "answered", "unowned", "follow_up", "closed"]
"""What a list of cases is narrowed to; `week`: due within seven days from today."""
Words = Annotated[str, Personal, Field(min_length=1, max_length=10_000)]


class Answer(Value):
    """What was said to whoever had asked."""

    text: Words
    how: How
    to: Annotated[str, Personal, Field(max_length=200)] = ""
    """To whom, in words."""
    sent_to: str = ""
    """The contact that it was sent to by e-mail; empty: it was given in another way."""
    notice_id: str = ""
    """What the message was asked for by; notifications knows by it what became of the message."""
    repeated: bool = False
    """They had been told the same before: nobody is told of it again."""
    at: AwareDatetime
    by: str


class Told(Value):
    """That an answer was given before, without its words."""

    mark: str
    """The same for the same words."""
    sent_to: str = ""
    """The contact that it was sent to by e-mail; empty: it was given in another way."""
    notice_id: str = ""


class Outcome(Value):
    """What came of it."""

    result: Result
    text: Words
    """What we did, or why nothing was changed."""
    at: AwareDatetime
    by: str


class Reopening(Value):
    """That a closed case was opened again, why, and what it had been closed with."""

    reason: Annotated[str, Personal, Field(min_length=1, max_length=1_000)]
    due_on: date
    at: AwareDatetime
    by: str
    closed_with: Outcome | None = None


class FollowUp(Value):
    """A note to oneself that comes due."""

    number: int
    note: Annotated[str, Personal, Field(min_length=1, max_length=1_000)]
    due_on: date
    at: AwareDatetime
    by: str
    done_at: AwareDatetime | None = None


class Case(Value):
    """The case of an engagement as it stands at `version`, which is not the engagement's."""

    engagement_id: str
    version: int
    state: CaseState
    owner_id: str = ""
    """The account that sees to it; empty: nobody yet."""
    owner: Annotated[str, Field(max_length=200)] = ""
    due_on: date
    opened_at: AwareDatetime
    opened_by: str
    answer: Answer | None = None
    outcome: Outcome | None = None
    follow_ups: tuple[FollowUp, ...] = ()
    reopenings: tuple[Reopening, ...] = ()
    """The latest last; 20 at most."""
    told: tuple[Told, ...] = ()
    """Answers that were given, the latest last; 20 at most."""
    told_late_at: AwareDatetime | None = None
    """When `CaseLeftUnanswered` was published."""
    requests: tuple[str, ...] = ()
    """The latest requests that have been carried out: the same again changes nothing."""

    def waits_since(self) -> datetime:
        """Since when whoever asked has waited: it was opened, or opened again."""
        return self.reopenings[-1].at if self.reopenings else self.opened_at

    def follow_up_due(self) -> date | None:
        """The first day on which a note comes due."""
        return min((each.due_on for each in self.follow_ups if each.done_at is None), default=None)


class _OfCase(Value):
    """What every event about a case says of its engagement."""

    engagement_id: str
    kind: CaseKind
    title: Annotated[str, Personal]
    contact_ids: tuple[str, ...]
    locality: str | None = None
    topics: tuple[str, ...] = ()
    sensitive: bool = False
    consultation_id: str | None = None
    """The consultation that the engagement is a contribution to."""
    at: AwareDatetime
    by: str


class CaseOpened(_OfCase, Event):
    """Published when an engagement has become something to be answered."""

    type: ClassVar[str] = "wellheard.case.opened.v1"
    owner: str = ""
    due_on: date


class CaseAssigned(_OfCase, Event):
    """Published when a case has been given to somebody, or another day to be answered by."""

    type: ClassVar[str] = "wellheard.case.assigned.v1"
    owner: str = ""
    due_on: date


class CaseAnswered(_OfCase, Event):
    """Published when whoever asked has been answered, or is to be by e-mail: then notifications sends it."""

    type: ClassVar[str] = "wellheard.case.answered.v1"
    answer: Answer


class CaseClosed(_OfCase, Event):
    """Published when a case is done with, and what came of it."""

    type: ClassVar[str] = "wellheard.case.closed.v1"
    outcome: Outcome


class CaseReopened(_OfCase, Event):
    """Published when a closed case is to be seen to again, and why."""

    type: ClassVar[str] = "wellheard.case.reopened.v1"
    reopening: Reopening


class CaseNoted(_OfCase, Event):
    """Published when somebody has noted what is still to be done and when."""

    type: ClassVar[str] = "wellheard.case.noted.v1"
    follow_up: FollowUp


class CaseLeftUnanswered(_OfCase, Event):
    """Published once for a case that was not answered within seven days of being opened, or opened again."""

    type: ClassVar[str] = "wellheard.case.left_unanswered.v1"
    opened_at: AwareDatetime


# -- requests ---------------------------------------------------------------------------------------


class Handled(Value):
    """An engagement with its case and its photographs, and what became of an answer that was sent by e-mail."""

    engagement: Engagement
    case: Case | None = None
    delivery: Literal["", "waiting", "sent", "bounced", "suppressed", "failed", "uncertain", "unknown"] = ""
    """`unknown`: notifications does not answer just now. Empty: nothing was sent."""
    delivery_reason: str = ""
    photographs: tuple[Photograph, ...] = ()


class GetHandled(Request[Handled]):
    """An engagement and its case, if it has one. NotFound as GetEngagement."""

    service: ClassVar[str] = "events"
    reply: ClassVar = Handled
    engagement_id: str
    sensitive: bool = False
    """Whoever asks may see sensitive engagements; for others there is none of that id."""


class _Command(Request[Case]):
    service: ClassVar[str] = "events"
    reply: ClassVar = Case
    engagement_id: str
    sensitive: bool = False
    by: str = "staff"


class _Step(_Command):
    """If nobody changed the case since `version` (else Conflict). The same `request_id` again changes nothing."""

    version: int
    request_id: Annotated[str, Field(min_length=1, max_length=100)]


class OpenCase(_Command):
    """Take an engagement on, due by a day of its kind unless another is named. One that has a case keeps it."""

    owner_id: str = ""
    owner: Annotated[str, Field(max_length=200)] = ""
    due_on: date | None = None


class AssignCase(_Step):
    """Give a case to somebody (to nobody: empty), and name the day to answer it by."""

    owner_id: str = ""
    owner: Annotated[str, Field(max_length=200)] = ""
    due_on: date


class AnswerCase(_Step):
    """Note the answer; `send_to`: a contact of the engagement that gets it by e-mail. Again, it is another answer.

    In the same words it is the same answer: whoever was told is not told again, unless the message did not arrive.
    Invalid when that contact has no e-mail address.
    """

    text: Words
    how: How = "other"
    to: Annotated[str, Personal, Field(max_length=200)] = ""
    send_to: str = ""


class CloseCase(_Step):
    """Done with: what we did, or why nothing was changed."""

    result: Result
    text: Words


class ReopenCase(_Step):
    """See to a closed case again, due by a day of its kind unless another is named. Conflict when it is not closed.

    What was answered stays answered: the same words again are noted, and nobody is told of them twice.
    """

    reason: Annotated[str, Personal, Field(min_length=1, max_length=1_000)]
    due_on: date | None = None


class NoteFollowUp(_Step):
    """A note that comes due on a day; also on a closed case."""

    note: Annotated[str, Personal, Field(min_length=1, max_length=1_000)]
    due_on: date


class EndFollowUp(_Step):
    """What a note was about has been done."""

    number: int
