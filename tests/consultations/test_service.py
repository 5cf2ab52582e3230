"""Consultations from the plan on: opened and closed by hand and by their days, with their surveys."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.surveys.consultations import domain
from services.surveys.consultations.desk import ConsultationDesk
from services.surveys.consultations.fake import FakeConsultations
from services.surveys.desk import SurveyDesk
from services.surveys.fake import FakeSurveys
from services.surveys.service import SurveysService
from shared.contracts.base import Event, new_id
from shared.contracts.consultations import (
    ChangeConsultation,
    CloseConsultation,
    Consultation,
    ConsultationClosed,
    ConsultationDetail,
    ConsultationOpened,
    CreateConsultation,
    GetConsultation,
    ListConsultations,
    OpenConsultation,
)
from shared.contracts.surveys import CreateSurvey, GetSurvey, Survey
from shared.errors import Conflict, Invalid, NotFound
from shared.messaging.testbus import TestBus
from tests.consultations.planning import a_plan
from tests.surveys.asking import a_definition

NOW = datetime.now(UTC)
TODAY = domain.local_day(NOW)


class Board:
    """The surveys service on a bus, and what staff do with consultations."""

    def __init__(self) -> None:
        self.bus, self.surveys, self.store = TestBus(), FakeSurveys(), FakeConsultations()
        self.service = self.bus.add(SurveysService(self.surveys, self.store, "secret", self.bus))
        self.desk = ConsultationDesk(self.store, SurveyDesk(self.surveys), self.surveys.merges)

    def survey(self, **fields: Any) -> Survey:
        asked = {"request_id": new_id(), "definition": a_definition()} | fields
        return self.bus.call(CreateSurvey.model_validate(asked))

    def planned(self, **fields: Any) -> Consultation:
        return self.bus.call(CreateConsultation(request_id=new_id(), plan=a_plan(**fields), by="Jo"))

    def opened(self, standing: Consultation) -> Consultation:
        asked = {"consultation_id": standing.consultation_id, "version": standing.version, "by": "Jo"}
        return self.bus.call(OpenConsultation.model_validate(asked))

    def closed(self, standing: Consultation) -> Consultation:
        return self.bus.call(CloseConsultation(consultation_id=standing.consultation_id, version=standing.version))

    def changed(self, standing: Consultation, **fields: Any) -> Consultation:
        key, plan = standing.consultation_id, a_plan(**fields)
        return self.bus.call(ChangeConsultation(consultation_id=key, version=standing.version, plan=plan))

    def now(self, standing: Consultation) -> ConsultationDetail:
        return self.bus.call(GetConsultation(consultation_id=standing.consultation_id))

    def survey_state(self, survey: Survey) -> str:
        return self.bus.call(GetSurvey(survey_id=survey.survey_id)).state

    def told(self, kind: type[Event]) -> list[Any]:
        return [each.data for each in self.bus.published if isinstance(each.data, kind)]


@pytest.fixture
def board() -> Board:
    return Board()


def test_a_consultation_is_planned_opened_and_closed_and_its_surveys_follow(board: Board) -> None:
    survey = board.survey()
    opened = board.opened(board.planned(survey_ids=[survey.survey_id]))
    assert (opened.state, board.survey_state(survey)) == ("open", "open")
    closed = board.closed(opened)
    assert (closed.state, board.survey_state(survey)) == ("closed", "closed")
    assert [each.title for each in board.told(ConsultationOpened)] == ["Urgent care"]
    assert [each.consultation_id for each in board.told(ConsultationClosed)] == [opened.consultation_id]
    assert board.store.unfollowed(9) == []


def test_the_same_request_is_the_same_consultation_and_the_later_of_two_changes_is_told(board: Board) -> None:
    asked = CreateConsultation(request_id="one", plan=a_plan())
    assert board.bus.call(asked) == board.bus.call(asked)
    standing = board.bus.call(asked)
    changed = board.changed(standing, title="Urgent care, again")
    assert (changed.version, changed.plan.title) == (2, "Urgent care, again")
    with pytest.raises(Conflict, match="Somebody else"):
        board.changed(standing, title="Too late")
    with pytest.raises(Conflict, match="Somebody else"):
        board.opened(standing)


def test_a_survey_that_is_not_there_or_a_consultation_is_said(board: Board) -> None:
    with pytest.raises(Invalid, match="surveys"):
        board.planned(survey_ids=["srv_none"])
    with pytest.raises(NotFound):
        board.bus.call(GetConsultation(consultation_id="cns_none"))


def test_a_survey_of_two_stays_open_while_one_of_them_is(board: Board) -> None:
    survey = board.survey()
    first, second = (board.opened(board.planned(survey_ids=[survey.survey_id])) for _ in range(2))
    board.closed(first)
    assert board.survey_state(survey) == "open"
    board.closed(second)
    assert board.survey_state(survey) == "closed"


def test_a_survey_that_is_added_to_an_open_consultation_opens(board: Board) -> None:
    survey = board.survey()
    board.changed(board.opened(board.planned()), survey_ids=[survey.survey_id])
    assert board.survey_state(survey) == "open"


def test_it_opens_and_closes_by_itself_on_its_days(board: Board) -> None:
    survey = board.survey()
    later = TODAY + timedelta(days=2)
    standing = board.planned(opens_on=TODAY + timedelta(days=1), closes_on=later, survey_ids=[survey.survey_id])
    board.bus.tick()
    assert board.now(standing).consultation.state == "draft"
    for days, state, of_survey in ((1, "open", "open"), (2, "open", "open"), (3, "closed", "closed")):
        board.desk.turn(NOW + timedelta(days=days))
        board.desk.turn(NOW + timedelta(days=days))
        assert (board.now(standing).consultation.state, board.survey_state(survey)) == (state, of_survey)
    board.bus.deliver()
    assert [each.opened_by for each in board.told(ConsultationOpened)] == ["its days"]
    assert len(board.told(ConsultationClosed)) == 1


def test_what_was_closed_by_hand_is_not_opened_by_its_days_nor_a_draft_whose_days_are_over(board: Board) -> None:
    closed = board.closed(board.opened(board.planned(opens_on=TODAY, closes_on=TODAY)))
    past = board.planned(opens_on=TODAY - timedelta(days=9), closes_on=TODAY - timedelta(days=1))
    board.bus.tick()
    assert board.now(closed).consultation.state == "closed"
    assert board.now(past).consultation.state == "draft"


def test_surveys_follow_later_when_a_command_was_interrupted(board: Board) -> None:
    """A process that dies after the consultation was stored leaves its surveys as they were."""
    survey = board.survey()
    standing = board.planned(survey_ids=[survey.survey_id])
    following, _ = domain.open_consultation(standing, NOW, "Jo")
    board.store.replace(following, surveys_follow=True)
    assert board.survey_state(survey) == "draft"
    board.bus.tick()
    assert board.survey_state(survey) == "open"


def test_they_are_listed_by_state_page_by_page(board: Board) -> None:
    made = [board.planned(title=f"Number {number}") for number in range(3)]
    board.opened(made[1])
    first = board.bus.call(ListConsultations(limit=2))
    rest = board.bus.call(ListConsultations(limit=2, cursor=first.next_cursor))
    assert [each.title for each in (*first.consultations, *rest.consultations)] == ["Number 2", "Number 1", "Number 0"]
    (only,) = board.bus.call(ListConsultations(state="open")).consultations
    assert (only.consultation_id, only.closes_on is None) == (made[1].consultation_id, False)


def test_the_page_of_one_says_its_surveys_and_what_is_missing(board: Board) -> None:
    survey = board.survey()
    found = board.now(board.planned(survey_ids=[survey.survey_id]))
    assert [(each.title, each.responses) for each in found.surveys] == [("Getting here", 0)]
    assert {each.principle: bool(each.missing) for each in found.hints} == {
        "formative": True,
        "information": True,
        "time": False,
    }
