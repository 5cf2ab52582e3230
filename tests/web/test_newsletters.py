"""News on the page: written, published, and on its way into a newsletter that assembles itself."""

import httpx
import pytest

from services.notifications.newsletters.press import Press
from shared.contracts.newsletters import CreateNewsletter, Item, ListItems, ListNewsletters, Newsletter, WriteItem
from shared.contracts.segments import CreateSegment, Rule
from tests.builders import a_newsletter_plan, an_item_draft
from tests.web.conftest import County
from tests.web.test_home import home
from tests.web.test_mailings import post, token_on
from tests.web.test_pages import fill, text

pytestmark = pytest.mark.anyio


def segment(county: County) -> str:
    rule = Rule.model_validate({"conditions": [{"field": "group", "any_of": ["carers"]}]})
    return str(county.bus.call(CreateSegment(request_id="panel", name="Carers", rule=rule)).segment_id)


def the_item(county: County) -> Item:
    (item,) = county.bus.call(ListItems()).items
    return item


def the_newsletter(county: County) -> Newsletter:
    (newsletter,) = county.bus.call(ListNewsletters()).newsletters
    return newsletter


async def test_an_item_is_written_published_and_withdrawn(county: County, browser: httpx.AsyncClient) -> None:
    assert "Nothing has been written yet" in text(await browser.get("/news"))
    typed = {
        "title": "A new clinic",
        "summary": "It opens in May.",
        "link": "https://example.org/a",
        "topics": "a, b,a",
    }
    saved = await fill(browser, await browser.get("/news/new"), **typed)
    assert saved.status_code == 303
    item = the_item(county)
    assert item.draft.topics == ("a", "b")
    page = await browser.get(saved.headers["location"])
    assert "It opens in May." in text(page)
    address = f"/news/{item.item_id}"
    published = await browser.post(f"{address}/steps/publish", data={"csrf_token": token_on(page), "version": "1"})
    assert published.status_code == 303
    twice = await browser.post(f"{address}/steps/publish", data={"csrf_token": token_on(page), "version": "1"})
    assert twice.status_code == 409
    assert "Somebody else changed this" in text(twice)
    await browser.post(f"{address}/steps/withdraw", data={"csrf_token": token_on(page), "version": "2"})
    assert the_item(county).state == "withdrawn"
    changed = await fill(browser, await browser.get(f"{address}/edit"), title="Another title")
    assert changed.status_code == 303
    assert "Another title" in text(await browser.get("/news"))


@pytest.mark.parametrize("link", ["javascript:alert(1)", "example.org", 'https://example.org/"><b'])
async def test_a_link_that_leads_nowhere_good_is_refused_beside_its_field(
    browser: httpx.AsyncClient, link: str
) -> None:
    answer = await fill(browser, await browser.get("/news/new"), title="Kept title", summary="s", link=link)
    assert answer.status_code == 422
    assert "Enter a whole address" in text(answer)
    assert "Kept title" in answer.text


async def test_a_newsletter_is_set_up_and_shows_its_next_issue(county: County, browser: httpx.AsyncClient) -> None:
    page = await browser.get("/newsletters/new")
    typed = {"name": "County news", "segment_id": segment(county), "every": "month", "day": "31", "time": "8:30"}
    saved = await fill(browser, page, "name", **typed)
    assert saved.status_code == 303, text(saved)
    shown = text(await browser.get(saved.headers["location"]))
    assert "Every month on day 31 at 8:30" in shown
    assert "waits for approval" in shown
    assert "the next one is skipped" in shown
    item = county.bus.call(WriteItem(request_id="one", draft=an_item_draft()))
    await post(browser, f"/news/{item.item_id}", f"/news/{item.item_id}/steps/publish", version="1")
    address = f"/newsletters/{the_newsletter(county).newsletter_id}"
    assert "A new clinic" in text(await browser.get(address))
    message = await browser.get(f"{address}/message?name=<b>Eve")
    assert "&lt;b&gt;Eve" in message.text
    assert message.headers["content-security-policy"].startswith("sandbox;")
    off = await fill(browser, await browser.get(f"{address}/edit"), "name", active="")
    assert off.status_code == 303
    assert not the_newsletter(county).plan.active
    assert "switched off" in text(await browser.get(address))


async def test_what_is_wrong_with_a_plan_stands_beside_its_field_and_nothing_typed_is_lost(
    county: County, browser: httpx.AsyncClient
) -> None:
    page = await browser.get("/newsletters/new")
    answer = await fill(browser, page, "name", name="Kept name", time="noon", segment_id=segment(county), subject="")
    assert answer.status_code == 422
    assert "Choose a day and enter a time" in text(answer)
    assert "Enter a subject" in text(answer)
    assert "Kept name" in answer.text


async def test_an_issue_waits_on_the_first_page_for_whoever_may_send_it(county: County) -> None:
    plan = a_newsletter_plan(segment_id=segment(county))
    newsletter = county.bus.call(CreateNewsletter(request_id="news", plan=plan))
    press: Press = county.notifications._press
    item = press.write_item("one", an_item_draft(), newsletter.created_at, "staff")
    await _published(county, item)
    due = press.next_issue(newsletter.newsletter_id, "", newsletter.created_at).due_at
    assert due is not None
    press.issue_due(due.replace(minute=59))
    page = await home(county, "communications_officer")
    assert "<strong>1</strong> issue of a newsletter waits for approval" in page
    assert "waits for approval" not in await home(county, "engagement_officer")


async def _published(county: County, item: Item) -> None:
    async with county.browser() as browser:
        await post(browser, f"/news/{item.item_id}", f"/news/{item.item_id}/steps/publish", version="1")


async def test_news_and_newsletters_are_decided_on_only_by_whoever_may_send(county: County) -> None:
    item = county.bus.call(WriteItem(request_id="one", draft=an_item_draft()))
    async with county.browser("engagement_officer") as officer:
        assert "Publish" not in text(await officer.get(f"/news/{item.item_id}"))
        assert (await officer.get("/newsletters/new")).status_code == 403
        assert (await officer.get("/newsletters")).status_code == 200
    async with county.browser("board_reader") as board:
        assert (await board.get("/news")).status_code == 403
