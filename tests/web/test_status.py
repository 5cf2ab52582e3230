"""How the system is: the page, its JSON and the metrics tell the same, at once, whatever is away."""

import asyncio
import re
import time
from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from shared.contracts.base import CheckHealth, ConsumerHealth, Health, OutboxHealth
from shared.messaging.declare import RawMessage
from shared.messaging.ports import QueueSeen
from shared.messaging.topology import parked
from shared.system import gather
from shared.system.parts import PARTS
from tests.builders import a_body, headers
from tests.web.conftest import County

pytestmark = pytest.mark.anyio
PAUSED = ConsumerHealth(queue="events.inbound", state="paused", reason="the last 20 messages all failed with TypeError")


@pytest.fixture(autouse=True)
def always_fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gather, "KEEP_SECONDS", -1.0)


async def test_a_calm_page_says_that_all_is_well(county: County, browser: httpx.AsyncClient) -> None:
    page = (await browser.get("/status")).text
    assert "All is well" in page
    assert "to see to" not in page
    for name in ("history-projector", "events.inbound", "wellheard.unrouted", "outbox of contacts", "message broker"):
        assert name in page
    assert 'href="/status"' in (await browser.get("/")).text


async def test_the_search_engine_is_named_with_its_state_and_how_far_it_has_come(
    county: County, browser: httpx.AsyncClient
) -> None:
    known = (await browser.get("/status.json")).json()["index"]
    assert (known["engine"], known["state"]) == ("tantivy", "green")
    page = (await browser.get("/status")).text
    assert "search engine" in page
    assert "tantivy: green" in page
    assert (
        f"{known['entries']:,} entries and {known['contacts']:,} contacts, up to position {known['position']:,}" in page
    )


async def test_the_json_is_the_same_report(county: County, browser: httpx.AsyncClient) -> None:
    report = (await browser.get("/status.json")).json()
    assert report["troubles"] == []
    assert {each["name"]: each["state"] for each in report["processes"]} == dict.fromkeys(
        (
            "web",
            "contacts",
            "events",
            "history-search",
            "history-projector",
            "notifications",
            "notifications-sender",
            "surveys",
        ),
        "ok",
    )
    assert {each["name"]: each["state"] for each in report["queues"]} == {
        "contacts.segments": "running",
        "events.erasures": "running",
        "events.inbound": "running",
        "events.photographs": "running",
        "history.erasures": "running",
        "history.timeline": "running",
        "notifications.answers": "running",
        "notifications.consents": "running",
        "notifications.erasures": "running",
        "notifications.occasions": "running",
        "surveys.contributions": "running",
        "surveys.responses": "running",
    }


async def test_what_is_parked_or_down_or_paused_is_told_with_what_to_do(
    county: County, browser: httpx.AsyncClient
) -> None:
    county.bus.parked["events.inbound"].append((RawMessage(b"not json"), "cannot be read"))
    county.web_bus.down.add("contacts")
    county.web_bus.health["events"] = Health(ok=False, consumers=(PAUSED,))
    page = (await browser.get("/status")).text
    assert "3 things to see to" in page
    assert "<code>wellheard parked list</code>" in page
    assert "contacts does not answer" in page
    assert "the last 20 messages all failed with TypeError" in page


async def test_quarantine_is_counted_with_its_age_and_nothing_of_what_was_said(
    county: County, browser: httpx.AsyncClient
) -> None:
    county.bus.publish_inbound([a_body(kind="gossip", title="Mary told me")], headers())
    county.settle()
    report = (await browser.get("/status.json")).json()
    assert report["quarantine"]["open"] == 1
    assert report["quarantine"]["oldest_seconds"] > 0
    for address in ("/status", "/status.json", "/metrics"):
        assert "Mary" not in (await browser.get(address)).text


async def test_when_the_broker_is_down_the_page_is_there_at_once_and_says_so(
    county: County, browser: httpx.AsyncClient
) -> None:
    county.web_bus.down.add("broker")
    began = time.monotonic()
    response = await browser.get("/status")
    assert time.monotonic() - began < 1
    assert response.status_code == 200
    assert "The message broker does not answer" in response.text
    assert "1 thing to see to" in response.text


