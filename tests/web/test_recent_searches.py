"""What somebody has searched for lately: the store, real and as a fake, the pages, and a store that is away."""

import os
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymongo.errors import ServerSelectionTimeoutError

from services.web.recent_searches import (
    KEPT,
    LONGEST_QUERY,
    MOST,
    FakeRecentSearches,
    MongoRecentSearches,
    RecentSearch,
    RecentSearchStore,
)
from services.web.signin.desk import CACHE_SECONDS
from shared.mongo import connect
from tests.web.conftest import County
from tests.web.test_over_time import to
from tests.web.test_pages import text
from tests.web.test_saved_searches import send

AT = datetime(2026, 11, 26, 12, tzinfo=UTC)
TYPING = {"hx-request": "true"}
SENT_OFF = {"hx-request": "true", "wellheard-submitted": "yes"}


@pytest.fixture(params=["fake", pytest.param("mongo", marks=pytest.mark.servers)])
def kept(request: pytest.FixtureRequest) -> RecentSearchStore:
    if request.param == "fake":
        return FakeRecentSearches()
    return MongoRecentSearches(connect(request.getfixturevalue("store"), f"web_{os.urandom(4).hex()}"))


def a_search(mark: str, minutes: int = 0, account_id: str = "acc_1", query: str = "q=parking") -> RecentSearch:
    return RecentSearch(f"rec_{mark}_{account_id}", account_id, mark, query, AT + timedelta(minutes=minutes))


def test_the_latest_different_ones_of_each_account_are_kept(kept: RecentSearchStore) -> None:
    for number in range(MOST + 3):
        kept.put(a_search(f"m{number}", number), AT - KEPT)
    kept.put(other := a_search("m1", 5, "acc_10"), AT - KEPT)
    assert [each.mark for each in kept.of("acc_1", AT)] == [f"m{number}" for number in range(MOST + 2, 2, -1)]
    assert kept.of("acc_10", AT) == [other]
    assert kept.of("acc", AT) == []


def test_the_same_words_again_take_their_place(kept: RecentSearchStore) -> None:
    kept.put(a_search("m1"), AT - KEPT)
    kept.put(a_search("m2", 1), AT - KEPT)
    kept.put(again := replace(a_search("m1", 2), search_id="rec_2", query="q=parking&kind=call"), AT - KEPT)
    assert [each.mark for each in kept.of("acc_1", AT)] == ["m1", "m2"]
    assert kept.of("acc_1", AT)[0] == again


def test_what_is_old_is_not_shown_and_goes_when_anybody_searches(kept: RecentSearchStore) -> None:
    kept.put(a_search("m1"), AT - KEPT)
    later = AT + KEPT + timedelta(minutes=1)
    assert kept.of("acc_1", later - KEPT) == []
    assert len(kept.of("acc_1", AT)) == 1
    kept.put(replace(a_search("m2", account_id="acc_2"), at=later), later - KEPT)
    assert kept.of("acc_1", AT) == []


def test_one_is_forgotten_or_all_by_their_own_account_only(kept: RecentSearchStore) -> None:
    one, two, other = a_search("m1"), a_search("m2", 1), a_search("m1", account_id="acc_2")
    for each in (one, two, other):
        kept.put(each, AT - KEPT)
    kept.remove("acc_2", one.search_id)
    kept.remove("acc_1", "rec_unknown")
    assert kept.of("acc_1", AT) == [two, one]
    kept.remove("acc_1", one.search_id)
    assert kept.of("acc_1", AT) == [two]
    kept.remove("acc_1")
    kept.remove("acc_1")
    assert kept.of("acc_1", AT) == []
    assert kept.of("acc_2", AT) == [other]


@given(marks=st.lists(st.integers(0, 14), max_size=40))
def test_whatever_is_searched_for_the_last_ten_different_ones_are_there(marks: list[int]) -> None:
    store = FakeRecentSearches()
    for minute, mark in enumerate(marks):
        store.put(a_search(f"m{mark}", minute), AT - KEPT)
    expected = list(dict.fromkeys(f"m{mark}" for mark in reversed(marks)))[:MOST]
    assert [each.mark for each in store.of("acc_1", AT)] == expected


def queries(county: County) -> list[str]:
    account_id = county.people.accounts()[0].account_id
    return [each.query for each in county.recent.of(account_id, AT - KEPT)]


