"""The demo county: believable, the same for the same seed, and as large as one wants."""

from collections import Counter
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, get_args

import pytest

from deploy.seed import polls
from deploy.seed.accounts import demo_accounts, open_demo_accounts
from deploy.seed.cases import CASES, MEETINGS, add_cases
from deploy.seed.consents import ASKED, add_consents, segment_of
from deploy.seed.consultations import add_consultations
from deploy.seed.county import County
from deploy.seed.engagements import CAMPAIGN_DAYS, LONDON, DemoEngagement, engagements
from deploy.seed.invitations import add_invitation, add_reminder
from deploy.seed.news import add_news
from deploy.seed.quarantined import faulty_events
from deploy.seed.roles import roles
from deploy.seed.rules import RULES, add_rules
from deploy.seed.surveys import DEFINITION, answers
from services.contacts.reference import REFERENCE
from services.web.pages import answer_form
from services.web.pages.forms import Form
from services.web.recent_searches import KEPT, MongoRecentSearches
from services.web.saved_searches import MongoSavedSearches
from services.web.signin.domain import account_id_of
from shared.contracts.base import Request
from shared.contracts.case_lists import ListCases
from shared.contracts.consultations import GetConsultation, ListConsultations
from shared.contracts.contacts import RegisterContacts
from shared.contracts.contributions import GetPublicConsultation
from shared.contracts.events import Kind, Reported
from shared.contracts.invitations import GetResponseRates
from shared.contracts.meetings import ListMeetings
from shared.contracts.newsletters import ListItems, ListNewsletters
from shared.contracts.rules import ListRules
from shared.contracts.surveys import RESPONSES, CreateSurvey, OpenSurvey
from shared.contracts.templates import ListTemplates, PreviewTemplate
from shared.messaging.declare import RawMessage
from shared.messaging.testbus import TestBus
from shared.mongo import connect
from shared.settings import Settings
from shared.surveys.judging import judge
from shared.surveys.reading import read_definition
from tests.flows.test_cases import Board
from tests.flows.test_mailings import Office
from tests.notifications.sink import Sink
from tests.web.conftest import County as System

pytestmark = pytest.mark.thorough

COUNTY = County(2014, 1_800)


@pytest.fixture(scope="module")
def demo() -> list[DemoEngagement]:
    return list(engagements(COUNTY, 12_000))


def test_the_county_has_five_localities_and_57_practices() -> None:
    assert len(REFERENCE.localities) == 5
    assert len(REFERENCE.practices) == 57
    assert {each.locality for each in REFERENCE.practices} == {each.code for each in REFERENCE.localities}


def test_stakeholder_groups_overlap() -> None:
    broad = {each.code: each.broad for each in REFERENCE.groups}
    assert {code for code in broad if len(broad[code]) > 1} >= {"wellbeing-boards", "voluntary-community"}


def test_the_rules_of_the_demo_are_complete_and_off(tmp_path: Path) -> None:
    office = Office(tmp_path)
    for _ in range(2):
        add_rules(office.bus, COUNTY)  # type: ignore[arg-type]
    rules = office.bus.call(ListRules()).items
    assert [(each.settings.name, each.is_on) for each in rules] == [(name, False) for name in sorted(RULES)]
    for each in office.bus.call(ListTemplates()).items:
        assert office.bus.call(PreviewTemplate(template_id=each.template_id)).subject
    office.sink.close()


def test_the_newsletter_of_the_demo_takes_up_what_is_published(tmp_path: Path) -> None:
    office = Office(tmp_path)
    for _ in range(2):
        add_news(office.bus, COUNTY, "seg_1", "Panel")  # type: ignore[arg-type]
    states = Counter(each.state for each in office.bus.call(ListItems()).items)
    assert states == {"published": 2, "draft": 1}
    (newsletter,) = office.bus.call(ListNewsletters()).newsletters
    assert newsletter.plan.approval
    assert office.sink.got == []
    office.sink.close()


def test_the_roles_of_the_demo_join_people_and_organisations_of_one_locality() -> None:
    found = list(islice(roles(COUNTY), 60))
    assert len(found) == 60
    for each in found:
        person, organisation = COUNTY.contact(each.person), COUNTY.contact(each.organisation)
        assert (person.kind, organisation.kind) == ("person", "organisation")
        assert person.locality == organisation.locality
        assert each.until is None or each.until > each.since
    assert {each.until is None for each in found} == {True, False}
    assert list(islice(roles(County(2014, 1_800)), 60)) == found


