"""Searches that staff keep under a name: the store on a real server and as a fake, and the pages."""

import os
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest

from services.web.saved_searches import MOST, FakeSavedSearches, MongoSavedSearches, SavedSearch, SavedSearchStore
from shared.mongo import connect
from tests.web.conftest import County
from tests.web.test_pages import Fields, text

AT = datetime(2026, 11, 26, 12, tzinfo=UTC)


@pytest.fixture(params=["fake", pytest.param("mongo", marks=pytest.mark.servers)])
def kept(request: pytest.FixtureRequest) -> SavedSearchStore:
    if request.param == "fake":
        return FakeSavedSearches()
    return MongoSavedSearches(connect(request.getfixturevalue("store"), f"web_{os.urandom(4).hex()}"))


async def send(browser: httpx.AsyncClient, address: str, **typed: str) -> httpx.Response:
    token = Fields((await browser.get("/search")).text, "csrf_token").values["csrf_token"]
    return await browser.post(address, data={"csrf_token": token} | typed)


def a_search(name: str, account_id: str = "acc_1", query: str = "q=parking") -> SavedSearch:
    return SavedSearch(f"sea_{name}_{account_id}", account_id, name, query, AT)


def test_each_account_has_its_own_by_name(kept: SavedSearchStore) -> None:
    one, two, other = a_search("Parking"), a_search("buses"), a_search("Parking", "acc_10")
    for each in (one, two, other):
        kept.put(each)
    assert kept.of("acc_1") == [two, one]
    assert kept.of("acc_10") == [other]
    assert kept.of("acc") == []


def test_the_same_name_again_takes_its_place(kept: SavedSearchStore) -> None:
    kept.put(a_search("Parking"))
    kept.put(later := replace(a_search("Parking"), search_id="sea_2", query="q=cars"))
    assert kept.of("acc_1") == [later]


def test_one_is_removed_by_its_own_account_only(kept: SavedSearchStore) -> None:
    kept.put(mine := a_search("Parking"))
    kept.remove("acc_2", mine.search_id)
    kept.remove("acc_1", "sea_unknown")
    assert kept.of("acc_1") == [mine]
    kept.remove("acc_1", mine.search_id)
    kept.remove("acc_1", mine.search_id)
    assert kept.of("acc_1") == []


@pytest.mark.anyio
class TestPages:
    async def test_a_search_is_saved_under_a_name_and_run_again(
        self, county: County, browser: httpx.AsyncClient
    ) -> None:
        address = "/search?q=parking+-bus&kind=call&topic=Car+parks"
        page = await browser.get(address)
        assert "Save this search" in text(page)
        query = "q=parking+-bus&kind=call&topic=Car+parks&cursor=abc"
        saved = await send(browser, "/search/saved", name="  Calls  about parking ", query=query)
        assert (saved.status_code, saved.headers["location"]) == (303, address)
        page = await browser.get("/search")
        assert f'href="{address}"'.replace("&", "&amp;") in page.text
        assert "Calls about parking" in text(page)
        assert "Save this search" not in text(page)
        async with county.browser("board_reader") as http:
            assert "Calls about parking" not in text(await http.get("/search/saved"))

    async def test_what_cannot_be_saved_is_said_and_what_was_typed_is_kept(self, browser: httpx.AsyncClient) -> None:
        answer = await send(browser, "/search/saved", name=" ", query="q=parking")
        assert answer.status_code == 422
        assert "Give the search a name" in text(answer)
        assert 'value="q=parking"' in answer.text
        for number in range(MOST):
            await send(browser, "/search/saved", name=f"Search {number}", query="q=x")
        answer = await send(browser, "/search/saved", name="One more", query="q=y")
        assert "You have saved 50 searches." in text(answer)
        assert (await send(browser, "/search/saved", name="Search 7", query="q=z")).status_code == 303

    async def test_one_is_removed(self, county: County, browser: httpx.AsyncClient) -> None:
        assert "You have saved no search yet." in text(await browser.get("/search/saved"))
        await send(browser, "/search/saved", name="Parking", query="q=parking")
        account_id = county.people.accounts()[0].account_id
        (search,) = county.saved.of(account_id)
        answer = await send(browser, f"/search/saved/{search.search_id}/remove")
        assert "The search is removed." in text(await browser.get(answer.headers["location"]))
        assert county.saved.of(account_id) == []

    async def test_only_addresses_of_the_search_page_are_kept(self, browser: httpx.AsyncClient) -> None:
        answer = await send(browser, "/search/saved", name="Odd", query="//evil.example/?a=b\r\nX: y")
        assert answer.headers["location"].startswith("/search?")
        assert "\r" not in answer.headers["location"]
