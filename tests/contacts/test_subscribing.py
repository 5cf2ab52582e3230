"""Asking to subscribe: nothing is known of anybody until it is confirmed from the address itself."""

import os
from datetime import UTC, datetime, timedelta

import pytest

from services.contacts import domain
from services.contacts.envelopes import envelope
from services.contacts.fake import FakeContacts, FakePreferences
from services.contacts.preferences import PreferenceDesk
from services.contacts.subscribing.desk import MOST_A_DAY, SubscribingDesk
from services.contacts.subscribing.fake import FakeSubscriptionRequests
from services.contacts.subscribing.store import MongoSubscriptionRequests, Request, SubscriptionRequests
from shared.contracts.contacts import Contact, ContactRegistered
from shared.errors import Invalid, NotFound
from shared.mongo import connect
from tests.builders import AT, a_new_contact

NOW = datetime.now(UTC).replace(microsecond=0)
WORDING = "Yes, send me this by e-mail: newsletter."


@pytest.fixture(params=["fake", pytest.param("mongo", marks=pytest.mark.servers)])
def requests(request: pytest.FixtureRequest) -> SubscriptionRequests:
    if request.param == "fake":
        return FakeSubscriptionRequests()
    return MongoSubscriptionRequests(connect(request.getfixturevalue("store"), f"contacts_{os.urandom(4).hex()}"))


def a_request(key: str, address: str = "mary@example.org", hours: int = 0) -> Request:
    at = NOW + timedelta(hours=hours)
    return Request(key, address, "Mary", ("newsletter", "survey"), WORDING, at, at + timedelta(days=3))


def test_a_request_is_found_by_its_key_until_it_expires_or_is_forgotten(requests: SubscriptionRequests) -> None:
    first, second, other = a_request("one"), a_request("two", hours=2), a_request("three", "ben@example.org")
    for each in (first, second, other):
        requests.add(each)
    assert requests.find("one") == first
    assert requests.count("mary@example.org", NOW) == 2
    assert requests.count("mary@example.org", NOW + timedelta(hours=1)) == 1
    requests.confirm("one", NOW)
    requests.confirm("one", NOW + timedelta(hours=1))
    assert requests.find("one") == first._replace(confirmed_at=NOW)
    requests.forget(["ben@example.org", "nobody@example.org"])
    assert requests.find("three") is None
    requests.forget_expired(first.expires_at)
    assert requests.find("one") is None
    assert requests.find("two") == second


class Door:
    """The desk over stores in memory."""

    def __init__(self) -> None:
        self.contacts, self.store = FakeContacts(), FakePreferences()
        self.preferences = PreferenceDesk(self.store, self.contacts)
        self.desk = SubscribingDesk(self.store.requests, self.contacts, self.preferences)

    def ask(self, address: str = "mary@example.org", name: str = "Mary Okafor", at: datetime = NOW) -> str:
        key = self.desk.ask(address, name, ["newsletter", "survey"], WORDING, at)
        assert key is not None
        return key

    def known(self, name: str, *emails: str, number: int = 1) -> Contact:
        contact, event = domain.register(a_new_contact(name, email=emails), f"con_{number}", AT, "staff")
        keys = [domain.key_of(each) for each in contact.identifiers]
        if self.contacts.claim(dict.fromkeys(keys, contact.contact_id)):
            self.contacts.share(keys, contact.contact_id)
        self.contacts.insert([(contact, envelope(event, contact))])
        return contact

    def everybody(self) -> list[Contact]:
        return list(self.contacts._contacts.values())


@pytest.fixture
def door() -> Door:
    return Door()


def test_nobody_is_registered_before_the_address_confirms(door: Door) -> None:
    key = door.ask()
    assert door.everybody() == []
    door.desk.get(key, NOW)
    assert door.everybody() == []
    asked, preference_key = door.desk.confirm(key, NOW)
    (mary,) = door.everybody()
    assert mary.name == "Mary Okafor"
    held = door.preferences.get(preference_key)
    assert held.contact.contact_id == mary.contact_id
    allowed = {(each.purpose, each.channel) for each in held.consents.allowances if each.allowed}
    assert allowed == {("newsletter", "email"), ("survey", "email")}
    said = held.consents.consents[0]
    assert (said.method, said.wording) == ("double_opt_in", WORDING)
    assert "confirmed by the link sent to the address" in said.evidence
    (registered,) = (
        each.data for _, each in door.contacts.outbox.pending(10) if isinstance(each.data, ContactRegistered)
    )
    assert registered.registered_by == "the person"
    assert asked.purposes == ("newsletter", "survey")


def test_confirmed_again_nothing_is_recorded_also_after_a_withdrawal(door: Door) -> None:
    key = door.ask()
    _, preference_key = door.desk.confirm(key, NOW)
    door.preferences.withdraw_everything(preference_key, "stop")
    assert door.desk.confirm(key, NOW + timedelta(hours=1))[1] == preference_key
    held = door.preferences.get(preference_key)
    assert not any(each.allowed for each in held.consents.allowances)
    assert len(held.consents.consents) == 3


def test_who_is_known_by_the_address_keeps_their_name(door: Door) -> None:
    mary = door.known("Mary Okafor", "mary@example.org")
    _, preference_key = door.desk.confirm(door.ask("Mary@Example.ORG", "Somebody Else"), NOW)
    assert door.preferences.get(preference_key).contact.name == "Mary Okafor"
    assert [each.contact_id for each in door.everybody()] == [mary.contact_id]


def test_of_two_who_share_an_address_the_one_of_that_name_has_agreed(door: Door) -> None:
    door.known("Mary Okafor", "home@example.org")
    door.known("Femi Okafor", "home@example.org", number=2)
    _, femi = door.desk.confirm(door.ask("home@example.org", "okafor FEMI"), NOW)
    _, first = door.desk.confirm(door.ask("home@example.org", ""), NOW)
    assert door.preferences.get(femi).contact.name == "Femi Okafor"
    assert door.preferences.get(first).contact.name == "Mary Okafor"


def test_a_request_that_was_not_confirmed_in_time_is_gone(door: Door) -> None:
    key = door.ask()
    with pytest.raises(NotFound):
        door.desk.confirm(key, NOW + timedelta(days=3))
    door.desk.forget_expired(NOW + timedelta(days=3))
    with pytest.raises(NotFound):
        door.desk.get(key, NOW)
    assert door.everybody() == []


def test_nobody_can_make_us_fill_a_strangers_mailbox(door: Door) -> None:
    for hour in range(MOST_A_DAY):
        door.ask(at=NOW + timedelta(hours=hour))
    assert door.desk.ask(" MARY@example.org", "", ["newsletter"], WORDING, NOW + timedelta(hours=3)) is None
    assert door.desk.ask("ben@example.org", "", ["newsletter"], WORDING, NOW) is not None
    assert door.desk.ask("mary@example.org", "", ["newsletter"], WORDING, NOW + timedelta(hours=25)) is not None


@pytest.mark.parametrize("address", ['"much.more unusual"@example.org', "käthe+news@bücher.museum", "a@[192.0.2.1]"])
def test_every_address_that_the_standards_allow_can_subscribe(door: Door, address: str) -> None:
    _, preference_key = door.desk.confirm(door.ask(address), NOW)
    assert door.preferences.get(preference_key).contact.identifiers[0].scheme == "email"


def test_what_is_no_address_is_refused_with_a_sentence(door: Door) -> None:
    with pytest.raises(Invalid, match="is not an e-mail address"):
        door.ask("nobody")
