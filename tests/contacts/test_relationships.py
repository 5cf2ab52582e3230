"""Who has which role where: noted with its days, seen from both sides, and through merges, and gone when erased."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.contacts.fake import FakeContacts, FakePreferences
from services.contacts.importing.fake import FakeImports
from services.contacts.relating.store import MongoRelationships, RelationshipStore
from services.contacts.service import ContactsService
from shared.contracts.base import new_id
from shared.contracts.contacts import Contact, GetContact, RegisterContact
from shared.contracts.erasure import EraseContact, Traces
from shared.contracts.merging import UnmergeContacts
from shared.contracts.relationships import (
    AddRelationship,
    ChangeRelationship,
    Dated,
    GetRelationship,
    Relationship,
    RelationshipChanged,
    RelationshipOfContact,
    RemoveRelationship,
)
from shared.contracts.segments import GetProfile
from shared.errors import Conflict, Invalid, NotFound
from shared.messaging.testbus import TestBus
from shared.mongo import connect
from tests.builders import AT, a_merge, a_new_contact, an_envelope

MARCH = date(2024, 3, 1)


class Register:
    """The contacts service on a bus, and what one does with relationships."""

    def __init__(self) -> None:
        self.bus = TestBus()
        self.bus.add(ContactsService(FakeContacts(), FakeImports(), FakePreferences()))

    def contact(self, name: str, **fields: Any) -> Contact:
        return self.bus.call(RegisterContact(request_id=new_id(), contact=a_new_contact(name, **fields)))

    def relate(self, one: Contact, other: Contact, role: str = "Chair", **fields: Any) -> Relationship:
        ends = {"contact_id": one.contact_id, "with_id": other.contact_id}
        made = self.bus.call(AddRelationship.model_validate({"request_id": new_id(), "role": role} | ends | fields))
        self.bus.deliver()
        return made

    def of(self, contact: Contact) -> list[RelationshipOfContact]:
        return list(self.bus.call(GetProfile(contact_id=contact.contact_id)).relationships)

    def said(self, contact: Contact) -> list[tuple[str | None, str, bool]]:
        return [(each.relationship.role, each.other_name, each.is_own) for each in self.of(contact)]

    def merge(self, survivor: Contact, merged: Contact) -> None:
        self.bus.call(a_merge(survivor, merged))

    def told(self) -> list[RelationshipChanged]:
        seen = {each.id: each.data for each in self.bus.published}
        return [each for each in seen.values() if isinstance(each, RelationshipChanged)]


@pytest.fixture
def register() -> Register:
    return Register()


@pytest.fixture
def mary(register: Register) -> Contact:
    return register.contact("Mary Okafor")


@pytest.fixture
def carers(register: Register) -> Contact:
    return register.contact("Eastmere Carers", kind="organisation")


def test_a_role_is_seen_from_both_sides(register: Register, mary: Contact, carers: Contact) -> None:
    made = register.relate(mary, carers, since=MARCH)
    assert register.said(mary) == [("Chair", "Eastmere Carers", True)]
    assert register.said(carers) == [("Chair", "Mary Okafor", False)]
    assert [each.relationship for each in register.told()] == [made]
    asked = GetRelationship(relationship_id=made.relationship_id)
    assert register.bus.call(asked) == register.of(mary)[0]


def test_the_same_form_sent_twice_notes_it_once(register: Register, mary: Contact, carers: Contact) -> None:
    one, other = (register.relate(mary, carers, request_id="form-1") for _ in range(2))
    assert one == other
    assert len(register.of(mary)) == len(register.told()) == 1


def test_what_has_ended_comes_after_what_lasts_the_latest_first(register: Register, mary: Contact) -> None:
    for name, until in (("Abbey", date(2020, 1, 1)), ("Zion", None), ("Bridge", date(2022, 1, 1)), ("Arch", None)):
        register.relate(mary, register.contact(name, kind="organisation"), until=until)
    assert [each.other_name for each in register.of(mary)] == ["Arch", "Zion", "Bridge", "Abbey"]


def test_of_two_who_change_one_the_later_is_told(register: Register, mary: Contact, carers: Contact) -> None:
    made = register.relate(mary, carers)
    change = ChangeRelationship(relationship_id=made.relationship_id, version=1, role="Secretary", until=MARCH)
    assert register.bus.call(change).version == 2
    with pytest.raises(Conflict, match="Somebody else"):
        register.bus.call(change.model_copy(update={"role": "Treasurer"}))
    assert register.said(mary) == [("Secretary", "Eastmere Carers", True)]
    same = change.model_copy(update={"version": 2})
    assert register.bus.call(same).version == 2


def test_a_mistake_is_removed_and_comes_back_when_that_was_one(
    register: Register, mary: Contact, carers: Contact
) -> None:
    made = register.relate(mary, carers)
    remove = RemoveRelationship(relationship_id=made.relationship_id)
    register.bus.call(remove)
    assert register.of(mary) == register.of(carers) == []
    register.bus.call(remove.model_copy(update={"undo": True}))
    assert register.said(mary) == [("Chair", "Eastmere Carers", True)]
    assert [each.relationship.removed for each in register.told()] == [False, True, False]


def test_what_cannot_be_is_refused_with_the_reason(register: Register, mary: Contact, carers: Contact) -> None:
    with pytest.raises(Invalid, match="with itself"):
        register.relate(mary, mary)
    with pytest.raises(NotFound):
        register.relate(mary, carers, with_id="con_nobody")
    with pytest.raises(NotFound):
        register.bus.call(RemoveRelationship(relationship_id="rel_none"))
    register.bus.call(EraseContact(contact_id=carers.contact_id, by="Jo"))
    with pytest.raises(Conflict, match="erased"):
        register.relate(mary, carers)


@given(st.dates(), st.dates())
def test_nothing_ends_before_it_begins(since: date, until: date) -> None:
    if until >= since:
        assert Dated(since=since, until=until).until == until
    else:
        with pytest.raises(ValidationError):
            Dated(since=since, until=until)


def test_merged_contacts_keep_theirs_and_have_them_back_when_it_is_undone(
    register: Register, mary: Contact, carers: Contact
) -> None:
    twin = register.contact("M. Okafor")
    register.relate(twin, carers, "Treasurer")
    register.relate(mary, twin, "Neighbour")
    before = [register.said(each) for each in (mary, twin, carers)]
    register.merge(mary, twin)
    assert register.said(mary) == [("Treasurer", "Eastmere Carers", True)]
    assert register.said(carers) == [("Treasurer", "Mary Okafor", False)]
    other = register.contact("Saltham Voices", kind="organisation")
    register.relate(twin, other)  # an old page still says the merged contact
    assert ("Chair", "Saltham Voices", True) in register.said(mary)
    register.bus.call(UnmergeContacts(survivor_id=mary.contact_id, merged_id=twin.contact_id))
    after = [register.said(each) for each in (mary, twin, carers)]
    assert after[1:] == before[1:]
    assert after[0] == sorted([*before[0], ("Chair", "Saltham Voices", True)], key=lambda each: each[1])


def test_of_somebody_erased_no_role_is_left(register: Register, mary: Contact, carers: Contact) -> None:
    john = register.contact("John Okafor")
    register.relate(mary, carers)
    made = register.relate(john, mary, "Carer of Mary Okafor")
    register.bus.call(EraseContact(contact_id=mary.contact_id, by="Jo"))
    assert register.said(carers) == [(None, "Erased contact", False)]
    assert register.said(john) == [(None, "Erased contact", True)]
    change = ChangeRelationship(relationship_id=made.relationship_id, version=1, role="Carer")
    with pytest.raises(Conflict):
        register.bus.call(change)
    assert register.bus.call(GetContact(contact_id=john.contact_id)).name == "John Okafor"


# -- the store, real and fake -----------------------------------------------------------------------


@pytest.fixture(params=["fake", pytest.param("mongo", marks=pytest.mark.servers)])
def kept(request: pytest.FixtureRequest) -> RelationshipStore:
    if request.param == "fake":
        return FakeContacts().relationships
    settings = request.getfixturevalue("store")
    return MongoRelationships(connect(settings, f"contacts_{new_id()}"))


def a_relationship(relationship_id: str = "rel_1", **fields: Any) -> Relationship:
    said = {"version": 1, "contact_id": "con_1", "with_id": "con_2", "role": "Chair", "since": MARCH}
    return Relationship.model_validate({"relationship_id": relationship_id} | said | fields)


def an_event(relationship: Relationship) -> Any:
    event = RelationshipChanged(relationship=relationship, changed_by="Jo", at=AT)
    return an_envelope(event, subject=relationship.relationship_id, sequence=relationship.version)


def test_a_relationship_is_kept_once_and_found_from_both_ends(kept: RelationshipStore) -> None:
    one, other = a_relationship("rel_1"), a_relationship("rel_2", contact_id="con_3", with_id="con_1")
    assert kept.insert(one, an_event(one))
    assert not kept.insert(a_relationship(role="Member"), an_event(one))
    assert kept.insert(other, an_event(other))
    assert (kept.find("rel_1"), kept.find("rel_9")) == (one, None)
    assert kept.of(["con_1"]) == [one, other]
    assert kept.of(["con_2", "con_9"]) == [one]
    assert kept.of([]) == []
    assert len(kept.outbox.pending(10)) == 2


def test_the_next_version_takes_its_place_and_no_other(kept: RelationshipStore) -> None:
    first = a_relationship()
    kept.insert(first, an_event(first))
    second = a_relationship(version=2, until=MARCH + timedelta(days=1))
    assert kept.replace(second, an_event(second))
    assert not kept.replace(second, an_event(second))
    assert kept.find("rel_1") == second
    gone = a_relationship(version=3, removed=True)
    assert kept.replace(gone, an_event(gone))
    assert (kept.of(["con_1"]), kept.find("rel_1")) == ([], gone)
    assert [each.sequence for _, each in kept.outbox.pending(10)] == [1, 2, 3]


def test_nothing_of_somebody_erased_is_left_in_waiting_events_neither(kept: RelationshipStore) -> None:
    theirs, others = a_relationship("rel_1"), a_relationship("rel_2", contact_id="con_3", with_id="con_4")
    for each in (theirs, others):
        kept.insert(each, an_event(each))
    kept.redact(Traces(erasure_id="era_1", contact_ids=("con_2",)))
    assert (kept.find("rel_1"), kept.find("rel_2")) == (a_relationship(role=None), others)
    roles = {each.subject: each.data.relationship.role for _, each in kept.outbox.pending(10)}  # type: ignore[attr-defined]
    assert roles == {"rel_1": None, "rel_2": "Chair"}
