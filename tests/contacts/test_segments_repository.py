"""The contract of the store of segments, on a real store and on the fake."""

import os
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.contacts.fake import FakeContacts
from services.contacts.repository import Added, Contacts, MongoContacts
from services.contacts.segments import domain
from services.contacts.segments.domain import BUCKETS, Cause, Job, Membership, Move, Stored, bucket_of, slice_of
from services.contacts.segments.port import Place
from services.contacts.segments.rules import Person, Took
from shared.contracts.contacts import Contact
from shared.contracts.segments import Rule
from shared.mongo import connect
from tests.builders import AT, a_consent, a_contact, an_engagement, an_envelope, registered

RULE = Rule.model_validate({"conditions": [{"field": "kind", "value": "person"}]})


@pytest.fixture(params=["fake", pytest.param("mongo", marks=pytest.mark.servers)])
def contacts(request: pytest.FixtureRequest) -> Contacts:
    if request.param == "fake":
        return FakeContacts()
    settings = request.getfixturevalue("store")
    return MongoContacts(connect(settings, f"contacts_{os.urandom(4).hex()}"))


def a_segment(segment_id: str = "seg_1", **fields: Any) -> Stored:
    return replace(domain.create(segment_id, "Panel", RULE, AT, "Jo", 7), **fields)


def a_membership(contact_id: str = "con_1", n: int = 1, *segments: str, moves: tuple[Move, ...] = ()) -> Membership:
    return Membership(contact_id, n, dict.fromkeys(segments, AT), moves)


def insert(contacts: Contacts, **fields: Any) -> Contact:
    contact = a_contact(**fields)
    contacts.insert([(contact, registered())])
    return contact


def test_a_segment_comes_back_as_it_was_stored_and_is_stored_once(contacts: Contacts) -> None:
    store = contacts.segments
    assert store.insert_segment(a_segment())
    assert not store.insert_segment(a_segment(name="Other"))
    assert store.find_segment("seg_1") == a_segment()
    assert store.segments() == [a_segment()]
    assert store.find_segment("seg_2") is None


def test_a_version_of_a_segment_is_replaced_once(contacts: Contacts) -> None:
    store = contacts.segments
    store.insert_segment(a_segment())
    following = a_segment(name="Other", version=2, deleted=True)
    assert store.replace_segment(following)
    assert not store.replace_segment(following)
    assert store.find_segment("seg_1") == following


def test_a_job_goes_on_slice_by_slice_and_ends_unless_the_segment_has_changed(contacts: Contacts) -> None:
    store = contacts.segments
    store.insert_segment(a_segment())
    assert store.finish_slices(a_segment(), {7: 12})
    assert not store.finish_slices(a_segment(), {7: 12})
    going_on = store.find_segment("seg_1")
    assert going_on == a_segment(job=Job("fill", 7, 1), members=12)
    assert going_on is not None
    assert store.finish_slices(going_on, {8: 1, 9: 2})
    going_on = store.find_segment("seg_1")
    assert going_on == a_segment(job=Job("fill", 7, 3), members=15)
    assert going_on is not None
    later = AT + timedelta(hours=1)
    assert store.set_job(going_on, None, later)
    assert not store.set_job(going_on, None, later)
    assert store.find_segment("seg_1") == a_segment(job=None, swept_at=later, members=15)


def test_members_are_counted_as_they_come_and_go(contacts: Contacts) -> None:
    store = contacts.segments
    store.insert_segment(a_segment())
    store.finish_slices(a_segment(), {7: 12})
    store.count({("seg_1", 7): -2, ("seg_1", 9): 3, ("seg_1", 10): 0})
    assert [each.members for each in store.segments(counted=True)] == [13]
    assert [each.members for each in store.segments()] == [0]
    for _ in range(2):
        store.store_counts()
    store.count({})
    assert [each.members for each in store.segments(counted=True)] == [13]


