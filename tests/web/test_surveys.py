"""Staff write a survey with buttons that need no JavaScript, open it, and read what was answered."""

from typing import Any

import httpx
import pytest

from services.web.pages import survey_form, survey_rows
from shared.contracts.base import new_id
from shared.contracts.surveys import (
    RESPONSES,
    ChangeSurvey,
    CreateSurvey,
    GetSurvey,
    ListSurveys,
    OpenSurvey,
    Survey,
    SurveySummary,
)
from shared.messaging.declare import RawMessage
from shared.surveys.definition import Definition
from tests.surveys.asking import EVERY_TYPE, a_definition, a_question, a_sent
from tests.web.conftest import County
from tests.web.test_mailings import post
from tests.web.test_pages import Fields, fill, text

pytestmark = pytest.mark.anyio


def drafted(county: County, *questions: dict[str, Any], **fields: Any) -> Survey:
    asked = CreateSurvey(request_id=new_id(), definition=a_definition(*questions, **fields), by="Jo")
    return county.bus.call(asked)


def opened(county: County, *questions: dict[str, Any]) -> Survey:
    return county.bus.call(OpenSurvey(survey_id=drafted(county, *questions).survey_id, version=1))


def as_it_is(county: County, survey: SurveySummary) -> Survey:
    return county.bus.call(GetSurvey(survey_id=survey.survey_id))


def asked_in(survey: Survey) -> list[dict[str, Any]]:
    (page,) = survey.definition["pages"]
    found: list[dict[str, Any]] = page["elements"]
    return found


async def test_a_survey_is_written_question_by_question_opened_answered_and_closed(
    county: County, browser: httpx.AsyncClient
) -> None:
    assert "No survey has been written yet" in text(await browser.get("/surveys"))
    page = await browser.get("/surveys/new")
    page = await fill(browser, page, title="Getting here", action="add", new_kind="radiogroup")
    assert page.status_code == 200
    page = await fill(browser, page, c1_title="Was it easy?", c1_choices="Easy\nHard", action="add", new_kind="comment")
    first = Fields(page.text, "title").values["c1_name"][0]
    condition = {"c2_if_question": first, "c2_if_operator": "=", "c2_if_value": "hard"}
    saved = await fill(browser, page, c2_title="Why?", c2_required="yes", action="save", **condition)
    assert saved.status_code == 303, text(saved)
    (survey,) = county.bus.call(ListSurveys()).surveys
    ease, why = asked_in(as_it_is(county, survey))
    assert [each["value"] for each in ease["choices"]] == ["easy", "hard"]
    assert (why["visibleIf"], why["isRequired"]) == (f"{{{first}}} = 'hard'", True)
    address = f"/surveys/{survey.survey_id}"
    assert "Nobody can answer it yet" in text(await browser.get(address))
    assert (await post(browser, address, f"{address}/open", version="1")).status_code == 303
    shown = await browser.get(address)
    assert f"/answer/{survey.survey_id}" in shown.text
    assert "Nobody has answered yet" in text(shown)
    sent = a_sent(survey.survey_id, {first: "easy"}).model_dump_json().encode()
    county.bus.inject(RESPONSES, RawMessage(sent, own=True))
    county.settle()
    assert "Easy 1 100%" in text(await browser.get(address))
    assert (await post(browser, address, f"{address}/close", version="2")).status_code == 303
    assert "Open it again" in text(await browser.get(address))
    assert "1 response" in text(await browser.get("/surveys"))
    county.settle()
    assert "was closed" in text(await browser.get("/search?source=surveys"))


async def test_questions_are_moved_and_taken_out_with_everything_typed_kept(
    county: County, browser: httpx.AsyncClient
) -> None:
    survey = drafted(county, a_question("a"), a_question("b", "rating"), a_question("c", "comment"))
    page = await browser.get(f"/surveys/{survey.survey_id}/edit")
    page = await fill(browser, page, c1_title="Typed", action="down-1")
    assert Fields(page.text, "title").values["row"] == ["2", "1", "3"]
    page = await fill(browser, page, action="up-3")
    page = await fill(browser, page, action="remove-2")
    saved = await fill(browser, page, action="save")
    assert saved.status_code == 303, text(saved)
    assert [(each["name"], each["title"]) for each in asked_in(as_it_is(county, survey))] == [
        ("c", "About c"),
        ("a", "Typed"),
    ]


