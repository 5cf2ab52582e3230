"""The consumer on a real broker: nothing is lost, one bad message spares its neighbours, a bad deploy parks nothing."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import amqp
import pytest

from shared.contracts.base import BATCH_TYPE, CONTENT_TYPE, Envelope, Event
from shared.contracts.events import EngagementRecorded
from shared.errors import Unavailable
from shared.messaging import broker, declarations, on_batch
from shared.messaging.broker import Outgoing, Publisher
from shared.messaging.consumer import BatchConsumer
from shared.messaging.topology import BATCH, COUNT, RETRY_DELAYS, definitions, parked, retry
from shared.settings import Settings
from tests.builders import recorded

QUEUE = "test.timeline"


class Listener:
    """A service that keeps titles and does what the test says."""

    name: ClassVar[str] = "test"

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.do: Callable[[list[str]], Any] = lambda titles: None

    @on_batch(QUEUE, [EngagementRecorded], size=50, linger=0.02)
    def listen(self, batch: list[Envelope[EngagementRecorded]]) -> list[Envelope[Event]]:
        titles = [each.data.engagement.title for each in batch]
        outputs = self.do(titles)
        self.seen += titles
        return outputs or []


class Station:
    """A consumer of the listener in a thread, and the queues it works on."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.listener = Listener()
        (self.declaration,) = declarations(self.listener)
        self.publisher = Publisher(settings.amqp_url)
        with broker.connection(settings.amqp_url) as connection:
            broker.declare(connection.channel(), definitions([self.declaration]))
        self.start()

    def start(self) -> None:
        url, own = self.settings.amqp_url, self.settings.amqp_user
        self.consumer = BatchConsumer(url, self.declaration, self.listener.listen, own)
        self.thread = threading.Thread(target=self.consumer.run, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.consumer.stop()
        self.thread.join(20)
        assert not self.thread.is_alive()

    def publish(self, *titles: str) -> None:
        self.publisher.publish([Outgoing.event(recorded(title=title)) for title in titles])

    def tell(self, *titles: str) -> None:
        """At once, as a consumer does what its batch led to."""
        self.publisher.publish(Outgoing.events([recorded(title=title) for title in titles]))

    def depth(self, queue: str) -> int:
        with broker.connection(self.settings.amqp_url) as connection:
            return int(connection.channel().queue_declare(queue, passive=True).message_count)

    def get(self, queue: str) -> Any:
        with broker.connection(self.settings.amqp_url) as connection:
            return connection.channel().basic_get(queue, no_ack=False)


@pytest.fixture
def station(vhost: Settings) -> Iterator[Station]:
    station = Station(vhost)
    yield station
    station.stop()
    station.publisher.close()


def wait_for(condition: Callable[[], object], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.02)


def test_what_is_published_is_handled_once_and_acknowledged(station: Station) -> None:
    titles = [f"Talk {number}" for number in range(1200)]
    station.publish(*titles)
    wait_for(lambda: len(station.listener.seen) >= 1200)
    assert station.listener.seen == titles
    wait_for(lambda: station.depth(QUEUE) == 0)
    assert station.consumer.health().state == "running"


def test_a_message_that_cannot_be_read_is_parked_with_the_reason(station: Station) -> None:
    station.publisher.publish([Outgoing("", QUEUE, b"not json")])
    station.publish("Fine")
    wait_for(lambda: station.depth(parked(QUEUE)) == 1)
    message = station.get(parked(QUEUE))
    assert message.body == b"not json"
    assert "not JSON" in message.headers["wellheard-reason"]
    wait_for(lambda: station.listener.seen == ["Fine"])


def test_a_bad_message_waits_for_its_next_try_and_its_neighbours_go_on(station: Station) -> None:
    def refuse_the_bad(titles: list[str]) -> None:
        if "Bad" in titles and not station.listener.seen.count("Bad"):
            raise ValueError("bad")

    station.listener.do = refuse_the_bad
    station.publish("One", "Bad", "Two")
    wait_for(lambda: {"One", "Two"} <= set(station.listener.seen))
    wait_for(lambda: station.depth(retry(QUEUE, RETRY_DELAYS[0])) == 1)
    station.listener.do = lambda titles: None
    wait_for(lambda: "Bad" in station.listener.seen)
    assert station.depth(parked(QUEUE)) == 0


def test_events_that_are_told_together_are_handled_in_order_and_counted_one_by_one(station: Station) -> None:
    titles = [f"Talk {number}" for number in range(130)]
    station.tell(*titles)
    wait_for(lambda: len(station.listener.seen) >= 130)
    assert station.listener.seen == titles
    wait_for(lambda: station.consumer.health().handled == 130)
    assert station.depth(QUEUE) == 0


def test_no_handler_gets_many_more_events_than_it_asked_for(station: Station) -> None:
    sizes: list[int] = []
    station.listener.do = lambda titles: sizes.append(len(titles))
    station.tell(*[f"Talk {number}" for number in range(600)])
    wait_for(lambda: sum(sizes) == 600)
    assert max(sizes) < 50 + BATCH


def test_of_events_told_together_the_bad_one_waits_alone(station: Station) -> None:
    def refuse_the_bad(titles: list[str]) -> None:
        if "Bad" in titles and not station.listener.seen.count("Bad"):
            raise ValueError("bad")

    station.listener.do = refuse_the_bad
    station.tell("One", "Bad", "Two")
    wait_for(lambda: {"One", "Two"} <= set(station.listener.seen))
    wait_for(lambda: station.depth(retry(QUEUE, RETRY_DELAYS[0])) == 1)
    assert COUNT not in station.get(retry(QUEUE, RETRY_DELAYS[0])).headers
    station.listener.do = lambda titles: None
    wait_for(lambda: "Bad" in station.listener.seen)
    assert station.depth(parked(QUEUE)) == 0


def test_of_events_told_together_only_what_cannot_be_read_is_parked(station: Station) -> None:
    (good,) = Outgoing.events([recorded(title="Fine")])
    body = b"[" + good.body + b', {"half": 1}, 7]'
    station.publisher.publish([Outgoing("", QUEUE, body, BATCH_TYPE, headers={COUNT: 3})])
    wait_for(lambda: station.depth(parked(QUEUE)) == 2)
    assert station.get(parked(QUEUE)).body == b'{"half":1}'
    assert station.listener.seen == ["Fine"]


@pytest.mark.parametrize("body", [b"not json", b'{"id": 1}'])
def test_what_calls_itself_a_batch_and_is_none_is_parked_whole(station: Station, body: bytes) -> None:
    station.publisher.publish([Outgoing("", QUEUE, body, BATCH_TYPE)])
    station.publish("Fine")
    wait_for(lambda: station.depth(parked(QUEUE)) == 1)
    assert station.get(parked(QUEUE)).body == body
    wait_for(lambda: station.listener.seen == ["Fine"])


def test_after_the_last_try_it_is_parked(station: Station) -> None:
    def refuse(titles: list[str]) -> None:
        raise ValueError("bad")

    station.listener.do = refuse
    body = recorded(title="Bad").to_bytes()
    station.publisher.publish([Outgoing("", QUEUE, body, headers={"wellheard-tries": len(RETRY_DELAYS)})])
    wait_for(lambda: station.depth(parked(QUEUE)) == 1)
    assert station.get(parked(QUEUE)).headers["wellheard-reason"] == "ValueError"


def test_while_a_store_is_away_the_batch_is_kept_and_nothing_is_parked(station: Station) -> None:
    def away(titles: list[str]) -> None:
        raise Unavailable("the store is away")

    station.listener.do = away
    station.publish("One", "Two")
    wait_for(lambda: station.consumer.health().state == "waiting" and "away" in station.consumer.health().reason)
    station.listener.do = lambda titles: None
    wait_for(lambda: station.listener.seen == ["One", "Two"])
    assert station.depth(parked(QUEUE)) == station.depth(retry(QUEUE, RETRY_DELAYS[0])) == 0


def test_when_everything_fails_alike_the_consumer_pauses_and_goes_on_after_the_fix(station: Station) -> None:
    def broken(titles: list[str]) -> None:
        raise TypeError("a bad deploy")

    station.listener.do = broken
    station.publish(*[f"Talk {number}" for number in range(40)])
    wait_for(lambda: station.consumer.health().state == "paused")
    assert "TypeError" in station.consumer.health().reason
    assert station.depth(parked(QUEUE)) == 0
    station.listener.do = lambda titles: None
    wait_for(lambda: len(set(station.listener.seen)) == 40)
    assert station.consumer.health().state == "running"


def test_what_a_handler_returns_is_published_before_the_batch_is_acknowledged(station: Station) -> None:
    def answer(titles: list[str]) -> list[Envelope[Event]]:
        return [recorded(title="Answer")] if titles == ["Question"] else []

    station.listener.do = answer
    station.publish("Question")
    wait_for(lambda: station.listener.seen == ["Question", "Answer"])


def test_a_consumer_that_stops_finishes_its_batch_and_leaves_the_rest_to_the_next(station: Station) -> None:
    slowly = threading.Event()

    def wait(titles: list[str]) -> None:
        slowly.wait(5)

    station.listener.do = wait
    station.publish(*[f"Talk {number}" for number in range(200)])
    time.sleep(0.5)
    station.consumer.stop()
    slowly.set()
    station.thread.join(20)
    handled = len(station.listener.seen)
    assert 0 < handled < 200
    station.start()
    wait_for(lambda: len(station.listener.seen) == 200)
    assert len(set(station.listener.seen)) == 200


def test_an_event_without_a_queue_is_not_lost_but_unrouted(station: Station) -> None:
    station.publisher.publish([Outgoing("wellheard", "nobody.listens", b"{}")])
    wait_for(lambda: station.depth("wellheard.unrouted") == 1)


def test_publishing_to_a_queue_that_is_not_there_is_refused(station: Station) -> None:
    with pytest.raises(Unavailable, match="no queue"):
        station.publisher.publish([Outgoing("", "no.such.queue", b"{}")])


def test_health_tells_the_age_of_the_oldest_message_in_hand_and_when_the_last_was_finished(station: Station) -> None:
    assert station.consumer.health().oldest_seconds is None
    may_go_on = threading.Event()
    station.listener.do = lambda titles: may_go_on.wait(10) and None
    station.publish("First")
    wait_for(lambda: station.consumer.health().held == 1)
    wait_for(lambda: (station.consumer.health().oldest_seconds or 0) > 1.5)
    station.publish("Second")  # delivered, and read when the first is done: the oldest is known all the same
    assert (station.consumer.health().oldest_seconds or 0) > 1.5
    assert station.depth(QUEUE) == 0  # the broker itself counts only what nobody holds
    may_go_on.set()
    wait_for(lambda: station.consumer.health().held == 0)
    health = station.consumer.health()
    assert health.oldest_seconds is None
    assert health.finished_at is not None


def test_the_age_of_a_message_is_by_our_own_clock_never_by_a_partners(station: Station, vhost: Settings) -> None:
    may_go_on = threading.Event()
    station.listener.do = lambda titles: may_go_on.wait(10) and None
    body = recorded(title="Long ago").to_bytes()
    with broker.connection(vhost.amqp_url) as connection:
        message = amqp.Message(body, content_encoding="binary", content_type=CONTENT_TYPE, timestamp=1)
        connection.channel().basic_publish(message, exchange="", routing_key=QUEUE)
    wait_for(lambda: station.consumer.health().held == 1)
    assert (station.consumer.health().oldest_seconds or 99) < 10
    may_go_on.set()
