"""Engagements: one thing that happened with stakeholders. Owned by services/events."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import AwareDatetime, Field

from shared.contracts.base import Event, Personal, Request, Value
from shared.contracts.meetings import PlannedMeeting

Kind = Literal[
    "conversation", "meeting", "call", "email", "letter", "visit", "social_media", "enquiry", "complaint",
    "compliment", "story", "question", "petition", "foi_request", "attendance", "survey_response", "other",
]  # fmt: skip
Sentiment = Literal["positive", "neutral", "negative", "mixed"]
Direction = Literal["inbound", "outbound"]
REPORTED = "wellheard.engagement.reported.v1"
"""The type of the CloudEvent that partners post."""
WEBSITE = "Public website"
"""Who reports what people send with our own public forms; no partner may be called so."""
MAX_REPORT_BYTES = 5 * 1024 * 1024
"""The most that a partner may report at a time, in one request or in one message."""

Short = Annotated[str, Field(min_length=1, max_length=200)]


class PersonIdentifier(Value):
    scheme: Literal["email", "phone", "contact_id", "partner"]
    value: Annotated[str, Personal, Field(min_length=1, max_length=320)]


class ReportedPerson(Value):
    name: Annotated[str | None, Personal, Field(max_length=200)] = None
    role: Annotated[str | None, Field(max_length=200)] = None
    identifiers: Annotated[tuple[PersonIdentifier, ...], Personal, Field(max_length=20)] = ()


class ReportedOrganisation(Value):
    name: Annotated[str, Personal, Field(min_length=1, max_length=200)]
    identifiers: Annotated[tuple[PersonIdentifier, ...], Personal, Field(max_length=20)] = ()


class Link(Value):
    url: Annotated[str, Field(min_length=1, max_length=2000, pattern=r"^https?://")]
    title: Annotated[str | None, Field(max_length=200)] = None


class Reported(Value):
    """The `data` of a partner's event, and what staff fill in when they log an engagement (partner API v1)."""

    kind: Kind
    title: Annotated[str, Personal, Field(min_length=1, max_length=200)]
    body: Annotated[str, Personal, Field(max_length=100_000)] = ""
    occurred_at: AwareDatetime | None = None
    """1900 to receipt + 48 h; default: the envelope's time, then the receipt."""
    channel: Short | None = None
    technique: Short | None = None
    locality: Short | None = None
    postcode: Annotated[str | None, Personal, Field(max_length=20)] = None
    topics: Annotated[tuple[Short, ...], Field(max_length=100)] = ()
    sentiment: Sentiment | None = None
    direction: Direction | None = None
    sensitive: bool = False
    may_publish: bool | None = None
    """Of a story: what whoever told it said when they were asked; None: they were not asked."""
    people: Annotated[tuple[ReportedPerson, ...], Personal, Field(max_length=200)] = ()
    organisations: Annotated[tuple[ReportedOrganisation, ...], Personal, Field(max_length=200)] = ()
    links: Annotated[tuple[Link, ...], Field(max_length=100)] = ()
    consultation_id: Short | None = None
    """The consultation that it is a contribution to."""


class Participant(Value):
    """Someone an engagement names: linked to contacts, or (without identifiers) a mention."""

    kind: Literal["person", "organisation"] = "person"
    name: Annotated[str | None, Personal] = None
    role: str | None = None
    contact_ids: tuple[str, ...] = ()
    """More than one: the identifiers stand on several contacts, a possible duplicate."""


class Engagement(Value):
    """An engagement as it stands at `version`. Contact ids are as recorded; names and merges are applied when read."""

    engagement_id: str
    version: int
    partner: str | None
    """None: logged by staff."""
    source: str
    external_id: str
    kind: Kind
    title: Annotated[str, Personal]
    body: Annotated[str, Personal] = ""
    occurred_at: AwareDatetime
    recorded_at: AwareDatetime
    channel: str | None = None
    technique: str | None = None
    locality: str | None = None
    postcode: Annotated[str | None, Personal] = None
    topics: tuple[str, ...] = ()
    sentiment: Sentiment | None = None
    direction: Direction | None = None
    sensitive: bool = False
    may_publish: bool | None = None
    """What whoever told it said when they were asked whether it may be published."""
    participants: Annotated[tuple[Participant, ...], Personal] = ()
    groups: tuple[str, ...] = ()
    """Stakeholder groups of the contacts that took part, as they were when it was recorded."""
    links: tuple[Link, ...] = ()
    consultation_id: str | None = None
    """The consultation that it is a contribution to, as it was reported."""
    planned: PlannedMeeting | None = None
    """When it was a meeting of the calendar: which, and how it came about."""

    def contact_ids(self) -> tuple[str, ...]:
        """Every contact that took part, once, in the order named."""
        return tuple(dict.fromkeys(each for person in self.participants for each in person.contact_ids))