async def test_faults_stand_beside_their_questions_and_nothing_typed_is_lost(
    county: County, browser: httpx.AsyncClient
) -> None:
    survey = drafted(county, a_question("a"), a_question("b", "rating"))
    page = await browser.get(f"/surveys/{survey.survey_id}/edit")
    typed = {"c1_choices": "", "c2_low": "9", "c2_high": "3", "c2_title": "Kept words", "title": ""}
    again = await fill(browser, page, action="save", **typed)
    assert again.status_code == 422
    assert "Question 1: Enter between 1 and 200 choices." in text(again)
    assert "Question 2: The scale ends before it begins" in text(again)
    assert "Kept words" in again.text
    unasked = await fill(browser, await browser.get("/surveys/new"), title="Empty", action="save")
    assert (unasked.status_code, "Ask at least one question" in text(unasked)) == (422, True)


@pytest.mark.parametrize(
    ("kind", "value", "sentence"),
    [
        ("radiogroup", "Never", "enter one of the choices that it depends on: “Easy”, “Hard”."),
        ("boolean", "perhaps", "is answered with yes or no"),
        ("rating", "many", "is answered with a number"),
        ("comment", "it's", "without the sign"),
    ],
)
async def test_a_condition_that_means_nothing_is_told_with_what_to_enter(
    county: County, browser: httpx.AsyncClient, kind: str, value: str, sentence: str
) -> None:
    survey = drafted(county, a_question("a", kind), a_question("b", "comment"))
    page = await browser.get(f"/surveys/{survey.survey_id}/edit")
    typed = {"c2_if_question": "a", "c2_if_operator": "=", "c2_if_value": value}
    again = await fill(browser, page, action="save", **typed)
    assert again.status_code == 422
    assert sentence in text(again).replace("&#39;", "'")
    below = await fill(browser, page, action="down-1", **typed)
    late = await fill(browser, below, action="save")
    assert "it can only depend on a question above it" in text(late)


async def test_of_two_who_edit_a_survey_the_later_is_told_and_keeps_what_was_typed(
    county: County, browser: httpx.AsyncClient
) -> None:
    survey = drafted(county, a_question("a"))
    page = await browser.get(f"/surveys/{survey.survey_id}/edit")
    other = a_definition(a_question("a", title="Of the first"))
    county.bus.call(ChangeSurvey(survey_id=survey.survey_id, version=1, definition=other))
    late = await fill(browser, page, c1_title="Of the second", action="save")
    assert (late.status_code, "Somebody else changed this survey" in text(late)) == (409, True)
    assert "Of the second" in late.text


async def test_a_choice_whose_text_is_changed_keeps_its_answers(county: County, browser: httpx.AsyncClient) -> None:
    survey = opened(county, a_question("ease"))
    county.bus.inject(RESPONSES, RawMessage(a_sent(survey.survey_id).model_dump_json().encode(), own=True))
    county.settle()
    page = await browser.get(f"/surveys/{survey.survey_id}/edit")
    assert "has been open" in text(page)
    saved = await fill(browser, page, c1_choices="Easy\nVery hard\nSo so", action="save")
    assert saved.status_code == 303, text(saved)
    shown = text(await browser.get(f"/surveys/{survey.survey_id}"))
    assert "Very hard 1 100%" in shown
    assert "So so 0 0%" in shown


