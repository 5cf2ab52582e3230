"""Surveys from the draft to the results: opened, answered, changed while open, closed, and nothing lost."""

from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest

from services.contacts.fake import FakeContacts, FakePreferences
from services.contacts.importing.fake import FakeImports
from services.contacts.service import ContactsService
from services.surveys import results
from services.surveys.consultations.fake import FakeConsultations
from services.surveys.desk import SurveyDesk
from services.surveys.domain import MOST_DEFINITIONS
from services.surveys.fake import FakeSurveys
from services.surveys.reception import read_sent
from services.surveys.results import ResultsDesk
from services.surveys.service import SurveysService
from shared.contracts.base import Event, Unreadable, new_id
from shared.contracts.responses import ListResponses
from shared.contracts.surveys import (
    GRACE,
    RESPONSES,
    ChangeSurvey,
    CloseSurvey,
    CreateSurvey,
    GetForm,
    GetResults,
    GetSurvey,
    ListSurveys,
    OpenSurvey,
    ResponseReceived,
    Results,
    SentResponse,
    Survey,
    SurveyClosed,
    SurveyOpened,
)
from shared.errors import Conflict, Invalid, NotFound
from shared.messaging.declare import RawMessage
from shared.messaging.testbus import TestBus
from tests.surveys.asking import a_definition, a_question, a_sent


class Panel:
    """The surveys service on a bus, and what staff and respondents do."""

    def __init__(self) -> None:
        self.bus, self.store = TestBus(), FakeSurveys()
        self.bus.add(ContactsService(FakeContacts(), FakeImports(), FakePreferences()))
        self.service = self.bus.add(SurveysService(self.store, FakeConsultations(), "secret", self.bus))

    def draft(self, **fields: Any) -> Survey:
        definition = fields.pop("definition", None) or a_definition()
        return self.bus.call(CreateSurvey.model_validate({"request_id": new_id(), "definition": definition} | fields))

    def opened(self, **fields: Any) -> Survey:
        made = self.draft(**fields)
        return self.bus.call(OpenSurvey(survey_id=made.survey_id, version=made.version, by="Jo"))

    def closed(self, survey: Survey) -> Survey:
        return self.bus.call(CloseSurvey(survey_id=survey.survey_id, version=survey.version, by="Jo"))

    def changed(self, survey: Survey, *questions: dict[str, Any]) -> Survey:
        asked = {"survey_id": survey.survey_id, "version": survey.version, "definition": a_definition(*questions)}
        return self.bus.call(ChangeSurvey.model_validate(asked))

    def send(self, *sent: SentResponse) -> None:
        for each in sent:
            self.bus.inject(RESPONSES, RawMessage(each.model_dump_json().encode(), own=True))
        self.bus.deliver()

    def results(self, survey: Survey) -> Results:
        return self.bus.call(GetResults(survey_id=survey.survey_id))

    def numbers(self, survey: Survey) -> tuple[int, int]:
        """(responses that count, responses that were refused)"""
        found = self.results(survey)
        return found.survey.responses, found.refused

    def told(self, kind: type[Event]) -> list[Any]:
        seen = {each.id: each.data for each in self.bus.published}
        return [each for each in seen.values() if isinstance(each, kind)]


@pytest.fixture
def panel() -> Panel:
    return Panel()


def now_of(survey: Survey) -> datetime:
    assert survey.opened_at
    return survey.opened_at


def sent_to(survey: Survey, answers: dict[str, Any] | None = None, **fields: Any) -> SentResponse:
    at = {"begun_at": now_of(survey), "received_at": now_of(survey) + timedelta(minutes=2)}
    return a_sent(survey.survey_id, answers, **({"definition_version": survey.definition_version} | at | fields))


def test_a_survey_is_drafted_opened_answered_and_closed(panel: Panel) -> None:
    survey = panel.opened()
    assert (survey.state, survey.title, survey.version, survey.opened_at is None) == ("open", "Getting here", 2, False)
    panel.send(sent_to(survey, {"ease": "hard", "why": "No bus"}), sent_to(survey, {"ease": "easy"}))
    closed = panel.closed(survey)
    assert (closed.state, closed.responses, closed.closed_at is None) == ("closed", 2, False)
    ease, why = panel.results(survey).questions
    assert {each.text: each.count for each in ease.counts} == {"Easy": 1, "Hard": 1}
    assert (why.answered, why.counts) == (1, ())
    assert [(each.title, each.opened_by) for each in panel.told(SurveyOpened)] == [("Getting here", "Jo")]
    assert [each.survey_id for each in panel.told(SurveyClosed)] == [survey.survey_id]


def test_that_somebody_answered_is_told_and_not_what(panel: Panel) -> None:
    survey = panel.opened()
    sent = sent_to(survey, {"ease": "hard", "why": "secret words"})
    panel.send(sent)
    (told,) = panel.told(ResponseReceived)
    assert (told.survey_id, told.contact_id, told.received_at) == (survey.survey_id, None, sent.received_at)
    assert b"secret words" not in b"".join(each.to_bytes() for each in panel.bus.published)


