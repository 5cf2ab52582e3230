"""What a search has found, as a file: every page of it, no formula, nothing for the wrong eyes, and in the audit."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from openpyxl import load_workbook

from services.web.pages.search_files import HEADINGS
from shared.contracts.base import new_id
from shared.contracts.contacts import RegisterContact
from shared.contracts.events import RecordEngagement
from tests.builders import a_new_contact, a_report
from tests.web.conftest import County

pytestmark = pytest.mark.anyio


def table(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def log(county: County, *fields: dict[str, Any]) -> None:
    for each in fields:
        county.bus.call(RecordEngagement(request_id=new_id(), reported=a_report(**each)))
    county.settle()


async def test_all_pages_of_what_was_found_are_in_the_file(county: County, browser: httpx.AsyncClient) -> None:
    log(county, *({"title": f"Barrier {n:03}", "body": "The barrier <b>broke</b>."} for n in range(230)))
    rows = table((await browser.get("/search/entries.csv?q=barrier&sort=oldest")).content)
    assert rows[0] == list(HEADINGS)
    assert sorted(row[3] for row in rows[1:]) == [f"Barrier {n:03}" for n in range(230)]
    assert rows[1][5] == "The barrier <b>broke</b>."
    book = load_workbook(io.BytesIO((await browser.get("/search/entries.xlsx?q=barrier")).content))
    assert len(list(book.active.rows)) == 231


async def test_the_file_has_what_the_page_shows_filters_typed_ones_too(
    county: County, browser: httpx.AsyncClient
) -> None:
    log(county, {"title": "=HYPERLINK(1)", "kind": "complaint"})
    log(county, {"title": "Fine", "kind": "compliment", "topics": ("Parking",)})
    rows = table((await browser.get("/search/entries.csv?q=kind:complaint")).content)
    assert [row[3] for row in rows[1:]] == ["'=HYPERLINK(1)"]
    rows = table((await browser.get("/search/entries.csv?topic=Parking&q=-kind:complaint")).content)
    assert [(row[1], row[3], row[7]) for row in rows[1:]] == [("Compliment", "Fine", "Parking")]
    page = await browser.get("/search?topic=Parking")
    assert 'href="/search/entries.csv?topic=Parking"' in page.text
    assert "entries.csv" not in (await browser.get("/search?q=nothing")).text


async def test_restricted_entries_are_in_no_file_of_who_may_not_read_them(county: County) -> None:
    log(county, {"title": "Barrier one"}, {"title": "Barrier two", "sensitive": True})
    for role, titles in (("engagement_officer", 1), ("patient_experience", 2)):
        async with county.browser(role) as http:
            assert len(table((await http.get("/search/entries.csv?q=barrier")).content)) == 1 + titles


async def test_taking_a_file_along_is_in_the_audit(county: County, browser: httpx.AsyncClient) -> None:
    await browser.get("/search/entries.csv?q=barrier")
    now = datetime.now(UTC)
    assert "GET /search/entries.csv" in [each.what for each in county.people.acts(now - timedelta(minutes=5), now)]


async def test_a_search_can_name_a_kind_that_is_no_engagement(county: County, browser: httpx.AsyncClient) -> None:
    county.bus.call(RegisterContact(request_id="mary", contact=a_new_contact("Mary Okafor")))
    county.settle()
    assert "Became known" in (await browser.get("/search?q=kind:contact_registered")).text
    page = (await browser.get('/search?q=with:"mary okafor"')).text
    assert 'href="/contacts/' in page
