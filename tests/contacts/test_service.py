"""What may be said of a contact, and who is the same contact, also when two processes ask at once."""

import threading
from collections.abc import Mapping

import pytest

from services.contacts.fake import FakeContacts, FakePreferences
from services.contacts.importing.fake import FakeImports
from services.contacts.importing.store import MongoImports
from services.contacts.preferences import MongoPreferences
from services.contacts.repository import MongoContacts
from services.contacts.service import ContactsService
from shared.contracts.base import new_id
from shared.contracts.contacts import (
    ChangeContact,
    Contact,
    ContactChanged,
    ContactReference,
    GetContact,
    GetContacts,
    GetReference,
    RegisterContact,
    RegisterContacts,
    ResolveContacts,
)
from shared.errors import Conflict, Invalid, NotFound, Unavailable
from shared.messaging.testbus import TestBus
from shared.mongo import connect
from shared.settings import Settings
from tests.builders import a_new_contact


@pytest.fixture
def repository() -> FakeContacts:
    return FakeContacts()


@pytest.fixture
def bus(repository: FakeContacts) -> TestBus:
    bus = TestBus()
    bus.add(ContactsService(repository, FakeImports(), FakePreferences()))
    return bus


def register(bus: TestBus, request_id: str = "", shared: bool = False, **contact: object) -> Contact:
    request = RegisterContact(request_id=request_id or new_id(), contact=a_new_contact(**contact), shared=shared)  # type: ignore[arg-type]
    return bus.call(request)


def reference(*identifiers: tuple[str, str], name: str = "Ann") -> ContactReference:
    return ContactReference(name=name, identifiers=identifiers)


def test_a_form_sent_twice_registers_once(bus: TestBus) -> None:
    first = register(bus, "form-1", email=["a@example.org"])
    assert register(bus, "form-1", email=["a@example.org"]) == first
    assert len(bus.published) == 1


def test_an_address_of_another_contact_is_a_conflict_until_it_is_said_to_be_shared(bus: TestBus) -> None:
    first = register(bus, email=["home@example.org"])
    with pytest.raises(Conflict, match=first.contact_id):
        register(bus, name="Bob", email=["home@example.org"])
    second = register(bus, shared=True, name="Bob", email=["home@example.org"])
    (found,) = bus.call(ResolveContacts(references=(reference(("email", "home@example.org")),))).resolutions
    assert set(found.contact_ids) == {first.contact_id, second.contact_id}
    assert bus.call(GetContact(contact_id=first.contact_id)).name == "Mary Okafor"


@pytest.mark.parametrize("typed", [{"email": ["nobody"]}, {"phone": ["1"]}])
def test_an_unusable_identifier_is_explained_without_quoting_it(bus: TestBus, typed: dict[str, object]) -> None:
    with pytest.raises(Invalid, match="is not a"):
        register(bus, **typed)


def test_a_change_says_what_was_and_what_is(bus: TestBus) -> None:
    contact = register(bus, email=["old@example.org"])
    changed = bus.call(
        ChangeContact(
            contact_id=contact.contact_id, version=1, contact=a_new_contact("Mary Ng", email=["new@example.org"])
        )
    )
    assert changed.version == 2
    event = bus.published[-1].data
    assert isinstance(event, ContactChanged)
    assert {each.field: (each.before, each.after) for each in event.changes} == {
        "name": ("Mary Okafor", "Mary Ng"),
        "identifiers": ("old@example.org", "new@example.org"),
    }


def test_a_change_that_changes_nothing_publishes_nothing(bus: TestBus) -> None:
    contact = register(bus)
    assert bus.call(ChangeContact(contact_id=contact.contact_id, version=1, contact=a_new_contact())) == contact
    assert len(bus.published) == 1


def test_a_partners_reference_is_not_lost_when_staff_change_a_contact(bus: TestBus) -> None:
    contact = register(bus, references=[{"scheme": "partner", "value": "A-12", "partner": "St Agnes"}])
    changed = bus.call(ChangeContact(contact_id=contact.contact_id, version=1, contact=a_new_contact("Mary Ng")))
    assert [each.value for each in changed.identifiers] == ["A-12"]


def test_contacts_are_given_in_the_order_asked_or_not_at_all(bus: TestBus) -> None:
    ids = tuple(register(bus, name=name).contact_id for name in ("Ann", "Bob"))
    found = bus.call(GetContacts(contact_ids=ids[::-1])).contacts
    assert [each.name for each in found] == ["Bob", "Ann"]
    with pytest.raises(NotFound):
        bus.call(GetContacts(contact_ids=(*ids, "con_0")))


def test_two_changes_of_one_version_are_a_conflict(bus: TestBus) -> None:
    contact = register(bus)
    bus.call(ChangeContact(contact_id=contact.contact_id, version=1, contact=a_new_contact("B")))
    with pytest.raises(Conflict, match="Somebody else"):
        bus.call(ChangeContact(contact_id=contact.contact_id, version=1, contact=a_new_contact("C")))


