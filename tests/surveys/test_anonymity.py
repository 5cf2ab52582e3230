"""Nobody who holds every file of every store can tell who gave which response to an anonymous survey."""

import hmac
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import product
from random import Random
from typing import Any

import orjson
import pytest

from services.surveys import anonymous
from services.surveys.anonymous import Anonymous, FakeAnonymous, MongoAnonymous
from services.surveys.consultations.fake import FakeConsultations
from services.surveys.repository import MongoSurveys
from services.surveys.service import SurveysService
from shared.contracts.base import new_id
from shared.contracts.erasure import Traces
from shared.contracts.responses import EnterPaper, ListResponses
from shared.contracts.survey_links import FindAnswered, GetPersonalForm, GiveSurveyKeys
from shared.contracts.surveys import ChangeSurvey, CreateSurvey, OpenSurvey, ResponseReceived, Survey
from shared.errors import Conflict
from shared.messaging.testbus import TestBus
from shared.mongo import Documents, connect
from shared.settings import Settings
from tests.surveys.asking import a_definition, a_sent
from tests.surveys.test_links import ANN, BEN, key_of
from tests.surveys.test_repository import a_response, a_survey
from tests.surveys.test_service import Panel, now_of, sent_to

SECRET = "a-secret-that-is-in-no-store"
PEOPLE = 60
ADDRESS, AGENT = "203.0.113.77", "Mozilla/5.0 (test)"


@pytest.fixture
def panel() -> Panel:
    return Panel()


@pytest.fixture(params=["fake", pytest.param("mongo", marks=pytest.mark.servers)])
def keeper(request: pytest.FixtureRequest) -> Anonymous:
    if request.param == "fake":
        return FakeAnonymous()
    return MongoAnonymous(connect(request.getfixturevalue("store"), f"surveys_{new_id()}"))


def anonymous_survey(panel: Panel) -> Survey:
    return panel.opened(anonymous=True)


# -- what it does -----------------------------------------------------------------------------------


def test_a_response_counts_once_for_each_link_and_nothing_is_told_of_it(panel: Panel) -> None:
    survey = anonymous_survey(panel)
    key = key_of(panel, survey)
    forms = [sent_to(survey, link_key=key, correlation_id="") for _ in range(50)]
    panel.send(*forms, sent_to(survey))
    panel.send(*reversed(forms))
    assert panel.numbers(survey) == (2, 49)
    assert panel.told(ResponseReceived) == []
    shown = panel.bus.call(GetPersonalForm(key=key))
    assert (shown.is_answered, shown.answered_at, shown.form.anonymous) == (True, None, True)
    asked = FindAnswered(survey_id=survey.survey_id, contact_ids=(ANN, BEN))
    assert panel.bus.call(asked).contact_ids == (ANN,)
    assert panel.results(survey).questions[0].counts[1].count == 2


def test_responses_are_read_one_by_one_when_the_survey_is_closed_without_time_or_contact(panel: Panel) -> None:
    survey = anonymous_survey(panel)
    panel.send(*(sent_to(survey, {"ease": "hard", "why": str(n)}) for n in range(9)))
    panel.send(sent_to(survey, {"ease": "never"}, link_key=key_of(panel, survey)))
    with pytest.raises(Conflict, match="Close it first"):
        panel.bus.call(ListResponses(survey_id=survey.survey_id))
    panel.closed(survey)
    first = panel.bus.call(ListResponses(survey_id=survey.survey_id, limit=5))
    second = panel.bus.call(ListResponses(survey_id=survey.survey_id, limit=5, cursor=first.next_cursor))
    found = (*first.responses, *second.responses)
    assert {each.answers["why"] for each in found} == {str(n) for n in range(9)}
    assert [each.response_id for each in found] == sorted(each.response_id for each in found)
    (refused,) = panel.bus.call(ListResponses(survey_id=survey.survey_id, refused=True)).responses
    for each in (*found, refused):
        assert (each.received_at, each.contact_id, each.paper) == (None, None, "")


