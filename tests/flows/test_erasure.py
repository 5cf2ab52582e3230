"""Somebody asks to be erased and is gone everywhere, while every entry and every count stays."""

from pathlib import Path

import orjson
import pytest

from services.contacts.fake import FakeContacts, FakePreferences
from services.contacts.importing.fake import FakeImports
from services.contacts.service import ContactsService
from services.events.fake import FakeEngagements
from services.events.service import EventsService
from services.history.index.directory import Indexes
from services.history.log import FakeLog
from services.history.projector import HistoryProjector
from services.history.rebuild import checksum_of_index, checksum_of_log, rebuild_from
from services.history.search import HistorySearch
from services.notifications.domain import Addressee, notice
from services.notifications.fake import FakeLedger, FakeMailings
from services.notifications.newsletters.fake import FakeNewsletters
from services.notifications.service import NotificationsService
from services.notifications.tokens import Tokens
from services.surveys.consultations.fake import FakeConsultations
from services.surveys.fake import FakeSurveys
from services.surveys.service import SurveysService
from shared.contracts.base import new_id
from shared.contracts.consent import RecordConsents
from shared.contracts.contacts import ERASED_NAME, ChangeContact, Contact, ContactRegistered, GetContact
from shared.contracts.erasure import (
    DecideMention,
    EraseContact,
    Erasure,
    GetErasure,
    GetTraces,
    RedactEngagements,
    ReportErasure,
)
from shared.contracts.events import GetEngagement, ListQuarantine
from shared.contracts.history import SearchContacts, SearchHistory
from shared.contracts.responses import ListResponses
from shared.contracts.survey_links import GetPersonalForm, GiveSurveyKeys
from shared.contracts.surveys import RESPONSES, CreateSurvey, OpenSurvey
from shared.errors import NotFound
from shared.messaging.declare import RawMessage
from shared.messaging.testbus import TestBus
from tests.builders import AT, a_body, a_mailing_draft, a_merge, a_new_contact, a_person, a_statement, headers
from tests.surveys.asking import a_definition, a_sent

NAME, EMAIL, PHONE = "Mary Okafor", "mary.okafor@example.org", "0113 496 0123"
SECRETS = ("okafor", "mary.okafor@", "496 0123", "4960123")


class County:
    """Every service that knows of people, on one bus."""

    def __init__(self, directory: Path) -> None:
        self.bus = TestBus()
        self.indexes = Indexes(directory / "index")
        self.log, self.contacts, self.engagements = FakeLog(), FakeContacts(), FakeEngagements()
        self.mailings = FakeMailings()
        self.ledger = FakeLedger(self.mailings.outbox)
        self.bus.add(ContactsService(self.contacts, FakeImports(), FakePreferences(), "secret"))
        self.bus.add(EventsService(self.engagements, self.bus))
        self.bus.add(NotificationsService(self.mailings, self.ledger, FakeNewsletters(), self.bus, Tokens("secret")))
        self.projector = self.bus.add(HistoryProjector(self.log, self.indexes, self.bus))
        self.bus.add(HistorySearch(self.indexes, "secret"))
        self.surveys = FakeSurveys()
        self.bus.add(SurveysService(self.surveys, FakeConsultations(), "secret", self.bus))
        self.projector.follow_log()

    def settle(self) -> None:
        self.bus.tick()
        self.projector.follow_log()

    def post(self, title: str, **data: object) -> None:
        self.bus.publish_inbound([a_body(title=title, **data)], headers())
        self.settle()

    def known(self) -> list[Contact]:
        seen = {each.id: each.data for each in self.bus.published}
        return [each.contact for each in seen.values() if isinstance(each, ContactRegistered)]

    def erase(self, contact: Contact) -> Erasure:
        begun = self.bus.call(EraseContact(contact_id=contact.contact_id))
        self.settle()
        return self.bus.call(GetErasure(erasure_id=begun.erasure_id))

    def total(self) -> int:
        return self.bus.call(SearchHistory(limit=1)).total

    def everything(self) -> str:
        """All that the stores and the index hold, as text."""
        log = self.log.contents(0, self.log.last())
        pages = self.bus.call(SearchHistory(limit=100)).model_dump(mode="json")
        index = [each.to_json().decode() for each in self.indexes.reader(self.indexes.current().name).entries()]  # type: ignore[union-attr]
        stored = [each.engagement.model_dump(mode="json") for each in self.engagements._engagements.values()]
        recorded = [each.recorded.content for each in self.engagements._engagements.values()]
        held = [each.item.model_dump(mode="json") for each in self.engagements._held.values()]
        people = [each.model_dump(mode="json") for each in self.contacts._contacts.values()]
        consents = [one.model_dump(mode="json") for each in self.contacts._consents.values() for one in each]
        merges = [one.model_dump(mode="json") for each in self.contacts._merges.values() for one in each]
        audiences = [repr(each) for each in self.ledger._people.values()]
        responses = [repr(each) for each in self.surveys._responses.values()]
        everything = [log, pages, index, stored, recorded, held, people, consents, merges, audiences, responses]
        return orjson.dumps([*everything, list(self.contacts._identifiers)]).decode().casefold()


