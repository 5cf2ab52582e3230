"""What a contact allows: the strictest of what was said, whatever the order in which it arrives."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contacts import consent
from services.contacts.consent import CHANNELS, PURPOSES, standing
from services.contacts.fake import FakeContacts, FakePreferences
from services.contacts.importing.fake import FakeImports
from services.contacts.service import ContactsService
from shared.contracts.base import new_id
from shared.contracts.consent import Consent, ConsentChanged, GetConsents, RecordConsents
from shared.contracts.contacts import ChangeContact, Contact, RegisterContact
from shared.contracts.segments import GetProfile
from shared.errors import Conflict, Invalid, NotFound
from shared.messaging.testbus import TestBus
from tests.builders import AT, a_consent, a_new_contact, a_statement

LATER = AT + timedelta(days=1)
EVER = AT + timedelta(days=3650)


def at(days: int) -> datetime:
    return AT + timedelta(days=days)


def email_newsletter(*consents: Consent, when: datetime = EVER) -> tuple[bool, str | None, str]:
    return tuple(standing(consents, "newsletter", "email", when))  # type: ignore[return-value]


def test_without_a_statement_nothing_is_allowed() -> None:
    assert email_newsletter() == (False, None, "no_consent")


def test_a_giving_allows_its_own_purpose_and_channel_only() -> None:
    said = a_consent()
    assert email_newsletter(said) == (True, said.consent_id, "")
    allowed = {(each.purpose, each.channel) for each in consent.allowances([said], EVER) if each.allowed}
    assert allowed == {("newsletter", "email")}


def test_a_statement_counts_from_its_own_time_on() -> None:
    assert email_newsletter(a_consent(at=LATER), when=AT) == (False, None, "no_consent")


def test_a_later_statement_replaces_an_earlier_one() -> None:
    first, then = a_consent(at=at(1)), a_consent(False, at=at(2))
    again = a_consent(at=at(3))
    assert email_newsletter(first, then) == (False, None, "withdrawn")
    assert email_newsletter(first, then, again) == (True, again.consent_id, "")
    assert email_newsletter(again, first, then, when=at(2)) == (False, None, "withdrawn")


@pytest.mark.parametrize(("purpose", "channel"), [("*", "*"), ("*", "email"), ("newsletter", "*")])
def test_a_withdrawal_of_everything_blocks_until_a_newer_giving(purpose: str, channel: str) -> None:
    before, after = a_consent(at=at(1)), a_consent(at=at(3))
    everything = a_consent(False, purpose=purpose, channel=channel, at=at(2))
    assert email_newsletter(before, everything) == (False, None, "withdrawn")
    assert email_newsletter(before, everything, after) == (True, after.consent_id, "")


def test_a_withdrawal_over_another_channel_blocks_nothing() -> None:
    said = a_consent()
    assert email_newsletter(said, a_consent(False, channel="post", at=LATER)) == (True, said.consent_id, "")


def test_of_equal_times_the_withdrawal_wins() -> None:
    assert email_newsletter(a_consent(), a_consent(False, purpose="*")) == (False, None, "withdrawn")


@st.composite
def statements(draw: st.DrawFn) -> Consent:
    given_ = draw(st.booleans())
    everything = [] if given_ else ["*"]
    return a_consent(
        given_,
        consent_id=f"cst_{draw(st.integers(0, 50))}",
        purpose=draw(st.sampled_from([*PURPOSES[:2], *everything])),
        channel=draw(st.sampled_from([*CHANNELS[:2], *everything])),
        at=at(draw(st.integers(0, 5))),
    )


many = st.lists(statements(), max_size=12, unique_by=lambda each: each.consent_id)


@given(many, st.randoms())
def test_the_order_of_arrival_never_matters(said: list[Consent], random: object) -> None:
    shuffled = list(said)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert consent.allowances(said, at(3)) == consent.allowances(shuffled, at(3))


@given(many, statements())
def test_one_more_withdrawal_never_allows_anything(said: list[Consent], more: Consent) -> None:
    withdrawal = more.model_copy(update={"given": False, "consent_id": "cst_more"})
    before = {each.decided_by for each in consent.allowances(said, EVER) if each.allowed}
    after = {each.decided_by for each in consent.allowances([*said, withdrawal], EVER) if each.allowed}
    assert after <= before


@given(many)
def test_after_a_withdrawal_of_everything_only_what_is_given_later_is_allowed(said: list[Consent]) -> None:
    everything = a_consent(False, purpose="*", channel="*", at=at(3))
    allowed = [each for each in consent.allowances([*said, everything], EVER) if each.allowed]
    assert all(each.since is not None and each.since > at(3) for each in allowed)


@given(many)
def test_what_is_allowed_is_a_giving_that_names_it(said: list[Consent]) -> None:
    by_id = {each.consent_id: each for each in said}
    for each in consent.allowances(said, EVER):
        if each.allowed:
            decided = by_id[each.decided_by or ""]
            assert (decided.given, decided.purpose, decided.channel) == (True, each.purpose, each.channel)


# -- recording --------------------------------------------------------------------------------------


@pytest.fixture
def bus() -> TestBus:
    bus = TestBus()
    bus.add(ContactsService(FakeContacts(), FakeImports(), FakePreferences()))
    return bus


def register(bus: TestBus, name: str = "Mary Okafor", **fields: object) -> Contact:
    return bus.call(
        RegisterContact(request_id=new_id(), contact=a_new_contact(name, **fields), shared="email" in fields)
    )


def say(bus: TestBus, contact: Contact, given: bool = True, request_id: str = "", **fields: object) -> Consent:
    statement = a_statement(contact.contact_id, given, **fields)
    answer = bus.call(RecordConsents(request_id=request_id or new_id(), statements=(statement,), by="Jo"))
    return answer.consents[0]


def allows(bus: TestBus, contact: Contact) -> set[tuple[str, str]]:
    found = bus.call(GetConsents(contact_id=contact.contact_id))
    return {(each.purpose, each.channel) for each in found.allowances if each.allowed}


def test_a_statement_is_recorded_with_its_event_and_a_version_of_the_contact(bus: TestBus) -> None:
    contact = register(bus)
    said = say(bus, contact, evidence="form 12")
    assert allows(bus, contact) == {("newsletter", "email")}
    envelope = bus.published[-1]
    assert envelope.data == ConsentChanged(consent=said, name="Mary Okafor")
    assert (envelope.subject, envelope.sequence) == (contact.contact_id, 2)
    assert bus.call(GetProfile(contact_id=contact.contact_id)).contact.version == 2
    assert said.recorded_by == "Jo"


def test_the_same_request_again_records_once(bus: TestBus) -> None:
    contact = register(bus)
    assert say(bus, contact, request_id="form-1") == say(bus, contact, request_id="form-1")
    assert len(bus.published) == 2


def test_several_statements_of_several_contacts_are_recorded_in_one_request(bus: TestBus) -> None:
    one, other = register(bus, "Ann"), register(bus, "Bob")
    said = (
        a_statement(one.contact_id, channel="email"),
        a_statement(other.contact_id, channel="post"),
        a_statement(one.contact_id, channel="sms"),
    )
    answer = bus.call(RecordConsents(request_id="r", statements=said))
    assert [each.channel for each in answer.consents] == ["email", "post", "sms"]
    assert allows(bus, one) == {("newsletter", "email"), ("newsletter", "sms")}
    assert [(each.subject, each.sequence) for each in bus.published[-3:]] == [
        (one.contact_id, 2),
        (one.contact_id, 3),
        (other.contact_id, 2),
    ]


def test_statements_stay_whatever_is_said_later(bus: TestBus) -> None:
    contact = register(bus)
    first = say(bus, contact)
    then = say(bus, contact, False, purpose="*", channel="*", method="one_click")
    found = bus.call(GetConsents(contact_id=contact.contact_id))
    assert found.consents == (then, first)
    assert allows(bus, contact) == set()


def test_of_two_contacts_who_share_an_address_a_withdrawal_blocks_the_one_who_said_it(bus: TestBus) -> None:
    one, other = register(bus, "Ann", email=["home@example.org"]), register(bus, "Bob", email=["home@example.org"])
    say(bus, one)
    say(bus, other)
    say(bus, one, False, purpose="*", channel="*")
    assert (allows(bus, one), allows(bus, other)) == (set(), {("newsletter", "email")})


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"purpose": "*"}, "one purpose and one channel"),
        ({"channel": "*"}, "one purpose and one channel"),
        ({"at": datetime(2999, 1, 1, tzinfo=UTC)}, "time to come"),
        ({"at": datetime(1800, 1, 1, tzinfo=UTC)}, "before 1900"),
    ],
)
def test_what_nobody_can_have_said_is_refused(bus: TestBus, fields: dict[str, object], sentence: str) -> None:
    with pytest.raises(Invalid, match=sentence):
        say(bus, register(bus), **fields)


def test_nobody_says_anything_of_a_contact_that_does_not_exist(bus: TestBus) -> None:
    with pytest.raises(NotFound):
        bus.call(RecordConsents(request_id="r", statements=(a_statement("con_nobody"),)))
    with pytest.raises(NotFound):
        bus.call(GetConsents(contact_id="con_nobody"))


def test_a_document_stays_bounded_and_a_withdrawal_is_never_refused(bus: TestBus) -> None:
    contact = register(bus)
    many = tuple(a_statement(contact.contact_id) for _ in range(1000))
    bus.call(RecordConsents(request_id="many", statements=many))
    with pytest.raises(Invalid, match="only withdrawals"):
        say(bus, contact)
    say(bus, contact, False, purpose="*", channel="*")
    assert allows(bus, contact) == set()


def test_who_changes_the_contact_meanwhile_sees_that_something_was_said(bus: TestBus) -> None:
    contact = register(bus)
    say(bus, contact)
    with pytest.raises(Conflict):
        bus.call(ChangeContact(contact_id=contact.contact_id, version=1, contact=a_new_contact("Mary Ng")))
    bus.call(ChangeContact(contact_id=contact.contact_id, version=2, contact=a_new_contact("Mary Ng")))
    assert allows(bus, contact) == {("newsletter", "email")}
