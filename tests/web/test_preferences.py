"""People see and decide what is held of them by a link that is signed, ends, and can be revoked."""

import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from services.web.allowance import Bucket, PerCaller
from services.web.pages import preferences
from shared import preference_links
from shared.contracts.base import new_id
from shared.contracts.consent import ConsentChanged, GetConsents
from shared.contracts.contacts import Contact, RegisterContact
from shared.contracts.preferences import GivePreferenceKeys, RevokePreferenceKey
from tests.builders import a_new_contact
from tests.web.conftest import SECRET, County

pytestmark = pytest.mark.anyio
NOW = datetime.now(UTC)


@pytest.fixture(autouse=True)
def unlimited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preferences, "_limit", PerCaller(lambda: Bucket(preferences._PER_SECOND)))
    monkeypatch.setattr(preferences, "_PER_SECOND", 1000)


@pytest.fixture
def mary(county: County) -> Contact:
    contact = a_new_contact("Mary <b>Okafor</b>", email=("mary@x.org",), postcode="LS1 4AP")
    return county.bus.call(RegisterContact(request_id=new_id(), contact=contact))


@pytest.fixture
def link(county: County, mary: Contact) -> str:
    return link_of(county, mary)


def link_of(county: County, contact: Contact) -> str:
    keys = county.bus.call(GivePreferenceKeys(contact_ids=(contact.contact_id, "con_nobody"))).keys
    assert keys.keys() == {contact.contact_id}
    return preference_links.preference_url("", SECRET, keys[contact.contact_id], NOW)


def allowed(county: County, contact: Contact) -> set[tuple[str, str]]:
    found = county.bus.call(GetConsents(contact_id=contact.contact_id)).allowances
    return {(each.purpose, each.channel) for each in found if each.allowed}


async def test_the_page_shows_what_is_held_and_looking_changes_nothing(
    county: County, browser: httpx.AsyncClient, mary: Contact, link: str
) -> None:
    before = len(county.bus.published)
    page = await browser.get(link)
    assert "mary@x.org" in page.text
    assert "LS1 4AP" in page.text
    assert "Mary &lt;b&gt;Okafor" in page.text
    assert page.headers.get_list("referrer-policy") == ["no-referrer"]
    assert page.headers["cache-control"] == "no-store"
    assert "set-cookie" not in page.headers
    assert "<script" not in page.text
    assert mary.contact_id not in page.text + link
    for path in ("", "/held.json", "/held.html"):
        assert (await browser.get(link + path)).status_code == 200
    for path in ("/stop", "/erasure"):
        assert (await browser.get(link + path)).status_code == 405
    assert len(county.bus.published) == before


async def test_choices_become_statements_once(
    county: County, browser: httpx.AsyncClient, mary: Contact, link: str
) -> None:
    request_id = re.search(r'name="request_id" value="(\w+)"', (await browser.get(link)).text).group(1)
    chosen = {"request_id": request_id, "allow": ["newsletter:email", "survey:post", "nonsense:email", "survey"]}
    for _ in range(2):
        answer = await browser.post(link, data=chosen, follow_redirects=True)
        assert "Your choices have been saved." in answer.text
    assert allowed(county, mary) == {("newsletter", "email"), ("survey", "post")}
    said = [each.data.consent for each in county.bus.published if isinstance(each.data, ConsentChanged)]
    assert len(said) == 2
    assert {each.method for each in said} == {"preference_page"}
    assert "Newsletter by e-mail" in said[0].wording
    await browser.post(link, data={"request_id": "another", "allow": ["survey:post"]})
    assert allowed(county, mary) == {("survey", "post")}


async def test_everything_is_stopped_with_one_button(
    county: County, browser: httpx.AsyncClient, mary: Contact, link: str
) -> None:
    await browser.post(link, data={"request_id": "1", "allow": ["newsletter:email", "survey:post"]})
    answer = await browser.post(f"{link}/stop", data={"request_id": "1"}, follow_redirects=True)
    assert "You will get nothing more from us." in answer.text
    assert allowed(county, mary) == set()


async def test_what_is_held_is_downloaded(browser: httpx.AsyncClient, link: str) -> None:
    held = (await browser.get(f"{link}/held.json")).json()
    assert held["contact"]["identifiers"][0]["value"] == "mary@x.org"
    page = await browser.get(f"{link}/held.html")
    assert page.headers["content-disposition"] == 'attachment; filename="what-is-held.html"'
    assert "Mary &lt;b&gt;Okafor" in page.text


async def test_who_asks_to_be_erased_is_on_the_list_of_staff(
    browser: httpx.AsyncClient, mary: Contact, link: str
) -> None:
    assert "Nobody asks" in (await browser.get("/erasures")).text
    for _ in range(2):
        answer = await browser.post(f"{link}/erasure", follow_redirects=True)
        assert "You asked us on" in answer.text
    listed = (await browser.get("/erasures")).text
    assert listed.count(f'href="/contacts/{mary.contact_id}/erase"') == 1


async def test_a_forged_an_ended_and_a_revoked_link_say_the_same(
    county: County, browser: httpx.AsyncClient, mary: Contact, link: str
) -> None:
    token = link.rpartition("/")[2]
    key = token.split(".")[0]
    forged = [
        token[:-1] + ("A" if token[-1] != "A" else "B"),
        token.replace(".", "x", 1),
        "é",
        preference_links.sign("another secret", key, NOW + timedelta(days=1)),
        preference_links.sign(SECRET, key, NOW - timedelta(days=2)),
        preference_links.sign(SECRET, "k" * 32, NOW + timedelta(days=1)),
    ]
    county.bus.call(RevokePreferenceKey(contact_id=mary.contact_id))
    for each in [*forged, token]:
        answer = await browser.get(f"/preferences/{each}")
        assert (answer.status_code, "does not work any more" in answer.text) == (404, True)
    assert (await browser.get(link_of(county, mary))).status_code == 200


async def test_many_tries_from_one_address_are_slowed(
    browser: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preferences, "_PER_SECOND", 2)
    answers = [(await browser.get(f"/preferences/x{n}")).status_code for n in range(6)]
    assert answers[:2] == [404, 404]
    assert 429 in answers
