"""Meetings and community events that are still to come, and who wants to be there. Owned by services/events."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import AwareDatetime, Field, model_validator

from shared.contracts.base import Done, Event, Personal, Request, Value

MeetingState = Literal["planned", "called_off", "held"]
PlaceState = Literal["in", "waiting", "cancelled", "called_off"]
"""Of those who registered and did not cancel the first have a place, as many as there are; the others wait."""
MOST_PEOPLE = 1_000
"""Registrations of one meeting."""
MOST_STEPS = 20
"""Of what was decided about a meeting the first and the latest are kept."""
StepKind = Literal["planned", "changed", "moved", "called_off", "held"]


class MeetingPlan(Value):
    """What staff write about a meeting."""

    kind: Literal["meeting", "event"] = "meeting"
    """`event`: of the community, such as a stall or an open day."""
    title: Annotated[str, Field(min_length=1, max_length=200)]
    about: Annotated[str, Field(max_length=10_000)] = ""
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    place: Annotated[str, Field(max_length=500)] = ""
    online_url: Annotated[str, Field(max_length=1000, pattern=r"^(https?://\S+)?$")] = ""
    """Shown to whoever has a place."""
    capacity: Annotated[int | None, Field(ge=1, le=MOST_PEOPLE)] = None
    """None: as many as come."""
    public: bool = False
    """Everybody sees it and may register; else staff only."""
    locality: Annotated[str, Field(max_length=200)] = ""
    consultation_id: Annotated[str, Field(max_length=200)] = ""
    """The consultation that it belongs to: what is said there is a contribution to it."""

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.ends_at <= self.starts_at:
            raise ValueError("it ends after it starts")
        return self


class MeetingStep(Value):
    """Something that was decided about a meeting, and what held from then on."""

    what: StepKind
    starts_at: AwareDatetime
    place: str = ""
    at: AwareDatetime
    by: str


class PlannedMeeting(Value):
    """The meeting of the calendar that an engagement was, and how it came about."""

    meeting_id: str
    steps: tuple[MeetingStep, ...] = ()


class Meeting(Value):
    """A meeting as it stands at `version`; who registers does not change the version."""

    meeting_id: str
    version: int
    state: MeetingState
    plan: MeetingPlan
    arrangement: int = 1
    """Grows when the time or the place changes: whoever has a place is told."""
    registered: int = 0
    waiting: int = 0
    engagement_id: str = ""
    """What it became when it had been held."""
    steps: tuple[MeetingStep, ...] = ()
    """How it came about, the first and the latest; 20 at most."""
    created_by: str
    created_at: AwareDatetime
    changed_by: str
    changed_at: AwareDatetime

    def is_full(self) -> bool:
        return self.plan.capacity is not None and self.registered >= self.plan.capacity


class Registration(Value):
    """Somebody who wants to be there."""

    number: int
    name: Annotated[str, Personal]
    email: Annotated[str, Personal]
    needs: Annotated[str, Personal] = ""
    """What they need to take part: an interpreter, a ramp, large print."""
    state: PlaceState
    at: AwareDatetime
    attended: bool = False


class MeetingList(Value):
    meetings: tuple[Meeting, ...]
    is_cut: bool = False
    """There are more than a list holds."""


class MeetingWithPeople(Value):
    meeting: Meeting
    people: Annotated[tuple[Registration, ...], Personal]


# -- events -----------------------------------------------------------------------------------------


class _OfMeeting(Value):
    """What every event about a meeting says; who registered is in none of them."""

    meeting_id: str
    engagement_id: str
    """Of the engagement that it becomes when it has been held: until then there is none of that id."""
    kind: Literal["meeting", "event"]
    title: str
    about: str = ""
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    place: str = ""
    locality: str = ""
    consultation_id: str = ""
    public: bool
    steps: tuple[MeetingStep, ...]
    at: AwareDatetime
    by: str


class MeetingPlanned(_OfMeeting, Event):
    """Published when a meeting has been put into the calendar."""

    type: ClassVar[str] = "wellheard.meeting.planned.v1"


class MeetingChanged(_OfMeeting, Event):
    """Published when a meeting is to be at another time or place, or is described otherwise."""

    type: ClassVar[str] = "wellheard.meeting.changed.v1"


class MeetingCalledOff(_OfMeeting, Event):
    """Published when a meeting does not take place. One that was held is told of as an engagement."""

    type: ClassVar[str] = "wellheard.meeting.called_off.v1"


MeetingEvent = MeetingPlanned | MeetingChanged | MeetingCalledOff


# -- requests ---------------------------------------------------------------------------------------


class PlanMeeting(Request[Meeting]):
    """The same `request_id` again is the same meeting."""

    service: ClassVar[str] = "events"
    reply: ClassVar = Meeting
    request_id: str
    plan: MeetingPlan
    by: str = "staff"


class ChangeMeeting(Request[Meeting]):
    """If nobody changed it since `version` (else Conflict). Who has a place is told of another time or place."""

    service: ClassVar[str] = "events"
    reply: ClassVar = Meeting
    meeting_id: str
    version: int
    plan: MeetingPlan
    by: str = "staff"


class CallOffMeeting(Request[Meeting]):
    """It does not take place; whoever registered is told."""

    service: ClassVar[str] = "events"
    reply: ClassVar = Meeting
    meeting_id: str
    version: int
    by: str = "staff"


class GetMeeting(Request[Meeting]):
    """NotFound with `public_only` for one that is for staff."""

    service: ClassVar[str] = "events"
    reply: ClassVar = Meeting
    meeting_id: str
    public_only: bool = False


class GetMeetingPeople(Request[MeetingWithPeople]):
    """A meeting with everybody who registered, in the order in which they did."""

    service: ClassVar[str] = "events"
    reply: ClassVar = MeetingWithPeople
    meeting_id: str


class ListMeetings(Request[MeetingList]):
    """Those that end after `since` and start before `before`, the first to come first; 500 at most."""

    service: ClassVar[str] = "events"
    reply: ClassVar = MeetingList
    since: AwareDatetime
    before: AwareDatetime | None = None
    public_only: bool = False


class RegisterForMeeting(Request[Done]):
    """Asks for a place; the answer is the same for everybody, what came of it is sent by e-mail.

    One place for each address. Conflict when it is over, called off, or nobody more can be noted down.
    """

    service: ClassVar[str] = "events"
    reply: ClassVar = Done
    meeting_id: str
    name: Annotated[str, Personal, Field(min_length=1, max_length=200)]
    email: Annotated[str, Personal, Field(min_length=3, max_length=320)]
    needs: Annotated[str, Personal, Field(max_length=1_000)] = ""


class Place(Value):
    """What somebody with a personal link sees."""

    meeting: Meeting
    state: PlaceState
    before_me: int = 0
    """So many wait before them."""


class GetPlace(Request[Place]):
    """NotFound says the same for every key that opens nothing."""

    service: ClassVar[str] = "events"
    reply: ClassVar = Place
    key: Annotated[str, Field(max_length=200)]


class CancelPlace(Request[Place]):
    """Gives the place to whoever waits first; again, it changes nothing."""

    service: ClassVar[str] = "events"
    reply: ClassVar = Place
    key: Annotated[str, Field(max_length=200)]


class Visitor(Value):
    """Somebody who came and had not registered."""

    name: Annotated[str, Personal, Field(min_length=1, max_length=200)]
    email: Annotated[str, Personal, Field(max_length=320)] = ""


class RecordAttendance(Request[Meeting]):
    """Who was there: it becomes an engagement with them, or a correction of it."""

    service: ClassVar[str] = "events"
    reply: ClassVar = Meeting
    meeting_id: str
    version: int
    attended: Annotated[tuple[int, ...], Field(max_length=MOST_PEOPLE)] = ()
    """Numbers of registrations."""
    visitors: Annotated[tuple[Visitor, ...], Personal, Field(max_length=200)] = ()
    notes: Annotated[str, Personal, Field(max_length=50_000)] = ""
    """What was said."""
    by: str = "staff"