def test_a_form_sent_or_delivered_twice_is_one_response_and_told_under_the_same_id(panel: Panel) -> None:
    survey = panel.opened()
    sent = sent_to(survey)
    panel.send(sent, sent)
    panel.send(sent)
    panel.send(sent.model_copy(update={"answers": {"ease": "easy"}}))
    assert panel.numbers(survey) == (1, 0)
    assert len({each.id for each in panel.bus.published if isinstance(each.data, ResponseReceived)}) == 1
    assert panel.results(survey).questions[0].counts[1].count == 1


def test_a_form_with_faults_is_kept_with_its_reason_and_does_not_count(panel: Panel) -> None:
    survey = panel.opened()
    faulty = sent_to(survey, {"ease": "never", "why": "secret", "admin": "yes"})
    panel.send(faulty, sent_to(survey))
    assert panel.numbers(survey) == (1, 1)
    (kept,) = [each for each in panel.store.find_responses(panel.store._responses).values() if each.response.refused]
    assert kept.response.answers == faulty.answers
    assert kept.response.refused == "ease: Choose one of the answers. 1 of its answers belong to no question."
    assert len(panel.told(ResponseReceived)) == 1


def test_answers_to_what_was_not_shown_do_not_count(panel: Panel) -> None:
    asked = a_definition(a_question("ease"), a_question("why", "comment", visibleIf="{ease} = 'hard'"))
    survey = panel.opened(definition=asked)
    panel.send(sent_to(survey, {"ease": "easy", "why": "I typed this before"}))
    assert [each.answered for each in panel.results(survey).questions] == [1, 0]


@pytest.mark.parametrize(
    ("begun", "received", "counts"),
    [
        (timedelta(minutes=-30), timedelta(minutes=-1), True),
        (timedelta(minutes=-30), GRACE, True),
        (timedelta(minutes=-30), GRACE + timedelta(seconds=1), False),
        (timedelta(seconds=1), timedelta(minutes=2), False),
    ],
)
def test_whoever_was_answering_when_a_survey_was_closed_has_ten_minutes(
    panel: Panel, begun: timedelta, received: timedelta, counts: bool
) -> None:
    survey = panel.opened()
    closed = panel.closed(survey)
    assert closed.closed_at
    panel.send(sent_to(survey, begun_at=closed.closed_at + begun, received_at=closed.closed_at + received))
    assert panel.numbers(survey) == ((1, 0) if counts else (0, 1))


def test_what_answers_a_draft_or_nothing_that_was_asked_is_refused(panel: Panel) -> None:
    survey = panel.draft()
    panel.send(a_sent(survey.survey_id), a_sent("srv_unknown"))
    opened = panel.bus.call(OpenSurvey(survey_id=survey.survey_id, version=1))
    panel.send(sent_to(opened, definition_version=9))
    assert panel.numbers(survey) == (0, 2)
    reasons = {each.response.refused for each in panel.store.find_responses(panel.store._responses).values()}
    assert reasons == {
        "The survey was not open.",
        "There is no such survey.",
        "It answers what this survey has never asked.",
    }


def test_an_open_survey_can_be_changed_and_responses_keep_what_they_answer(panel: Panel) -> None:
    survey = panel.opened()
    changed = panel.changed(survey, a_question("stars", "rating"))
    assert (changed.definition_version, changed.state) == (2, "open")
    panel.send(sent_to(survey), sent_to(changed, {"stars": 4}), sent_to(changed, {"ease": "hard"}))
    assert panel.numbers(survey) == (2, 1)
    stars, ease = panel.results(survey).questions
    assert (stars.is_asked, stars.answered, ease.is_asked, ease.answered) == (True, 1, False, 1)
    now, before = (panel.bus.call(GetForm(survey_id=survey.survey_id, definition_version=n)) for n in (None, 1))
    assert (now.definition_version, now.definition) == (2, changed.definition)
    assert (before.definition_version, before.definition) == (1, survey.definition)
    with pytest.raises(NotFound, match="never asked"):
        panel.bus.call(GetForm(survey_id=survey.survey_id, definition_version=3))


def test_a_draft_is_changed_in_place_and_the_same_questions_are_no_new_version(panel: Panel) -> None:
    draft = panel.changed(panel.draft(), a_question("stars", "rating"))
    assert draft.definition_version == 1
    opened = panel.bus.call(OpenSurvey(survey_id=draft.survey_id, version=draft.version))
    assert panel.changed(opened, a_question("stars", "rating")).definition_version == 1


def test_a_closed_survey_is_changed_only_after_it_is_opened_again(panel: Panel) -> None:
    closed = panel.closed(panel.opened())
    with pytest.raises(Conflict, match="Open it again"):
        panel.changed(closed, a_question("stars", "rating"))
    again = panel.bus.call(OpenSurvey(survey_id=closed.survey_id, version=closed.version))
    assert (again.state, again.closed_at) == ("open", None)
    assert panel.changed(again, a_question("stars", "rating")).definition_version == 2


def test_a_survey_cannot_be_changed_for_ever(panel: Panel) -> None:
    survey = panel.opened()
    for number in range(MOST_DEFINITIONS - 1):
        survey = panel.changed(survey, a_question(f"q{number}", "rating"))
    with pytest.raises(Conflict, match="make another"):
        panel.changed(survey, a_question("last", "rating"))


