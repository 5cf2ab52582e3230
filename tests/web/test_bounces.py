"""Mail servers report what came back over HTTP, and staff see it."""

from collections.abc import Iterator

import httpx
import pytest

from services.notifications.tokens import Place, Tokens
from shared.contracts.bounces import MAX_MESSAGE
from shared.contracts.contacts import RegisterContact
from shared.contracts.notifications import SendNotice
from tests.builders import a_new_contact
from tests.notifications.returned import a_complaint, a_delivery_report
from tests.notifications.sink import Sink
from tests.web.conftest import SECRET, County

pytestmark = pytest.mark.anyio
MESSAGE = {"Content-Type": "message/rfc822"}


@pytest.fixture
def path(county: County) -> Iterator[str]:
    """The return path of a message that Mary has been sent."""
    sink = Sink()
    county.settings.smtp_url = sink.url
    mary = county.bus.call(RegisterContact(request_id="mary", contact=a_new_contact(email=("mary@example.org",))))
    notice = {"contact_id": mary.contact_id, "name": mary.name, "address": "mary@example.org"}
    sent = county.bus.call(SendNotice(request_id="r", subject="Confirm", body="Click.", **notice))
    county.sender.run_until_idle()
    county.settle()
    sink.close()
    token = Tokens(SECRET).make("bounce", Place(sent.mailing_id, sent.audience, 0, 0))
    return f"bounce-{token}@news.example.org"


@pytest.fixture
def server(county: County) -> httpx.AsyncClient:
    return county.client(county.keys.give("The mail server", "mail:bounces"))


async def test_a_report_is_heeded_and_stands_on_the_page_and_on_the_timeline(
    county: County, server: httpx.AsyncClient, browser: httpx.AsyncClient, path: str
) -> None:
    answer = await server.post("/api/v1/bounces", content=a_delivery_report(path), headers=MESSAGE)
    assert (answer.status_code, answer.json()) == (200, {"outcome": "bounced"})
    page = await browser.get("/bounces")
    assert "Mary Okafor" in page.text
    assert "5.1.1" in page.text
    assert "mary@example.org" in (await browser.get("/suppressions")).text
    county.settle()
    found = await browser.get("/search?kind=message_bounced")
    assert "“Confirm” came back (5.1.1). Nothing more is sent to this address." in found.text


async def test_a_status_is_heeded_without_a_message(server: httpx.AsyncClient, path: str) -> None:
    answer = await server.post("/api/v1/bounces", json={"recipient": path, "status": "5.1.1"})
    assert answer.json() == {"outcome": "bounced"}


async def test_a_complaint_is_a_line_of_its_own(
    county: County, server: httpx.AsyncClient, browser: httpx.AsyncClient, path: str
) -> None:
    await server.post("/api/v1/bounces", content=a_complaint("Subject: x", mail_from=path), headers=MESSAGE)
    county.settle()
    assert "was marked as junk by its reader" in (await browser.get("/search?kind=message_junked")).text
    assert "Marked as junk" in (await browser.get("/bounces")).text


async def test_a_forged_report_is_answered_and_counted(server: httpx.AsyncClient, browser: httpx.AsyncClient) -> None:
    forged = a_delivery_report(f"bounce-{'a' * 48}@news.example.org")
    answer = await server.post("/api/v1/bounces", content=forged, headers=MESSAGE)
    assert (answer.status_code, answer.json()) == (200, {"outcome": "refused"})
    page = await browser.get("/bounces")
    assert "1 report of the last 30 days" in page.text
    assert "Nothing has come back yet" in page.text


@pytest.mark.parametrize(
    ("content", "media_type", "status"),
    [
        (b"x", "text/plain", 415),
        (b"x" * (MAX_MESSAGE + 1), "message/rfc822", 413),
        (b"not json", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'{"recipient": "x"}', "application/json", 400),
        (b'{"recipient": "x", "status": ""}', "application/json", 400),
        (b'{"recipient": "x", "status": "soon"}', "application/json", 400),
        (b"", "message/rfc822", 200),
        (bytes(range(256)), "message/rfc822", 200),
    ],
)
async def test_what_is_no_report_is_answered_with_the_next_step(
    server: httpx.AsyncClient, content: bytes, media_type: str, status: int
) -> None:
    answer = await server.post("/api/v1/bounces", content=content, headers={"Content-Type": media_type})
    assert answer.status_code == status
    if status != 200:
        assert answer.json()["detail"]


async def test_only_a_key_of_its_own_scope_may_report(county: County, path: str) -> None:
    async with county.client() as stranger:
        assert (await stranger.post("/api/v1/bounces", content=b"", headers=MESSAGE)).status_code == 401
    async with county.client(county.keys.give("St Agnes", "events:write", "history:all")) as other:
        assert (await other.post("/api/v1/bounces", content=b"", headers=MESSAGE)).status_code == 403


async def test_while_notifications_is_away_the_mail_server_is_asked_to_come_again(
    county: County, server: httpx.AsyncClient
) -> None:
    county.web_bus.down.add("notifications")
    answer = await server.post("/api/v1/bounces", content=b"", headers=MESSAGE)
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
