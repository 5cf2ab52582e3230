"""The chart of entries over time: its bars count every entry once, and each leads to its entries."""

import html
import re
from datetime import date
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.web.pages.over_time import ALWAYS, MOST_YEARS, Bar, OverTime, Period, over_time
from tests.web.conftest import County
from tests.web.test_pages import add, text
from tests.web.test_timelines import log


def link(since: date | None, until: date | None) -> str:
    return f"{since or ''}..{until or ''}"


def chart(counts: dict[str, int], period: Period = ALWAYS, said: dict[str, int] | None = None) -> OverTime:
    found = over_time(counts, link, period, said)
    assert found is not None
    return found


def holds(bar: Bar, month: str) -> bool:
    since, _, until = bar.href.partition("..")
    return (since or "0001-01-01") <= f"{month}-01" <= until


months = st.dates().map(lambda day: day.isoformat()[:7])
lately = st.dates(date(2010, 1, 1), date(2014, 12, 31)).map(lambda day: day.isoformat()[:7])


@given(counts=st.dictionaries(months | lately, st.integers(1, 1000), min_size=1))
def test_every_entry_is_counted_by_the_one_bar_that_leads_to_it(counts: dict[str, int]) -> None:
    found = over_time(counts, link)
    if found is None:
        assert len({month[:4] for month in counts}) == 1 == len(counts)
        return
    for bar in found.bars:
        assert bar.count == sum(count for month, count in counts.items() if holds(bar, month))
        assert 0 <= bar.said_height <= bar.height <= found.height
    assert sum(bar.count for bar in found.bars) == sum(counts.values())
    assert 2 <= len(found.bars) <= MOST_YEARS + 1
    assert sum(bool(bar.label) for bar in found.bars) <= 13


def test_a_long_time_is_drawn_by_years_and_a_short_one_by_months() -> None:
    years = chart({"2012-01": 1, "2014-02": 2, "2014-03": 3})
    assert [(bar.name, bar.count, bar.label) for bar in years.bars] == [
        ("2012", 1, "2012"), ("2013", 0, "2013"), ("2014", 5, "2014"),
    ]  # fmt: skip
    assert (years.unit, years.most, years.wider) == ("year", 5, ())
    assert years.bars[2].href == "2014-01-01..2014-12-31"
    short = chart({"2013-11": 4, "2014-02": 2})
    assert [(bar.name, bar.count) for bar in short.bars] == [
        ("November 2013", 4), ("December 2013", 0), ("January 2014", 0), ("February 2014", 2),
    ]  # fmt: skip
    assert [bar.label for bar in short.bars] == ["Nov", "Dec", "2014", "Feb"]
    assert short.bars[3].href == "2014-02-01..2014-02-28"


def test_a_year_that_is_asked_for_has_all_its_months_and_leads_back_to_all_years() -> None:
    year = chart({"2014-03": 2}, Period(date(2014, 1, 1), date(2014, 12, 31)))
    assert [bar.count for bar in year.bars] == [0, 0, 2, *[0] * 9]
    assert year.wider == (("All years", ".."),)
    month = chart({"2014-03": 2}, Period(date(2014, 3, 1), date(2014, 3, 31)))
    assert (month.bars, month.wider) == ((), (("All of 2014", "2014-01-01..2014-12-31"), ("All years", "..")))
    since = chart({"2014-03": 2}, Period(since=date(2014, 1, 1)))
    assert (since.bars, since.wider) == ((), (("All years", ".."),))
    assert over_time({"2014-03": 2}, link) is over_time({}, link) is over_time({"nonsense": 1}, link) is None


def test_what_was_said_is_a_part_of_each_bar() -> None:
    found = chart({"2013-11": 4, "2014-02": 2}, said={"2013-11": 1})
    assert found.has_others
    assert [(bar.count, bar.said) for bar in found.bars] == [(4, 1), (0, 0), (0, 0), (2, 0)]
    assert found.bars[0].said_height == found.height / 4
    assert not chart({"2013-11": 4, "2014-02": 2}, said={"2013-11": 4, "2014-02": 2}).has_others


@pytest.mark.anyio
class TestPages:
    async def test_a_bar_leads_to_its_year_then_to_its_month_and_back(
        self, county: County, browser: httpx.AsyncClient
    ) -> None:
        for number, at in enumerate(["2010-05-02", "2014-03-01", "2014-03-31", "2014-07-01"]):
            log(county, f"Parking {number}", occurred_at=f"{at}T12:00:00Z")
        page = await browser.get("/search?q=parking&sort=oldest")
        assert "Entries by year, 2010 to 2014. Most in one year: 3." in text(page)
        year = await browser.get(to(page, "2014: 3 entries"))
        assert year.url.params["q"] == "parking"
        assert "3 entries" in text(year)
        assert "Entries by month, January 2014 to December 2014." in text(year)
        month = await browser.get(to(year, "March 2014: 2 entries"))
        assert "2 entries" in text(month)
        assert 'id="to" name="to" value="2014-03-31"' in month.text
        assert parse_qs(urlsplit(to(month, "All of 2014")).query)["to"] == ["2014-12-31"]
        assert to(month, "All years") == "/search?q=parking&sort=oldest"

    async def test_the_bars_of_a_timeline_add_up_to_its_total(self, county: County, browser: httpx.AsyncClient) -> None:
        mary = await add(county)
        log(county, "In person", mary, occurred_at="2010-03-01T10:00:00Z")
        log(county, "By letter", mary, occurred_at="2010-04-01T10:00:00Z")
        page = await browser.get(f"/contacts/{mary}")
        bars = [int(count) for count in re.findall(r"\d{4}: (\d+) entr(?:y|ies)", page.text)]
        assert f"{sum(bars)} entries" in text(page)
        assert "2010: 2 entries, 2 of them said" in text(page)
        assert "Dark: what was said." in text(page)
        shown = await browser.get(to(page, "2010: 2 entries, 2 of them said"))
        assert shown.url.path == f"/contacts/{mary}"
        assert "2 entries" in text(shown)

    async def test_nobody_s_chart_counts_what_they_may_not_see(self, county: County) -> None:
        log(county, "Parking", occurred_at="2010-03-01T10:00:00Z")
        log(county, "Parking", occurred_at="2014-03-01T10:00:00Z", sensitive=True)
        async with county.browser("board_reader") as reader, county.browser("patient_experience") as pals:
            assert "2014" not in text(await reader.get("/search"))
            assert "2014: 1 entry" in text(await pals.get("/search"))


def to(page: httpx.Response, words: str) -> str:
    """The address of the link of these words."""
    for address, content in re.findall(r'<a href="([^"]+)"[^>]*>(.*?)</a>', page.text, re.DOTALL):
        said = html.unescape(" ".join(re.sub(r"<title>.*?</title>|<[^>]+>", " ", content).split()))
        if said.endswith(words):
            return str(address).replace("&amp;", "&")
    raise AssertionError(f"no link says {words}")