def test_the_cases_of_the_demo_are_in_every_state_however_often_they_are_loaded(tmp_path: Path) -> None:
    board = Board(tmp_path)
    for _ in range(2):
        add_cases(board.bus, COUNTY, [board.mary])  # type: ignore[arg-type]
    listed = board.bus.call(ListCases(sensitive=True))
    assert len(listed.items) == len([each for each in CASES if not each.outcome])
    assert listed.counts["overdue"] >= 2
    assert listed.counts["unowned"] >= 1
    assert listed.counts["answered"] == 1
    assert len(board.bus.call(ListCases(sensitive=True, when="closed")).items) == 2
    meetings = board.bus.call(ListMeetings(since=datetime.now(UTC))).meetings
    assert len(meetings) == len(MEETINGS)
    assert [(each.registered, each.waiting) for each in meetings if each.plan.capacity] == [(3, 1)]
    board.projector.close()
    board.sink.close()


def test_the_survey_of_the_demo_takes_every_answer() -> None:
    asked = read_definition(DEFINITION)
    said = list(answers(COUNTY))
    assert len(said) == 96
    for each in said:
        typed = {f"q-{name}": given if isinstance(given, list) else [given] for name, given in each.items()}
        judged = judge(asked, answer_form.answers(asked, Form({"typed": typed})))
        assert judged.is_complete
        assert judged.answers.keys() >= {"travel", "ease"}
    assert said == list(answers(County(2014, 1_800)))


def test_the_figures_of_the_poll_and_of_the_urgent_care_survey_are_those_of_the_reports() -> None:
    """414 people, 60 % aged 18 to 64, 36 % aged 65 to 84; more than 800 responses, 50 % for a simpler system."""
    ages = Counter(each["age"] for each in polls.poll_answers(2014))
    assert ages.total() == 414
    assert {age: round(number * 100 / 414) for age, number in ages.items()} == {
        "aged_18_to_64": 60,
        "aged_65_to_84": 36,
        "not_given": 4,
    }
    views = Counter(each["system"] for each in polls.urgent_answers(2014))
    assert views.total() > 800
    assert views["a_simpler_system"] * 2 == views.total()


def test_every_answer_to_them_counts_and_is_the_same_for_the_same_county() -> None:
    for definition, make in ((polls.POLL, polls.poll_answers), (polls.URGENT, polls.urgent_answers)):
        asked = read_definition(definition)
        assert all(judge(asked, each).is_complete for each in make(2014))
        assert list(make(2014)) == list(make(2014))
    days = {each.received_at.date() for each in polls.sent("srv_1", 1, "demo-poll", polls.poll_answers(2014))}
    assert days == set(CAMPAIGN_DAYS)


def test_a_consultation_is_in_each_state_and_one_loop_is_closed(tmp_path: Path) -> None:
    county = System(tmp_path)
    few = County(2014, 400)
    registered = RegisterContacts(
        contacts=tuple(few.contact(number) for number in range(400)),
        request_ids=tuple(str(number) for number in range(400)),
    )
    ids = [each.contact_id for each in county.bus.call(registered).contacts]

    def post(forms: list[bytes]) -> None:
        for each in forms:
            county.bus.inject(RESPONSES, RawMessage(each, own=True))
        county.bus.deliver()

    bus = Delivering(county.bus)
    for _ in range(2):
        add_consultations(bus, few, ids, post)
    found = county.bus.call(ListConsultations()).consultations
    assert sorted(each.state for each in found) == ["closed", "draft", "open", "published"]
    by_state = {each.state: county.bus.call(GetConsultation(consultation_id=each.consultation_id)) for each in found}
    assert by_state["closed"].contributions == 812
    assert by_state["published"].contributions == 414 + 36
    assert any(each.missing for each in by_state["open"].heard.targets)
    shown = county.bus.call(GetPublicConsultation(consultation_id=by_state["published"].consultation.consultation_id))
    assert [each.contributions for each in shown.themes] == [18, 18]
    county.projector.close()


