"""Erasing somebody in the browser: asked twice, followed to its end, and texts that name them decided about."""

import httpx
import pytest

from shared.contracts.contacts import Contact, RegisterContact
from shared.contracts.events import RecordEngagement
from tests.builders import a_new_contact, a_report
from tests.web.conftest import County

pytestmark = pytest.mark.anyio


@pytest.fixture
def mary(county: County) -> Contact:
    new = a_new_contact("Mary Okafor", email=["mary@x.org"])
    contact: Contact = county.bus.call(RegisterContact(request_id="mary", contact=new))
    told = a_report(title="Parking", people=[{"identifiers": [{"scheme": "contact_id", "value": contact.contact_id}]}])
    county.bus.call(RecordEngagement(request_id="parking", reported=told))
    county.settle()
    return contact


async def post(http: httpx.AsyncClient, address: str, form: str = "", **data: str) -> httpx.Response:
    """Send a form with the token that its page carries."""
    page = await http.get(form or address)
    token = page.text.partition('name="csrf_token" value="')[2].partition('"')[0]
    return await http.post(address, data=data | {"csrf_token": token})


async def erase(county: County, http: httpx.AsyncClient, contact: Contact) -> httpx.Response:
    sent = await post(http, f"/contacts/{contact.contact_id}/erase", sure="yes")
    assert sent.status_code == 303
    county.settle()
    return await http.get(sent.headers["location"])


async def test_somebody_is_erased_after_a_second_look(
    county: County, browser: httpx.AsyncClient, mary: Contact
) -> None:
    address = f"/contacts/{mary.contact_id}"
    assert f'href="{address}/erase"' in (await browser.get(address)).text
    page = await browser.get(f"{address}/erase")
    assert "It cannot be undone" in page.text
    hasty = await post(browser, f"{address}/erase")
    assert hasty.status_code == 422
    assert "Tick the box" in hasty.text
    erased = (await erase(county, browser, mary)).text
    assert erased.count(">Done<") == 5
    assert "No text names the person." in erased
    assert "Nothing that says who this was" in erased
    contact = (await browser.get(address)).text
    assert "Erased contact" in contact
    assert "Okafor" not in contact
    assert "Parking" in contact
    assert "/edit" not in contact
    assert 'href="/erasures/era_' in (await browser.get("/erasures")).text


async def test_a_text_that_names_the_person_is_shown_with_the_name_marked(
    county: County, browser: httpx.AsyncClient, mary: Contact
) -> None:
    said = a_report(title="Buses", body="As <b>Mary Okafor</b> said.")
    engagement = county.bus.call(RecordEngagement(request_id="buses", reported=said))
    county.settle()
    page = (await erase(county, browser, mary)).text
    assert "To decide" in page
    address = f"/erasures/era_{mary.contact_id.removeprefix('con_')}"
    text = (await browser.get(f"{address}/texts/{engagement.engagement_id}")).text
    assert "As &lt;b&gt;<mark>Mary Okafor</mark>&lt;/b&gt; said." in text
    decided = await post(browser, f"{address}/texts/{engagement.engagement_id}", decision="removed")
    assert decided.headers["location"] == address
    county.settle()
    assert "Name removed" in (await browser.get(address)).text
    assert "[name removed]" in (await browser.get(f"/engagements/{engagement.engagement_id}")).text


async def test_whoever_may_not_read_a_restricted_text_can_still_have_the_name_removed(
    county: County, mary: Contact
) -> None:
    said = a_report(title="Of Mary Okafor", sensitive=True)
    engagement = county.bus.call(RecordEngagement(request_id="complaint", reported=said))
    county.settle()
    async with county.browser("administrator") as http:
        await erase(county, http, mary)
        address = f"/erasures/era_{mary.contact_id.removeprefix('con_')}/texts/{engagement.engagement_id}"
        text = (await http.get(address)).text
        assert "restricted" in text
        assert "Mary" not in text
        assert "Keep" not in text
        assert (await post(http, address, decision="removed")).status_code == 303


async def test_only_who_may_erase_is_offered_it(county: County, mary: Contact) -> None:
    async with county.browser("engagement_officer") as http:
        assert "/erase" not in (await http.get(f"/contacts/{mary.contact_id}")).text
        assert (await http.post(f"/contacts/{mary.contact_id}/erase", data={"sure": "yes"})).status_code == 403