def test_the_value_of_a_choice_stays_with_its_text_or_its_line() -> None:
    row = {"choices": "Easy\nHard", "known": ""}
    assert survey_rows.choices(row) == [("easy", "Easy"), ("hard", "Hard")]
    known = "easy Easy\nhard Hard"
    moved = survey_rows.choices({"choices": "Hard\nEasy", "known": known})
    assert moved == [("hard", "Hard"), ("easy", "Easy")]
    renamed = survey_rows.choices({"choices": "Easy\nQuite hard\nHard!", "known": known})
    assert renamed == [("easy", "Easy"), ("hard", "Quite hard"), ("hard_2", "Hard!")]
    others = survey_rows.choices({"choices": "1\n2\nЛегко\nТрудно\nA\na", "known": ""})
    assert [value for value, _ in others] == ["c_1", "c_2", "c", "c_3", "a", "a_2"]


@pytest.mark.parametrize(
    "condition", ["", "{ease} = 'hard'", "{ways} contains 'easy'", "{stars} >= 3", "{again} = false"]
)
async def test_what_the_editor_shows_is_what_was_written(condition: str) -> None:
    asked = a_question("last", "comment", **({"visibleIf": condition} if condition else {}))
    questions = [*EVERY_TYPE, asked, a_question("scale", "rating", rateMin=0, rateMax=10, maxRateDescription="Best")]
    definition = Definition.model_validate(a_definition(*questions, description="Why we ask"))
    form = survey_form.of_survey(_survey(definition))
    assert form
    assert survey_form.read(form) == definition.to_json()


@pytest.mark.parametrize(
    "questions",
    [
        [a_question("ease"), a_question("b", "comment", visibleIf="{ease} = 'hard' or {ease} empty")],
        [a_question("b", "comment", maxLength=100)],
        [a_question("ease"), a_question("b", "comment", requiredIf="{ease} = 'hard'")],
    ],
)
async def test_what_the_editor_cannot_show_it_does_not_touch(
    county: County, browser: httpx.AsyncClient, questions: list[dict[str, Any]]
) -> None:
    survey = drafted(county, *questions)
    page = await browser.get(f"/surveys/{survey.survey_id}/edit")
    assert (page.status_code, "cannot show" in text(page)) == (409, True)
    assert "About b" in text(await browser.get(f"/surveys/{survey.survey_id}/preview"))


async def test_a_preview_shows_every_question_and_sends_nothing(county: County, browser: httpx.AsyncClient) -> None:
    survey = drafted(county, *EVERY_TYPE)
    page = await browser.get(f"/surveys/{survey.survey_id}/preview")
    assert all(each["title"] in text(page) for each in EVERY_TYPE)
    assert "<form" not in page.text


async def test_who_may_read_surveys_need_not_be_who_may_write_them(county: County) -> None:
    survey = drafted(county)
    address = f"/surveys/{survey.survey_id}"
    async with county.browser("patient_experience") as reader, county.browser("board_reader") as nobody:
        assert 'href="/surveys"' in (await reader.get("/surveys")).text
        shown = await reader.get(address)
        assert (shown.status_code, "Open the survey" in text(shown)) == (200, False)
        assert (await reader.get(f"{address}/edit")).status_code == 403
        assert (await nobody.get("/surveys")).status_code == 403
    for role in ("engagement_officer", "communications_officer"):
        async with county.browser(role) as writer:
            assert "Open the survey" in text(await writer.get(address))


async def test_surveys_are_listed_page_by_page(county: County, browser: httpx.AsyncClient) -> None:
    for number in range(26):
        drafted(county, title=f"Survey {number:02}")
    first = await browser.get("/surveys")
    assert "Survey 25" in text(first)
    assert "Survey 00" not in text(first)
    link = first.text.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0]
    assert "Survey 00" in text(await browser.get(link.replace("&amp;", "&")))


def _survey(definition: Definition) -> Survey:
    at = "2024-03-01T10:00:00Z"
    about = {"survey_id": "srv_1", "version": 1, "state": "draft", "title": definition.title, "definition_version": 1}
    about |= {"created_at": at, "created_by": "Jo", "changed_at": at, "changed_by": "Jo"}
    return Survey.model_validate(about | {"definition": definition.to_json()})
