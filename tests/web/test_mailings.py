"""Mailings on the page: written, looked at, sent after a second look; and the public way out."""

import re

import httpx
import pytest

from deploy.mailbox import Box
from services.notifications import domain
from services.notifications.composing import Composer
from services.notifications.domain import Addressee, Chunk
from services.notifications.tokens import Place, Tokens
from shared.contracts.base import new_id
from shared.contracts.consent import Consent, ConsentChanged, RecordConsents
from shared.contracts.contacts import RegisterContact
from shared.contracts.notifications import DraftMailing, ListMailings, Mailing, ScheduleMailing
from shared.contracts.segments import CreateSegment, Rule
from tests.builders import AT, a_mailing_draft, a_new_contact, a_statement
from tests.notifications.sink import Sink
from tests.web.conftest import SECRET, County

pytestmark = pytest.mark.anyio


@pytest.fixture
def panel(county: County) -> str:
    """A segment of three people, of whom two have agreed; its id."""
    for number in (1, 2, 3):
        new = a_new_contact(f"Person {number}", email=(f"person{number}@example.org",), groups=("carers",))
        contact = county.bus.call(RegisterContact(request_id=f"person{number}", contact=new))
        if number < 3:
            said = (a_statement(contact.contact_id),)
            county.bus.call(RecordConsents(request_id=f"said{number}", statements=said))
    rule = Rule.model_validate({"conditions": [{"field": "group", "any_of": ["carers"]}]})
    segment = county.bus.call(CreateSegment(request_id="panel", name="Carers", rule=rule))
    for _ in range(20):
        county.bus.tick()
    county.settle()
    return str(segment.segment_id)


def token_on(page: httpx.Response) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert found
    return found[1]


async def post(browser: httpx.AsyncClient, form_on: str, to: str, **fields: str) -> httpx.Response:
    page = await browser.get(form_on)
    return await browser.post(to, data={"csrf_token": token_on(page)} | fields)


def withdrawals(county: County) -> list[Consent]:
    county.settle()
    events = (each.data for each in county.bus.published)
    return [each.consent for each in events if isinstance(each, ConsentChanged) and not each.consent.given]


def drafted(county: County, **fields: str) -> Mailing:
    return county.bus.call(DraftMailing(request_id=new_id(), draft=a_mailing_draft(**fields)))


async def test_a_mailing_is_written_looked_at_and_sent(
    county: County, browser: httpx.AsyncClient, panel: str, sink: Sink
) -> None:
    typed = {"subject": "News", "body": "Dear {name}", "purpose": "newsletter", "segment_id": panel}
    saved = await post(browser, "/mailings/new", "/mailings/new", **typed)
    assert saved.status_code == 303
    (mailing,) = county.bus.call(ListMailings()).items
    address = f"/mailings/{mailing.mailing_id}"
    assert "Send it" in (await browser.get(saved.headers["location"])).text
    confirm = await browser.get(f"{address}/send")
    assert "2 people" in confirm.text
    assert "has not agreed" in confirm.text
    sent = await post(browser, f"{address}/send", f"{address}/send", version=str(mailing.version), when="now")
    assert sent.status_code == 303
    county.sender.run_until_idle()
    page = await browser.get(address)
    assert "Finished" in page.text
    assert "Person 1" in (await browser.get(f"{address}/recipients")).text
    assert "has not agreed" in (await browser.get(f"{address}/recipients?state=suppressed")).text
    part = await browser.get(address, headers={"HX-Request": "true"})
    assert part.text.lstrip().startswith('<div id="progress"')
    assert "News" in (await browser.get("/mailings")).text
    assert sorted(to for to, _ in sink.got) == ["person1@example.org", "person2@example.org"]


async def test_what_is_wrong_with_a_form_stands_beside_its_field_and_nothing_typed_is_lost(
    browser: httpx.AsyncClient,
) -> None:
    answer = await post(browser, "/mailings/new", "/mailings/new", subject="", body="Kept words", purpose="newsletter")
    assert answer.status_code == 422
    assert "Enter a subject" in answer.text
    assert "Kept words" in answer.text


