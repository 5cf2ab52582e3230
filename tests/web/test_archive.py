"""The archive: what was sent and is public can be read by everybody, and says nothing of who got it."""

import re

import httpx
import pytest

from shared.contracts.archive import ShowInArchive
from shared.contracts.consent import RecipientPage
from shared.contracts.notifications import DraftMailing, Mailing, ScheduleMailing
from shared.errors import Conflict
from tests.builders import a_mailing_draft, a_recipient
from tests.notifications.sink import Sink
from tests.web.conftest import County
from tests.web.test_mailings import post
from tests.web.test_pages import text

pytestmark = pytest.mark.anyio
BODY = (
    "# What we heard\n\nDear {name|friend}, {first_name}\n\n<script>alert(1)</script>\n\n[a](javascript:alert(1)) **b**"
)


@pytest.fixture
def sink(county: County, sink: Sink) -> Sink:
    county.contacts.list_recipients = lambda request: RecipientPage(recipients=(a_recipient(1),), next=None)
    return sink


def sent(county: County, subject: str = "News for {name}", public: bool = True) -> Mailing:
    content = a_mailing_draft(subject=subject, body=BODY, public=public)
    draft = county.bus.call(DraftMailing(request_id=subject, draft=content))
    county.bus.call(ScheduleMailing(mailing_id=draft.mailing_id, version=1))
    county.sender.run_until_idle()
    return draft


async def test_what_was_sent_can_be_read_by_everybody_without_a_trace_of_a_recipient(
    county: County, sink: Sink
) -> None:
    mailing = sent(county)
    async with county.client() as stranger:
        assert "News for reader" in text(await stranger.get("/archive"))
        page = await stranger.get(f"/archive/{mailing.mailing_id}")
    assert page.status_code == 200
    assert "set-cookie" not in page.headers
    assert "Dear friend, reader" in text(page)
    assert "<h2>What we heard</h2>" in page.text
    assert "<strong>b</strong>" in page.text
    for word in ("Person", "person1", "con_00001", "<script>alert", 'href="javascript'):
        assert word not in page.text


async def test_the_mail_leads_to_the_archive(county: County, sink: Sink) -> None:
    mailing = sent(county)
    content = re.sub(r"=\r?\n", "", sink.got[0][1])
    assert f"/archive/{mailing.mailing_id}" in content
    async with county.client() as stranger:
        assert (await stranger.get(f"/archive/{mailing.mailing_id}")).status_code == 200


async def test_drafts_and_what_is_not_public_are_not_there(county: County, sink: Sink) -> None:
    draft = county.bus.call(DraftMailing(request_id="draft", draft=a_mailing_draft(public=True)))
    private = sent(county, public=False)
    assert "/archive/" not in sink.got[0][1]
    async with county.client() as stranger:
        assert "Nothing has been sent yet" in text(await stranger.get("/archive"))
        for mailing_id in (draft.mailing_id, private.mailing_id, "mlg_none"):
            assert (await stranger.get(f"/archive/{mailing_id}")).status_code == 404
    with pytest.raises(Conflict):
        county.bus.call(ShowInArchive(mailing_id=draft.mailing_id, shown=True))


async def test_staff_take_a_mailing_out_of_the_archive_and_put_it_back(
    county: County, browser: httpx.AsyncClient, sink: Sink
) -> None:
    address = f"/mailings/{sent(county).mailing_id}"
    assert "Take it out of the archive" in text(await browser.get(address))
    await post(browser, address, f"{address}/archive", shown="no")
    async with county.client() as stranger:
        assert "Nothing has been sent yet" in text(await stranger.get("/archive"))
        await post(browser, address, f"{address}/archive", shown="yes")
        assert "News for reader" in text(await stranger.get("/archive"))


async def test_the_archive_has_pages(county: County, sink: Sink) -> None:
    for number in range(26):
        sent(county, subject=f"Issue {number:02}.")
    async with county.client() as stranger:
        first = await stranger.get("/archive")
        following = re.search(r'href="(/archive\?cursor=[^"]+)"', first.text)
        assert following
        second = await stranger.get(following[1])
    assert "Issue 25." in first.text
    assert "Issue 00." not in first.text
    assert "Issue 00." in second.text