def test_contacts_are_seen_as_rules_ask_of_them(contacts: Contacts) -> None:
    contact = insert(contacts, locality="eastmere", practice="practice-01", groups=("carers",))
    said = a_consent(contact_id=contact.contact_id)
    contacts.add_consents([Added(contact.contact_id, 1, (said,), (registered(),))])
    people = ({"contact_ids": (contact.contact_id,)},)
    contacts.segments.took_part([("event-1", an_engagement(kind="call", participants=people))])
    found = contacts.segments.people([contact.contact_id, "con_nobody"], behaviour=True)
    (person,) = found.values()
    assert tuple(person.groups) == ("carers",)
    assert list(person.consents) == [said]
    assert list(person.took) == [Took(AT, "call")]
    assert (person.locality, person.practice, person.name) == ("eastmere", "practice-01", "Mary Okafor")
    assert not contacts.segments.people([contact.contact_id], behaviour=False)[contact.contact_id].took


def test_the_slices_hold_every_contact_once(contacts: Contacts) -> None:
    ids = {insert(contacts).contact_id for _ in range(20)}
    found = [each for number in {slice_of(key) for key in ids} for each in contacts.segments.slice_ids(number)]
    assert (len(found), set(found)) == (20, ids)


def test_the_latest_version_of_an_engagement_says_who_took_part(contacts: Contacts) -> None:
    store, one, other = contacts.segments, insert(contacts), insert(contacts)

    def version(number: int, contact: Contact, **fields: Any) -> Any:
        people = ({"contact_ids": (contact.contact_id,)},)
        return f"event-{number}", an_engagement(engagement_id="eng_1", version=number, participants=people, **fields)

    def who() -> set[str]:
        found: dict[str, Person] = store.people([one.contact_id, other.contact_id], behaviour=True)
        return {key for key, each in found.items() if each.took}

    store.took_part([version(1, one)])
    assert who() == {one.contact_id}
    store.took_part([version(2, other), version(1, one)])
    assert who() == {other.contact_id}
    store.took_part([version(1, one)])
    assert who() == {other.contact_id}
    store.took_part([version(3, other, sensitive=True)])
    assert who() == set()
    store.took_part([("event-4", an_engagement())])


def test_a_survivor_took_part_in_what_those_merged_into_it_did(contacts: Contacts) -> None:
    survivor = insert(contacts, merged=("con_merged",))
    both = ({"contact_ids": ("con_merged", survivor.contact_id)},)
    contacts.segments.took_part([("event-1", an_engagement(participants=({"contact_ids": ("con_merged",)},)))])
    contacts.segments.took_part([("event-2", an_engagement(participants=both))])
    found = contacts.segments.people([survivor.contact_id], behaviour=True)
    assert len(found[survivor.contact_id].took) == 2


def test_a_membership_comes_back_and_the_faster_of_two_stays(contacts: Contacts) -> None:
    store = contacts.segments
    move = Move("move-1", "seg_1", "Panel", True, AT, Cause("became known", "event-1"), 1)
    first = a_membership("con_1", 1, "seg_1", moves=(move,))
    store.put([first, a_membership("con_2", 1, "seg_1", "seg_2")], {})
    store.put([a_membership("con_1", 1, "seg_9")], {})
    found = store.memberships(["con_1", "con_3"])
    assert found == {"con_1": first, "con_3": Membership("con_3")}
    store.put([a_membership("con_1", 2, "seg_2")], {})
    store.put([a_membership("con_1", 2, "seg_3")], {})
    assert store.memberships(["con_1"])["con_1"] == a_membership("con_1", 2, "seg_2")


def test_what_has_been_replaced_is_forgotten_after_a_while_but_not_an_event_that_waits(contacts: Contacts) -> None:
    store, at_once = contacts.segments, timedelta()
    event = an_envelope(domain.told("con_1", [Move("move-1", "seg_1", "Panel", True, AT, Cause("time has passed"), 1)]))
    store.put([a_membership("con_1", 1, "seg_1"), a_membership("con_2", 1, "seg_1")], {"con_1": [event]})
    store.put([a_membership("con_1", 2, "seg_2"), a_membership("con_2", 2, "seg_2")], {})
    assert store.members("seg_1", 0, BUCKETS) == []
    store.forget_replaced(timedelta(minutes=1))
    store.put([a_membership("con_2", 1, "seg_9")], {})
    latest = {key: a_membership(key, 2, "seg_2") for key in ("con_1", "con_2")}
    assert store.memberships(latest) == latest
    store.forget_replaced(at_once)
    assert store.memberships(latest) == latest
    ((key, waiting),) = store.outbox.pending(10)
    assert waiting == event
    store.outbox.forget([(key, event.id)])
    store.forget_replaced(at_once)
    assert store.memberships(latest) == latest


