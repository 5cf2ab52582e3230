"""Staff find, log, correct and decide with a browser that runs no JavaScript."""

import re
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest

from shared.contracts.contacts import ChangeContact, RegisterContact
from shared.contracts.events import CorrectEngagement, ListQuarantine
from tests.builders import a_cloudevent, a_new_contact, a_person, a_report
from tests.web.conftest import County, Partner

pytestmark = pytest.mark.anyio


class Fields(HTMLParser):
    """What a browser would send of the first posting form that holds `field`: the values that are filled in."""

    def __init__(self, html: str, field: str) -> None:
        super().__init__()
        self._field, self._forms, self._select, self._area = field, list[tuple[str, list[tuple[str, str]]]](), "", ""
        self.feed(html)
        self.action, pairs = next(form for form in self._forms if any(name == field for name, _ in form[1]))
        self.values: dict[str, Any] = {}
        for name, value in pairs:
            self.values.setdefault(name, []).append(value)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        at = dict(attrs)
        name, value = at.get("name") or "", at.get("value") or ""
        if tag == "form":
            self._forms.append((at.get("action") or "", []))
        elif tag == "input" and name and (at.get("type") not in ("checkbox", "radio") or "checked" in at):
            self._forms[-1][1].append((name, value))
        elif tag == "select":
            self._select = name
        elif tag == "option" and "selected" in at:
            self._forms[-1][1].append((self._select, value))
        elif tag == "textarea":
            self._area = name
            self._forms[-1][1].append((name, ""))

    def handle_data(self, data: str) -> None:
        if self._area:
            name, value = self._forms[-1][1][-1]
            self._forms[-1][1][-1] = (name, (value + data).removeprefix("\n"))

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = ""


async def fill(browser: httpx.AsyncClient, page: httpx.Response, field: str = "title", **typed: Any) -> httpx.Response:
    """Type into the form of a page and send it."""
    form = Fields(page.text, field)
    return await browser.post(form.action, data=form.values | typed)


