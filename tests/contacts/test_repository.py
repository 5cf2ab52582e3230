"""The contract of the contacts repository, on a real store and on the fake."""

import os
from datetime import timedelta
from typing import Any

import pytest

from services.contacts import erasing
from services.contacts.erasures import Kept, cursor_of
from services.contacts.fake import FakeContacts
from services.contacts.merging import Merge
from services.contacts.repository import Added, Contacts, MongoContacts, Said, Standing, Unsettled
from shared.contracts.consent import ConsentChanged
from shared.contracts.contacts import Contact, ContactChanged, ContactRegistered
from shared.contracts.erasure import ContactErased, Erasure, ErasureDecided, Traces
from shared.mongo import connect
from tests.builders import AT, a_consent, a_contact, an_envelope, registered


@pytest.fixture(params=["fake", pytest.param("mongo", marks=pytest.mark.servers)])
def repository(request: pytest.FixtureRequest) -> Contacts:
    if request.param == "fake":
        return FakeContacts()
    settings = request.getfixturevalue("store")
    return MongoContacts(connect(settings, f"contacts_{os.urandom(4).hex()}"))


def insert(repository: Contacts, contact: Contact) -> str:
    event = registered(**contact.model_dump())
    repository.insert([(contact, event)])
    return event.id


def test_a_contact_that_was_inserted_is_found_as_it_was(repository: Contacts) -> None:
    contact = a_contact(identifiers=[{"scheme": "email", "value": "a@b.org"}], groups=("carers",), locality="north")
    insert(repository, contact)
    assert repository.find([contact.contact_id, "con_nobody"]) == {contact.contact_id: contact}
    assert repository.find_standings([contact.contact_id, "con_nobody"]) == {
        contact.contact_id: Standing("north", ("carers",))
    }


def test_inserting_again_changes_nothing(repository: Contacts) -> None:
    contact = a_contact("First")
    assert repository.insert([(contact, registered())]) == set()
    second = contact.model_copy(update={"name": "Second"})
    assert repository.insert([(second, registered())]) == {contact.contact_id}
    assert repository.find([contact.contact_id])[contact.contact_id].name == "First"
    assert len(repository.outbox.pending(10)) == 1


def test_a_key_is_claimed_by_the_first_only(repository: Contacts) -> None:
    assert repository.claim({"email:a": "con_1", "email:b": "con_1"}) == set()
    assert repository.claim({"email:a": "con_2", "email:c": "con_2"}) == {"email:a"}
    assert repository.claim({"email:a": "con_1"}) == set()
    assert repository.owners(["email:a", "email:c", "email:x"]) == {"email:a": ["con_1"], "email:c": ["con_2"]}


def test_a_claim_can_be_given_up_until_somebody_seals_it(repository: Contacts) -> None:
    repository.claim({"email:a": "con_1", "email:b": "con_1"})
    repository.give_up(["email:a", "email:b"], "con_2")
    repository.give_up(["email:a"], "con_1")
    assert repository.owners(["email:a", "email:b"]) == {"email:b": ["con_1"]}
    assert repository.seal(["con_1", "con_nobody"]) == {"con_1"}
    repository.give_up(["email:b"], "con_1")
    assert repository.owners(["email:b"]) == {"email:b": ["con_1"]}


def test_a_shared_key_has_several_owners_until_it_is_released(repository: Contacts) -> None:
    repository.claim({"email:a": "con_1"})
    repository.share(["email:a", "email:new"], "con_2")
    repository.share(["email:a"], "con_2")
    assert repository.owners(["email:a"]) == {"email:a": ["con_1", "con_2"]}
    assert repository.keys_of("con_2") == {"email:a", "email:new"}
    repository.release(["email:a", "email:new"], "con_2")
    assert repository.owners(["email:a", "email:new"]) == {"email:a": ["con_1"]}
    assert repository.claim({"email:new": "con_3"}) == set()


def test_a_version_is_replaced_once(repository: Contacts) -> None:
    contact = a_contact("Before")
    insert(repository, contact)
    changed = contact.model_copy(update={"name": "After", "version": 2})
    event = an_envelope(ContactChanged(contact=changed, changes=(), changed_by="staff"), sequence=2)
    assert repository.replace(changed, event)
    assert not repository.replace(changed, event)
    assert repository.find([contact.contact_id])[contact.contact_id] == changed


