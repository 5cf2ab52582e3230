"""A partner's event becomes an engagement, a contact and an event for everyone else."""

import pytest

from services.contacts.fake import FakeContacts, FakePreferences
from services.contacts.importing.fake import FakeImports
from services.contacts.service import ContactsService
from services.events.fake import FakeEngagements
from services.events.service import EventsService
from shared.contracts.base import Event
from shared.contracts.contacts import ContactRegistered, GetContact
from shared.contracts.events import (
    CorrectQuarantined,
    DiscardQuarantined,
    EngagementCorrected,
    EngagementQuarantined,
    EngagementRecorded,
    EventStatus,
    GetEngagement,
    GetEventStatus,
    ListQuarantine,
    Quarantined,
    ReplayQuarantined,
)
from shared.errors import Conflict, Invalid, NotFound
from shared.messaging import RawMessage
from shared.messaging.testbus import TestBus
from tests.builders import a_body, a_person, headers


class County:
    """The services of this story on one bus, and what a partner can do with them."""

    def __init__(self) -> None:
        self.bus = TestBus()
        self.bus.add(ContactsService(FakeContacts(), FakeImports(), FakePreferences()))
        self.bus.add(EventsService(FakeEngagements(), self.bus))

    def post(self, *bodies: bytes, partner: str = "St Agnes") -> None:
        self.bus.publish_inbound(bodies, headers(partner))
        self.bus.deliver()

    def events(self, kind: type[Event]) -> list[Event]:
        seen = {each.id: each.data for each in self.bus.published if isinstance(each.data, kind)}
        return list(seen.values())

    def status(self, id: str, partner: str = "St Agnes", source: str | None = None) -> EventStatus:
        return self.bus.call(GetEventStatus(partner=partner, external_id=id, source=source))

    def held(self) -> tuple[Quarantined, ...]:
        return self.bus.call(ListQuarantine()).items


@pytest.fixture
def county() -> County:
    return County()


def test_an_event_that_names_someone_new_registers_a_contact_and_records_an_engagement(county: County) -> None:
    county.post(a_body(id="1", people=[a_person("Mary Okafor", email="Mary@Example.org")]))
    (registered,) = county.events(ContactRegistered)
    (recorded,) = county.events(EngagementRecorded)
    assert isinstance(registered, ContactRegistered)
    assert isinstance(recorded, EngagementRecorded)
    assert registered.contact.name == "Mary Okafor"
    assert registered.contact.identifiers[0].value == "mary@example.org"
    assert recorded.engagement.contact_ids() == (registered.contact.contact_id,)
    assert county.status("1").status == "recorded"


def test_the_same_address_written_otherwise_is_the_same_contact(county: County) -> None:
    county.post(a_body(people=[a_person(email="Mary@Bücher.example")]))
    county.post(a_body(people=[a_person("M. Okafor", email="mary@xn--bcher-kva.EXAMPLE")]), partner="Council")
    assert len(county.events(ContactRegistered)) == 1


def test_two_people_of_one_batch_with_one_address_are_one_contact_and_keep_the_first_name(county: County) -> None:
    county.post(
        a_body(people=[a_person("Ann", email="home@example.org")]),
        a_body(people=[a_person("Bob", email="home@example.org", phone="0113 496 0123")]),
        a_body(people=[a_person("Bob", phone="+44 113 496 0123")]),
    )
    (registered,) = county.events(ContactRegistered)
    assert isinstance(registered, ContactRegistered)
    assert registered.contact.name == "Ann"
    assert len(registered.contact.identifiers) == 2


def test_a_partners_own_reference_is_known_to_that_partner_only(county: County) -> None:
    county.post(a_body(people=[a_person("Ann", partner="77")]), partner="St Agnes")
    county.post(a_body(people=[a_person("Bea", partner="77")]), partner="Council")
    assert len(county.events(ContactRegistered)) == 2


def test_a_person_without_identifiers_is_a_mention(county: County) -> None:
    county.post(a_body(people=[a_person("A neighbour")]))
    (recorded,) = county.events(EngagementRecorded)
    assert isinstance(recorded, EngagementRecorded)
    assert recorded.engagement.participants[0].name == "A neighbour"
    assert recorded.engagement.contact_ids() == ()
    assert county.events(ContactRegistered) == []


