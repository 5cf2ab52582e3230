"""A search that finds nothing: what was probably meant, what is in its way, and what was typed stays."""

import html

import httpx
import pytest

from tests.web.conftest import County
from tests.web.test_over_time import to
from tests.web.test_pages import add, text
from tests.web.test_timelines import log

pytestmark = pytest.mark.anyio


async def test_a_slip_leads_to_what_was_meant_under_the_same_filters(
    county: County, browser: httpx.AsyncClient
) -> None:
    log(county, "Vaccination at the library", kind="call")
    log(county, "Vaccination in town", kind="letter")
    page = await browser.get("/search?q=vacination&kind=call&sort=oldest")
    assert "Did you mean vaccination ? 1 entry" in text(page)
    assert 'value="vacination"' in page.text
    meant = await browser.get(to(page, "vaccination"))
    assert dict(meant.url.params) == {"kind": "call", "sort": "oldest", "q": "vaccination"}
    assert "1 entry" in text(meant)
    assert "Did you mean" not in text(meant)
    while_typing = await browser.get("/search?q=vacination", headers={"hx-request": "true"})
    assert "Did you mean vaccination ? 2 entries" in text(while_typing)


async def test_a_slip_under_filters_that_leave_nothing_leads_to_what_was_meant_without_them(
    county: County, browser: httpx.AsyncClient
) -> None:
    log(county, "Parking at the library", kind="call")
    page = await browser.get("/search?q=parkign&kind=letter&from=2010-01-01&sort=oldest")
    assert "Did you mean parking , without the filters? 1 entry" in text(page)
    meant = await browser.get(to(page, "parking"))
    assert dict(meant.url.params) == {"sort": "oldest", "q": "parking"}
    assert "1 entry" in text(meant)


async def test_nothing_is_suggested_that_the_reader_may_not_see(county: County) -> None:
    log(county, "Leukaemia", sensitive=True)
    async with county.browser("board_reader") as reader, county.browser("patient_experience") as pals:
        assert "Did you mean" not in text(await reader.get("/search?q=leukemia"))
        assert "Did you mean leukaemia ? 1 entry" in text(await pals.get("/search?q=leukemia"))


async def test_what_is_in_the_way_is_named_and_can_be_taken_away(county: County, browser: httpx.AsyncClient) -> None:
    log(county, "No space for my car", kind="call", locality="eastmere", topics=["parking"])
    for address, words, rest in (
        ("/search?q=car&kind=complaint&kind=letter", "Kind: Complaint or Letter", {"q": "car"}),
        ("/search?q=car&from=2999-01-01", "the dates", {"q": "car"}),
        ("/search?q=car+kind:letter", "“kind:letter”", {"q": "car"}),
        ('/search?q="my+caravan"+kind:call', '"my caravan"', {"q": "kind:call"}),
        ("/search?q=car&kind=letter&from=2999-01-01", "any filter", {"q": "car"}),
    ):
        page = await browser.get(address)
        assert f"Without {words} : 1 entry." in html.unescape(text(page)), address
        wider = await browser.get(to(page, words))
        assert dict(wider.url.params) == rest
        assert "1 entry" in text(wider)


async def test_what_has_most_of_the_words_is_shown_and_nothing_is_in_its_way(
    county: County, browser: httpx.AsyncClient
) -> None:
    log(county, "No space for my car", kind="call")
    page = text(await browser.get("/search?q=car+zzzz"))
    assert "1 entry with most of these words, none with all of them" in page
    assert "Without" not in page


async def test_a_search_without_the_kind_that_made_it_wide_stays_wide(
    county: County, browser: httpx.AsyncClient
) -> None:
    await add(county)
    county.settle()
    page = await browser.get("/search?q=mary&kind=consent_given")
    assert "Without Kind: Consent given : 1 entry." in text(page)
    assert "1 entry" in text(await browser.get(to(page, "Kind: Consent given")))


async def test_a_timeline_that_has_nothing_says_the_same(county: County, browser: httpx.AsyncClient) -> None:
    mary = await add(county)
    log(county, "Vaccination", mary, kind="call")
    page = await browser.get(f"/contacts/{mary}?q=vacination")
    assert to(page, "vaccination") == f"/contacts/{mary}?q=vaccination"
    page = await browser.get(f"/contacts/{mary}?q=vaccination&kind=letter")
    assert to(page, "Kind: Letter") == f"/contacts/{mary}?q=vaccination"