def a_county_that_knows_mary(directory: Path) -> tuple[County, Contact]:
    county = County(directory)
    county.post("Parking", people=[a_person(NAME, email=EMAIL, phone=PHONE)], body=f"Write to {EMAIL} or ring {PHONE}.")
    (mary,) = county.known()
    return county, mary


def test_nothing_personal_of_her_is_left_and_every_entry_stays(tmp_path: Path) -> None:
    county, mary = a_county_that_knows_mary(tmp_path)
    county.bus.call(
        RecordConsents(
            request_id="r",
            statements=(a_statement(mary.contact_id, evidence="Letter of Mary Okafor, page 2"),),
        )
    )
    changed = a_new_contact("Mary Anne Okafor", email=(EMAIL,), phone=(PHONE,), postcode="PO1 2AB")
    county.bus.call(ChangeContact(contact_id=mary.contact_id, version=2, contact=changed))
    county.post("", people=[a_person(NAME, email=EMAIL)])  # a title of no letters: quarantined
    county.ledger.add_audience("mailing", 0, 0, [Addressee(mary.contact_id, NAME, EMAIL, "cst_1")])
    county.mailings.insert(notice("mailing", a_mailing_draft(), AT, "staff"))
    county.settle()
    before = county.total()
    assert all(each in county.everything() for each in SECRETS[:3])

    erasure = county.erase(mary)

    assert erasure.state == "done"
    assert not [each for each in SECRETS if each in county.everything()]
    assert county.total() == before
    assert county.bus.call(SearchContacts(q="Okafor")).total == 0
    assert county.bus.call(SearchHistory(q="Okafor")).total == 0
    assert county.bus.call(GetContact(contact_id=mary.contact_id)).name == ERASED_NAME
    assert county.bus.call(SearchHistory(contact_id=mary.contact_id)).total > 0
    assert county.ledger._people["mailing:0:00000"][0].rule == "erased"
    assert county.bus.call(ListQuarantine()).total == 1


def test_what_she_answered_is_nobodys_and_her_link_works_no_more(tmp_path: Path) -> None:
    county, mary = a_county_that_knows_mary(tmp_path)
    made = county.bus.call(CreateSurvey(request_id="s", definition=a_definition()))
    survey = county.bus.call(OpenSurvey(survey_id=made.survey_id, version=1))
    given = county.bus.call(GiveSurveyKeys(survey_id=survey.survey_id, contact_ids=(mary.contact_id,)))
    key = given.keys[mary.contact_id]
    own = {"ease": "hard", "why": f"I am {NAME}: {PHONE}, {EMAIL}"}
    of_another = {"ease": "easy", "why": f"Ask at {EMAIL}."}
    at = {"begun_at": survey.opened_at, "received_at": survey.opened_at}
    for sent in (a_sent(survey.survey_id, own, link_key=key, **at), a_sent(survey.survey_id, of_another, **at)):
        county.bus.inject(RESPONSES, RawMessage(sent.model_dump_json().encode(), own=True))
    county.settle()
    before = county.bus.call(SearchHistory(contact_id=mary.contact_id)).total
    erasure = county.erase(mary)
    assert erasure.state == "done"
    assert "surveys" in erasure.reports
    assert not [each for each in SECRETS if each in county.everything()]
    found = county.bus.call(ListResponses(survey_id=survey.survey_id)).responses
    assert [each.contact_id for each in found] == [None, None]
    with pytest.raises(NotFound):
        county.bus.call(GetPersonalForm(key=key))
    assert county.bus.call(SearchHistory(contact_id=mary.contact_id)).total == before


def test_a_rebuild_brings_nothing_back_and_equals_the_log(tmp_path: Path) -> None:
    county, mary = a_county_that_knows_mary(tmp_path)
    county.erase(mary)
    assert checksum_of_log(county.log) == checksum_of_index(county.indexes)
    rebuilt = rebuild_from(county.log, county.indexes).name
    entries = [each.to_json().decode().casefold() for each in county.indexes.reader(rebuilt).entries()]
    assert not [each for each in SECRETS if any(each in entry for entry in entries)]


def test_when_she_is_said_to_be_gone_no_search_finds_her(tmp_path: Path) -> None:
    county, mary = a_county_that_knows_mary(tmp_path)
    begun = county.bus.call(EraseContact(contact_id=mary.contact_id))
    county.bus.deliver()  # no timer has run that would commit the index
    assert county.bus.call(GetErasure(erasure_id=begun.erasure_id)).state == "done"
    found = county.bus.call(SearchContacts(q="Okafor"))
    assert found.total == 0
    assert county.bus.call(SearchHistory(q="Okafor", limit=1)).total == 0