async def test_the_later_of_two_who_edit_a_mailing_is_told(
    county: County, browser: httpx.AsyncClient, panel: str
) -> None:
    mailing = drafted(county)
    county.bus.call(ScheduleMailing(mailing_id=mailing.mailing_id, version=1))
    address = f"/mailings/{mailing.mailing_id}/edit"
    typed = {"subject": "Mine", "body": "b", "purpose": "newsletter", "segment_id": panel, "version": "1"}
    answer = await post(browser, "/mailings/new", address, **typed)
    assert answer.status_code == 409
    assert "Mine" in answer.text


async def test_a_message_is_shown_apart_without_scripts(county: County, browser: httpx.AsyncClient) -> None:
    mailing = drafted(county, body="Hello **{name}** <script>alert(1)</script>")
    page = await browser.get(f"/mailings/{mailing.mailing_id}/preview?name=<b>Eve")
    assert "sandbox" in page.text
    message = await browser.get(f"/mailings/{mailing.mailing_id}/message?name=<b>Eve")
    assert message.headers.get_list("content-security-policy") == [message.headers["content-security-policy"]]
    assert message.headers["content-security-policy"].startswith("sandbox;")
    assert "&lt;b&gt;Eve" in message.text
    assert "<script" not in message.text


async def test_a_mailing_can_be_paused_and_cancelled_only_when_that_makes_sense(
    county: County, browser: httpx.AsyncClient
) -> None:
    address = f"/mailings/{drafted(county).mailing_id}"
    refused = await post(browser, "/mailings/new", f"{address}/steps/pause")
    assert refused.status_code == 409
    assert "cannot be paused" in refused.text
    assert (await post(browser, "/mailings/new", f"{address}/steps/cancel")).status_code == 303


async def test_the_suppression_list_is_added_to_and_taken_from(browser: httpx.AsyncClient) -> None:
    await post(browser, "/suppressions", "/suppressions", address="Ann@Example.org", reason="asked by phone")
    page = await browser.get("/suppressions")
    assert "ann@example.org" in page.text
    await post(browser, "/suppressions", "/suppressions/remove", address="ann@example.org")
    assert "The list is empty" in (await browser.get("/suppressions")).text
    wrong = await post(browser, "/suppressions", "/suppressions", address="nobody")
    assert wrong.status_code == 422


async def test_a_link_scanner_unsubscribes_nobody_and_one_post_does(county: County, panel: str, sink: Sink) -> None:
    mailing = drafted(county, segment_id=panel)
    county.bus.call(ScheduleMailing(mailing_id=mailing.mailing_id, version=1))
    county.sender.run_until_idle()
    token = Tokens(SECRET).make("unsubscribe", Place(mailing.mailing_id, 1, 0, 1))
    async with county.client() as stranger:
        page = await stranger.get(f"/unsubscribe/{token}")
        assert "Unsubscribe" in page.text
        assert "Person" not in page.text
        assert withdrawals(county) == []
        done = await stranger.post(f"/unsubscribe/{token}", data={"List-Unsubscribe": "One-Click"})
        assert "You are unsubscribed" in done.text
        found = re.search(r'href="(/preferences/[^"]+)"', done.text)
        assert found
        assert "Person" in (await stranger.get(found[1])).text
        assert (await stranger.post(f"/unsubscribe/{'a' * 48}")).status_code == 404
    (statement,) = withdrawals(county)
    assert (statement.purpose, statement.channel, statement.method) == ("newsletter", "email", "one_click")


async def test_the_demo_shows_what_it_kept_and_others_have_no_such_page(
    county: County, browser: httpx.AsyncClient
) -> None:
    assert (await browser.get("/demo/mail")).status_code == 404
    county.settings.demo = True
    assert "Nothing has been sent" in (await browser.get("/demo/mail")).text
    content = Composer(county.settings).compose(
        domain.begin(drafted(county), AT), Chunk("c", "m", 0, 1, 1), 0, Addressee("con_1", "Zoë", "z@example.org")
    )
    Box(county.settings.mail_folder).put("z@example.org", content.content)
    page = await browser.get("/demo/mail")
    assert "News for Zoë" in page.text
    found = re.search(r'href="(/demo/mail/\d+)"', page.text)
    assert found
    assert "/unsubscribe/" in (await browser.get(found[1])).text
    shown = await browser.get(f"{found[1]}/message")
    assert shown.headers["content-security-policy"].startswith("sandbox;")
    assert (await browser.get("/demo/mail/..%2Finstance")).status_code == 404
