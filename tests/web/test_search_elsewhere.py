"""A search that finds nothing of what was said leads to what else there is."""

import html
import re

import httpx
import pytest

from tests.web.conftest import County
from tests.web.test_answering import opened
from tests.web.test_pages import text

pytestmark = pytest.mark.anyio


async def test_what_nobody_said_and_is_found_elsewhere_is_one_step_away(
    county: County, browser: httpx.AsyncClient
) -> None:
    opened(county, title="Getting here")
    county.settle()
    page = await browser.get("/search?q=Getting+here")
    assert "Nothing matches. 1 entry of another sort fits: look in Surveys ." in text(page)
    (there,) = re.findall(r'href="(/search[^"]+source=surveys)"', page.text)
    assert "Survey opened" in text(await browser.get(html.unescape(there)))