@pytest.mark.parametrize("address", ['"very.unusual.@.unusual.com"@example.com', "someone@example.museum", "a+b@x.org"])
def test_every_valid_address_is_accepted(county: County, address: str) -> None:
    county.post(a_body(id="1", people=[a_person(email=address)]))
    assert county.status("1").status == "recorded"


def test_the_same_event_again_is_one_engagement(county: County) -> None:
    body = a_body(id="1")
    county.post(body, body)
    county.post(body)
    assert len(county.events(EngagementRecorded)) == 1
    assert county.status("1") == county.status("1", source="/st-agnes/pals")
    assert county.status("1").conflicts == 0


def test_the_same_id_with_another_body_is_quarantined_as_a_conflict_and_the_first_stays(county: County) -> None:
    county.post(a_body(id="1", title="First"))
    county.post(a_body(id="1", title="Second"))
    status = county.status("1")
    assert (status.status, status.conflicts) == ("recorded", 1)
    assert "another body" in (status.reason or "")
    assert status.engagement_id is not None
    assert county.bus.call(GetEngagement(engagement_id=status.engagement_id)).title == "First"


def test_a_conflict_that_staff_accept_corrects_the_engagement_once(county: County) -> None:
    county.post(a_body(id="1", title="First"), a_body(id="1", title="Second"))
    (held,) = county.held()
    county.bus.call(ReplayQuarantined(quarantine_id=held.quarantine_id))
    county.bus.deliver()
    (corrected,) = county.events(EngagementCorrected)
    assert isinstance(corrected, EngagementCorrected)
    assert (corrected.engagement.title, corrected.engagement.version) == ("Second", 2)
    with pytest.raises(Conflict, match="happens once"):
        county.bus.call(ReplayQuarantined(quarantine_id=held.quarantine_id))


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ({"type": "uk.example.v9"}, "type"),
        ({"kind": "gossip"}, "kind: must be 'conversation'"),
        ({"title": None}, "title: is required"),
        ({"title": ""}, "title"),
        ({"body": "x" * 100_001}, "body"),
        ({"body": "a\x00b"}, "NUL"),
        ({"occurred_at": "0001-01-01T00:00:00Z"}, "1900"),
        ({"occurred_at": "9999-12-31T23:59:59Z"}, "48 hours"),
        ({"occurred_at": "2014-01-15T10:30:00"}, "occurred_at: must carry a zone"),
        ({"occurred_at": "yesterday"}, "occurred_at: must be an RFC 3339 time"),
        ({"links": [{"url": "javascript:alert(1)"}]}, "links[0].url: must begin with http"),
        ({"people": "Mary"}, "people: must be a list"),
        ({"people": ["Mary"]}, "people[0]: must be a JSON object"),
        ({"people": [a_person()] * 201}, "people"),
        ({"topics": ["parking"] * 101}, "topics"),
        ({"sensitive": "yes"}, "sensitive: must be true or false"),
        ({"mood": "good"}, "mood: is not a field"),
        ({"people": [a_person(email="nobody")]}, "people[0].identifiers[0].value"),
        ({"people": [a_person(phone="12")]}, "people[0].identifiers[0].value"),
        ({"people": [a_person(), a_person(contact_id="con_unknown")]}, "people[1]"),
    ],
)
def test_what_breaks_a_rule_is_quarantined_with_the_rule(county: County, event: dict[str, object], reason: str) -> None:
    county.post(a_body(id="1", **event), a_body(id="2"))
    (held,) = county.held()
    assert any(reason in each for each in held.reasons), held.reasons
    assert county.status("1").status == "quarantined"
    assert county.status("2").status == "recorded"
    assert len(county.events(EngagementQuarantined)) == 1


@pytest.mark.parametrize(
    "event", [{"body": "x" * 100_000}, {"body": "\u202eabc\u202c"}, {"people": [a_person()] * 200}]
)
def test_what_keeps_the_rules_to_their_edge_is_recorded(county: County, event: dict[str, object]) -> None:
    county.post(a_body(id="1", **event))
    assert county.status("1").status == "recorded"


