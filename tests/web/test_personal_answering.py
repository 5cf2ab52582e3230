"""Somebody answers over a link of their own, which staff made: once, and it stands on their timeline."""

import asyncio
from datetime import UTC, datetime

import httpx
import pytest

from shared.answer_links import answer_url
from shared.contracts.base import new_id
from shared.contracts.contacts import Contact, GetContact, RegisterContact
from shared.contracts.survey_links import GiveSurveyKeys
from shared.contracts.surveys import ChangeSurvey, GetSurvey, Survey
from tests.builders import a_merge, a_new_contact
from tests.surveys.asking import a_definition, a_question
from tests.web.conftest import SECRET, County
from tests.web.test_answering import answer, closed, opened, responses
from tests.web.test_mailings import post
from tests.web.test_pages import Fields, fill, text

pytestmark = pytest.mark.anyio


def registered(county: County, name: str = "Ann Lee", email: str = "ann@example.org") -> Contact:
    return county.bus.call(RegisterContact(request_id=new_id(), contact=a_new_contact(name, email=[email])))


def link_of(county: County, survey: Survey, contact: Contact) -> str:
    asked = GiveSurveyKeys(survey_id=survey.survey_id, contact_ids=(contact.contact_id,))
    return answer_url("", SECRET, county.bus.call(asked).keys[contact.contact_id], datetime.now(UTC))


async def test_staff_make_a_link_it_is_answered_once_and_stands_on_the_timeline(
    county: County, browser: httpx.AsyncClient
) -> None:
    ann, survey = registered(county), opened(county, a_question("ease"), title="Getting here")
    address = f"/contacts/{ann.contact_id}/surveys"
    assert address in (await browser.get(f"/contacts/{ann.contact_id}")).text
    offered = await browser.get(address)
    assert "Getting here" in text(offered)
    made = await post(browser, address, f"{address}/{survey.survey_id}")
    assert made.status_code == 200
    link = "/answer/p/" + made.text.split("/answer/p/")[1].split("<")[0]
    async with county.client() as ann_herself:
        page = await ann_herself.get(link)
        assert "This link was made for you" in text(page)
        assert ann.contact_id not in page.text + link
        assert survey.survey_id not in page.text + link
        assert page.headers["referrer-policy"] == "no-referrer"
        assert "set-cookie" not in page.headers
        sent = await answer(ann_herself, page, q_ease="hard")
        assert sent.status_code == 303, text(sent)
        assert "have been received" in text(await ann_herself.get(sent.headers["location"]))
        county.settle()
        again = await ann_herself.get(link)
        assert (again.status_code, "You have answered this survey" in text(again)) == (200, True)
        assert "has been answered, on" in text(again)
        second = await answer(ann_herself, page, q_ease="easy", request_id=new_id())
        assert (second.status_code, "The link takes one response" in text(second)) == (409, True)
    assert responses(county, survey) == (1, 0)
    assert "Answered the survey “Getting here”." in text(await browser.get(f"/contacts/{ann.contact_id}"))
    shown = text(await browser.get(f"/surveys/{survey.survey_id}/responses"))
    assert "by Ann Lee" in shown
    assert "have answered already" in text(await post(browser, address, f"{address}/{survey.survey_id}"))


async def test_fifty_posts_at_once_are_one_response(county: County, monkeypatch: pytest.MonkeyPatch) -> None:
    survey = opened(county, a_question("ease"))
    link = link_of(county, survey, registered(county))
    async with county.client() as stranger:
        page = await stranger.get(link)
        posts = (answer(stranger, page, q_ease="easy", request_id=new_id()) for _ in range(50))
        statuses = [each.status_code for each in await asyncio.gather(*posts)]
    county.settle()
    assert statuses.count(303) >= 1
    assert responses(county, survey)[0] == 1


async def test_what_is_wrong_comes_back_and_a_form_answers_what_it_asked(county: County) -> None:
    survey = opened(county, a_question("ease", isRequired=True))
    link = link_of(county, survey, registered(county))
    async with county.client() as stranger:
        page = await stranger.get(link)
        wrong = await answer(stranger, page)
        assert (wrong.status_code, Fields(wrong.text, "request_id").action) == (422, link)
        asked = a_definition(a_question("stars", "rating"))
        county.bus.call(ChangeSurvey(survey_id=survey.survey_id, version=survey.version, definition=asked))
        assert (await answer(stranger, wrong, q_ease="easy")).status_code == 303
    assert responses(county, survey) == (1, 0)


@pytest.mark.parametrize("away", ["broker", "surveys"])
async def test_while_something_is_away_the_answers_stay_in_the_page(county: County, away: str) -> None:
    survey = opened(county, a_question("ease"))
    link = link_of(county, survey, registered(county))
    async with county.client() as stranger:
        page = await stranger.get(link)
        county.web_bus.down.add(away)
        kept = await answer(stranger, page, q_ease="easy")
        assert (kept.status_code, kept.headers["retry-after"]) == (503, "5")
        county.web_bus.down.clear()
        assert (await answer(stranger, kept)).status_code == 303
    assert responses(county, survey) == (1, 0)