def test_an_event_is_pending_until_it_is_forgotten(repository: Contacts) -> None:
    contact = a_contact()
    first = insert(repository, contact)
    changed = contact.model_copy(update={"version": 2})
    second = an_envelope(ContactChanged(contact=changed, changes=(), changed_by="staff"), sequence=2)
    repository.replace(changed, second)
    pending = repository.outbox.pending(10)
    assert [event.id for _, event in pending] == [first, second.id]
    assert pending[1][1] == second
    repository.outbox.forget([(contact.contact_id, first)])
    assert [event.id for _, event in repository.outbox.pending(10)] == [second.id]
    repository.outbox.forget([(contact.contact_id, second.id)])
    assert repository.outbox.pending(10) == []


def test_statements_are_added_to_the_version_they_were_made_for(repository: Contacts) -> None:
    contact = a_contact("Ann")
    insert(repository, contact)
    said = tuple(a_consent(contact_id=contact.contact_id, channel=channel) for channel in ("email", "sms"))
    events = tuple(an_envelope(ConsentChanged(consent=each, name="Ann"), sequence=n) for n, each in enumerate(said, 2))
    assert repository.find_said([contact.contact_id, "con_nobody"]) == {contact.contact_id: Said("Ann", 1, ())}
    repository.add_consents([Added(contact.contact_id, 1, said, events)])
    repository.add_consents([Added(contact.contact_id, 1, said, events)])
    assert repository.find_said([contact.contact_id]) == {contact.contact_id: Said("Ann", 3, said)}
    assert repository.find([contact.contact_id])[contact.contact_id] == contact.model_copy(update={"version": 3})
    assert len(repository.outbox.pending(10)) == 3


def test_statements_stay_when_the_contact_changes(repository: Contacts) -> None:
    contact = a_contact("Ann")
    insert(repository, contact)
    said = a_consent(contact_id=contact.contact_id)
    repository.add_consents([Added(contact.contact_id, 1, (said,), (registered(),))])
    changed = contact.model_copy(update={"name": "Bea", "version": 3})
    assert repository.replace(changed, registered())
    assert repository.find_said([contact.contact_id]) == {contact.contact_id: Said("Bea", 3, (said,))}


def test_a_merge_and_its_undoing_are_stored_step_by_step(repository: Contacts) -> None:
    one, other = a_contact("One"), a_contact("Other")
    insert(repository, one)
    insert(repository, other)
    said = a_consent(contact_id=other.contact_id)
    repository.add_consents([Added(other.contact_id, 1, (said,), (registered(),))])
    tombstone = other.model_copy(update={"merged_into": one.contact_id, "version": 3})
    left = Unsettled(other.contact_id, "mrg_1", one.contact_id, False, "Jo")
    assert repository.bury(tombstone, registered(), left)
    assert not repository.bury(tombstone, registered(), left)
    assert repository.unsettled() == [left]
    assert repository.find_standings([other.contact_id])[other.contact_id].merged_into == one.contact_id
    assert repository.segments.people([one.contact_id, other.contact_id], behaviour=False).keys() == {one.contact_id}
    after = one.model_copy(update={"version": 2, "merged": (other.contact_id,)})
    merge = Merge(
        merge_id="mrg_1", contact_id=other.contact_id, name="Other", before=one, after=after, at=AT, by="Jo",
        said_after=(said.consent_id,),
    )  # fmt: skip
    assert repository.absorb(after, merge, [said], registered())
    assert not repository.absorb(after, merge, [said], registered())
    repository.settled(left)
    assert repository.unsettled() == []
    assert repository.merges(one.contact_id) == (merge,)
    assert repository.find_said([one.contact_id])[one.contact_id].consents == (said,)
    back = Unsettled(one.contact_id, "mrg_1", other.contact_id, True, "Jo", (said,))
    assert repository.give_back(one.model_copy(update={"version": 3}), [], registered(), back)
    assert (repository.merges(one.contact_id), repository.unsettled()) == ((), [back])
    assert repository.revive(tombstone.model_copy(update={"merged_into": None, "version": 4}), [said], registered())
    found = repository.find([one.contact_id, other.contact_id])
    assert found == {
        one.contact_id: one.model_copy(update={"version": 3}),
        other.contact_id: other.model_copy(update={"version": 4}),
    }


