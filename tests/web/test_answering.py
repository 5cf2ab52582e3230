"""Anybody answers a survey: without sign-in or JavaScript, each fault beside its field, and nothing typed lost."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from services.web.allowance import Bucket, PerCaller
from services.web.pages import answering
from shared.contracts.base import new_id
from shared.contracts.surveys import (
    GRACE,
    ChangeSurvey,
    CloseSurvey,
    CreateSurvey,
    GetResults,
    OpenSurvey,
    QuestionResult,
    Survey,
)
from tests.surveys.asking import EVERY_TYPE, a_definition, a_question
from tests.web.conftest import ADDRESS, County
from tests.web.test_pages import Fields, text

pytestmark = pytest.mark.anyio
TYPED = {
    "q-ease": "hard",
    "q-how": "easy",
    "q-ways": ["easy", "hard"],
    "q-stars": "4",
    "q-again": "no",
    "q-name": "A reader",
    "q-age": "40,5",
    "q-day": "27/3/2024",
    "q-mail": "ann@example.org",
    "q-why": "No bus.\r\nNone at all.",
}


@pytest.fixture(autouse=True)
def limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answering, "_limit", PerCaller(lambda: Bucket(20, seconds=600)))


def drafted(county: County, *questions: dict[str, Any], **fields: Any) -> Survey:
    definition = a_definition(*(questions or EVERY_TYPE), **fields)
    return county.bus.call(CreateSurvey(request_id=new_id(), definition=definition))


def opened(county: County, *questions: dict[str, Any], **fields: Any) -> Survey:
    survey = drafted(county, *questions, **fields)
    return county.bus.call(OpenSurvey(survey_id=survey.survey_id, version=1))


def closed(county: County, survey: Survey) -> Survey:
    return county.bus.call(CloseSurvey(survey_id=survey.survey_id, version=survey.version))


def results(county: County, survey: Survey) -> dict[str, QuestionResult]:
    found = county.bus.call(GetResults(survey_id=survey.survey_id))
    return {each.name: each for each in found.questions}


def responses(county: County, survey: Survey) -> tuple[int, int]:
    found = county.bus.call(GetResults(survey_id=survey.survey_id))
    return found.survey.responses, found.refused


async def answer(http: httpx.AsyncClient, page: httpx.Response, **typed: Any) -> httpx.Response:
    """Type into the form and send it; `q_ease` is the field `q-ease`."""
    form = Fields(page.text, "request_id")
    named = {name.replace("q_", "q-", 1): value for name, value in typed.items()}
    return await http.post(form.action, data=form.values | named)


async def test_every_kind_of_question_is_answered_without_javascript(county: County) -> None:
    survey = opened(county)
    async with county.client() as stranger:
        page = await stranger.get(f"/answer/{survey.survey_id}")
        assert page.status_code == 200
        assert page.text.count("<h1") == 1
        assert "set-cookie" not in page.headers
        assert "<script" not in page.text
        sent = await answer(stranger, page, **TYPED)
        assert sent.status_code == 303, text(sent)
        thanks = await stranger.get(sent.headers["location"])
    assert "Your answers have been received" in text(thanks)
    found = results(county, survey)
    assert responses(county, survey) == (1, 0)
    assert {name: each.answered for name, each in found.items()} == dict.fromkeys(found, 1)
    assert (found["age"].median, found["age"].least) == (40.5, 40.5)
    (kept,) = county.surveys.counted(survey.survey_id)
    assert kept[1]["day"] == "2024-03-27"
    assert kept[1]["why"] == "No bus.\nNone at all."


async def test_nothing_sent_names_who_sent_it(county: County) -> None:
    survey = opened(county)
    async with county.browser() as signed_in:
        await answer(signed_in, await signed_in.get(f"/answer/{survey.survey_id}"), **TYPED)
    told = b"".join(each.to_bytes() for each in county.bus.published if each.data.type.startswith("wellheard.response"))
    assert b"Sam Staff" not in told
    assert b'"contact_id":null' in told


async def test_the_same_form_sent_twice_is_one_response(county: County) -> None:
    survey = opened(county)
    async with county.client() as stranger:
        page = await stranger.get(f"/answer/{survey.survey_id}")
        for _ in range(2):
            assert (await answer(stranger, page, **TYPED)).status_code == 303
    assert responses(county, survey) == (1, 0)


async def test_faults_stand_beside_their_fields_and_everything_typed_is_kept(county: County) -> None:
    survey = opened(county, *EVERY_TYPE[1:], a_question("must", "comment", isRequired=True))
    typed = TYPED | {"q-age": "many", "q-mail": "nobody", "q-ways": ["hard"], "q-why": "Kept <b>words</b>"}
    async with county.client() as stranger:
        page = await stranger.get(f"/answer/{survey.survey_id}")
        again = await answer(stranger, page, **typed)
        assert again.status_code == 422
        shown = text(again)
        assert "About age: Enter a number, such as 12 or 4.5" in shown
        assert "Enter an e-mail address such as name@example.org" in shown
        assert "About must: Answer this question" in shown
        assert 'href="#q-age"' in again.text
        assert "Kept &lt;b&gt;words&lt;/b&gt;" in again.text
        kept = Fields(again.text, "request_id").values
        assert {name: kept[name] for name in ("q-age", "q-mail", "q-ways", "q-stars", "q-again", "q-how")} == {
            "q-age": ["many"],
            "q-mail": ["nobody"],
            "q-ways": ["hard"],
            "q-stars": ["4"],
            "q-again": ["no"],
            "q-how": ["easy"],
        }
        assert kept["request_id"] == Fields(page.text, "request_id").values["request_id"]
        mended = await answer(stranger, again, **{"q-age": "40", "q-mail": "", "q-must": "x"})
        assert mended.status_code == 303, text(mended)
    assert responses(county, survey) == (1, 0)


async def test_an_empty_form_is_no_response(county: County) -> None:
    survey = opened(county)
    async with county.client() as stranger:
        sent = await answer(stranger, await stranger.get(f"/answer/{survey.survey_id}"))
    assert (sent.status_code, "Answer at least one question" in text(sent)) == (422, True)
    assert responses(county, survey) == (0, 0)


async def test_a_question_with_a_condition_says_when_it_applies_and_counts_only_then(county: County) -> None:
    asked = a_question("why", "comment", visibleIf="{ease} = 'hard'", isRequired=True)
    more = a_question("more", "comment", requiredIf="{again} = false and ({ease} = 'hard' or {why} notempty)")
    survey = opened(county, a_question("ease"), a_question("again", "boolean"), asked, more)
    async with county.client() as stranger:
        page = await stranger.get(f"/answer/{survey.survey_id}")
        shown = re.sub(r"&#34;|&quot;", '"', text(page))
        assert "Only if “About ease” is “Hard”." in shown
        assert "Needed if “About again” is no and (“About ease” is “Hard” or “About why” is answered)." in shown
        easy = await answer(stranger, page, q_ease="easy", q_why="typed all the same")
        assert easy.status_code == 303
        hard = await answer(stranger, await stranger.get(f"/answer/{survey.survey_id}"), q_ease="hard")
        assert hard.status_code == 422
    assert results(county, survey)["why"].answered == 0


async def test_while_the_broker_is_away_the_form_comes_back_with_all_answers(county: County) -> None:
    survey = opened(county)
    async with county.client() as stranger:
        page = await stranger.get(f"/answer/{survey.survey_id}")
        county.web_bus.down.add("broker")
        away = await answer(stranger, page, **TYPED)
        assert away.status_code == 503
        assert away.headers["retry-after"] == "5"
        assert "could not be sent just now" in text(away)
        kept = Fields(away.text, "request_id").values
        assert (kept["q-ease"], kept["q-ways"], kept["q-age"]) == (["hard"], ["easy", "hard"], ["40,5"])
        county.web_bus.down.clear()
        assert (await answer(stranger, away)).status_code == 303
    assert responses(county, survey) == (1, 0)


async def test_a_web_that_has_never_seen_the_survey_keeps_the_answers_too(
    county: County, monkeypatch: pytest.MonkeyPatch
) -> None:
    survey = opened(county)
    async with county.client() as stranger:
        page = await stranger.get(f"/answer/{survey.survey_id}")
        monkeypatch.setattr(answering, "_remembered", type(answering._remembered)())
        county.web_bus.down.add("broker")
        away = await answer(stranger, page, **TYPED)
        assert (away.status_code, "Send them again" in text(away)) == (503, True)
        county.web_bus.down.clear()
        assert (await answer(stranger, away)).status_code == 303
    assert responses(county, survey) == (1, 0)
    assert results(county, survey)["ways"].counts[1].count == 1


async def test_answers_are_taken_while_the_surveys_service_is_away(county: County) -> None:
    survey = opened(county)
    async with county.client() as stranger:
        page = await stranger.get(f"/answer/{survey.survey_id}")
        county.web_bus.down.add("surveys")
        assert (await answer(stranger, page, **TYPED)).status_code == 303
        county.web_bus.down.clear()
    assert responses(county, survey) == (1, 0)


async def test_a_form_answers_what_it_asked_also_when_the_survey_was_changed_meanwhile(county: County) -> None:
    survey = opened(county, a_question("ease"))
    async with county.client() as stranger:
        page = await stranger.get(f"/answer/{survey.survey_id}")
        asked = a_definition(a_question("stars", "rating"))
        county.bus.call(ChangeSurvey(survey_id=survey.survey_id, version=survey.version, definition=asked))
        assert (await answer(stranger, page, q_ease="hard")).status_code == 303
        assert "About stars" in text(await stranger.get(f"/answer/{survey.survey_id}"))
    assert results(county, survey)["ease"].answered == 1


async def test_a_closed_survey_says_so_and_takes_only_what_was_begun_before(county: County) -> None:
    survey = opened(county)
    async with county.client() as stranger:
        page = await stranger.get(f"/answer/{survey.survey_id}")
        closed(county, survey)
        gone = await stranger.get(f"/answer/{survey.survey_id}")
        assert (gone.status_code, "This survey is closed" in text(gone)) == (410, True)
        assert (await answer(stranger, page, **TYPED)).status_code == 303
        late = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
        begun_after = await answer(stranger, page, **TYPED, begun="nonsense", request_id=new_id())
        assert begun_after.status_code == 410
        assert (await answer(stranger, page, **TYPED, begun=late, request_id=new_id())).status_code == 410
    assert responses(county, survey) == (1, 0)
    assert timedelta(minutes=10) == GRACE


async def test_a_draft_is_nobodys_business(county: County) -> None:
    survey = drafted(county)
    async with county.client() as stranger:
        for address in (f"/answer/{survey.survey_id}", "/answer/srv_none"):
            page = await stranger.get(address)
            assert (page.status_code, "There is no survey at this address" in text(page)) == (404, True)
            assert (await stranger.post(address, data={"q-ease": "hard"})).status_code == 404


async def test_a_form_from_another_site_or_of_a_megabyte_or_of_too_many_fields_is_refused(county: County) -> None:
    survey = opened(county)
    async with county.client() as stranger:
        elsewhere = {"Origin": "http://evil.example"}
        refused = await stranger.post(f"/answer/{survey.survey_id}", data=TYPED, headers=elsewhere)
        assert refused.status_code == 403
        own = await stranger.post(
            f"/answer/{survey.survey_id}", data=TYPED | {"q-why": "x" * 1_100_000}, headers={"Origin": ADDRESS}
        )
        assert own.status_code == 413
        fields = "&".join(["q-why=x"] * 5_001)
        kind = {"Origin": ADDRESS, "Content-Type": "application/x-www-form-urlencoded"}
        many = await stranger.post(f"/answer/{survey.survey_id}", content=fields, headers=kind)
        assert (many.status_code, "5,000 fields" in many.text) == (400, True)
    assert responses(county, survey) == (0, 0)


async def test_somebody_who_sends_again_and_again_is_slowed_down_with_the_form_kept(
    county: County, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "_limit", PerCaller(lambda: Bucket(1, seconds=600)))
    survey = opened(county)
    async with county.client() as stranger:
        for status in (303, 429):
            page = await stranger.get(f"/answer/{survey.survey_id}")
            sent = await answer(stranger, page, **TYPED)
            assert sent.status_code == status
        assert "No bus." in sent.text
    assert responses(county, survey) == (1, 0)
