"""Contacts are asked for by id: what each allows now, and whether it meets a segment at this moment."""

import pytest

from services.contacts.fake import FakeContacts, FakePreferences
from services.contacts.importing.fake import FakeImports
from services.contacts.service import ContactsService
from shared.contracts.consent import FindRecipients, RecordConsents
from shared.contracts.contacts import GetContact, RegisterContact
from shared.contracts.merging import MergeContacts
from shared.contracts.segments import CreateSegment, DeleteSegment, Rule
from shared.errors import NotFound
from shared.messaging.testbus import TestBus
from tests.builders import a_new_contact, a_statement

CARERS = Rule.model_validate({"conditions": [{"field": "group", "any_of": ["carers"]}]})


@pytest.fixture
def bus() -> TestBus:
    made = TestBus()
    made.add(ContactsService(FakeContacts(), FakeImports(), FakePreferences()))
    return made


def register(bus: TestBus, name: str, *groups: str, allows: bool = True, email: bool = True) -> str:
    addresses = (f"{name}@example.org",) if email else ()
    new = a_new_contact(name, email=addresses, groups=groups)
    contact = bus.call(RegisterContact(request_id=name, contact=new))
    if allows:
        bus.call(RecordConsents(request_id=f"said-{name}", statements=(a_statement(contact.contact_id),)))
    return str(contact.contact_id)


def reasons(bus: TestBus, *ids: str, segment_id: str = "") -> dict[str, str]:
    asked = FindRecipients(contact_ids=ids, purpose="newsletter", channel="email", segment_id=segment_id)
    return {each.name: each.reason for each in bus.call(asked).recipients}


def test_each_is_told_with_what_it_allows(bus: TestBus) -> None:
    ids = [register(bus, "ann"), register(bus, "bob", allows=False), register(bus, "cy", email=False)]
    assert reasons(bus, *ids, "con_unknown") == {"ann": "", "bob": "no_consent", "cy": "no_address"}


def test_whoever_was_merged_into_another_is_left_out(bus: TestBus) -> None:
    ann, anne = register(bus, "ann"), register(bus, "anne")
    versions = {each: bus.call(GetContact(contact_id=each)).version for each in (ann, anne)}
    asked = {"survivor_id": ann, "survivor_version": versions[ann], "merged_id": anne, "merged_version": versions[anne]}
    survivor = bus.call(MergeContacts(request_id="m", **asked))
    assert reasons(bus, ann, anne).keys() == {survivor.name}


def test_a_segment_counts_as_contacts_stand_now_settled_or_not(bus: TestBus) -> None:
    ann, bob = register(bus, "ann", "carers"), register(bus, "bob")
    segment = bus.call(CreateSegment(request_id="s", name="Carers", rule=CARERS))
    assert reasons(bus, ann, bob, segment_id=segment.segment_id) == {"ann": "", "bob": "not_in_segment"}
    bus.call(DeleteSegment(segment_id=segment.segment_id))
    assert reasons(bus, ann, segment_id=segment.segment_id) == {"ann": "not_in_segment"}
    with pytest.raises(NotFound):
        reasons(bus, ann, segment_id="seg_none")