def test_an_address_that_was_given_up_is_free_again(bus: TestBus) -> None:
    contact = register(bus, email=["old@example.org"])
    bus.call(ChangeContact(contact_id=contact.contact_id, version=1, contact=a_new_contact()))
    assert register(bus, name="Bob", email=["old@example.org"]).contact_id != contact.contact_id


def test_a_thousand_can_be_registered_at_once_and_again(bus: TestBus) -> None:
    new = tuple(a_new_contact(f"Person {number}", email=[f"p{number}@example.org"]) for number in range(1000))
    request = RegisterContacts(contacts=new, request_ids=tuple(f"demo-{number}" for number in range(1000)))
    assert bus.call(request) == bus.call(request)
    assert len(bus.published) == 1000


def test_a_claim_left_by_a_process_that_died_is_completed(bus: TestBus, repository: FakeContacts) -> None:
    repository.claim({"email:a@example.org": "con_lost"})
    asked = ResolveContacts(references=(reference(("email", "a@example.org"), ("phone", "+441134960000")),))
    assert bus.call(asked).resolutions[0].contact_ids == ("con_lost",)
    completed = bus.call(GetContact(contact_id="con_lost"))
    assert completed.name == "Ann"
    assert [each.value for each in completed.identifiers] == ["a@example.org"]  # the phone is claimed for nobody


def test_a_claim_that_was_completed_by_another_process_is_not_given_up_any_more(repository: FakeContacts) -> None:
    """Of two processes one claims the e-mail, the other the phone, each sees the other's claim, and one is slow."""
    repository.claim({"email:a@example.org": "con_slow", "phone:+441134960000": "con_fast"})
    service = ContactsService(repository, FakeImports(), FakePreferences())
    email = ResolveContacts(references=(reference(("email", "a@example.org")),))
    assert service.resolve_contacts(email).resolutions[0].contact_ids == ("con_slow",)
    repository.give_up(["email:a@example.org"], "con_slow")
    assert service.resolve_contacts(email).resolutions[0].contact_ids == ("con_slow",)


def test_what_staff_register_stands_although_an_event_completed_their_claim_first(repository: FakeContacts) -> None:
    service = ContactsService(repository, FakeImports(), FakePreferences())
    asked = RegisterContact(request_id="r-1", contact=a_new_contact("Dr Ann Lee", email=["a@example.org"]))
    claim, meanwhile = repository.claim, ResolveContacts(references=(reference(("email", "a@example.org")),))

    def claim_and_lose_time(owner_by_key: Mapping[str, str]) -> set[str]:
        lost = claim(owner_by_key)
        service.resolve_contacts(meanwhile)
        return lost

    repository.claim = claim_and_lose_time  # type: ignore[method-assign]
    registered = service.register_contact(asked)
    assert (registered.name, registered.version) == ("Dr Ann Lee", 2)
    assert service.get_contact(GetContact(contact_id=registered.contact_id)) == registered


def test_a_refused_registration_leaves_no_claim_behind(bus: TestBus, repository: FakeContacts) -> None:
    register(bus, name="Bob", email=["b@example.org"])
    with pytest.raises(Conflict):
        register(bus, name="Ann", email=["a@example.org", "b@example.org"])
    assert repository.owners(["email:a@example.org"]) == {}


def test_the_reference_data_has_five_localities_57_practices_and_overlapping_groups(bus: TestBus) -> None:
    found = bus.call(GetReference())
    assert (len(found.localities), len(found.practices)) == (5, 57)
    assert any(len(group.broad) > 1 for group in found.groups)


def test_processes_that_register_the_same_people_at_once_make_no_duplicates(store: Settings) -> None:
    database = connect(store, f"contacts_{new_id()}")
    references = tuple(
        reference(("email", f"p{number}@example.org"), ("phone", f"+44113496{number:04}")) for number in range(40)
    ) + tuple(reference(("phone", f"+44113496{number:04}")) for number in range(40))
    found: list[tuple[tuple[str, ...], ...]] = []

    def resolve(shift: int) -> None:
        service = ContactsService(MongoContacts(database), MongoImports(database), MongoPreferences(database))
        rolled = references[shift:] + references[:shift]
        while True:
            try:
                answer = service.resolve_contacts(ResolveContacts(references=rolled)).resolutions
            except Unavailable:
                continue
            back = answer[len(answer) - shift :] + answer[: len(answer) - shift]
            return found.append(tuple(each.contact_ids for each in back))

    threads = [threading.Thread(target=resolve, args=(20 * number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert database["contacts"].count_documents({}) == 40
    assert len(found) == 4
    assert len(set(found)) == 1
    assert all(first == second for first, second in zip(found[0][:40], found[0][40:], strict=True))
