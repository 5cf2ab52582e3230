"""Forms on paper: two entries of one number are one response, and each contact has one."""

from datetime import timedelta
from typing import Any

import pytest

from services.surveys import domain
from shared.contracts.responses import EnterPaper, ListResponses, PaperEntered
from shared.contracts.survey_links import GetPersonalForm
from shared.contracts.surveys import ResponseReceived, Survey
from shared.errors import Conflict, Invalid, NotFound
from tests.surveys.asking import a_definition, a_question
from tests.surveys.test_links import ANN, BEN, key_of
from tests.surveys.test_service import Panel, now_of, sent_to


@pytest.fixture
def panel() -> Panel:
    return Panel()


def enter(panel: Panel, survey: Survey, number: str = "12", **fields: Any) -> PaperEntered:
    day = fields.pop("received_on", now_of(survey).astimezone(domain.LONDON).date())
    said = {"survey_id": survey.survey_id, "definition_version": survey.definition_version, "number": number}
    asked = said | {"received_on": day, "answers": {"ease": "hard"}} | fields
    entered = panel.bus.call(EnterPaper.model_validate(asked))
    panel.bus.tick()
    return entered


def test_a_paper_form_counts_like_any_other_and_is_told_as_one(panel: Panel) -> None:
    survey = panel.opened()
    entered = enter(panel, survey, contact_id=ANN)
    panel.send(sent_to(survey))
    assert (entered.is_new, panel.numbers(survey)) == (True, (2, 0))
    told = {each.contact_id: each for each in panel.told(ResponseReceived)}
    assert (told[ANN].channel, told[None].channel) == ("paper", "online")
    papers = [each.paper for each in panel.bus.call(ListResponses(survey_id=survey.survey_id)).responses]
    assert sorted(papers) == ["", "12"]
    assert panel.results(survey).questions[0].counts[1].count == 2


def test_two_entries_of_a_number_are_one_response_whatever_else_they_say(panel: Panel) -> None:
    survey, other = panel.opened(), panel.opened()
    first = enter(panel, survey, "No 12", contact_id=ANN)
    for fields in ({}, {"contact_id": BEN}, {"contact_id": ANN}, {"answers": {"ease": "easy"}}):
        assert enter(panel, survey, " no  12", **fields) == PaperEntered(response_id=first.response_id, is_new=False)
    assert panel.numbers(survey) == (1, 0)
    assert len(panel.told(ResponseReceived)) == 1
    assert enter(panel, survey, "13").is_new
    assert enter(panel, other, "No 12").is_new


def test_a_contact_has_one_response_over_the_link_or_on_paper(panel: Panel) -> None:
    survey = panel.opened()
    keys = {each: key_of(panel, survey, each) for each in (ANN, BEN)}
    panel.send(sent_to(survey, link_key=keys[ANN]))
    with pytest.raises(Conflict, match="has answered this survey already"):
        enter(panel, survey, contact_id=ANN)
    assert enter(panel, survey, contact_id=BEN).is_new
    assert panel.bus.call(GetPersonalForm(key=keys[BEN])).is_answered
    panel.send(sent_to(survey, link_key=keys[BEN]))
    assert panel.numbers(survey) == (2, 1)


def test_a_number_whose_entry_died_before_it_was_stored_can_be_entered_in_another_way(panel: Panel) -> None:
    survey = panel.opened()
    asked = {"number": "12", "received_on": now_of(survey).date(), "answers": {"ease": "hard"}}
    said = {"survey_id": survey.survey_id, "definition_version": 1, "contact_id": ANN}
    died = domain.paper_response(EnterPaper.model_validate(asked | said), survey, survey.definition, now_of(survey))
    panel.store.claim_paper(died.form_id, died.response_id)
    assert enter(panel, survey, contact_id=BEN).is_new
    assert not enter(panel, survey, contact_id=ANN).is_new
    assert panel.numbers(survey) == (1, 0)


def test_what_was_left_empty_is_no_fault_and_what_cannot_be_is_one(panel: Panel) -> None:
    asked = a_definition(a_question("ease", isRequired=True), a_question("ways", "checkbox", minSelectedChoices=2))
    survey = panel.opened(definition=asked)
    assert enter(panel, survey, answers={"ways": ["easy", "hard"]}).is_new
    for answers, sentence in (
        ({"ease": "never"}, "ease: Choose one of the answers"),
        ({"ways": ["easy"]}, "ways: Choose at least 2"),
        ({"ease": "easy", "admin": "x"}, "belong to no question"),
        ({}, "at least one answer"),
    ):
        with pytest.raises(Invalid, match=sentence):
            enter(panel, survey, "other", answers=answers)
    assert panel.numbers(survey) == (1, 0)


def test_a_form_came_between_the_writing_of_the_survey_and_its_closing(panel: Panel) -> None:
    survey = panel.opened()
    today = now_of(survey).astimezone(domain.LONDON).date()
    for day, sentence in ((today + timedelta(days=1), "not come yet"), (today - timedelta(days=1), "not been written")):
        with pytest.raises(Invalid, match=sentence):
            enter(panel, survey, received_on=day)
    closed = panel.closed(survey)
    assert enter(panel, closed, received_on=today).is_new
    draft = panel.draft().model_copy(update={"opened_at": survey.opened_at})
    with pytest.raises(Conflict, match="has not been opened"):
        enter(panel, draft)
    with pytest.raises(Conflict, match="never asked that"):
        enter(panel, survey, "other", definition_version=7)
    with pytest.raises(NotFound):
        enter(panel, survey.model_copy(update={"survey_id": "srv_none"}))


def test_a_survey_that_was_closed_takes_no_later_paper(panel: Panel) -> None:
    survey = panel.opened()
    closed = survey.model_copy(update={"closed_at": now_of(survey) - timedelta(days=2)})
    day = (now_of(survey) - timedelta(days=1)).date()
    asked = {"survey_id": "s", "definition_version": 1, "number": "1", "received_on": day, "answers": {}}
    earlier = closed.model_copy(update={"created_at": now_of(survey) - timedelta(days=9)})
    with pytest.raises(Invalid, match="closed before this day"):
        domain.paper_response(EnterPaper.model_validate(asked), earlier, survey.definition, now_of(survey))
