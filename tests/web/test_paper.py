"""Staff enter forms that came on paper, one after the other."""

import httpx
import pytest

from services.web.words import local
from tests.surveys.asking import EVERY_TYPE, a_question
from tests.web.conftest import County
from tests.web.test_answering import TYPED, drafted, opened, responses, results
from tests.web.test_pages import Fields, fill, text
from tests.web.test_personal_answering import registered

pytestmark = pytest.mark.anyio


async def test_a_form_on_paper_is_entered_for_a_contact_and_stands_on_the_timeline(
    county: County, browser: httpx.AsyncClient
) -> None:
    ann, survey = registered(county), opened(county, title="Getting here")
    address = f"/surveys/{survey.survey_id}"
    assert f"{address}/paper" in (await browser.get(address)).text
    assert f"{address}/paper?contact_id=" in (await browser.get(f"/contacts/{ann.contact_id}/surveys")).text
    page = await browser.get(f"{address}/paper?contact_id={ann.contact_id}")
    assert "Ann Lee" in text(page)
    entered = await fill(browser, page, "number", number="12", action="save", **TYPED)
    assert entered.status_code == 303, text(entered)
    county.settle()
    assert "Paper form 12 has been entered" in text(await browser.get(entered.headers["location"]))
    again = await fill(browser, page, "number", number="12", action="save", **TYPED)
    assert "had been entered before" in text(await browser.get(again.headers["location"]))
    assert responses(county, survey) == (1, 0)
    assert results(county, survey)["age"].median == 40.5
    timeline = text(await browser.get(f"/contacts/{ann.contact_id}"))
    assert "Answered the survey “Getting here” on paper." in timeline
    assert "12:00pm" not in timeline, "nobody knows the hour at which paper came"
    shown = text(await browser.get(f"{address}/responses"))
    assert "on paper, number 12" in shown
    assert "by Ann Lee" in shown


async def test_a_contact_is_found_by_name_and_everything_typed_is_kept(
    county: County, browser: httpx.AsyncClient
) -> None:
    ann, survey = registered(county), opened(county, *EVERY_TYPE)
    county.settle()
    page = await browser.get(f"/surveys/{survey.survey_id}/paper")
    found = await fill(browser, page, "number", number="A7", contact_q="Ann", action="find", **TYPED)
    assert (found.status_code, ann.contact_id in found.text) == (200, True)
    kept = Fields(found.text, "number").values
    assert (kept["number"], kept["q-ways"], kept["q-age"]) == (["A7"], ["easy", "hard"], ["40,5"])
    chosen = await fill(browser, found, "number", chosen=ann.contact_id, action="save")
    assert chosen.status_code == 303, text(chosen)
    twice = await fill(browser, found, "number", chosen=ann.contact_id, action="save", number="A8")
    assert (twice.status_code, "has answered this survey already" in text(twice)) == (409, True)
    assert Fields(twice.text, "number").values["q-why"] == ["No bus.\r\nNone at all."]


async def test_faults_stand_beside_their_fields(county: County, browser: httpx.AsyncClient) -> None:
    survey = opened(county, a_question("ease", isRequired=True), a_question("age", "text", inputType="number"))
    page = await browser.get(f"/surveys/{survey.survey_id}/paper")
    wrong = await fill(browser, page, "number", number="", received_on="", action="save", **{"q-age": "many"})
    assert wrong.status_code == 422
    for sentence in (
        "Enter the number of the form",
        "Enter the day on which it was received",
        "About age: Enter a number, such as 12 or 4.5",
    ):
        assert sentence in text(wrong)
    empty = await fill(browser, page, "number", number="1", action="save")
    assert (empty.status_code, "Enter at least one answer" in text(empty)) == (422, True)
    late = await fill(browser, page, "number", number="1", received_on="2999-01-01", action="save", **{"q-age": "4"})
    assert (late.status_code, "This day has not come yet" in text(late)) == (422, True)
    day = f"{local(survey.created_at):%Y-%m-%d}"
    assert (await fill(browser, late, "number", received_on=day, action="save")).status_code == 303
    assert responses(county, survey) == (1, 0)


async def test_a_draft_takes_no_paper(county: County, browser: httpx.AsyncClient) -> None:
    survey = drafted(county, a_question("ease"))
    assert "/paper" not in (await browser.get(f"/surveys/{survey.survey_id}")).text
    page = await browser.get(f"/surveys/{survey.survey_id}/paper")
    told = await fill(browser, page, "number", number="1", action="save", **{"q-ease": "easy"})
    assert (told.status_code, "has not been opened" in text(told)) == (409, True)