def test_whoever_was_merged_with_her_is_erased_with_her(tmp_path: Path) -> None:
    county, mary = a_county_that_knows_mary(tmp_path)
    county.post("Lighting", people=[a_person("M. Okafor", email="m.okafor@example.org")])
    other = county.known()[1]
    county.bus.call(a_merge(mary, other))
    county.settle()
    erasure = county.erase(other)
    assert set(erasure.contact_ids) == {mary.contact_id, other.contact_id}
    assert not [each for each in SECRETS if each in county.everything()]


def test_a_text_that_names_her_waits_for_a_decision(tmp_path: Path) -> None:
    county, mary = a_county_that_knows_mary(tmp_path)
    county.post("Buses", people=[a_person("John Hale", email="john@example.org")], body="As Mary  Okafor said, buses.")
    county.post("Bins", people=[a_person("Ann Lee", email="ann@example.org")], body="Mary Okaforson is against bins.")
    erasure = county.erase(mary)
    assert erasure.state == "deciding"
    (engagement_id,) = erasure.mentions
    assert county.bus.call(GetTraces(erasure_id=erasure.erasure_id)).names == (NAME,)

    asked = RedactEngagements(erasure_id=erasure.erasure_id, engagement_ids=(engagement_id,), names=True)
    assert county.bus.call(asked).changed == 1
    county.bus.call(DecideMention(erasure_id=erasure.erasure_id, engagement_id=engagement_id, decision="removed"))
    county.settle()

    assert county.bus.call(GetEngagement(engagement_id=engagement_id)).body == "As [name removed] said, buses."
    assert "mary okaforson" in county.everything()
    assert "mary  okafor" not in county.everything()
    assert county.bus.call(GetErasure(erasure_id=erasure.erasure_id)).state == "done"
    assert county.bus.call(GetTraces(erasure_id=erasure.erasure_id)).names == ()
    assert checksum_of_log(county.log) == checksum_of_index(county.indexes)


def test_a_walk_that_reports_late_does_not_pass_for_the_last_step(tmp_path: Path) -> None:
    """Each contact that is erased makes the history walk; one of them may report when staff have decided already."""
    county, mary = a_county_that_knows_mary(tmp_path)
    county.post("Buses", body="As Mary Okafor said, buses.")
    erasure = county.erase(mary)
    (engagement_id,) = erasure.mentions
    asked = {"erasure_id": erasure.erasure_id}
    county.bus.call(DecideMention(**asked, engagement_id=engagement_id, decision="removed"))
    late = county.bus.call(ReportErasure(**asked, by_service="history", mentions=(engagement_id,)))
    assert late.state == "finishing"
    county.settle()
    assert county.bus.call(GetErasure(**asked)).state == "done"
    assert "as mary okafor" not in str(county.log.contents(0, 100)).casefold()


def test_a_name_that_is_somebody_elses_is_kept(tmp_path: Path) -> None:
    county, mary = a_county_that_knows_mary(tmp_path)
    county.post("Buses", body="As Mary Okafor said, buses.")
    erasure = county.erase(mary)
    (engagement_id,) = erasure.mentions
    decided = DecideMention(erasure_id=erasure.erasure_id, engagement_id=engagement_id, decision="kept")
    assert county.bus.call(decided).state == "done"
    assert "as mary okafor said" in county.everything()


def test_what_still_comes_about_her_brings_nothing_back(tmp_path: Path) -> None:
    county, mary = a_county_that_knows_mary(tmp_path)
    first = next(each for each in county.bus.published if isinstance(each.data, ContactRegistered))
    county.erase(mary)
    late = type(first)(first.data, first.source, first.subject, 1, "c", id=new_id())
    county.bus.publish(late)
    county.settle()
    assert not [each for each in SECRETS if each in county.everything()]


def test_an_address_that_somebody_else_has_too_is_not_looked_for(tmp_path: Path) -> None:
    county, mary = a_county_that_knows_mary(tmp_path)
    county.contacts.share([f"email:{EMAIL}"], "con_of_her_brother")
    traces = county.bus.call(GetTraces(erasure_id=county.erase(mary).erasure_id))
    assert traces.emails == ()
    assert county.contacts.owners([f"email:{EMAIL}"]) == {f"email:{EMAIL}": ["con_of_her_brother"]}


def test_erasing_twice_is_erasing_once(tmp_path: Path) -> None:
    county, mary = a_county_that_knows_mary(tmp_path)
    once, before = county.erase(mary), county.total()
    assert county.erase(mary) == once
    assert county.total() == before