def test_it_is_decided_in_the_draft(panel: Panel) -> None:
    draft = panel.draft()
    asked = {"survey_id": draft.survey_id, "definition": draft.definition}
    changed = panel.bus.call(ChangeSurvey.model_validate(asked | {"version": 1, "anonymous": True}))
    assert changed.anonymous
    opened = panel.bus.call(OpenSurvey(survey_id=draft.survey_id, version=changed.version))
    kept = panel.bus.call(ChangeSurvey.model_validate(asked | {"version": opened.version}))
    assert kept.anonymous
    with pytest.raises(Conflict, match="People have been told"):
        panel.bus.call(ChangeSurvey.model_validate(asked | {"version": kept.version, "anonymous": False}))


def test_paper_is_entered_without_a_contact_and_its_number_is_not_kept(panel: Panel) -> None:
    survey = anonymous_survey(panel)
    asked = {"survey_id": survey.survey_id, "definition_version": 1, "received_on": now_of(survey).date()}
    said = asked | {"number": "the-number", "answers": {"ease": "hard"}}
    assert panel.bus.call(EnterPaper.model_validate(said)).is_new
    assert not panel.bus.call(EnterPaper.model_validate(said)).is_new
    with pytest.raises(Conflict, match="without the contact"):
        panel.bus.call(EnterPaper.model_validate(said | {"contact_id": ANN}))
    panel.closed(survey)
    (kept,) = panel.bus.call(ListResponses(survey_id=survey.survey_id)).responses
    assert "the-number" not in kept.model_dump_json()
    assert panel.told(ResponseReceived) == []


# -- the store --------------------------------------------------------------------------------------


def test_a_mark_is_whose_claim_came_first(keeper: Anonymous) -> None:
    one, other = "aa" * 32, "ab" * 32
    assert keeper.spent("srv_1", [one]) == set()
    assert keeper.spend("srv_1", one, "claim-1")
    assert keeper.spend("srv_1", one, "claim-1")
    assert not keeper.spend("srv_1", one, "claim-2")
    assert keeper.spend("srv_1", other, "claim-2")
    assert keeper.spend("srv_2", one, "claim-2")
    assert keeper.spent("srv_1", [one, other, "ac" * 32]) == {one, other}


def test_an_erased_persons_addresses_go_from_every_response(keeper: Anonymous) -> None:
    survey = a_survey(state="open")
    said = a_response(survey, answers={"ease": "hard", "why": "Write to ann@example.org, Ann Lee."}).response
    other = a_response(survey).response
    for each in (said, other):
        keeper.insert(each)
    traces = Traces(erasure_id="e", contact_ids=("con_1",), names=("Ann Lee",), emails=("ann@example.org",))
    for _ in range(2):
        keeper.redact(traces)
    found = {each.response_id: each.answers for each in keeper.responses("srv_1")}
    assert found == {
        said.response_id: {"ease": "hard", "why": "Write to [address removed], Ann Lee."},
        other.response_id: other.answers,
    }
    assert keeper.numbers("srv_1") == (2, 0)


