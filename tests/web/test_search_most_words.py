"""A search for words that stand together nowhere shows where most of them do, and says so."""

import httpx
import pytest

from tests.web.conftest import County
from tests.web.test_pages import text
from tests.web.test_search_files import log

pytestmark = pytest.mark.anyio


async def test_entries_with_most_of_the_words_are_shown_where_none_has_all(
    county: County, browser: httpx.AsyncClient
) -> None:
    log(county, {"title": "No space at the clinic", "body": "The barrier was broken."}, {"title": "A broken lift"})
    found = text(await browser.get("/search?q=the+broken+barrier+of+Thursday"))
    assert "1 entry with most of these words, none with all of them" in found
    assert "No space at the clinic" in found
    found = text(await browser.get("/search?q=the+broken+barrier"))
    assert "1 entry Order" in found
    assert "with most of these words" not in found


async def test_the_timeline_of_a_topic_forgives_as_well(county: County, browser: httpx.AsyncClient) -> None:
    log(county, {"title": "No space", "body": "The barrier was broken.", "topics": ["parking"]})
    found = text(await browser.get("/topics?topic=parking&q=the+broken+barrier+of+Thursday"))
    assert "1 entry with most of these words, none with all of them" in found