def test_memberships_of_earlier_versions_are_numbered(contacts: Contacts, request: pytest.FixtureRequest) -> None:
    if not isinstance(contacts, MongoContacts):
        pytest.skip("the fake keeps nothing of earlier versions")
    database = connect(request.getfixturevalue("store"), f"contacts_{os.urandom(4).hex()}")
    moves = [[AT, 3, [["became known", "event-1"]], [["move-1", "seg_1", "Panel", True, 0]]], []]
    earlier = {"n": 3, "since": {"seg_1": AT}, "places": [f"seg_1:{bucket_of('con_1'):05x}"], "moves": moves}
    database["memberships"].insert_one({"_id": "con_1", **earlier})
    store = MongoContacts(database).segments
    move = Move("move-1", "seg_1", "Panel", True, AT, Cause("became known", "event-1"), 3)
    assert store.memberships(["con_1"]) == {"con_1": a_membership("con_1", 3, "seg_1", moves=(move,))}
    assert [each.contact_id for each in store.members("seg_1", 0, BUCKETS)] == ["con_1"]
    assert database["memberships"].count_documents({}) == 1


def test_participations_of_earlier_versions_are_parted(contacts: Contacts, request: pytest.FixtureRequest) -> None:
    if not isinstance(contacts, MongoContacts):
        pytest.skip("the fake keeps nothing of earlier versions")
    database = connect(request.getfixturevalue("store"), f"contacts_{os.urandom(4).hex()}")
    database["participations"].create_index("contact_ids")
    earlier = {"version": 2, "contact_ids": ["con_1", "con_2"], "kind": "call", "at": AT}
    database["participations"].insert_many(
        [{"_id": "eng_1", **earlier}, {"_id": "eng_2", **earlier}, {"_id": "eng_3", **earlier, "contact_ids": []}]
    )
    for _ in range(2):  # an earlier version may have been started once more in between
        store = MongoContacts(database).segments
        assert {key: len(took) for key, took in store._took({"con_1": "con_1", "con_2": "con_1"}).items()} == {
            "con_1": 2
        }
        assert database["participations"].count_documents({}) == 4
        assert "contact_ids_1" not in database["participations"].index_information()
        database["participations"].create_index("contact_ids")
        database["participations"].insert_one({"_id": "eng_1", **earlier, "version": 1})
    assert [each.kind for each in MongoContacts(database).segments._took({"con_2": "con_2"})["con_2"]] == [
        "call",
        "call",
    ]


def test_members_are_found_in_windows_of_buckets(contacts: Contacts) -> None:
    store = contacts.segments
    ids = [f"con_{number}" for number in range(30)]
    store.put([a_membership(each, 1, "seg_1", "seg_2") for each in ids], {})
    store.put([a_membership("con_0", 2, "seg_2")], {})
    wanted = sorted(Place(bucket_of(each), each, AT) for each in ids[1:])
    assert store.members("seg_1", 0, BUCKETS) == wanted
    middle = wanted[10].bucket
    assert store.members("seg_1", 0, middle) + store.members("seg_1", middle, BUCKETS) == wanted
    assert store.members("seg_3", 0, BUCKETS) == []


def test_events_of_a_job_wait_in_the_membership_until_they_are_published(contacts: Contacts) -> None:
    store = contacts.segments
    move = Move("move-1", "seg_1", "Panel", True, AT, Cause("time has passed"), 1)
    first = an_envelope(domain.told("con_1", [move]))
    store.put([a_membership("con_1", 1, "seg_1")], {"con_1": [first]})
    second = an_envelope(domain.told("con_1", [move._replace(entered=False)]))
    store.put([a_membership("con_1", 2)], {"con_1": [second]})
    pending = store.outbox.pending(10)
    assert [event for _, event in pending] == [first, second]
    store.outbox.forget([(key, event.id) for key, event in pending])
    assert list(store.outbox.pending(10)) == []
