"""Staff find likely duplicates, merge them, and undo it, with a browser that runs no JavaScript."""

import httpx
import pytest

from shared.contracts.contacts import RegisterContact
from tests.builders import a_body, a_new_contact, a_person
from tests.web.conftest import County, Partner
from tests.web.test_pages import add, fill, text

pytestmark = pytest.mark.anyio


async def two(county: County, partner: Partner) -> tuple[str, str]:
    """Ann Lee and Anne Lee, who share an address; each has said something to a partner."""
    one = await add(county, "Ann Lee", locality="eastmere", phone=["0113 496 0123"])
    new = a_new_contact("Anne Lee", locality="eastmere", email=["anne@example.org"], phone=["0113 496 0123"])
    other = county.bus.call(RegisterContact(request_id="anne", contact=new, shared=True)).contact_id
    for name, contact_id in (("Parking", one), ("Lighting", other)):
        await partner.post(a_body(title=name, people=[a_person(None, contact_id=contact_id)]))
    county.settle()
    return one, other


async def merge(browser: httpx.AsyncClient, county: County, one: str, other: str) -> httpx.Response:
    page = await browser.get(f"/contacts/compare?one={one}&other={other}")
    sent = await fill(browser, page, "contact", survivor=one)
    county.settle()
    return sent


async def test_two_who_look_the_same_are_listed_with_the_reason_until_they_are_declared_different(
    county: County, browser: httpx.AsyncClient, partner: Partner
) -> None:
    assert "No two contacts look the same" in text(await browser.get("/contacts/duplicates"))
    await two(county, partner)
    page = await browser.get("/contacts/duplicates")
    assert "1 pair" in text(page)
    assert "They share an address, number or reference" in text(page)
    sent = await fill(browser, page, "one")
    assert "Remembered" in text(await browser.get(sent.headers["location"]))
    assert "No two contacts look the same" in text(await browser.get("/contacts/duplicates"))


async def test_the_same_name_at_the_same_place_is_a_likeness(county: County, browser: httpx.AsyncClient) -> None:
    await add(county, "Zoë Lee", locality="eastmere")
    new = a_new_contact("LEE Zoe", locality="eastmere")
    county.bus.call(RegisterContact(request_id="other", contact=new))
    await add(county, "Zoë Leigh", locality="eastmere")
    page = text(await browser.get("/contacts/duplicates"))
    assert "1 pair" in page
    assert "The same name in the same locality" in page


async def test_a_merge_joins_the_timelines_and_can_be_undone_at_once(
    county: County, browser: httpx.AsyncClient, partner: Partner
) -> None:
    one, other = await two(county, partner)
    sent = await merge(browser, county, one, other)
    assert sent.headers["location"] == f"/contacts/{one}?done=merged"
    page = await browser.get(sent.headers["location"])
    assert "The contacts have been merged." in text(page)
    assert all(each in text(page) for each in ("Parking", "Lighting", "anne@example.org", "Merged from Anne Lee"))
    assert "Ann Lee and Anne Lee turned out to be the same contact and were merged." in text(page)
    moved = await browser.get(f"/contacts/{other}")
    assert (moved.status_code, moved.headers["location"]) == (303, f"/contacts/{one}")
    assert "1 contact " in text(await browser.get("/contacts"))
    undone = await fill(browser, page, "merged")
    county.settle()
    page = await browser.get(undone.headers["location"])
    assert "they are two contacts again" in text(page)
    assert "anne@example.org" not in text(page)
    assert "Lighting" not in text(page)
    assert "Lighting" in text(await browser.get(f"/contacts/{other}"))
    assert "2 contacts " in text(await browser.get("/contacts"))


async def test_who_stays_must_be_chosen_and_a_page_of_yesterday_is_refused(
    county: County, browser: httpx.AsyncClient, partner: Partner
) -> None:
    one, other = await two(county, partner)
    page = await browser.get(f"/contacts/compare?one={one}&other={other}")
    assert "(differs)" in text(page)
    missing = await fill(browser, page, "contact")
    assert missing.status_code == 422
    assert "Choose who stays" in text(missing)
    await merge(browser, county, one, other)
    late = await fill(browser, page, "contact", survivor=other)
    assert late.status_code == 409
    assert (await browser.get(f"/contacts/compare?one={one}&other={one}")).status_code == 404
