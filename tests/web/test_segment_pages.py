"""Staff save segments with a browser that runs no JavaScript, and see who is in them."""

from typing import Any

import httpx
import pytest

from tests.web.conftest import County
from tests.web.test_pages import add, fill, text

pytestmark = pytest.mark.anyio


async def with_conditions(browser: httpx.AsyncClient, *fields: str) -> httpx.Response:
    """The form with a condition of each kind added."""
    page = await browser.get("/segments/new")
    for field in fields:
        page = await fill(browser, page, "name", action="add", new_field=field)
        assert page.status_code == 200
    return page


def fill_jobs(county: County) -> None:
    """Every job of a segment is done."""
    for _ in range(20):
        county.bus.tick()
    county.settle()


async def save(browser: httpx.AsyncClient, county: County, name: str = "Northern panel") -> str:
    page = await with_conditions(browser, "locality")
    sent = await fill(browser, page, "name", name=name, c1_any_of=["eastmere"], action="save")
    assert sent.status_code == 303, text(sent)
    fill_jobs(county)
    return sent.headers["location"].partition("?")[0]


async def test_a_segment_is_saved_and_shows_its_members(county: County, browser: httpx.AsyncClient) -> None:
    await add(county, "Ann Lee", locality="eastmere")
    await add(county, "Bob Ray", locality="saltham")
    assert "No segment is saved yet." in text(await browser.get("/segments"))
    path = await save(browser, county)
    page = text(await browser.get(path))
    assert "1 member " in page
    assert "Ann Lee" in page
    assert "Bob Ray" not in page
    assert "Contacts who are of Eastmere." in page
    assert "Northern panel" in text(await browser.get("/segments"))


async def test_who_comes_in_later_has_it_on_the_contacts_page_and_on_the_timeline(
    county: County, browser: httpx.AsyncClient
) -> None:
    await save(browser, county)
    contact_id = await add(county, "Ann Lee", locality="eastmere")
    page = text(await browser.get(f"/contacts/{contact_id}"))
    assert "Entered: Northern panel" in page
    assert "Because: became known." in page
    assert 'href="/segments/' in (await browser.get(f"/contacts/{contact_id}")).text


async def test_the_form_counts_whom_the_conditions_find_before_it_is_saved(
    county: County, browser: httpx.AsyncClient
) -> None:
    await add(county, "Ann Lee", locality="eastmere")
    page = await with_conditions(browser, "locality")
    assert "Complete the conditions" in text(page)
    page = await fill(browser, page, "name", c1_any_of=["eastmere"], action="preview")
    assert "1 contact would be in it now" in text(page)
    assert "Ann Lee" in text(page)
    token = page.text.partition('name="csrf_token" value="')[2].partition('"')[0]
    sent = {"csrf_token": token, "match": "all", "row": "1", "c1_field": "locality", "c1_any_of": "saltham"}
    live = await browser.post("/segments/preview", data=sent, headers={"HX-Request": "true"})
    assert "0 contacts would be in it now" in text(live)
    assert "<html" not in live.text


@pytest.mark.parametrize(
    ("field", "typed", "meaning"),
    [
        ("kind", {"c1_value": "organisation"}, "are organisations"),
        ("name", {"c1_words": "lee"}, "have “lee” in their name"),
        ("group", {"c1_any_of": ["carers"], "c1_negated": "yes"}, "are not in Carers"),
        ("practice", {"c1_any_of": ["practice-01"]}, "are at Abbey Lane Surgery"),
        ("consent", {"c1_purpose": "survey", "c1_channel": "post"}, "allow surveys by post"),
        ("engaged", {"c1_at_least": "3", "c1_kinds": ["call"], "c1_days": "90"}, "at least 3 times in the last 90"),
        ("engaged", {"c1_day": "2014-01-05"}, "at least once since 5 January 2014"),
        ("quiet", {"c1_days": "365"}, "for the last time over 365 days ago"),
    ],
)
async def test_every_kind_of_condition_can_be_filled_in_and_comes_back_for_editing(
    county: County, browser: httpx.AsyncClient, field: str, typed: dict[str, Any], meaning: str
) -> None:
    page = await with_conditions(browser, field)
    sent = await fill(browser, page, "name", name="One", action="save", **typed)
    assert sent.status_code == 303, text(sent)
    path = sent.headers["location"].partition("?")[0]
    assert meaning in text(await browser.get(path))
    again = await fill(browser, await browser.get(f"{path}/edit"), "name", action="save")
    assert again.status_code == 303, text(again)
    assert meaning in text(await browser.get(path))


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        ("locality", {}, "Locality: choose at least one locality"),
        ("name", {}, "Name: enter at least one word"),
        ("engaged", {"c1_at_least": "none"}, "enter how often"),
        ("quiet", {}, "enter either a day or a number of days"),
        ("quiet", {"c1_day": "2014-01-05", "c1_days": "3"}, "enter either a day or a number of days"),
        ("kind", {"name": ""}, "Enter a name of up to 100 characters"),
    ],
)
async def test_what_is_wrong_is_said_beside_its_condition(
    county: County, browser: httpx.AsyncClient, field: str, typed: dict[str, Any], sentence: str
) -> None:
    page = await with_conditions(browser, field)
    sent = await fill(browser, page, "name", **({"name": "One", "c1_value": "person", "action": "save"} | typed))
    assert sent.status_code == 422
    assert sentence in text(sent)


async def test_a_segment_without_conditions_is_refused(county: County, browser: httpx.AsyncClient) -> None:
    sent = await fill(browser, await browser.get("/segments/new"), "name", name="Everybody", action="save")
    assert sent.status_code == 422
    assert "Add at least one condition" in text(sent)


async def test_a_condition_can_be_taken_away(county: County, browser: httpx.AsyncClient) -> None:
    page = await with_conditions(browser, "locality", "name")
    page = await fill(browser, page, "name", action="remove-1")
    assert "c1_field" not in page.text
    assert "c2_field" in page.text


async def test_a_segment_put_away_can_be_brought_back_at_once(county: County, browser: httpx.AsyncClient) -> None:
    await add(county, "Ann Lee", locality="eastmere")
    path = await save(browser, county)
    page = await browser.get(path)
    token = page.text.partition('name="csrf_token" value="')[2].partition('"')[0]
    gone = await browser.post(f"{path}/delete", data={"csrf_token": token})
    listed = await browser.get(gone.headers["location"])
    assert "put away" in text(listed)
    assert "Northern panel" not in text(listed)
    back = await fill(browser, listed, "csrf_token")
    fill_jobs(county)
    page = await browser.get(back.headers["location"])
    assert "The segment is back." in text(page)
    assert "Ann Lee" in text(page)


async def test_of_two_who_edit_one_segment_the_later_is_told(county: County, browser: httpx.AsyncClient) -> None:
    path = await save(browser, county)
    one, other = await browser.get(f"{path}/edit"), await browser.get(f"{path}/edit")
    await fill(browser, one, "name", name="First", action="save")
    late = await fill(browser, other, "name", name="Second", action="save")
    assert late.status_code == 409
    assert "See the segment as it is now" in text(late)
    assert "Second" in late.text


async def test_a_page_asks_two_questions_at_most(county: County, browser: httpx.AsyncClient) -> None:
    path = await save(browser, county)
    await browser.get("/contacts")  # reference data is asked for once a minute
    for address in ("/segments", path, f"{path}/edit"):
        county.web_bus.asked.clear()
        await browser.get(address)
        assert len(county.web_bus.asked) <= 2, county.web_bus.asked
