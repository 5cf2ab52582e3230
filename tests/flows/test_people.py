"""From a partner's event to a member of a segment who withdraws with one click, is merged, and is herself again."""

from pathlib import Path

from services.contacts.fake import FakeContacts, FakePreferences
from services.contacts.importing.fake import FakeImports
from services.contacts.service import ContactsService
from services.events.fake import FakeEngagements
from services.events.service import EventsService
from services.history.index.directory import Indexes
from services.history.log import FakeLog
from services.history.projector import HistoryProjector
from services.history.search import HistorySearch
from shared.contracts.consent import RecordConsents
from shared.contracts.contacts import Contact, ContactRegistered, GetContact
from shared.contracts.history import SearchHistory
from shared.contracts.merging import UnmergeContacts
from shared.contracts.segments import CreateSegment, ListSegmentMembers, Rule
from shared.messaging.testbus import TestBus
from tests.builders import a_body, a_merge, a_person, a_statement, headers


class County:
    """Contacts, events and history on one bus."""

    def __init__(self, directory: Path) -> None:
        self.bus = TestBus()
        indexes = Indexes(directory / "index")
        self.bus.add(ContactsService(FakeContacts(), FakeImports(), FakePreferences()))
        self.bus.add(EventsService(FakeEngagements(), self.bus))
        self.projector = self.bus.add(HistoryProjector(FakeLog(), indexes, self.bus))
        self.bus.add(HistorySearch(indexes, "secret"))
        self.projector.follow_log()

    def settle(self) -> None:
        self.bus.tick()
        self.projector.follow_log()

    def post(self, title: str, email: str) -> None:
        self.bus.publish_inbound([a_body(title=title, people=[a_person("Mary", email=email)])], headers())
        self.settle()

    def contacts(self) -> list[Contact]:
        seen = {each.id: each.data for each in self.bus.published}
        return [each.contact for each in seen.values() if isinstance(each, ContactRegistered)]

    def say(self, contact: Contact, given: bool = True, **fields: str) -> None:
        said = (a_statement(contact.contact_id, given, **fields),)
        self.bus.call(RecordConsents(request_id=f"{contact.contact_id}-{given}", statements=said))
        self.settle()

    def timeline(self, contact: Contact) -> list[str]:
        asked = SearchHistory(contact_id=contact.contact_id, sort="oldest", limit=100)
        return [each.kind for each in self.bus.call(asked).items]

    def members(self, segment_id: str) -> set[str]:
        page = self.bus.call(ListSegmentMembers(segment_id=segment_id))
        return {each.contact_id for each in page.members}


def test_mary_comes_into_a_segment_leaves_it_is_merged_and_is_herself_again(tmp_path: Path) -> None:
    county = County(tmp_path)
    rule = Rule.model_validate(
        {
            "conditions": [
                {"field": "consent", "purpose": "newsletter", "channel": "email"},
                {"field": "engaged", "at_least": 1, "kinds": ["conversation"]},
            ]
        }
    )
    segment = county.bus.call(CreateSegment(request_id="panel", name="Panel", rule=rule)).segment_id
    county.settle()
    county.post("Parking", "mary@example.org")
    county.post("Lighting", "m.okafor@example.org")
    mary, again = county.contacts()
    county.say(mary)
    assert county.members(segment) == {mary.contact_id}
    county.say(mary, False, purpose="*", channel="*", method="one_click")
    assert county.members(segment) == set()
    moves = ["consent_given", "segments_entered", "consent_withdrawn", "segments_left"]
    assert [each for each in county.timeline(mary) if each in moves] == moves

    one, other = (county.bus.call(GetContact(contact_id=each.contact_id)) for each in (mary, again))
    county.bus.call(a_merge(one, other))
    county.settle()
    assert county.timeline(mary).count("conversation") == 2
    county.post("Trees", "m.okafor@example.org")
    assert county.timeline(mary).count("conversation") == 3
    county.bus.call(UnmergeContacts(survivor_id=one.contact_id, merged_id=other.contact_id))
    county.settle()
    assert county.timeline(again).count("conversation") == 1
    assert county.timeline(mary).count("conversation") == 2  # what was recorded of her while they were one stays hers
    county.projector.close()
