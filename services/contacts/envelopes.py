"""The envelopes of events about a contact, and the clock they are stamped by."""

from datetime import UTC, datetime

from shared.contracts.base import Envelope, Event
from shared.contracts.contacts import Contact
from shared.logs import correlation_id

SOURCE = "/services/contacts"


def envelope(event: Event, contact: Contact, correlation: str = "") -> Envelope[Event]:
    """An event about a contact at its version."""
    return about(event, contact.contact_id, contact.version, correlation)


def about(event: Event, contact_id: str, version: int, correlation: str = "") -> Envelope[Event]:
    """An event about the contact of an id, which has come to `version` by it."""
    return Envelope(event, SOURCE, contact_id, version, correlation or correlation_id())


def now() -> datetime:
    return datetime.now(UTC)


def now_as_stored() -> datetime:
    """To the millisecond, which is what the store keeps of a time."""
    at = now()
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
