"""What the tests of segments are made of: rules, and the contacts service on a bus."""

from datetime import UTC, datetime
from typing import Any

from services.contacts.fake import FakeContacts, FakePreferences
from services.contacts.importing.fake import FakeImports
from services.contacts.segments.rules import Person
from services.contacts.service import ContactsService
from shared.contracts.base import Envelope, Event, new_id
from shared.contracts.consent import RecordConsents
from shared.contracts.contacts import ChangeContact, Contact, RegisterContact
from shared.contracts.segments import (
    CreateSegment,
    GetSegment,
    ListSegmentMembers,
    Rule,
    Segment,
    SegmentsEntered,
    SegmentsLeft,
)
from shared.messaging.testbus import TestBus
from tests.builders import a_new_contact, a_statement

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def a_rule(*conditions: dict[str, Any], match: str = "all") -> Rule:
    return Rule.model_validate({"match": match, "conditions": conditions})


NORTH = {"field": "locality", "any_of": ["eastmere"]}


LIKES_MAIL = {"field": "consent", "purpose": "newsletter", "channel": "email"}


AT_ABBEY_LANE = {"field": "practice", "any_of": ["practice-01"]}


TWICE = {"field": "engaged", "at_least": 2}


def a_someone(**fields: Any) -> Person:
    return Person(**({"contact_id": "con_1", "kind": "person", "name": "Zoë O'Hara-Smith"} | fields))


class Panel:
    """The contacts service on a bus, and what one does with segments."""

    def __init__(self) -> None:
        self.bus = TestBus()
        self.repository = FakeContacts()
        self.service: ContactsService = self.bus.add(ContactsService(self.repository, FakeImports(), FakePreferences()))

    def register(self, name: str = "Mary Okafor", **fields: Any) -> Contact:
        contact = self.bus.call(RegisterContact(request_id=new_id(), contact=a_new_contact(name, **fields)))
        self.bus.deliver()
        return contact

    def say(self, contact: Contact, given: bool = True, **fields: Any) -> None:
        said = (a_statement(contact.contact_id, given, **fields),)
        self.bus.call(RecordConsents(request_id=new_id(), statements=said))
        self.bus.deliver()

    def move(self, contact: Contact, version: int, locality: str) -> None:
        new = a_new_contact(contact.name, locality=locality)
        self.bus.call(ChangeContact(contact_id=contact.contact_id, version=version, contact=new))
        self.bus.deliver()

    def publish(self, envelope: Envelope[Event]) -> None:
        self.bus.publish(envelope)
        self.bus.deliver()

    def create(self, *conditions: dict[str, Any], name: str = "Panel", match: str = "all") -> Segment:
        rule = a_rule(*conditions, match=match)
        made = self.bus.call(CreateSegment(request_id=new_id(), name=name, rule=rule))
        self.fill()
        return made

    def fill(self) -> None:
        while self.service._keeper.sweep():
            pass
        self.bus.deliver()

    def members(self, segment: Segment) -> set[str]:
        page = self.bus.call(ListSegmentMembers(segment_id=segment.segment_id, limit=1000))
        return {each.name for each in page.members}

    def get(self, segment: Segment) -> Segment:
        return self.bus.call(GetSegment(segment_id=segment.segment_id))

    def moves(self) -> list[tuple[str, str]]:
        """(in or out, cause) of every event, each once."""
        seen = {each.id: each.data for each in self.bus.published}
        return [
            ("in" if isinstance(each, SegmentsEntered) else "out", each.cause)
            for each in seen.values()
            if isinstance(each, SegmentsEntered | SegmentsLeft)
        ]
