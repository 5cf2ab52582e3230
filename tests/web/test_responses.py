"""Staff read what people answered, one response after the other, and take it along as a file."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from openpyxl import load_workbook

from services.web.pages import responses
from shared.contracts.surveys import RESPONSES, ChangeSurvey, Survey
from shared.messaging.declare import RawMessage
from tests.surveys.asking import EVERY_TYPE, a_definition, a_question, a_sent
from tests.web.conftest import County
from tests.web.test_pages import text
from tests.web.test_surveys import opened

pytestmark = pytest.mark.anyio
ALL = {"ease": "hard", "how": "easy", "ways": ["easy", "hard"], "stars": 4, "again": False, "age": 40.5}


def sent(county: County, survey: Survey, *answers: dict[str, Any], **fields: Any) -> None:
    """The first is the newest."""
    assert survey.opened_at
    for number, each in enumerate(answers):
        at = survey.opened_at + timedelta(minutes=len(answers) - number)
        form = a_sent(survey.survey_id, each, begun_at=at, received_at=at, **fields)
        county.bus.inject(RESPONSES, RawMessage(form.model_dump_json().encode(), own=True))
    county.bus.deliver()


def table(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


async def test_all_answers_are_read_the_newest_first_in_the_words_of_the_questions(
    county: County, browser: httpx.AsyncClient
) -> None:
    survey = opened(county, *EVERY_TYPE)
    sent(county, survey, ALL | {"why": "No <b>bus</b>.\nNone."}, {"why": "Older words"})
    page = await browser.get(f"/surveys/{survey.survey_id}/responses")
    shown = text(page)
    assert "About ease Hard" in shown
    assert "About ways Easy; Hard" in shown
    assert "About again No" in shown
    assert "About age 40.5" in shown
    assert "No &lt;b&gt;bus&lt;/b&gt;.<br>None." in page.text
    assert shown.index("No") < shown.index("Older words")
    assert "Read the responses" in text(await browser.get(f"/surveys/{survey.survey_id}"))


async def test_refused_ones_stand_apart_with_their_reason(county: County, browser: httpx.AsyncClient) -> None:
    survey = opened(county, *EVERY_TYPE)
    sent(county, survey, {"ease": "never", "admin": "yes"}, {"ease": "easy"})
    counted = text(await browser.get(f"/surveys/{survey.survey_id}/responses"))
    assert ("Counted (1)" in counted, "never" in counted) == (True, False)
    refused = text(await browser.get(f"/surveys/{survey.survey_id}/responses?show=refused"))
    assert "Not counted: ease: Choose one of the answers." in refused
    assert "admin (no question) yes" in refused
    rows = table((await browser.get(f"/surveys/{survey.survey_id}/responses.csv?show=refused")).content)
    assert rows[1][5].startswith("ease: Choose one")
    assert rows[1][-1] == "admin: yes"
    empty = opened(county)
    assert "Nobody has answered yet" in text(await browser.get(f"/surveys/{empty.survey_id}/responses"))
    none = text(await browser.get(f"/surveys/{empty.survey_id}/responses?show=refused"))
    assert "Every response counts" in none


async def test_many_are_read_page_by_page(county: County, browser: httpx.AsyncClient) -> None:
    survey = opened(county, *EVERY_TYPE)
    sent(county, survey, *({"why": f"word{n:02}."} for n in range(30)))
    page = await browser.get(f"/surveys/{survey.survey_id}/responses")
    assert ("word24." in page.text, "word25." in page.text) == (True, False)
    link = page.text.split('rel="next"')[0].rpartition('href="')[2].split('"')[0]
    second = await browser.get(link)
    assert ("word24." in second.text, "word25." in second.text, "word29." in second.text) == (False, True, True)


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
async def test_a_file_has_a_column_for_each_question_and_every_response(
    county: County, browser: httpx.AsyncClient, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(responses, "WINDOW", 2)
    survey = opened(county, *EVERY_TYPE)
    sent(county, survey, ALL, {"why": "=cmd|' /C calc'!A0\x0b"}, {"name": "@me"})
    asked = a_definition(a_question("ease", title="Was it easy?"), a_question("more", "comment"))
    change = ChangeSurvey(survey_id=survey.survey_id, version=survey.version, definition=asked)
    changed = county.bus.call(change)
    sent(county, changed, *({"more": f"-{n}"} for n in range(3)), definition_version=2)
    answer = await browser.get(f"/surveys/{survey.survey_id}/responses.{ending}")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == f'attachment; filename="responses.{ending}"'
    if ending == "csv":
        rows = table(answer.content)
    else:
        sheet = load_workbook(io.BytesIO(answer.content), read_only=True).worksheets[0]
        rows = [["" if each is None else str(each) for each in row] for row in sheet.iter_rows(values_only=True)]
    names = ["About how", "About ways", "About stars", "About again", "About name", "About age", "About day"]
    assert rows[0][6:] == ["Was it easy?", "About more", *names, "About mail", "About why", "Other answers"]
    told = [[each for each in row[6:] if each] for row in rows[1:]]
    assert sorted(told[:2]) == [["'-0"], ["Hard", "Easy", "Easy; Hard", "4", "No", "40.5"]]
    assert sorted(told[2:]) == [["'-1"], ["'-2"], ["'=cmd|' /C calc'!A0" + "\x0b" * (ending == "csv")], ["'@me"]]
    assert not any(each.startswith(("=", "+", "-", "@")) for row in rows for each in row)


async def test_only_those_whose_work_it_is_read_them_and_taking_them_along_is_in_the_audit(county: County) -> None:
    survey = opened(county)
    address = f"/surveys/{survey.survey_id}/responses"
    for role, status in (("engagement_officer", 200), ("patient_experience", 200), ("administrator", 403)):
        async with county.browser(role) as http:
            for ending in ("", ".csv", ".xlsx"):
                assert (await http.get(address + ending)).status_code == status
    now = datetime.now(UTC)
    acts = county.people.acts(now - timedelta(minutes=5), now)
    noted = sorted((each.what, each.about) for each in acts if "responses" in each.what)
    files = ("GET /surveys/{survey_id}/responses.csv", "GET /surveys/{survey_id}/responses.xlsx")
    assert noted == [(each, survey.survey_id) for each in files for _ in range(2)]


async def test_what_is_not_there_is_said(browser: httpx.AsyncClient) -> None:
    for ending in ("", ".csv", ".xlsx"):
        assert (await browser.get(f"/surveys/srv_none/responses{ending}")).status_code == 404