class Away:
    """A store that does not answer, and how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __getattr__(self, name: str) -> object:
        def ask(*_: object) -> None:
            self.asked += 1
            raise ServerSelectionTimeoutError("away")

        return ask


@pytest.mark.anyio
class TestPages:
    async def test_a_search_that_is_sent_off_is_remembered_and_run_again(
        self, county: County, browser: httpx.AsyncClient
    ) -> None:
        for q in ("pa", "park", "parking"):
            await browser.get(f"/search?q={q}", headers=TYPING)
        assert queries(county) == []
        await browser.get("/search?q=parking&kind=call&sort=oldest&source=events", headers=SENT_OFF)
        await browser.get("/search?q=Ann+Lee")
        assert queries(county) == ["q=Ann+Lee", "q=parking&kind=call&sort=oldest&source=events"]
        page = await browser.get("/search")
        assert "Recent: Ann Lee parking + 1 filter Manage recent searches" in text(page)
        assert to(page, "parking") == "/search?q=parking&kind=call&sort=oldest&source=events"
        assert "Recent:" not in text(await browser.get("/search?q=x"))

    async def test_the_same_words_with_other_filters_are_one_search(
        self, county: County, browser: httpx.AsyncClient
    ) -> None:
        for address in ("q=parking", "q=++Parking&kind=call", "q=parking&kind=letter&cursor=abc", "kind=letter"):
            await browser.get(f"/search?{address}")
        assert queries(county) == ["q=++Parking&kind=call"]
        await browser.get("/search", params={"q": "x", "kind": "y" * LONGEST_QUERY})
        assert len(queries(county)) == 1

    async def test_one_is_forgotten_or_all_of_them(self, county: County, browser: httpx.AsyncClient) -> None:
        assert "Nothing has been searched for lately." in text(await browser.get("/search/saved"))
        for q in ("parking", "buses", "food"):
            await browser.get(f"/search?q={q}")
        account_id = county.people.accounts()[0].account_id
        buses = county.recent.of(account_id, AT - KEPT)[1]
        answer = await send(browser, f"/search/recent/{buses.search_id}/remove")
        assert "The search is forgotten." in text(await browser.get(answer.headers["location"]))
        assert queries(county) == ["q=food", "q=parking"]
        answer = await send(browser, "/search/recent/remove")
        assert "Your recent searches are forgotten." in text(await browser.get(answer.headers["location"]))
        assert queries(county) == []

    async def test_nobody_sees_those_of_another(self, county: County, browser: httpx.AsyncClient) -> None:
        await browser.get("/search?q=tricycles")
        async with county.browser("board_reader") as http:
            assert "tricycles" not in text(await http.get("/search"))
            assert "tricycles" not in text(await http.get("/search/saved"))

    async def test_what_was_typed_is_shown_as_text(self, browser: httpx.AsyncClient) -> None:
        await browser.get("/search", params={"q": '<b>"x&y'})
        page = await browser.get("/search")
        assert "&lt;b&gt;&#34;x&amp;y" in page.text
        assert (await browser.get(to(page, '<b>"x&y'))).url.params["q"] == '<b>"x&y'

    async def test_while_the_store_is_away_a_search_says_so_and_asks_it_once(
        self, county: County, browser: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        away = Away()
        monkeypatch.setattr(county.app.state.saved_searches, "_store", away)
        monkeypatch.setattr(county.app.state.recent_searches, "_store", away)
        for _ in range(5):
            page = await browser.get("/search?q=parking")
            assert page.status_code == 200
            assert "Your saved and recent searches cannot be shown just now." in text(page)
        assert away.asked == 1
        assert (await browser.get("/search/saved")).status_code == 503

    async def test_whoever_is_signed_in_does_not_wait_again_and_again_for_a_store_that_is_away(
        self, county: County, browser: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await browser.get("/search")
        away, later = Away(), time.monotonic() + CACHE_SECONDS + 1
        monkeypatch.setattr(county.app.state.desk, "_store", away)
        monkeypatch.setattr("services.web.signin.desk.time.monotonic", lambda: later)
        for _ in range(5):
            assert (await browser.get("/search?q=parking", headers=TYPING)).status_code == 200
        assert away.asked == 1