def test_people_are_invited_to_the_survey_of_the_demo_and_reminded_once_however_often_it_is_loaded(
    tmp_path: Path,
) -> None:
    sink = Sink()
    county, few = System(tmp_path, smtp_url=sink.url), County(2014, 300)
    people = tuple(few.contact(number) for number in range(300))
    registered = RegisterContacts(contacts=people, request_ids=tuple(str(number) for number in range(300)))
    bus = Delivering(county.bus)
    add_consents(bus, few, [each.contact_id for each in county.bus.call(registered).contacts])  # type: ignore[arg-type]
    made = bus.call(CreateSurvey(request_id="s", definition=DEFINITION))
    survey = bus.call(OpenSurvey(survey_id=made.survey_id, version=made.version))
    for _ in range(30):
        county.bus.tick()

    def post(forms: list[bytes]) -> None:
        for each in forms:
            county.bus.inject(RESPONSES, RawMessage(each, own=True))
        county.bus.deliver()

    for _ in range(2):
        invitation = add_invitation(bus, few, survey, segment_of(bus, few, ASKED))
        county.sender.run_until_idle()
        add_reminder(bus, few, survey, invitation, post)
        county.sender.run_until_idle()
    (rate,) = bus.call(GetResponseRates(survey_ids=(survey.survey_id,))).surveys
    assert rate.sent > rate.answered > 0
    assert [(each.is_reminder, each.sent) for each in rate.mailings] == [
        (True, rate.sent - rate.answered),
        (False, rate.sent),
    ]
    assert len(sink.got) == 2 * rate.sent - rate.answered
    county.projector.close()
    sink.close()


class Delivering:
    """A bus on which everything has arrived when the next question is asked."""

    def __init__(self, bus: TestBus) -> None:
        self._bus = bus

    def call(self, request: Request[Any], timeout: float | None = None) -> Any:
        answer = self._bus.call(request, timeout)
        self._bus.deliver()
        return answer


def test_the_same_seed_is_the_same_county(demo: list[DemoEngagement]) -> None:
    """Also when a later part is made first: nothing depends on the order."""
    again = County(2014, 1_800)
    assert [again.contact(number) for number in (1_700, 3)] == [COUNTY.contact(number) for number in (1_700, 3)]
    assert list(engagements(again, 50)) == demo[:50]
    assert County(2015, 1_800).contact(3) != COUNTY.contact(3)


def test_every_engagement_is_one_that_the_contract_accepts(demo: list[DemoEngagement]) -> None:
    for each in demo:
        Reported.model_validate(each.data)


def test_all_kinds_all_localities_and_three_ways_in(demo: list[DemoEngagement]) -> None:
    assert {each.data["kind"] for each in demo} == set(get_args(Kind))
    assert {each.data["locality"] for each in demo} == {each.code for each in REFERENCE.localities}
    assert len({each.partner for each in demo}) == 3


def test_less_than_a_tenth_is_sensitive(demo: list[DemoEngagement]) -> None:
    assert 0.01 < sum(each.data.get("sensitive", False) for each in demo) / len(demo) < 0.10


def test_the_six_campaign_days_stand_out(demo: list[DemoEngagement]) -> None:
    days = Counter(datetime.fromisoformat(each.data["occurred_at"]).astimezone(LONDON).date() for each in demo)
    assert {day for day, _ in days.most_common(6)} == set(CAMPAIGN_DAYS)
    assert max(days) - min(days) > CAMPAIGN_DAYS[0] - CAMPAIGN_DAYS[0].replace(year=2012)


def test_texts_are_varied(demo: list[DemoEngagement]) -> None:
    assert len({each.data["title"] for each in demo}) > len(demo) * 0.6
    assert len({each.data["body"] for each in demo}) > len(demo) * 0.9
    assert not any("{" in each.data["title"] + each.data["body"] for each in demo)


def test_a_few_stakeholders_have_long_histories_and_most_have_short_ones(demo: list[DemoEngagement]) -> None:
    heard = Counter(number for each in demo for number in each.contacts)
    most = [count for _, count in heard.most_common(18)]
    assert min(most) > 5 * sorted(heard.values())[len(heard) // 2]


def test_identifiers_stay_unique_when_the_county_grows() -> None:
    county = County(2014, 250_000)
    contacts = [county.contact(number) for number in range(0, 250_000, 17)]
    identifiers = [each for contact in contacts for each in (*contact.email, *contact.phone)]
    assert len(identifiers) == len(set(identifiers))


def test_all_but_one_of_the_faulty_events_break_a_rule_of_their_own() -> None:
    assert len(faulty_events()) == 13
    assert len({str(event["data"]) for _, event in faulty_events()}) == 13


def test_demo_accounts_have_searches_and_what_somebody_removes_does_not_come_back(store: Settings) -> None:
    settings = store.model_copy(update={"secret": "of-the-demo"})
    open_demo_accounts(settings)
    account_id = account_id_of(demo_accounts(settings)[0].email)
    database, since = connect(settings, "web"), datetime.now(UTC) - KEPT
    saved, recent = MongoSavedSearches(database), MongoRecentSearches(database)
    assert (len(saved.of(account_id)), len(recent.of(account_id, since))) == (2, 4)
    recent.remove(account_id)
    open_demo_accounts(settings)
    assert recent.of(account_id, since) == []
