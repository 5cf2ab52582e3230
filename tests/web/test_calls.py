"""A page asks the services at most twice, however much it shows.

Every test of the web looks at that for the pages it opens (`costly_pages` in conftest.py); this one opens each.
"""

import pytest

from services.web.pages import preferences
from tests.web.conftest import County
from tests.web.furnished import furnish, open_pages

pytestmark = pytest.mark.anyio


async def test_every_page_opens_with_at_most_two_calls(county: County, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preferences, "_PER_SECOND", 1000)
    furnished = await furnish(county, "Zoë Müller")
    async with county.browser() as http:
        await http.get("/contacts")  # reference data is asked for once a minute
        county.web_bus.asked.clear()
        county.asked_by_pages.clear()
        opened = await open_pages(furnished, http)
    assert len(opened) > 40
    assert {address: page.status_code for address, page in opened if page.status_code not in (200, 303)} == {}
    assert county.costly_pages() == []
