"""People who are erased: what is personal goes, everywhere; entries and counts stay. Owned by services/contacts.

The names and addresses to look for are kept by contacts alone, until every service has said that it is done and staff
have decided about each text that names the person. Services ask for them (GetTraces); no event carries them.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, Field

from shared.contracts.base import Event, Personal, Request, Value
from shared.contracts.contacts import Contact
from shared.contracts.events import Engagement

Decision = Literal["open", "removed", "kept"]
ERASERS = ("events", "history", "notifications", "surveys")
"""The services that have to say that they are done, beside contacts itself."""


class ContactErased(Event):
    """Published for each contact that has been erased, and for those that had been merged with it."""

    type: ClassVar[str] = "wellheard.contact.erased.v1"
    contact: Contact
    """What is left of it: no name, nothing to recognise it by."""
    erasure_id: str
    contact_ids: tuple[str, ...]
    """All that are erased together."""
    erased_by: str


class ErasureDecided(Event):
    """Published when staff have decided about every text that names an erased person."""

    type: ClassVar[str] = "wellheard.erasure.decided.v1"
    erasure_id: str
    engagement_ids: tuple[str, ...]
    """Engagements from whose text the name is to go."""


class EngagementRedacted(Event):
    """Published by events when the traces of somebody who was erased have been removed from an engagement."""

    type: ClassVar[str] = "wellheard.engagement.redacted.v1"
    engagement: Engagement
    erasure_id: str


class Traces(Value):
    """What somebody can be recognised by who is being erased."""

    erasure_id: str
    contact_ids: tuple[str, ...]
    names: Annotated[tuple[str, ...], Personal] = ()
    emails: Annotated[tuple[str, ...], Personal] = ()
    """In compared form."""
    phones: Annotated[tuple[str, ...], Personal] = ()
    """In E.164."""
    references: Annotated[tuple[str, ...], Personal] = ()
    """Partners' own references: looked for among identifiers only, they may be short numbers."""


class Erasure(Value):
    """A line of the register: who was erased, by id, and how far it has come."""

    erasure_id: str
    contact_ids: tuple[str, ...]
    state: Literal["erasing", "deciding", "finishing", "done"]
    """`deciding`: texts that name the person wait for staff; `finishing`: what they decided is being carried out."""
    reports: tuple[str, ...] = ()
    """The services that are done."""
    mentions: dict[str, Decision] = Field(default_factory=dict)
    """Engagement id -> what was decided about the name in its text."""
    hashes: tuple[str, ...] = ()
    """HMAC-SHA-256 of each identifier, so that a restored backup can be searched without keeping the identifiers."""
    asked_at: AwareDatetime | None = None
    at: AwareDatetime
    by: str
    done_at: AwareDatetime | None = None
    version: int = 1


class Erasures(Value):
    erasures: tuple[Erasure, ...]
    next_cursor: str | None = None


class EraseContact(Request[Erasure]):
    """Erase a contact, and all that were merged with it. Erased already: the erasure as it stands.

    Idempotent and safe to repeat: a process that dies half way leaves the rest to be done by itself.
    """

    service: ClassVar[str] = "contacts"
    reply: ClassVar = Erasure
    contact_id: str
    by: str = "staff"


class GetErasure(Request[Erasure]):
    service: ClassVar[str] = "contacts"
    reply: ClassVar = Erasure
    erasure_id: str


class ListErasures(Request[Erasures]):
    """The newest first; `open_only`: those that are not done."""

    service: ClassVar[str] = "contacts"
    reply: ClassVar = Erasures
    open_only: bool = False
    limit: Annotated[int, Field(ge=1, le=1000)] = 50
    cursor: str | None = None


class GetTraces(Request[Traces]):
    """What to look for. Of an erasure that is done nothing is known any more but the contacts' ids."""

    service: ClassVar[str] = "contacts"
    reply: ClassVar = Traces
    erasure_id: str


class ReportErasure(Request[Erasure]):
    """A service is done with its own stores. `mentions`: engagements whose text names the person."""

    service: ClassVar[str] = "contacts"
    reply: ClassVar = Erasure
    erasure_id: str
    by_service: Literal["events", "history", "notifications", "surveys"]
    mentions: Annotated[tuple[str, ...], Field(max_length=10_000)] = ()
    decided: bool = False
    """What is reported is that the decisions of staff have been carried out."""


class DecideMention(Request[Erasure]):
    """Whether the name goes from the text of an engagement, or stays because it is somebody else's."""

    service: ClassVar[str] = "contacts"
    reply: ClassVar = Erasure
    erasure_id: str
    engagement_id: str
    decision: Literal["removed", "kept"]
    by: str = "staff"


class Redacted(Value):
    """How many engagements were changed."""

    changed: int


class RedactEngagements(Request[Redacted]):
    """Remove the traces of somebody who is being erased from engagements; `names`: the name from their text too."""

    service: ClassVar[str] = "events"
    reply: ClassVar = Redacted
    erasure_id: str
    engagement_ids: Annotated[tuple[str, ...], Field(max_length=1000)]
    names: bool = False
