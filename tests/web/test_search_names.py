"""Several contacts may have the name in a search: the page offers them, each with what was said with it alone."""

import re
from html import unescape

import httpx
import pytest

from shared.contracts.base import new_id
from shared.contracts.contacts import RegisterContact
from shared.contracts.events import RecordEngagement
from tests.builders import a_new_contact, a_report
from tests.web.conftest import County
from tests.web.test_pages import text

pytestmark = pytest.mark.anyio
SEVERAL = "Choose a contact for those with them alone."


def known(county: County, name: str, *titles: str) -> str:
    """A contact who took part in engagements of these titles."""
    new = RegisterContact(request_id=new_id(), contact=a_new_contact(name))
    contact_id = county.bus.call(new).contact_id
    for title in titles:
        reported = a_report(title=title)
        county.bus.call(RecordEngagement(request_id=new_id(), reported=reported, contact_ids=(contact_id,)))
    county.settle()
    return contact_id


def links(page: str, path: str) -> list[str]:
    return [unescape(each) for each in re.findall(rf'href="({path}[^"]*)"', page)]


async def test_namesakes_are_offered_with_the_rest_of_the_search(county: County, browser: httpx.AsyncClient) -> None:
    one = known(county, "Ann Lee", "Parking at the clinic", "Buses")
    other = known(county, "Ann Lee", "Parking for carers")
    address = '/search?q=parking+with:"ann lee"&sort=oldest'
    found = await browser.get(address)
    assert SEVERAL in text(found)
    assert "2 entries" in text(found)
    (theirs,) = links(found.text, f"/contacts/{one}\\?")
    assert theirs == f"/contacts/{one}?sort=oldest&q=parking&source=events&source=cases"
    shown = text(await browser.get(f"/contacts/{other}?q=parking&source=events&source=cases"))
    assert "Parking for carers" in shown
    assert "Parking at the clinic" not in shown


async def test_of_a_name_that_one_contact_has_nothing_is_to_be_chosen(
    county: County, browser: httpx.AsyncClient
) -> None:
    known(county, "Ann Lee", "Parking")
    assert SEVERAL not in text(await browser.get("/search?q=with:ann"))
    known(county, "Ann Day")
    assert SEVERAL in text(await browser.get("/search?q=with:ann"))
    assert SEVERAL not in text(await browser.get("/search?q=ann"))


async def test_all_contacts_of_a_name_are_looked_up_without_the_fields_of_the_search(
    county: County, browser: httpx.AsyncClient
) -> None:
    for number in range(6):
        known(county, f"Ann {'ABCDEF'[number]}lder", "Parking")
    for q, looked_up in (("ann kind:conversation", "ann"), ('parking with:"ann"', "ann")):
        (all_of_them,) = links((await browser.get("/search", params={"q": q})).text, r"/contacts\?")
        assert all_of_them == f"/contacts?q={looked_up}"
    assert "Ann Flder" in text(await browser.get("/contacts?q=ann"))
    (elsewhere,) = links((await browser.get("/search", params={"q": "zed kind:call"})).text, r"/contacts\?")
    assert elsewhere == "/contacts?q=zed"
