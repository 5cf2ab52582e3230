"""Segments: saved searches over contacts that stay current by themselves. Owned by services/contacts."""

from datetime import date
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AwareDatetime, Field, model_validator

from shared.contracts.base import Event, Personal, Request, Value
from shared.contracts.consent import ConsentChannel, ContactConsents, Purpose
from shared.contracts.contacts import Contact, ContactKind
from shared.contracts.events import Kind
from shared.contracts.merging import MergeRecord
from shared.contracts.relationships import RelationshipOfContact

Codes = Annotated[tuple[str, ...], Field(min_length=1, max_length=100)]
Days = Annotated[int, Field(ge=1, le=3650)]
SegmentName = Annotated[str, Field(min_length=1, max_length=100)]


class Condition(Value):
    """One thing a segment asks of a contact; `negated` asks for the opposite."""

    negated: bool = False


class KindIs(Condition):
    field: Literal["kind"] = "kind"
    value: ContactKind


class NameHas(Condition):
    """Every word is a word of the name, or the beginning of one, without case and accents."""

    field: Literal["name"] = "name"
    words: Annotated[str, Personal, Field(min_length=1, max_length=200)]


class InGroup(Condition):
    """Stands in any one of the stakeholder groups."""

    field: Literal["group"] = "group"
    any_of: Codes


class InLocality(Condition):
    field: Literal["locality"] = "locality"
    any_of: Codes


class AtPractice(Condition):
    field: Literal["practice"] = "practice"
    any_of: Codes


class Allows(Condition):
    """Allows messages of this purpose over this channel at this moment."""

    field: Literal["consent"] = "consent"
    purpose: Purpose
    channel: ConsentChannel


class Engaged(Condition):
    """Took part at least so often, in engagements of these kinds (none: any kind), since a day or in the last days.

    Restricted engagements do not count: a segment must not tell what its reader may not see.
    """

    field: Literal["engaged"] = "engaged"
    at_least: Annotated[int, Field(ge=1, le=1000)] = 1
    kinds: tuple[Kind, ...] = ()
    since: date | None = None
    within_days: Days | None = None

    @model_validator(mode="after")
    def _one_beginning(self) -> Self:
        if self.since and self.within_days:
            raise ValueError("since a day or in the last days, not both")
        return self


class Quiet(Condition):
    """Took part once, and for the last time before a day, or longer ago than so many days."""

    field: Literal["quiet"] = "quiet"
    before: date | None = None
    for_days: Days | None = None

    @model_validator(mode="after")
    def _one_end(self) -> Self:
        if (self.before is None) == (self.for_days is None):
            raise ValueError("before a day or for so many days, one of the two")
        return self


AnyCondition = Annotated[
    KindIs | NameHas | InGroup | InLocality | AtPractice | Allows | Engaged | Quiet, Field(discriminator="field")
]


class Rule(Value):
    """What a segment asks of a contact: all of the conditions, or any of them."""

    match: Literal["all", "any"] = "all"
    conditions: Annotated[tuple[AnyCondition, ...], Field(min_length=1, max_length=20)]


class Segment(Value):
    """A segment as it stands at `version`."""

    segment_id: str
    version: int
    name: SegmentName
    rule: Rule
    meaning: str
    """The rule as a sentence."""
    members: int
    filled: Annotated[float, Field(ge=0, le=1)]
    """How far the members follow the rule as it is now: 1 when they do."""
    deleted: bool = False
    created_by: str
    created_at: AwareDatetime
    changed_by: str
    changed_at: AwareDatetime


class SegmentRef(Value):
    """A segment with the name it had."""

    segment_id: str
    name: str


class SegmentsEntered(Event):
    """Published when one cause has brought a contact into segments; not while a new or changed segment is filled."""

    type: ClassVar[str] = "wellheard.segments.entered.v1"
    contact_id: str
    segments: Annotated[tuple[SegmentRef, ...], Field(min_length=1)]
    cause: str
    """What brought it about, in words that name nobody."""
    cause_id: str | None
    """The event that brought it about; None when it was time that passed."""
    at: AwareDatetime


class SegmentsLeft(Event):
    """Published when one cause has taken a contact out of segments; not while a changed segment is filled."""

    type: ClassVar[str] = "wellheard.segments.left.v1"
    contact_id: str
    segments: Annotated[tuple[SegmentRef, ...], Field(min_length=1)]
    cause: str
    cause_id: str | None
    at: AwareDatetime


# -- requests ---------------------------------------------------------------------------------------


class CreateSegment(Request[Segment]):
    """Save a search. Its members are filled in the background. The same `request_id` again is the same segment."""

    service: ClassVar[str] = "contacts"
    reply: ClassVar = Segment
    request_id: str
    name: SegmentName
    rule: Rule
    by: str = "staff"


class ChangeSegment(Request[Segment]):
    """Give it another name or rule, if nobody changed it since `version` (else Conflict)."""

    service: ClassVar[str] = "contacts"
    reply: ClassVar = Segment
    segment_id: str
    version: int
    name: SegmentName
    rule: Rule
    by: str = "staff"


class DeleteSegment(Request[Segment]):
    """Put it away: it has no members any more and can be restored."""

    service: ClassVar[str] = "contacts"
    reply: ClassVar = Segment
    segment_id: str
    by: str = "staff"


class RestoreSegment(Request[Segment]):
    """Undo DeleteSegment; its members are filled anew."""

    service: ClassVar[str] = "contacts"
    reply: ClassVar = Segment
    segment_id: str
    by: str = "staff"


class GetSegment(Request[Segment]):
    service: ClassVar[str] = "contacts"
    reply: ClassVar = Segment
    segment_id: str


class Segments(Value):
    segments: tuple[Segment, ...]


class ListSegments(Request[Segments]):
    """Every segment that is not put away, by name, with the number of its members."""

    service: ClassVar[str] = "contacts"
    reply: ClassVar = Segments


class Member(Value):
    contact_id: str
    name: Annotated[str, Personal]
    since: AwareDatetime | None = None
    """When it came in; None in a preview."""


class MemberPage(Value):
    members: tuple[Member, ...]
    next: str | None
    """Where to go on; None at the end."""


class ListSegmentMembers(Request[MemberPage]):
    """Members in a stable order that means nothing."""

    service: ClassVar[str] = "contacts"
    reply: ClassVar = MemberPage
    segment_id: str
    after: str | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 50


class Preview(Value):
    """Whom a rule would find."""

    count: int
    exact: bool
    """False: reckoned from an even share of the contacts, since looking at all would have taken too long."""
    meaning: str
    first: tuple[Member, ...]
    """Up to 20 of them."""


class PreviewSegment(Request[Preview]):
    """Whom a rule finds at this moment; takes two seconds at most."""

    service: ClassVar[str] = "contacts"
    reply: ClassVar = Preview
    rule: Rule


class SegmentOfContact(Value):
    segment_id: str
    name: str
    since: AwareDatetime


class Profile(Value):
    """A contact with all that its page shows of it, in one answer."""

    contact: Contact
    consents: ContactConsents
    segments: tuple[SegmentOfContact, ...] = ()
    relationships: tuple[RelationshipOfContact, ...] = ()
    merges: tuple[MergeRecord, ...] = ()
    """Merges into this contact that stand, the latest last: that one can be undone."""


class GetProfile(Request[Profile]):
    """A contact, what it allows, and the segments it is in."""

    service: ClassVar[str] = "contacts"
    reply: ClassVar = Profile
    contact_id: str
