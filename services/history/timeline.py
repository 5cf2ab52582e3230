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
    engagement_sentence,
    mailing_sentence,
    registration_sentence,
    sent_sentence,
    undelivered_sentence,
)
from shared.contracts.base import Envelope, Event
from shared.contracts.contacts import Contact, ContactChanged, ContactRegistered
from shared.contracts.events import EngagementCorrected, EngagementQuarantined, EngagementRecorded
from shared.contracts.notifications import MailingFinished, MailingStarted, MessagesFailed, MessagesSent

LOGGED_EVENTS = (
    EngagementRecorded,
    EngagementCorrected,
    EngagementQuarantined,
    ContactRegistered,
    ContactChanged,
    MailingStarted,
    MailingFinished,
    MessagesSent,
    MessagesFailed,
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
        case ContactRegistered() | ContactChanged():
            return Folded(_contact_entry(envelope.id, envelope.data), _record(envelope.data.contact, envelope.sequence))
        case MessagesSent() | MessagesFailed():
            return Folded(_messages_entry(envelope.id, envelope.data))
        case MailingFinished():
            return Folded(_mailing_entry(envelope.id, envelope.data))
        case EngagementQuarantined() | MailingStarted():
            return Folded()  # that it came is in the log; an entry comes of its replay, or of the mailing's end
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


def _contact_entry(event_id: str, event: ContactRegistered | ContactChanged) -> Entry:
    contact = event.contact
    if isinstance(event, ContactRegistered):
        kind, by, at = "contact_registered", event.registered_by, contact.registered_at
        title, sentence = f"New contact: {contact.name}", registration_sentence(contact, by)
    else:
        kind, by, at = "contact_changed", event.changed_by, contact.changed_at
        title, sentence = f"Contact changed: {contact.name}", change_sentence(contact, event.changes, by)
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
        partner=None if by == "staff" else by,
        locality=contact.locality,
        groups=_once(contact.groups),
    )


def _messages_entry(event_id: str, event: MessagesSent | MessagesFailed) -> Entry:
    """One entry for up to 500 recipients: it is found on the timeline of each."""
    if isinstance(event, MessagesSent):
        kind, at, contact_ids = "message_sent", event.sent_at, event.contact_ids
        sentence = sent_sentence(event.subject, len(contact_ids))
    else:
        kind, at, contact_ids = "message_failed", event.at, tuple(each.contact_id for each in event.messages)
        sentence = undelivered_sentence(event.subject, [each.state for each in event.messages])
    return Entry(
        id=event_id,
        version=1,
        kind=kind,
        title=event.subject,
        sentence=sentence,
        occurred_at=at.astimezone(UTC),
        recorded_at=at.astimezone(UTC),
        channel=event.channel,
        contact_ids=contact_ids,
        direction="outbound",
    )


def _mailing_entry(event_id: str, event: MailingFinished) -> Entry:
    at = event.mailing.finished_at or event.mailing.changed_at
    return Entry(
        id=event_id,
        version=1,
        kind="mailing_finished",
        title=event.mailing.draft.subject,
        sentence=mailing_sentence(event.mailing, event.counts),
        occurred_at=at.astimezone(UTC),
        recorded_at=at.astimezone(UTC),
        channel="email",
        direction="outbound",
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
    )


def _once(values: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, values)))


def _tuples(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}
