"""The fold: what one event adds to the timeline, and what it says of a contact; pure, in any order of arrival.

An event becomes one entry. Of several events about one engagement the highest sequence stands, so it never matters
in which order they arrive or how often. The same holds for what is known of a contact.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple, Self

import orjson

from services.history.sentences import (
    change_sentence,
    consent_sentence,
    engagement_sentence,
    registration_sentence,
    withdrawal_sentence,
)
from shared.contracts.base import Envelope, Event
from shared.contracts.consent import ConsentChanged
from shared.contracts.contacts import Contact, ContactChanged, ContactRegistered, ContactWithdrawn
from shared.contracts.events import EngagementCorrected, EngagementQuarantined, EngagementRecorded

_ContactEvent = ContactRegistered | ContactChanged | ContactWithdrawn
LOGGED_EVENTS = (
    EngagementRecorded,
    EngagementCorrected,
    EngagementQuarantined,
    ContactRegistered,
    ContactChanged,
    ContactWithdrawn,
    ConsentChanged,
)


class _Record:
    """What entries and contacts share: an id, a version, and one canonical form in bytes."""

    __slots__ = ()

    def to_json(self) -> bytes:
        """The canonical form: the same content is the same bytes, whatever it was read from."""
        return orjson.dumps(self, option=orjson.OPT_UTC_Z)

    def checksum(self) -> int:
        """SHA-256 of kind and content as a number, so that a set of records adds up to one checksum."""
        return int.from_bytes(hashlib.sha256(type(self).__name__.encode() + self.to_json()).digest(), "big")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry(_Record):
    """One line of the timeline. Contact ids and names are as recorded; times are UTC."""

    id: str
    version: int
    kind: str
    title: str
    sentence: str
    occurred_at: datetime
    recorded_at: datetime
    engagement_id: str | None = None
    body: str = ""
    channel: str | None = None
    contact_ids: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    """Everyone named, for the search."""
    mentions: tuple[str, ...] = ()
    """Those of the names that belong to no contact."""
    partner: str | None = None
    topics: tuple[str, ...] = ()
    locality: str | None = None
    groups: tuple[str, ...] = ()
    links: tuple[tuple[str, str | None], ...] = ()
    sensitive: bool = False
    sentiment: str | None = None
    direction: str | None = None
    corrected: bool = False

    @classmethod
    def from_json(cls, content: bytes) -> Self:
        fields = _tuples(orjson.loads(content))
        fields["links"] = tuple((url, title) for url, title in fields["links"])
        for name in ("occurred_at", "recorded_at"):
            fields[name] = datetime.fromisoformat(fields[name])
        return cls(**fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactRecord(_Record):
    """What the search knows of a contact: enough to find it by name and to name it on a timeline."""

    id: str
    version: int
    kind: str
    name: str
    locality: str | None = None
    practice: str | None = None
    groups: tuple[str, ...] = ()
    reported_by: tuple[str, ...] = ()
    withdrawn: bool = False
    """Found by nobody who looks for a contact; its name still stands on the lines of its timeline."""

    @classmethod
    def from_json(cls, content: bytes) -> Self:
        return cls(**_tuples(orjson.loads(content)))


class Folded(NamedTuple):
    """What one event comes to."""

    entry: Entry | None = None
    contact: ContactRecord | None = None


def fold(envelope: Envelope[Event]) -> Folded:
    """The entry of one event, and the contact as the event knows it."""
    match envelope.data:
        case EngagementRecorded() | EngagementCorrected():
            return Folded(_engagement_entry(envelope.data, envelope.sequence))
        case ContactRegistered() | ContactChanged() | ContactWithdrawn():
            return Folded(_contact_entry(envelope.id, envelope.data), _record(envelope.data.contact, envelope.sequence))
        case ConsentChanged():
            return Folded(_consent_entry(envelope, envelope.data))
        case EngagementQuarantined():
            return Folded()  # that it came is in the log; what it says becomes an entry once it is replayed
    raise TypeError(f"{envelope.data.type} has no place in the history")


def _engagement_entry(event: EngagementRecorded | EngagementCorrected, sequence: int) -> Entry:
    engagement = event.engagement
    return Entry(
        id=engagement.engagement_id,
        version=sequence,
        engagement_id=engagement.engagement_id,
        kind=engagement.kind,
        title=engagement.title,
        sentence=engagement_sentence(engagement),
        body=engagement.body,
        occurred_at=engagement.occurred_at.astimezone(UTC),
        recorded_at=engagement.recorded_at.astimezone(UTC),
        channel=engagement.channel,
        contact_ids=engagement.contact_ids(),
        names=_once([each.name for each in engagement.participants]),
        mentions=_once([each.name for each in engagement.participants if not each.contact_ids]),
        partner=engagement.partner,
        topics=_once(engagement.topics),
        locality=engagement.locality,
        groups=_once(engagement.groups),
        links=tuple((link.url, link.title) for link in engagement.links),
        sensitive=engagement.sensitive,
        sentiment=engagement.sentiment,
        direction=engagement.direction,
        corrected=isinstance(event, EngagementCorrected),
    )


def _contact_entry(event_id: str, event: _ContactEvent) -> Entry:
    contact = event.contact
    if isinstance(event, ContactRegistered):
        kind, by, at = "contact_registered", event.registered_by, contact.registered_at
        title, sentence = f"New contact: {contact.name}", registration_sentence(contact, by, event.through)
    elif isinstance(event, ContactChanged):
        kind, by, at = "contact_changed", event.changed_by, contact.changed_at
        title, sentence = f"Contact changed: {contact.name}", change_sentence(contact, event.changes, by, event.through)
    else:
        kind, by, at = "contact_withdrawn", event.withdrawn_by, contact.changed_at
        title, sentence = f"Contact taken back: {contact.name}", withdrawal_sentence(contact, event.through)
    return Entry(
        id=event_id,
        version=1,  # an event never changes, and each is an entry of its own
        kind=kind,
        title=title,
        sentence=sentence,
        occurred_at=at.astimezone(UTC),
        recorded_at=at.astimezone(UTC),
        contact_ids=(contact.contact_id,),
        names=(contact.name,),
        partner=None if by == "staff" or event.through else by,
        locality=contact.locality,
        groups=_once(contact.groups),
    )


def _consent_entry(envelope: Envelope[Event], event: ConsentChanged) -> Entry:
    said = event.consent
    return Entry(
        id=envelope.id,
        version=1,
        kind="consent_given" if said.given else "consent_withdrawn",
        title=f"{'Consent given' if said.given else 'Consent withdrawn'}: {event.name}",
        sentence=consent_sentence(said, event.name),
        occurred_at=said.at.astimezone(UTC),
        recorded_at=envelope.time.astimezone(UTC),
        contact_ids=(said.contact_id,),
        names=(event.name,),
    )


def _record(contact: Contact, sequence: int) -> ContactRecord:
    return ContactRecord(
        id=contact.contact_id,
        version=sequence,
        kind=contact.kind,
        name=contact.name,
        locality=contact.locality,
        practice=contact.practice,
        groups=_once(contact.groups),
        reported_by=_once(contact.reported_by),
        withdrawn=contact.withdrawn,
    )


def _once(values: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, values)))


def _tuples(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}