def test_responses_are_kept_once_and_paged_in_the_order_of_their_ids(
    keeper: Anonymous, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(anonymous, "MOST_BYTES", 40)  # a part is full after two
    monkeypatch.setattr(anonymous, "_beginning", lambda response: response.response_id[4:5] + "0")
    survey = a_survey(state="open")
    kept = [a_response(survey).response for _ in range(120)]
    refused = a_response(survey, answers={"a.b": "x", "$c": {"\0": [1, None]}}).response
    assert all(keeper.insert(each) for each in (*kept, refused))
    assert not any(keeper.insert(each) for each in (*kept, refused))
    assert (keeper.numbers("srv_1"), keeper.numbers("srv_none")) == ((120, 1), (0, 0))
    assert {each.response_id for each in keeper.responses("srv_1")} == {each.response_id for each in (*kept, refused)}
    found: list[str] = []
    cursor = None
    while page := keeper.page("srv_1", False, 7, cursor):
        cursor = page[-1][0]
        found += [each.response_id for _, each in page]
    assert sorted(found) == sorted(each.response_id for each in kept)
    ((_, only),) = keeper.page("srv_1", True, 7, None)
    assert (only.answers, only.refused) == (refused.answers, refused.refused)


@pytest.mark.servers
def test_of_many_at_once_one_spends_a_link_and_a_response_is_kept_once(request: pytest.FixtureRequest) -> None:
    keeper = MongoAnonymous(connect(request.getfixturevalue("store"), f"surveys_{new_id()}"))
    response = a_response(a_survey(state="open")).response
    with ThreadPoolExecutor(20) as many:
        spent = list(many.map(lambda number: keeper.spend("srv_1", "aa" * 32, f"claim-{number}"), range(50)))
        kept = list(many.map(lambda _: keeper.insert(response), range(50)))
    assert (spent.count(True), kept.count(True)) == (1, 1)
    assert keeper.numbers("srv_1") == (1, 0)


@pytest.mark.servers
def test_the_first_responses_of_a_survey_are_kept_once_each_when_they_come_at_once(
    request: pytest.FixtureRequest,
) -> None:
    """Each process makes the documents; none may take those that another has just made for full ones."""
    keeper = MongoAnonymous(connect(request.getfixturevalue("store"), f"surveys_{new_id()}"))
    responses = [a_response(a_survey(state="open")).response for _ in range(40)]
    with ThreadPoolExecutor(20) as many:
        first = list(many.map(keeper.insert, responses))
        again = list(many.map(keeper.insert, responses))
    assert (first.count(True), again.count(True)) == (40, 0)
    assert keeper.numbers("srv_1") == (40, 0)


# -- whoever holds the files --------------------------------------------------------------------------


class Stolen:
    """A survey that sixty people answer over their links, one after the other, and every document of its store."""

    def __init__(self, settings: Settings) -> None:
        self.database: Documents = connect(settings, f"surveys_{new_id()}")
        self.bus = TestBus()
        self.bus.add(self.service())
        asked = CreateSurvey(request_id=new_id(), definition=a_definition(), anonymous=True)
        survey = self.bus.call(asked)
        self.survey = self.bus.call(OpenSurvey(survey_id=survey.survey_id, version=1))
        self.people = [f"con_{new_id()}" for _ in range(PEOPLE)]
        Random(7).shuffle(self.people)
        self.keys: dict[str, str] = {}
        for each in self.people:  # each link is made right before it is used: the worst case
            given = GiveSurveyKeys(survey_id=survey.survey_id, contact_ids=(each,))
            self.keys |= self.bus.call(given).keys
            self._answer(each)

    def _answer(self, contact_id: str) -> None:
        at = now_of(self.survey) + timedelta(minutes=self.people.index(contact_id))
        sent = a_sent(
            self.survey.survey_id,
            {"ease": "hard", "why": f"said by {self.people.index(contact_id)}"},
            link_key=self.keys[contact_id],
            begun_at=at,
            received_at=at,
            correlation_id=f"correlation-{self.people.index(contact_id)}",
        )
        self.service().receive_responses([sent])

    def service(self) -> SurveysService:
        return SurveysService(MongoSurveys(self.database), FakeConsultations(), SECRET, self.bus)

    def documents(self, name: str) -> list[dict[str, Any]]:
        """In the order in which the store holds them."""
        return list(self.database[name].find())

    def who_said(self, response: dict[str, Any]) -> str:
        """The truth, which the answers tell in this test alone."""
        return self.people[int(orjson.loads(response["answers"])["why"].rpartition(" ")[2])]


@pytest.fixture(scope="module")
def stolen(request: pytest.FixtureRequest) -> Stolen:
    return Stolen(request.getfixturevalue("store"))


def responses_of(stolen: Stolen) -> list[dict[str, Any]]:
    return [each for part in stolen.documents("anonymous") for each in part["responses"]]


def right_guesses(stolen: Stolen, people: list[str]) -> int:
    """How often the n-th response is the n-th person's."""
    found = [stolen.who_said(each) for each in responses_of(stolen)]
    assert (len(found), len(set(found))) == (PEOPLE, PEOPLE)
    return sum(one == other for one, other in zip(found, people, strict=True))


@pytest.mark.servers
def test_nothing_of_a_response_names_a_contact_a_link_or_a_way_to_either(stolen: Stolen) -> None:
    everything = str([stolen.documents(each) for each in ("anonymous", "spent", "responses", "papers")])
    for each in (*stolen.people, *stolen.keys.values(), "correlation-", ADDRESS, AGENT):
        assert each not in everything
    assert stolen.documents("responses") == []


@pytest.mark.servers
def test_no_time_but_the_day_stands_in_any_document(stolen: Stolen) -> None:
    days = {each["received_on"] for each in responses_of(stolen)}
    assert all(len(each) == 10 for each in days)
    fields = {name for each in responses_of(stolen) for name in each}
    assert fields == {"id", "definition_version", "refused", "answers", "received_on"}
    assert {name for part in stolen.documents("spent") for each in part["marks"] for name in each} == {"mark", "claim"}
    assert not any(isinstance(value, datetime) for part in stolen.documents("spent") for value in part.values())


@pytest.mark.servers
def test_the_order_of_documents_says_nothing(stolen: Stolen) -> None:
    """Of sixty, a guess at random is right once; more than eight times has a chance of one in 100,000."""
    in_order_of_answering = stolen.people
    in_order_of_links = [each["contact_id"] for each in stolen.documents("links")]
    in_order_of_ids = sorted(stolen.people)
    in_order_of_keys = sorted(stolen.people, key=lambda each: stolen.keys[each])
    for order in (in_order_of_answering, in_order_of_links, in_order_of_ids, in_order_of_keys):
        assert right_guesses(stolen, order) <= 8
        assert right_guesses(stolen, order[::-1]) <= 8


@pytest.mark.servers
def test_marks_lead_to_nobody_without_the_secret_and_to_no_response_with_it(stolen: Stolen) -> None:
    survey_id = stolen.survey.survey_id
    marks = [each["mark"] for part in stolen.documents("spent") for each in part["marks"]]
    names = [*stolen.people, *stolen.keys.values(), *(f"{survey_id}:{each}" for each in stolen.people)]
    plain = {sha256(f"{prefix}{each}".encode()).hexdigest() for prefix, each in product(("", "spent\0"), names)}
    assert plain.isdisjoint(marks)
    keyed = {
        hmac.digest(SECRET.encode(), f"spent\0{survey_id}\0{each}".encode(), "sha256").hex(): each
        for each in stolen.people
    }
    assert right_guesses(stolen, [keyed[each] for each in marks]) <= 8


@pytest.mark.servers
def test_ids_and_claims_come_of_nothing_that_is_kept(stolen: Stolen) -> None:
    survey_id, ids = stolen.survey.survey_id, {each["id"] for each in responses_of(stolen)}
    claims = {each["claim"] for part in stolen.documents("spent") for each in part["marks"]}
    known = [*stolen.people, *stolen.keys.values(), *claims, *ids]
    forms = ("{}", f"{survey_id}:{{}}", f"contact:{survey_id}:{{}}", f"claim\0{survey_id}\0{{}}")
    made = {sha256(form.format(each).encode()).hexdigest() for form, each in product(forms, known)}
    assert claims.isdisjoint(made)
    assert ids.isdisjoint({f"rsp_{each[:24]}" for each in made | claims})


@pytest.mark.servers
def test_no_document_is_inserted_when_somebody_answers(stolen: Stolen) -> None:
    before = {each: len(stolen.documents(each)) for each in ("anonymous", "spent")}
    sent = a_sent(stolen.survey.survey_id, {"ease": "easy", "why": "said by 0"})
    at = now_of(stolen.survey)
    stolen.service().receive_responses([sent.model_copy(update={"begun_at": at, "received_at": at})])
    assert {each: len(stolen.documents(each)) for each in before} == before
    assert not any(isinstance(each.data, ResponseReceived) for each in stolen.bus.published)