def test_several_versions_are_replaced_in_one_go_and_those_that_moved_on_stay(repository: Contacts) -> None:
    first, second = a_contact("First"), a_contact("Second")
    insert(repository, first)
    insert(repository, second)
    versions = [first.model_copy(update={"name": f"First {n}", "version": n}) for n in (2, 3)]
    versions.append(second.model_copy(update={"name": "Too late", "version": 5}))
    events = [
        an_envelope(ContactChanged(contact=each, changes=(), changed_by="staff"), sequence=each.version)
        for each in versions
    ]
    repository.replace_all(list(zip(versions, events, strict=True)))
    found = repository.find([first.contact_id, second.contact_id])
    assert (found[first.contact_id], found[second.contact_id]) == (versions[1], second)


def test_a_contact_is_stored_with_what_it_has_said_in_one_write(repository: Contacts) -> None:
    contact, said = a_contact(), a_consent()
    event = an_envelope(ConsentChanged(consent=said, name=contact.name), sequence=2)
    newcomer = (contact, registered(), Added(contact.contact_id, 1, (said,), (event,)))
    repository.insert_saying([newcomer])
    repository.insert_saying([newcomer])
    assert repository.find_said([contact.contact_id]) == {contact.contact_id: Said(contact.name, 2, (said,))}
    assert [each.sequence for _, each in repository.outbox.pending(10)] == [1, 2]


def test_what_is_left_of_an_erased_contact_holds_no_trace_nor_does_what_waits(repository: Contacts) -> None:
    mary = a_contact(contact_id="con_1", identifiers=[{"scheme": "email", "value": "mary@x.org"}])
    insert(repository, mary)
    said = a_consent(contact_id="con_1", evidence="Letter of Mary Okafor")
    event = ConsentChanged(consent=said, name="Mary Okafor")
    repository.add_consents([Added("con_1", 1, (said,), (an_envelope(event, subject="con_1", sequence=2),))])
    erasure = an_erasure()
    left, erased = erasing.erase(repository.find(["con_1"])["con_1"], erasure, AT)
    assert not repository.erase(left.model_copy(update={"version": 9}), an_envelope(erased), TRACES)
    assert repository.erase(left, an_envelope(erased, subject="con_1", sequence=3), TRACES)
    assert repository.find(["con_1"]) == {"con_1": left}
    assert repository.find_standings(["con_1"]) == repository.find_said(["con_1"]) == {}
    assert list(repository.likeable()) == []
    waiting = repository.outbox.pending(10)
    assert [each.data.type for _, each in waiting] == [ContactRegistered.type, ConsentChanged.type, ContactErased.type]
    assert not [each for _, each in waiting if b"Okafor" in each.to_bytes() or b"mary@" in each.to_bytes()]


def test_an_erasure_is_kept_with_its_traces_until_it_is_done(repository: Contacts) -> None:
    erasures, erasure = repository.erasures, an_erasure()
    assert erasures.insert(Kept(erasure, TRACES))
    assert not erasures.insert(Kept(erasure.model_copy(update={"by": "other"}), TRACES))
    assert erasures.find("era_1") == Kept(erasure, TRACES)
    assert erasures.find("era_none") is None
    done = erasure.model_copy(update={"state": "done", "version": 2})
    decided = an_envelope(ErasureDecided(erasure_id="era_1", engagement_ids=("eng_1",)), subject="era_1")
    assert erasures.latest(open_only=True, limit=10) == [erasure]
    assert erasures.replace(done, decided)
    assert not erasures.replace(done)
    assert erasures.find("era_1") == Kept(done, Traces(erasure_id="era_1", contact_ids=("con_1",)))
    assert (erasures.latest(open_only=True, limit=10), erasures.latest(open_only=False, limit=10)) == ([], [done])
    assert [each.id for _, each in erasures.outbox.pending(10)] == [decided.id]


def test_the_register_is_read_page_by_page_the_newest_first(repository: Contacts) -> None:
    kept = [an_erasure(erasure_id=f"era_{n}", at=AT + timedelta(days=n // 2)) for n in range(5)]
    for each in kept:
        repository.erasures.insert(Kept(each, TRACES))
    seen, cursor = list[str](), None
    while page := repository.erasures.latest(False, 2, cursor):
        seen += [each.erasure_id for each in page]
        cursor = cursor_of(page[-1])
    assert seen == ["era_4", "era_3", "era_2", "era_1", "era_0"]


TRACES = Traces(erasure_id="era_1", contact_ids=("con_1",), names=("Mary Okafor",), emails=("mary@x.org",))


def an_erasure(**fields: Any) -> Erasure:
    said = {"erasure_id": "era_1", "contact_ids": ("con_1",), "state": "erasing", "at": AT, "by": "staff"}
    return Erasure.model_validate(said | fields)
