"""Links that die without a word, on a real broker behind a proxy: noticed, bounded, and whole again afterwards."""

import asyncio
import time
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

import pytest

from deploy.topology import load_definitions
from shared.errors import Unavailable
from shared.messaging import aio, broker, consumer, pulse
from shared.messaging.aio import AioBus
from shared.messaging.topology import INBOUND, parked
from shared.settings import Settings
from tests.broker.test_consumer import QUEUE, Station, wait_for
from tests.builders import a_body, headers
from tests.faults.proxy import Fault, Proxy


@pytest.fixture
def link(vhost: Settings) -> Iterator[Proxy]:
    proxy = Proxy(urlsplit(vhost.amqp_url).port or 0)
    yield proxy
    proxy.close()


@pytest.fixture
def linked(vhost: Settings, link: Proxy) -> Settings:
    """Settings whose broker is behind the proxy; every queue is there."""
    with broker.connection(vhost.amqp_url) as connection:
        broker.declare(connection.channel(), load_definitions())
    parts = urlsplit(vhost.amqp_url)
    address = f"{parts.netloc.rpartition(':')[0]}:{link.port}"
    return vhost.model_copy(update={"amqp_url": urlunsplit(parts._replace(netloc=address))})


def inbound(settings: Settings) -> int:
    with broker.connection(settings.amqp_url) as connection:
        return int(connection.channel().queue_declare(INBOUND, passive=True).message_count)


async def publish(bus: AioBus, events: int = 1) -> None:
    await bus.publish_inbound([a_body() for _ in range(events)], headers())


def test_a_post_after_a_reset_is_confirmed_on_a_new_connection(vhost: Settings, linked: Settings, link: Proxy) -> None:
    async def story() -> None:
        async with AioBus(linked) as bus:
            await publish(bus, 30)
            link.reset()
            await asyncio.sleep(0.1)
            await publish(bus)

    asyncio.run(story())
    wait_for(lambda: inbound(vhost) == 31)


def test_a_post_that_a_silent_broker_does_not_confirm_is_refused_in_time(
    linked: Settings, link: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aio, "CONFIRM_TIMEOUT", 1.0)

    async def story() -> None:
        async with AioBus(linked) as bus:
            await publish(bus)
            link.set(Fault(half_open=True))
            with pytest.raises(Unavailable):
                await publish(bus)
            link.heal()
            await publish(bus)  # not on the connection that is dead for ever

    began = time.monotonic()
    asyncio.run(story())
    assert time.monotonic() - began < 10


def test_posts_that_wait_for_a_silent_broker_are_bounded(
    linked: Settings, link: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aio, "CONFIRM_TIMEOUT", 2.0)
    monkeypatch.setattr(aio, "WAITING", 10)

    async def story() -> list[BaseException | None]:
        async with AioBus(linked) as bus:
            await publish(bus)
            link.set(Fault(half_open=True))
            return await asyncio.gather(*[publish(bus) for _ in range(30)], return_exceptions=True)

    told = [str(each) for each in asyncio.run(story())]
    assert told.count(aio.BUSY) == 20
    assert told.count(aio.AWAY) == 10


def test_a_handler_that_works_for_longer_than_two_heartbeats_keeps_its_batch(
    vhost: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the batch would be delivered again, and after fifty times be parked as if it were poison."""
    for module in (consumer, pulse):
        monkeypatch.setattr(module, "HEARTBEAT", 1)
    station = Station(vhost)
    station.listener.do = lambda titles: time.sleep(5) if titles == ["Slow"] else None
    station.publish("Slow")
    time.sleep(0.5)
    station.publish("Next")
    wait_for(lambda: "Next" in station.listener.seen, 20)
    assert station.listener.seen == ["Slow", "Next"]
    station.stop()
    assert station.depth(QUEUE) == station.depth(parked(QUEUE)) == 0


def test_a_consumer_on_a_dead_link_says_so_and_goes_on_when_there_is_a_new_one(
    linked: Settings, link: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (consumer, pulse):
        monkeypatch.setattr(module, "HEARTBEAT", 1)
    station = Station(linked)
    station.publish("Before")
    wait_for(lambda: station.listener.seen == ["Before"])
    link.set(Fault(half_open=True))
    wait_for(lambda: station.consumer.health().state == "waiting")
    link.heal()
    wait_for(lambda: station.consumer.health().state == "running")
    station.publisher = broker.Publisher(linked.amqp_url)
    station.publish("After")
    wait_for(lambda: "After" in station.listener.seen)  # "Before" may come again: its acknowledgement may be lost
    station.stop()
