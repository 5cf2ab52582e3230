"""The system's report on real servers: what it tells of troubles, and that looking changes nothing."""

import asyncio
import contextlib
import json
import socket
import threading
import time
import urllib.request
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from deploy.instance import Instance
from services.web.keys import create_key
from shared.errors import Unavailable
from shared.messaging import broker
from shared.messaging.aio import AioBus
from shared.messaging.broker import Outgoing, Publisher
from shared.messaging.ports import QueueSeen
from shared.mongo import connect
from shared.settings import Settings
from shared.system.gather import QUEUES, RESTING, Reporter
from shared.system.report import SystemReport
from tests.broker.test_consumer import wait_for
from tests.commands import answer

pytestmark = pytest.mark.servers
PARKED = "history.timeline.parked"


@cache
def key_of(state_dir: Path) -> str:
    """The key of a monitor of that instance."""
    return create_key(connect(Instance(state_dir).settings, "web"), "Monitor", ("system:read",))[0]


def ask(instance: Instance) -> dict[str, Any]:
    url = f"http://127.0.0.1:{instance.settings.port}/status.json"
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {key_of(instance.state_dir)}"})
    with urllib.request.urlopen(request, timeout=5) as answer:
        report: dict[str, Any] = json.loads(answer.read())
    return report


def look(settings: Settings) -> dict[str, QueueSeen]:
    async def once() -> dict[str, QueueSeen]:
        async with AioBus(settings) as bus:
            return await bus.look(QUEUES, heads=RESTING)

    return asyncio.run(once())


def test_all_is_well_when_everything_runs_and_the_command_tells_the_same(running: Instance) -> None:
    wait_for(lambda: ask(running)["troubles"] == [], 30)
    report, told = ask(running), answer(running, "status")
    assert told["troubles"] == []
    assert told["ready"] is True
    for part in ("broker", "store", "parked", "unrouted", "quarantine", "index"):
        assert told[part] == report[part], part
    assert {each["name"]: each["consumers"] for each in report["queues"]} == {
        "contacts.segments": 1,
        "events.inbound": 2,
        "events.erasures": 1,
        "events.photographs": 1,
        "history.erasures": 1,
        "history.timeline": 1,
        "notifications.answers": 1,
        "notifications.consents": 1,
        "notifications.erasures": 1,
        "notifications.occasions": 1,
        "surveys.contributions": 1,
        "surveys.responses": 1,
    }
    assert all(each["version"] and each["resident_bytes"] for each in report["processes"])


def test_a_service_that_is_stopped_shows_as_a_queue_that_nobody_consumes(running: Instance) -> None:
    ask(running)
    running.supervisor.stop("events")
    try:
        wait_for(lambda: "events.inbound: nobody consumes it. Start the events process." in ask(running)["troubles"])
        queue = next(each for each in ask(running)["queues"] if each["name"] == "events.inbound")
        assert queue["consumers"] == 0
        assert queue["last_consumed_at"]
    finally:
        running.supervisor.start("events")
    wait_for(lambda: ask(running)["troubles"] == [], 30)


def test_the_command_works_while_the_web_is_down(running: Instance) -> None:
    running.supervisor.stop("web")
    try:
        told: Any = answer(running, "status")
        assert told["ready"] is False
        assert told["supervised"]["web"] == "STOPPED"
        assert [each["state"] for each in told["processes"] if each["name"] == "web"] == ["no answer"]
        assert [each["state"] for each in told["processes"] if each["name"] == "events"] == ["ok"]
        assert told["troubles"] == ["web does not answer. Start it, or see why it ends in its log."]
    finally:
        running.supervisor.start("web")


def test_looking_at_parked_messages_takes_none_of_them_however_often(declared: Settings) -> None:
    publisher = Publisher(declared.amqp_url)
    publisher.publish([Outgoing("", PARKED, b"first")])
    time.sleep(2)
    publisher.publish([Outgoing("", PARKED, b"second")])
    for _ in range(53):  # more than the delivery limit of a working queue
        seen = look(declared)[PARKED]
    publisher.close()
    assert seen.depth == 2
    assert seen.head_at is not None
    assert time.time() - seen.head_at.timestamp() > 2
    with broker.connection(declared.amqp_url) as connection:
        assert connection.channel().basic_get(PARKED).body == b"first"


def test_a_queue_that_is_missing_is_left_out_and_the_others_are_told(vhost: Settings) -> None:
    assert look(vhost) == {}


class Line:
    """A line to the broker that can be cut: what is sent afterwards goes nowhere, and no answer comes."""

    def __init__(self, port: int) -> None:
        self._broker = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.is_cut = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                ours, _ = self._listener.accept()
                theirs = socket.create_connection(("127.0.0.1", self._broker))
                for one, other in ((ours, theirs), (theirs, ours)):
                    threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while content := one.recv(65_536):
                if not self.is_cut.is_set():
                    other.sendall(content)

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def line(declared: Settings) -> Iterator[Line]:
    made = Line(urlsplit(declared.amqp_url).port or 5672)
    yield made
    made.close()


def test_a_broker_that_hangs_is_told_within_three_seconds(declared: Settings, line: Line) -> None:
    parts = urlsplit(declared.amqp_url)
    url = declared.amqp_url.replace(f":{parts.port}/", f":{line.port}/")
    settings = declared.model_copy(update={"amqp_url": url})

    async def store() -> None: ...

    async def before_and_after() -> tuple[SystemReport, SystemReport, float]:
        async with AioBus(settings) as bus:
            well = await Reporter(bus, store).report()
            line.is_cut.set()
            began = time.monotonic()
            ill = await Reporter(bus, store).report()
            took = time.monotonic() - began
            with contextlib.suppress(TimeoutError, Unavailable):
                await asyncio.wait_for(bus.ping(), 1)
            line.close()
            return well, ill, took

    well, ill, took = asyncio.run(asyncio.wait_for(before_and_after(), 60))
    assert (well.broker, ill.broker) == ("ok", "no answer")
    assert ill.troubles[0].startswith("The message broker does not answer")
    assert took < 3
