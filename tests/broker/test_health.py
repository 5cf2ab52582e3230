"""What services say of themselves on real servers, also while what they need is away."""

import time
from contextlib import suppress

import pytest

from deploy.instance import Instance
from shared.contracts.base import CheckHealth, Health
from shared.errors import Unavailable
from shared.messaging.broker import Outgoing, Publisher
from shared.messaging.client import RpcClient
from shared.messaging.wire import EXCHANGE, encode, routing_key
from shared.vitals import wellheard_version
from tests.broker.test_consumer import wait_for

pytestmark = pytest.mark.servers


def ask(instance: Instance, service: str) -> Health:
    return RpcClient(instance.settings).call(CheckHealth(service=service), timeout=5)


def answers(instance: Instance, service: str) -> bool:
    with suppress(Unavailable):
        return bool(ask(instance, service).version)
    return False  # it is still starting


def test_a_service_tells_its_version_its_start_its_memory_and_its_outbox(running: Instance) -> None:
    wait_for(lambda: ask(running, "events").ok)
    health = ask(running, "events")
    assert health.version == wellheard_version()
    assert health.started_at is not None
    assert health.resident_bytes is not None
    assert 10_000_000 < health.resident_bytes < 1_000_000_000
    assert health.outbox is not None
    assert health.outbox.depth == 0
    queues = ["events.erasures", *["events.inbound"] * 2, "events.photographs"]
    assert sorted(each.queue for each in health.consumers) == queues


@pytest.mark.parametrize("service", ["contacts", "notifications_sender"])
def test_a_service_goes_on_when_whoever_asked_has_gone(running: Instance, service: str) -> None:
    wait_for(lambda: ask(running, service).version)
    asked = CheckHealth(service=service)
    nobody_waits = Outgoing(EXCHANGE, routing_key(asked), encode(asked), "application/json")
    Publisher(running.settings.amqp_url).publish([nobody_waits])
    time.sleep(1)
    assert ask(running, service).version == wellheard_version()


@pytest.mark.parametrize("process", ["contacts", "notifications"])
def test_a_service_stops_at_once_whatever_its_timers_wait_for(running: Instance, process: str) -> None:
    began = time.monotonic()
    running.supervisor.stop(process)
    assert time.monotonic() - began < 10
    running.supervisor.start(process)
    wait_for(lambda: answers(running, process), 20)


def test_a_service_whose_store_is_away_still_answers_at_once_and_says_so(running: Instance) -> None:
    running.supervisor.stop("store")
    try:
        began = time.monotonic()
        health = ask(running, "contacts")
        assert time.monotonic() - began < 2.5
        assert not health.ok
        assert "store does not answer" in health.reason
        assert health.version
    finally:
        running.take_servers()
    wait_for(lambda: ask(running, "contacts").ok)