def text(response: httpx.Response) -> str:
    """The words of a page."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.text))


async def add(county: County, name: str = "Mary Okafor", **fields: Any) -> str:
    contact = county.bus.call(RegisterContact(request_id=name, contact=a_new_contact(name, **fields)))
    county.settle()
    return contact.contact_id


async def log(browser: httpx.AsyncClient, county: County, **typed: Any) -> str:
    page = await browser.get("/engagements/new")
    response = await fill(browser, page, **({"kind": "call", "title": "Rang about parking"} | typed))
    assert response.status_code == 303, text(response)
    county.settle()
    return response.headers["location"].partition("?")[0]


@pytest.mark.parametrize("path", ["/", "/search", "/contacts", "/contacts/new", "/engagements/new", "/quarantine"])
async def test_every_page_renders_with_landmarks_and_one_heading(
    county: County, browser: httpx.AsyncClient, path: str
) -> None:
    page = await browser.get(path)
    assert page.status_code == 200
    assert page.text.count("<h1") == 1
    assert '<main class="nhsuk-main-wrapper" id="maincontent"' in page.text
    assert "http://" not in page.text.replace("http://www.w3.org/2000/svg", "").replace("https:// or http://", "")
    assert "<style" not in page.text
    assert not re.search(r"<script(?![^>]*\bsrc=)|\sstyle=|\son\w+=", page.text)


async def test_what_was_logged_stands_on_the_contacts_page_and_in_the_search(
    county: County, browser: httpx.AsyncClient
) -> None:
    contact_id = await add(county)
    page = await browser.get("/engagements/new", params={"contact_id": contact_id})
    await fill(browser, page, kind="call", title="Rang about parking", body="The barrier is broken.\n\nAgain.")
    county.settle()
    for path in (f"/contacts/{contact_id}", "/search?q=barrier", "/"):
        assert "Rang about parking" in text(await browser.get(path))
    assert "Mary Okafor" in text(await browser.get("/search?q=mary"))


async def test_a_form_sent_twice_records_once(county: County, browser: httpx.AsyncClient) -> None:
    page = await browser.get("/engagements/new")
    first = await fill(browser, page, kind="call", title="Rang about parking")
    again = await fill(browser, page, kind="call", title="Rang about parking")
    assert first.headers["location"] == again.headers["location"]


async def test_a_contact_is_looked_up_and_ticked_without_javascript(county: County, browser: httpx.AsyncClient) -> None:
    contact_id = await add(county)
    page = await browser.get("/engagements/new")
    found = await fill(browser, page, kind="call", title="Rang", contact_q="oka", action="find")
    assert 'value="Rang"' in found.text
    assert contact_id in found.text
    more = await fill(browser, found, chosen=[contact_id], action="add_person")
    assert Fields(more.text, "title").values["chosen"] == [contact_id]
    done = await fill(browser, more)
    assert "Mary Okafor" in text(await browser.get(done.headers["location"]))


async def test_people_typed_with_an_address_become_contacts(county: County, browser: httpx.AsyncClient) -> None:
    path = await log(browser, county, person_name=["Amina Diallo"], person_reach=['"very.unusual"@example.museum'])
    assert "Amina Diallo" in text(await browser.get("/contacts?q=amina"))
    assert "/contacts/con_" in (await browser.get(path)).text


async def test_errors_keep_what_was_typed_and_lead_to_the_field(county: County, browser: httpx.AsyncClient) -> None:
    page = await browser.get("/engagements/new")
    answer = await fill(
        browser, page, kind="", title="", body="Long words", occurred_date="2014-13-99", links="ftp://x"
    )
    assert answer.status_code == 422
    assert "There is a problem" in text(answer)
    for target in ("#kind", "#title", "#occurred_date", "#links"):
        assert f'href="{target}"' in answer.text
        assert f'id="{target[1:]}"' in answer.text
    assert Fields(answer.text, "title").values["body"] == ["Long words"]


async def test_while_a_service_is_down_the_form_keeps_everything(county: County, browser: httpx.AsyncClient) -> None:
    page = await browser.get("/engagements/new")
    county.web_bus.down.add("events")
    answer = await fill(browser, page, kind="call", title="Rang about parking")
    assert answer.status_code == 503
    kept = Fields(answer.text, "title").values
    assert kept["title"] == ["Rang about parking"]
    assert kept["request_id"] == Fields(page.text, "title").values["request_id"]
    county.web_bus.down.clear()
    assert (await fill(browser, answer)).status_code == 303


async def test_a_page_says_what_to_do_while_a_service_is_down(county: County, browser: httpx.AsyncClient) -> None:
    county.web_bus.down.add("history")
    page = await browser.get("/search")
    assert page.status_code == 503
    assert "reload" in text(page)


async def test_an_engagement_is_corrected_and_keeps_its_people(county: County, browser: httpx.AsyncClient) -> None:
    contact_id = await add(county)
    page = await browser.get("/engagements/new", params={"contact_id": contact_id})
    path = (await fill(browser, page, kind="call", title="Wrong")).headers["location"].partition("?")[0]
    county.settle()
    answer = await fill(browser, await browser.get(f"{path}/correct"), title="Right")
    assert answer.status_code == 303, text(answer)
    county.settle()
    shown = await browser.get(answer.headers["location"])
    assert "Right" in text(shown)
    assert "Mary Okafor" in text(shown)


async def test_a_correction_of_an_older_version_is_explained(county: County, browser: httpx.AsyncClient) -> None:
    path = await log(browser, county)
    page = await browser.get(f"{path}/correct")
    county.bus.call(
        CorrectEngagement(engagement_id=path.rpartition("/")[2], version=1, reported=a_report(title="Theirs"))
    )
    answer = await fill(browser, page, title="Mine")
    assert answer.status_code == 409
    assert "as it is now" in text(answer)
    assert Fields(answer.text, "title").values["title"] == ["Mine"]


async def test_a_contact_with_a_known_address_is_shown_before_another_is_added(
    county: County, browser: httpx.AsyncClient
) -> None:
    contact_id = await add(county, email=("home@example.org",))
    page = await browser.get("/contacts/new")
    answer = await fill(browser, page, "email", name="Ben Okafor", email="home@example.org")
    assert answer.status_code == 409
    assert f'href="/contacts/{contact_id}"' in answer.text
    shared = await fill(browser, answer, "email", shared="yes")
    assert shared.status_code == 303
    county.settle()
    assert "Ben Okafor" in text(await browser.get(shared.headers["location"]))


async def test_a_contact_is_edited_unless_somebody_changed_it_first(county: County, browser: httpx.AsyncClient) -> None:
    contact_id = await add(county)
    page = await browser.get(f"/contacts/{contact_id}/edit")
    assert (await fill(browser, page, "email", name="Mary O.", phone="0113 496 0123")).status_code == 303
    assert "+441134960123" in text(await browser.get(f"/contacts/{contact_id}"))
    late = await fill(browser, page, "email", name="Too late")
    assert late.status_code == 409
    assert "as it is now" in text(late)


async def test_editing_keeps_the_references_of_partners(county: County, browser: httpx.AsyncClient) -> None:
    partner = Partner(county, "St Agnes")
    await partner.post(a_cloudevent(people=[a_person("Ann", partner="A-12")]))
    county.settle()
    path = re.search(r"/contacts/con_\w+", (await browser.get("/contacts?q=ann")).text)
    assert path is not None
    await fill(browser, await browser.get(f"{path.group()}/edit"), "email", name="Ann Lee")
    assert "A-12" in text(await browser.get(path.group()))


async def test_filters_can_be_chosen_and_taken_away(county: County, browser: httpx.AsyncClient) -> None:
    await log(browser, county, kind="call", title="A call", topics="parking, buses")
    await log(browser, county, kind="letter", title="A letter")
    page = await browser.get("/search?kind=call&topic=parking")
    assert "A call" in text(page)
    assert "A letter" not in text(page)
    assert 'href="/search?topic=parking"' in page.text
    assert 'href="/search?kind=call"' in page.text


async def test_a_chosen_value_keeps_the_counts_of_the_others(county: County, browser: httpx.AsyncClient) -> None:
    await log(browser, county, kind="call")
    await log(browser, county, kind="letter")
    await add(county, "Peter Jones")
    page = text(await browser.get("/search?kind=call"))
    assert "Telephone call 1" in page
    assert "Letter 1" in page
    assert "Became known" not in page
    assert "Contacts and consent 1" in text(await browser.get("/search"))
    assert "Became known 1" in text(await browser.get("/search?kind=call&source=events&source=contacts"))


async def test_entries_are_found_while_a_word_is_being_typed(county: County, browser: httpx.AsyncClient) -> None:
    await log(browser, county, title="A word at the market", body="The marmalade was sold out.")
    page = await browser.get("/search?q=mar")
    assert "A word at the market" in text(page)
    assert "<mark>marmalade</mark>" in page.text


async def test_a_channel_that_says_the_same_as_the_kind_is_not_said_twice(
    county: County, browser: httpx.AsyncClient
) -> None:
    await log(browser, county, kind="email", channel="email")
    await log(browser, county, kind="call", channel="phone")
    page = text(await browser.get("/"))
    assert "E-mail · E-mail" not in page
    assert "Telephone call · Phone" in page


async def test_a_contact_shows_its_first_and_last_engagement(county: County, browser: httpx.AsyncClient) -> None:
    contact_id = await add(county)
    assert "First contact" not in text(await browser.get(f"/contacts/{contact_id}"))
    for day in ("2012-03-05", "2014-06-01", "2013-01-20"):
        page = await browser.get("/engagements/new", params={"contact_id": contact_id})
        await fill(browser, page, kind="call", title="Rang", occurred_date=day)
    county.settle()
    page = await browser.get(f"/contacts/{contact_id}?q=zzzz")
    assert "First contact 5 March 2012 Last contact 1 June 2014" in text(page)
    shown = text(await browser.get(f"/contacts/{contact_id}"))
    assert "4 entries" in shown
    assert "Entries by year, 2012 to " in shown
    assert "Nothing matches" in text(await browser.get(f"/contacts/{contact_id}?kind=contact_changed"))


async def test_a_form_that_is_too_large_is_refused_with_what_to_do(county: County, browser: httpx.AsyncClient) -> None:
    page = await browser.get("/engagements/new")
    answer = await fill(browser, page, kind="call", title="Long", body="x" * 1_100_000)
    assert answer.status_code == 413
    assert "Go back" in text(answer)
    allowed = await fill(browser, page, kind="call", title="Long", body="x" * 900_000)
    assert allowed.status_code == 422


async def test_nothing_found_says_what_to_try(county: County, browser: httpx.AsyncClient) -> None:
    assert "Nothing matches" in text(await browser.get("/search?q=zzzz"))


@pytest.mark.parametrize("query", ["from=nonsense", "cursor=nonsense", "sort=x", "q=" + "x" * 600, "kind=", "to=0001"])
async def test_an_address_with_nonsense_is_still_a_page(county: County, browser: httpx.AsyncClient, query: str) -> None:
    assert (await browser.get(f"/search?{query}")).status_code == 200


async def test_htmx_gets_the_part_that_changes(county: County, browser: httpx.AsyncClient) -> None:
    part = await browser.get("/search", headers={"HX-Request": "true"})
    assert "<html" not in part.text
    assert 'id="total"' in part.text


async def test_text_of_strangers_is_escaped_and_isolated(county: County, browser: httpx.AsyncClient) -> None:
    attack = '<img src=x onerror=alert(1)>"\u202e'
    path = await log(browser, county, title=attack, body=f"{attack} words <mark>", person_name=[attack])
    for address in (path, f"{path}/correct", "/search", "/search?q=words", "/"):
        page = await browser.get(address)
        assert "<img src=x" not in page.text, address
    assert f"<bdi>{'&lt;img'}" in (await browser.get("/search")).text


async def test_a_sensitive_entry_is_marked(county: County, browser: httpx.AsyncClient) -> None:
    path = await log(browser, county, sensitive="yes")
    assert "Restricted" in text(await browser.get(path))
    assert "Restricted" in text(await browser.get("/search"))


async def test_the_quarantine_desk_shows_corrects_and_records(county: County, browser: httpx.AsyncClient) -> None:
    partner = Partner(county, "St Agnes")
    await partner.post(a_cloudevent(id="one", kind="gossip", people=[a_person("Ann", email="ann@example.org")]))
    (held,) = county.bus.call(ListQuarantine()).items
    assert "1 event of partners" in text(await browser.get("/"))
    page = await browser.get(f"/quarantine/{held.quarantine_id}")
    assert "kind" in text(page)
    assert "gossip" in page.text
    answer = await fill(browser, page, kind="story", action="record")
    assert answer.status_code == 303, text(answer)
    assert "has been recorded" in text(await browser.get(answer.headers["location"]))
    status = (await partner.get("/events/one")).json()
    assert status["status"] == "recorded"
    engagement = await browser.get(f"/engagements/{status['engagement_id']}")
    assert "Story" in text(engagement)
    assert "Ann" in text(engagement)


async def test_a_correction_that_still_breaks_a_rule_is_explained(county: County, browser: httpx.AsyncClient) -> None:
    await Partner(county, "St Agnes").post(a_cloudevent(kind="gossip"))
    (held,) = county.bus.call(ListQuarantine()).items
    page = await browser.get(f"/quarantine/{held.quarantine_id}")
    answer = await fill(browser, page, title="", body="Kept words", action="record")
    assert answer.status_code == 422
    assert "There is a problem" in text(answer)
    assert Fields(answer.text, "title").values["body"] == ["Kept words"]


async def test_the_data_itself_can_be_corrected_as_json(county: County, browser: httpx.AsyncClient) -> None:
    await Partner(county, "St Agnes").post(a_cloudevent(type="unknown.type", kind="gossip"))
    (held,) = county.bus.call(ListQuarantine()).items
    page = await browser.get(f"/quarantine/{held.quarantine_id}")
    broken = await fill(browser, page, "raw", raw="{")
    assert broken.status_code == 422
    assert "not JSON" in text(broken)
    done = await fill(browser, broken, "raw", raw='{"kind": "story", "title": "Told"}', action="record")
    assert done.status_code == 303, text(done)


async def test_an_event_can_be_discarded_and_stays_kept(county: County, browser: httpx.AsyncClient) -> None:
    await Partner(county, "St Agnes").post(a_cloudevent(kind="gossip", body="Whole text"))
    (held,) = county.bus.call(ListQuarantine()).items
    token = Fields((await browser.get(f"/quarantine/{held.quarantine_id}")).text, "csrf_token").values["csrf_token"]
    await browser.post(f"/quarantine/{held.quarantine_id}/discard", data={"csrf_token": token})
    assert "Whole text" in (await browser.get(f"/quarantine/{held.quarantine_id}")).text
    assert "Nothing waits" in text(await browser.get("/quarantine"))
    assert "1 event" in text(await browser.get("/quarantine?state=discarded"))
    twice = await browser.post(f"/quarantine/{held.quarantine_id}/replay", data={"csrf_token": token})
    assert twice.status_code == 409


@pytest.mark.parametrize("path", ["/nowhere", "/contacts/con_0", "/engagements/eng_0", "/quarantine/qua_0"])
async def test_what_is_not_there_says_so_and_where_to_go(county: County, browser: httpx.AsyncClient, path: str) -> None:
    page = await browser.get(path)
    assert page.status_code == 404
    assert 'href="/search"' in page.text


async def test_a_contact_that_changed_shows_its_new_name_everywhere(county: County, browser: httpx.AsyncClient) -> None:
    contact_id = await add(county)
    page = await browser.get("/engagements/new", params={"contact_id": contact_id})
    await fill(browser, page, kind="call", title="Rang about parking")
    county.settle()
    county.bus.call(ChangeContact(contact_id=contact_id, version=1, contact=a_new_contact("Mary Adeyemi")))
    county.settle()
    assert "Mary Adeyemi" in text(await browser.get("/search?q=parking"))