async def test_a_link_to_a_closed_survey_says_so_and_one_that_is_none_says_nothing(
    county: County, browser: httpx.AsyncClient
) -> None:
    ann, survey = registered(county), opened(county, a_question("ease"))
    link = link_of(county, survey, ann)
    async with county.client() as stranger:
        for wrong in (link[:-1] + "x", "/answer/p/x", "/answer/p/x.1.y"):
            for ask in (stranger.get, stranger.post):
                page = await ask(wrong)
                assert (page.status_code, "does not work any more" in text(page)) == (404, True)
        closed(county, survey)
        gone = await stranger.get(link)
        assert (gone.status_code, "This survey is closed" in text(gone)) == (410, True)
        address = f"/contacts/{ann.contact_id}/surveys"
        assert "No survey is open" in text(await browser.get(address))
        await post(browser, f"/contacts/{ann.contact_id}/edit", f"{address}/{survey.survey_id}/revoke")
        assert (await stranger.get(link)).status_code == 404


async def test_a_response_follows_its_contact_when_it_is_merged(county: County, browser: httpx.AsyncClient) -> None:
    ann, other = registered(county), registered(county, "A. Lee", "a.lee@example.org")
    survey = opened(county, a_question("ease"), title="Getting here")
    async with county.client() as stranger:
        await answer(stranger, await stranger.get(link_of(county, survey, other)), q_ease="easy")
    county.settle()
    county.bus.call(a_merge(ann, other))
    county.settle()
    assert "Answered the survey “Getting here”." in text(await browser.get(f"/contacts/{ann.contact_id}"))
    moved = await browser.get(f"/contacts/{other.contact_id}/surveys")
    assert moved.headers["location"] == f"/contacts/{ann.contact_id}/surveys"
    assert county.bus.call(GetContact(contact_id=other.contact_id)).merged_into == ann.contact_id


async def test_whoever_was_merged_has_answered_over_both_links_that_they_had(county: County) -> None:
    ann, other = registered(county), registered(county, "A. Lee", "a.lee@example.org")
    survey = opened(county, a_question("ease"))
    links = [link_of(county, survey, each) for each in (ann, other)]
    async with county.client() as somebody:
        pages = [await somebody.get(each) for each in links]
        county.bus.call(a_merge(ann, other))
        county.settle()
        assert (await answer(somebody, pages[1], q_ease="easy")).status_code == 303
        county.settle()
        assert "You have answered this survey" in text(await somebody.get(links[0]))
        second = await answer(somebody, pages[0], q_ease="hard")
        assert (second.status_code, "takes one response" in text(second)) == (409, True)
    assert responses(county, survey) == (1, 0)


async def test_over_an_anonymous_link_nothing_travels_that_leads_to_anybody_but_the_link(
    county: County, browser: httpx.AsyncClient
) -> None:
    page = await browser.get("/surveys/new")
    page = await fill(browser, page, title="Getting here", action="add", new_kind="comment")
    saved = await fill(browser, page, c1_title="Why?", anonymous="yes", action="save")
    address = saved.headers["location"].partition("?")[0]
    assert "Anonymous" in text(await browser.get(address))
    edit = await browser.get(f"{address}/edit")
    assert "checked" in edit.text.split('id="anonymous-yes"')[1].split(">")[0]
    await post(browser, address, f"{address}/open", version="1")
    assert "cannot be changed any more" in text(await browser.get(f"{address}/edit"))
    survey, ann = county.bus.call(GetSurvey(survey_id=address.rpartition("/")[2])), registered(county)
    link = link_of(county, survey, ann)
    travelled = caught(county)
    async with county.client() as stranger:
        form = await stranger.get(link)
        assert "nobody can connect your answers with you" in text(form)
        (question,) = [each for each in Fields(form.text, "request_id").values if each.startswith("q-")]
        told = {"User-Agent": "Agent-7", "X-Forwarded-For": "203.0.113.77", "X-Correlation-Id": "c" * 32}
        stranger.headers.update(told)
        sent = await stranger.post(link, data=Fields(form.text, "request_id").values | {question: "Ann was here"})
        assert sent.status_code == 303, text(sent)
        (body,) = travelled
        for each in (b"Agent-7", b"203.0.113.77", b"c" * 32, ann.contact_id.encode()):
            assert each not in body
        county.settle()
        again = text(await stranger.get(link))
        assert ("has been answered. The link" in again, "has been answered, on" in again) == (True, False)
    assert responses(county, survey) == (1, 0)
    assert "Answered the survey" not in text(await browser.get(f"/contacts/{ann.contact_id}"))
    assert "/responses" not in (await browser.get(address)).text
    early = await browser.get(f"{address}/responses")
    assert (early.status_code, "Close it first" in text(early)) == (409, True)
    closed(county, county.bus.call(GetSurvey(survey_id=survey.survey_id)))
    shown = text(await browser.get(f"{address}/responses"))
    assert ("Ann was here" in shown, "by Ann Lee" in shown) == (True, False)


def caught(county: County) -> list[bytes]:
    """What the web puts into queues from now on."""
    found: list[bytes] = []
    publish = county.web_bus.publish_to

    async def noted(queue: str, body: bytes) -> None:
        found.append(body)
        await publish(queue, body)

    county.web_bus.publish_to = noted  # type: ignore[method-assign]
    county.app.state.backend.publish_to = noted
    return found