class EngagementRecorded(Event):
    """Published once for each engagement, when it has been stored."""

    type: ClassVar[str] = "wellheard.engagement.recorded.v1"
    engagement: Engagement


class EngagementCorrected(Event):
    """Published when staff correct an engagement or accept a partner's later version; carries the whole state."""

    type: ClassVar[str] = "wellheard.engagement.corrected.v1"
    engagement: Engagement
    corrected_by: str


class EngagementQuarantined(Event):
    """Published when a partner's event cannot be recorded; it is kept whole by services/events, not in the event."""

    type: ClassVar[str] = "wellheard.engagement.quarantined.v1"
    quarantine_id: str
    partner: str
    source: str
    external_id: str
    reasons: tuple[str, ...]
    conflict: bool = False
    """True: the id was used before with another body."""


# -- requests ---------------------------------------------------------------------------------------


class RecordEngagement(Request[Engagement]):
    """Log an engagement by staff. The same `request_id` again is the same engagement."""

    service: ClassVar[str] = "events"
    reply: ClassVar = Engagement
    request_id: str
    reported: Reported
    contact_ids: tuple[str, ...] = ()
    """Contacts chosen on the page, beside those that `reported` names."""
    by: str = "staff"


class CorrectEngagement(Request[Engagement]):
    """Replace what an engagement says, if nobody corrected it since `version` (else Conflict)."""

    service: ClassVar[str] = "events"
    reply: ClassVar = Engagement
    engagement_id: str
    version: int
    reported: Reported
    sensitive: bool = False
    """Whoever corrects may see sensitive engagements; for others there is none of that id."""
    by: str = "staff"


class GetEngagement(Request[Engagement]):
    service: ClassVar[str] = "events"
    reply: ClassVar = Engagement
    engagement_id: str
    sensitive: bool = False
    """Whoever asks may see sensitive engagements; for others there is none of that id."""


class EventStatus(Value):
    """What became of a partner's event."""

    status: Literal["accepted", "recorded", "quarantined"]
    reason: str | None = None
    engagement_id: str | None = None
    conflicts: int = 0


class GetEventStatus(Request[EventStatus]):
    """Status of the partner's own event; without `source` the latest of that id. NotFound when never seen."""

    service: ClassVar[str] = "events"
    reply: ClassVar = EventStatus
    partner: str
    external_id: str
    source: str | None = None


class Quarantined(Value):
    """A partner's event that could not be recorded, kept whole."""

    quarantine_id: str
    partner: str
    source: str
    external_id: str
    type: str
    reasons: tuple[str, ...]
    conflict: bool
    state: Literal["open", "replayed", "discarded"]
    received_at: AwareDatetime
    original: Annotated[dict[str, Any], Personal]
    """The CloudEvent as the partner sent it."""
    corrected: Annotated[dict[str, Any] | None, Personal] = None
    """The `data` that staff put in its place."""
    engagement_id: str | None = None
    """Once replayed: the engagement it became. For a conflict: the one that stands."""
    version: int = 1


class QuarantineList(Value):
    items: tuple[Quarantined, ...]
    total: int
    oldest_received_at: AwareDatetime | None = None
    """Of all that `total` counts."""
    next_cursor: str | None = None


class ListQuarantine(Request[QuarantineList]):
    """Newest first; `total` counts the state asked for."""

    service: ClassVar[str] = "events"
    reply: ClassVar = QuarantineList
    state: Literal["open", "replayed", "discarded"] = "open"
    partner: str | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 25
    cursor: str | None = None


class GetQuarantined(Request[Quarantined]):
    service: ClassVar[str] = "events"
    reply: ClassVar = Quarantined
    quarantine_id: str


class CorrectQuarantined(Request[Quarantined]):
    """Put other `data` in place of the partner's; kept beside the original. Invalid while it still breaks a rule."""

    service: ClassVar[str] = "events"
    reply: ClassVar = Quarantined
    quarantine_id: str
    version: int
    data: Annotated[dict[str, Any], Personal]
    by: str = "staff"


class ReplayQuarantined(Request[Quarantined]):
    """Record it now, as corrected; once. A conflict becomes a correction of the engagement that stands.

    Invalid while it still breaks a rule, Conflict when it was replayed or discarded before.
    """

    service: ClassVar[str] = "events"
    reply: ClassVar = Quarantined
    quarantine_id: str
    by: str = "staff"


class DiscardQuarantined(Request[Quarantined]):
    """Decide that it is not to be recorded. The original stays kept."""

    service: ClassVar[str] = "events"
    reply: ClassVar = Quarantined
    quarantine_id: str
    by: str = "staff"