def test_a_reason_never_quotes_what_the_person_said(county: County) -> None:
    county.post(a_body(kind="mary-secret", people=[a_person(email="mary-secret")]))
    (held,) = county.held()
    assert not any("mary-secret" in each for each in held.reasons)


def test_a_quarantined_event_can_be_corrected_and_replayed_once(county: County) -> None:
    county.post(a_body(id="1", kind="gossip"))
    (held,) = county.held()
    with pytest.raises(Invalid, match="kind"):
        county.bus.call(ReplayQuarantined(quarantine_id=held.quarantine_id))
    data = {"kind": "story", "title": "A story"}
    county.bus.call(CorrectQuarantined(quarantine_id=held.quarantine_id, version=held.version, data=data))
    replayed = county.bus.call(ReplayQuarantined(quarantine_id=held.quarantine_id))
    county.bus.deliver()
    assert replayed.state == "replayed"
    assert county.held() == ()
    (recorded,) = county.events(EngagementRecorded)
    assert isinstance(recorded, EngagementRecorded)
    assert (recorded.engagement.kind, recorded.engagement.external_id) == ("story", "1")
    assert county.status("1").status == "recorded"
    with pytest.raises(Conflict, match="happens once"):
        county.bus.call(ReplayQuarantined(quarantine_id=held.quarantine_id))


def test_an_event_that_came_too_late_to_be_replayed_says_so(county: County) -> None:
    county.post(a_body(id="1", kind="gossip"))
    county.post(a_body(id="1", kind="story"))
    (held,) = county.held()
    county.bus.call(
        CorrectQuarantined(quarantine_id=held.quarantine_id, version=1, data={"kind": "story", "title": "A story"})
    )
    with pytest.raises(Conflict, match="again since"):
        county.bus.call(ReplayQuarantined(quarantine_id=held.quarantine_id))


def test_a_discarded_event_stays_kept(county: County) -> None:
    county.post(a_body(id="1", kind="gossip"))
    (held,) = county.held()
    county.bus.call(DiscardQuarantined(quarantine_id=held.quarantine_id))
    discarded = county.bus.call(ListQuarantine(state="discarded"))
    assert discarded.items[0].original == held.original


def test_over_amqp_the_partner_is_the_broker_user_and_headers_do_not_count(county: County) -> None:
    message = RawMessage(a_body(id="1"), {"partner": "Council"}, user_id="partner-st-agnes")
    county.bus.inject("events.inbound", message)
    county.bus.deliver()
    assert county.status("1", partner="partner-st-agnes").status == "recorded"
    with pytest.raises(NotFound):
        county.status("1", partner="Council")


@pytest.mark.parametrize(
    "body", [b"not json", b"[1]", b'{"specversion":"1.0","id":"","source":"s","type":"t"}', b"\xff"]
)
def test_what_cannot_be_read_is_parked_and_its_neighbours_are_recorded(county: County, body: bytes) -> None:
    county.post(a_body(id="1"), body, a_body(id="2"))
    assert [message.body for message, _ in county.bus.parked["events.inbound"]] == [body]
    assert county.status("1").status == county.status("2").status == "recorded"


def test_without_a_user_the_message_is_parked(county: County) -> None:
    county.bus.inject("events.inbound", RawMessage(a_body()))
    county.bus.deliver()
    assert "user_id" in county.bus.parked["events.inbound"][0][1]


def test_every_event_carries_the_correlation_id_of_the_post(county: County) -> None:
    said = headers() | {"correlation_id": "corr-1"}
    county.bus.publish_inbound([a_body(people=[a_person(email="a@example.org")])], said)
    county.bus.deliver()
    assert {each.correlationid for each in county.bus.published} == {"corr-1"}


def test_a_batch_that_comes_again_publishes_the_same_events_under_the_same_ids(county: County) -> None:
    bodies = [a_body(id="1"), a_body(id="2", kind="gossip"), a_body(id="1", title="Other")]
    county.post(*bodies)
    first = {each.id for each in county.bus.published}
    county.post(*bodies)
    assert {each.id for each in county.bus.published} == first


def test_a_contact_that_nobody_knows_is_not_found(county: County) -> None:
    with pytest.raises(NotFound):
        county.bus.call(GetContact(contact_id="con_nobody"))
