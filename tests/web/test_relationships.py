"""Staff note who has which role where, with a browser that runs no JavaScript, change it, and undo a mistake."""

import httpx
import pytest

from tests.web.conftest import County
from tests.web.test_pages import add, fill, text

pytestmark = pytest.mark.anyio


async def note(browser: httpx.AsyncClient, contact_id: str, name: str, **typed: str) -> httpx.Response:
    """Look the other up, choose it, and save."""
    page = await browser.get(f"/contacts/{contact_id}/relationships/new")
    found = await fill(browser, page, "role", contact_q=name, action="find", **typed)
    assert name in text(found)
    return await fill(browser, found, "role", chosen=chosen_in(found), action="save", **typed)


def chosen_in(page: httpx.Response) -> str:
    """The first contact that is offered."""
    return page.text.partition('name="chosen" value="')[2].partition('"')[0]


async def test_a_role_is_noted_and_stands_on_both_pages_and_timelines(
    county: County, browser: httpx.AsyncClient
) -> None:
    mary, carers = await add(county), await add(county, "Eastmere Carers", kind="organisation")
    sent = await note(browser, mary, "Eastmere Carers", role="Chair", since="2024-03-01")
    assert (sent.status_code, sent.headers["location"]) == (303, f"/contacts/{mary}?done=related")
    county.settle()
    page = text(await browser.get(sent.headers["location"]))
    assert "The role has been noted." in page
    assert "Chair of Eastmere Carers since 1 March 2024" in page
    assert "Role: Chair" in page
    assert "Mary Okafor, Chair since 1 March 2024" in text(await browser.get(f"/contacts/{carers}")).replace(" ,", ",")


async def test_on_the_page_of_an_organisation_the_role_is_the_others(
    county: County, browser: httpx.AsyncClient
) -> None:
    await add(county)
    carers = await add(county, "Eastmere Carers", kind="organisation")
    page = await browser.get(f"/contacts/{carers}/relationships/new")
    assert 'value="other" checked' in page.text
    await note(browser, carers, "Mary Okafor", role="Treasurer")
    assert "Mary Okafor , Treasurer" in text(await browser.get(f"/contacts/{carers}"))


async def test_what_is_missing_is_told_and_what_was_typed_stays(county: County, browser: httpx.AsyncClient) -> None:
    mary = await add(county)
    page = await browser.get(f"/contacts/{mary}/relationships/new")
    sent = await fill(browser, page, "role", role="", since="2024-03-01", until="2023-01-01", action="save")
    assert sent.status_code == 422
    assert "Look up the other contact and choose it" in text(sent)
    assert "Enter the role" in text(sent)
    assert 'value="2023-01-01"' in sent.text
    await add(county, "Eastmere Carers", kind="organisation")
    wrong = await note(browser, mary, "Eastmere Carers", role="Chair", since="2024-03-01", until="2023-01-01")
    assert "The last day has to come after the first" in text(wrong)
    assert "Eastmere Carers" in text(wrong)
    assert "Add the contact" in text(await browser.get("/contacts/lookup?one=yes&contact_q=nobody"))


async def test_a_role_that_ends_is_folded_away_and_a_mistake_can_be_undone(
    county: County, browser: httpx.AsyncClient
) -> None:
    mary = await add(county)
    await add(county, "Eastmere Carers", kind="organisation")
    await note(browser, mary, "Eastmere Carers", role="Chair")
    page = await browser.get(f"/contacts/{mary}")
    address = "/relationships/" + page.text.partition('href="/relationships/')[2].partition('"')[0]
    sent = await fill(browser, await browser.get(address), "role", until="2024-05-02")
    assert sent.status_code == 303
    assert "Formerly (1)" in text(await browser.get(f"/contacts/{mary}"))
    old = await fill(browser, await browser.get(address), "role", version="1", role="Member")
    assert (old.status_code, "Somebody else changed" in text(old), 'value="Member"' in old.text) == (409, True, True)
    csrf = (await browser.get(address)).text.partition('name="csrf_token" value="')[2].partition('"')[0]
    removed = await browser.post(f"{address}/remove", data={"csrf_token": csrf})
    page = await browser.get(removed.headers["location"])
    assert "The role has been removed." in text(page)
    assert "Eastmere Carers" not in text(page).partition("timeline")[0].partition("What they allow")[0]
    restored = await browser.post(f"{address}/restore", data={"csrf_token": csrf})
    assert "Formerly (1)" in text(await browser.get(restored.headers["location"]))