def test_opening_and_closing_make_sense_once(panel: Panel) -> None:
    survey = panel.opened()
    with pytest.raises(Conflict, match="open already"):
        panel.bus.call(OpenSurvey(survey_id=survey.survey_id, version=survey.version))
    closed = panel.closed(survey)
    with pytest.raises(Conflict, match="Only an open survey"):
        panel.closed(closed)


def test_of_two_who_decide_the_later_is_told(panel: Panel) -> None:
    draft = panel.draft()
    panel.changed(draft, a_question("stars", "rating"))
    for late in (lambda: panel.changed(draft, a_question()), lambda: panel.closed(draft)):
        with pytest.raises(Conflict, match="Somebody else"):
            late()
    with pytest.raises(NotFound):
        panel.bus.call(GetSurvey(survey_id="srv_none"))


def test_the_same_form_makes_one_survey_and_one_with_faults_makes_none(panel: Panel) -> None:
    one, other = (panel.draft(request_id="form-1") for _ in range(2))
    assert one == other
    with pytest.raises(Invalid, match="Question 1: Enter a title"):
        panel.draft(definition=a_definition(a_question(title="")))
    with pytest.raises(Invalid, match="bytes"):
        panel.draft(definition=a_definition(*(a_question(f"q{n}", description="x" * 2_000) for n in range(110))))
    assert len(panel.bus.call(ListSurveys()).surveys) == 1


def test_surveys_are_listed_page_by_page_the_newest_first(panel: Panel) -> None:
    made = [panel.draft(definition=a_definition(title=f"Survey {n}")) for n in range(3)]
    first = panel.bus.call(ListSurveys(limit=2))
    assert [each.title for each in first.surveys] == ["Survey 2", "Survey 1"]
    second = panel.bus.call(ListSurveys(limit=2, cursor=first.next_cursor))
    assert [each.survey_id for each in second.surveys] == [made[0].survey_id]
    assert second.next_cursor is None


def test_responses_are_read_page_by_page_and_a_page_fits_into_a_message(panel: Panel) -> None:
    survey = panel.opened(definition=a_definition(*(a_question(f"q{n}", "comment") for n in range(60))))
    long = {f"q{n}": "x" * 5_000 for n in range(60)}
    panel.send(*(sent_to(survey, long, request_id=str(n)) for n in range(15)), sent_to(survey, {"none": "x"}))
    first = panel.bus.call(ListResponses(survey_id=survey.survey_id))
    assert (len(first.responses), first.refused, list(first.definitions)) == (6, 1, [1])
    cursor, found = first.next_cursor, list(first.responses)
    while cursor:
        page = panel.bus.call(ListResponses(survey_id=survey.survey_id, cursor=cursor))
        cursor, found = page.next_cursor, [*found, *page.responses]
    assert len({each.response_id for each in found}) == len(found) == 15
    (refused,) = panel.bus.call(ListResponses(survey_id=survey.survey_id, refused=True)).responses
    assert (refused.answers, "no question" in refused.refused) == ({"none": "x"}, True)
    with pytest.raises(NotFound):
        panel.bus.call(ListResponses(survey_id="srv_none"))


def test_figures_that_take_long_to_count_stand_for_a_while(panel: Panel) -> None:
    survey, moments = panel.opened(), iter([0.0, 0.5, 5.0, 5.6, 5.6, 6.1])
    counted = ResultsDesk(panel.store, SurveyDesk(panel.store), lambda: next(moments))
    shown = []
    for _ in range(3):
        panel.send(sent_to(survey))
        found = counted.of(survey.survey_id)
        shown.append((found.survey.responses, found.questions[0].answered))
    assert shown == [(1, 1), (2, 1), (3, 3)]


def test_more_responses_than_can_be_counted_are_said_to_be_left_out(
    panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "MOST", 2)
    survey = panel.opened()
    panel.send(*(sent_to(survey) for _ in range(3)))
    found = panel.results(survey)
    assert (found.survey.responses, found.questions[0].answered, found.uncounted) == (3, 2, 1)


def test_only_the_web_puts_responses_into_the_queue() -> None:
    body = a_sent(answers={"why": "secret"}).model_dump_json().encode()
    assert read_sent(RawMessage(body, own=True)).answers == {"why": "secret"}
    with pytest.raises(Unreadable, match="web"):
        read_sent(RawMessage(body, user_id="partner"))
    broken = orjson.dumps(orjson.loads(body) | {"begun_at": "secret", "answers": ["secret"]})
    with pytest.raises(Unreadable, match="answers, begun_at") as error:
        read_sent(RawMessage(broken, own=True))
    assert "secret" not in str(error.value)


def test_a_survey_that_never_was_has_no_form_and_no_results() -> None:
    desk = SurveyDesk(FakeSurveys())
    for ask in (lambda: desk.form(GetForm(survey_id="srv_none")), lambda: desk.summary("srv_none")):
        with pytest.raises(NotFound):
            ask()