async def test_a_broker_that_hangs_holds_nobody_longer_than_two_seconds(
    county: County, browser: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(*_arguments: Any, **_named: Any) -> Any:
        await asyncio.sleep(60)

    monkeypatch.setattr(county.web_bus, "call", hang)
    monkeypatch.setattr(county.web_bus, "look", hang)
    county.app.state.backend.report.__self__._bus = county.web_bus
    began = time.monotonic()
    assert "The message broker does not answer" in (await browser.get("/status")).text
    assert time.monotonic() - began < 3


async def test_however_many_look_the_system_is_asked_once_in_a_while(
    county: County, browser: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gather, "KEEP_SECONDS", 60.0)
    await asyncio.gather(*(browser.get(address) for address in ("/status", "/status.json", "/metrics") * 5))
    assert county.web_bus.asked.count("check_health") == len(PARTS)


async def test_a_queue_that_has_lost_its_consumer_says_since_when(county: County, browser: httpx.AsyncClient) -> None:
    await browser.get("/status")
    await asyncio.sleep(0.05)
    county.web_bus.unconsumed.add("events.inbound")
    queues = (await browser.get("/status.json")).json()["queues"]
    queue = next(each for each in queues if each["name"] == "events.inbound")
    assert queue["state"] == "no consumer"
    assert queue["last_consumed_at"] is not None
    assert "last consumed" in (await browser.get("/status")).text


async def test_the_page_is_refreshed_in_part_and_the_reader_can_stop_that(browser: httpx.AsyncClient) -> None:
    assert 'hx-trigger="every 5s"' in (await browser.get("/status")).text
    assert "hx-trigger" not in (await browser.get("/status?refresh=no")).text
    part = (await browser.get("/status", headers={"HX-Request": "true"})).text
    assert "<html" not in part
    assert "All is well" in part


async def test_ready_names_a_paused_consumer_and_its_reason(county: County, browser: httpx.AsyncClient) -> None:
    county.web_bus.health["events"] = Health(ok=False, consumers=(PAUSED,))
    county.web_bus.health["contacts"] = Health(ok=False, reason="its store does not answer (AutoReconnect)")
    response = await browser.get("/ready")
    assert response.status_code == 503
    dependencies = response.json()["dependencies"]
    assert dependencies["events"] == f"paused: events.inbound: {PAUSED.reason}"
    assert dependencies["contacts"] == "waiting: its store does not answer (AutoReconnect)"
    assert dependencies["history"] == "ok"


async def test_mail_that_waits_is_told_and_leaves_the_web_ready(county: County, browser: httpx.AsyncClient) -> None:
    away = "the mail server does not answer"
    county.web_bus.health["notifications_sender"] = Health(ok=False, reason=away)
    response = await browser.get("/ready")
    assert response.status_code == 200
    assert response.json()["dependencies"]["notifications_sender"] == f"waiting: {away}"
    county.web_bus.health["notifications_sender"] = Health(ok=False, consumers=(PAUSED,))
    assert (await browser.get("/ready")).status_code == 503


async def test_metrics_tell_what_the_report_tells(county: County, browser: httpx.AsyncClient) -> None:
    county.bus.parked["events.inbound"].append((RawMessage(b"not json"), "cannot be read"))
    county.web_bus.down.add("contacts")
    county.web_bus.health["events"] = Health(ok=False, version="0.9", resident_bytes=5, consumers=(PAUSED,))
    text = (await browser.get("/metrics")).text
    assert 'wellheard_service_up{service="contacts"} 0.0' in text
    assert 'wellheard_service_info{service="events",version="0.9"} 1.0' in text
    assert 'wellheard_service_resident_bytes{service="events"} 5.0' in text
    assert 'wellheard_consumer_paused{queue="events.inbound",service="events"} 1.0' in text
    assert 'wellheard_parked_messages{queue="events.inbound.parked"} 1.0' in text
    assert "wellheard_http_requests_total" in text
    assert re.search(r"^wellheard_quarantine_open 0.0$", text, re.MULTILINE)


async def test_what_is_not_known_is_left_out_of_the_metrics_rather_than_called_nothing(
    county: County, browser: httpx.AsyncClient
) -> None:
    outbox = OutboxHealth(depth=10_000)
    county.web_bus.health["contacts"] = Health(ok=True, outbox=outbox)
    county.web_bus.down.add("events")
    text = (await browser.get("/metrics")).text
    assert 'wellheard_outbox_depth{service="contacts"} 10000.0' in text
    assert 'wellheard_outbox_oldest_seconds{service="contacts"}' not in text
    assert 'wellheard_queue_oldest_seconds{queue="events.inbound"' not in text
    assert "wellheard_quarantine_open" not in text


async def test_a_queue_that_is_missing_is_told(county: County, browser: httpx.AsyncClient) -> None:
    looked = county.web_bus.look

    async def without_timeline(queues: Sequence[str], heads: Any = ()) -> dict[str, QueueSeen]:
        found = await looked(queues, heads)
        del found["history.timeline"], found[parked("history.timeline")]
        return found

    county.web_bus.look = without_timeline  # type: ignore[method-assign]
    page = (await browser.get("/status")).text
    assert "history.timeline does not exist" in page


async def test_the_old_answer_of_a_service_is_read_with_what_it_does_not_tell(county: County) -> None:
    assert Health.model_validate({"ok": True, "consumers": []}, extra="ignore").version == ""
    assert CheckHealth.method() == "check_health"
