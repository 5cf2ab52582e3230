"""What waits in the broker's queues, and the parked messages: seen, replayed or discarded.

Memory stays flat however many are parked: messages are taken one by one, and put back or removed in small windows.
"""

import hashlib
import logging
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from deploy.topology import load_definitions
from shared.errors import NotFound
from shared.messaging.broker import BROKER_ERRORS, Outgoing, Publisher, connection
from shared.messaging.consumer import ORIGINAL_USER, REASON, TRIES, failed_headers
from shared.messaging.topology import parked, working_queues
from shared.settings import Settings

WINDOW = 50
"""Messages published before they are acknowledged: so many may be replayed twice when a replay is interrupted."""
_AHEAD = 2_000
_SOON, _AT_LAST = 0.1, 5.0
"""Seconds in which a consumer gets its next message; after the second there is none for us."""
# What arrives while a channel closes goes back by itself; py-amqp would print a warning of each message.
logging.getLogger("amqp").setLevel(logging.ERROR)
_OF_THE_BROKER = ("x-death", "x-first-death", "x-last-death", "x-delivery-count")
"""Headers of a message's former way; replayed, it begins anew."""


@dataclass(frozen=True, slots=True)
class ParkedMessage:
    """A message that no try could handle; `message_id` is derived from what it says."""

    message_id: str
    queue: str
    """The queue it was parked from, and goes back to when it is replayed."""
    reason: str
    tries: int
    """How often a handler has failed with it; 0: it could not be read, or ended its process each time."""
    parked_at: datetime | None
    """None: it does not say."""
    body: bytes
    headers: dict[str, Any]
    content_type: str
    tag: int


def depths(settings: Settings) -> dict[str, int]:
    """Messages that wait in each queue, retry and parked queues too; -1: the queue does not exist."""
    names = [queue["name"] for queue in load_definitions()["queues"]]
    with connection(settings.amqp_url) as opened:
        return {name: _depth(opened, name) for name in names}


def count_parked(settings: Settings, queue: str = "") -> int:
    """How many messages are parked, all of them or those of one queue."""
    with connection(settings.amqp_url) as opened:
        return sum(max(0, _depth(opened, parked(name))) for name in _queues(queue))


def read_parked(settings: Settings, queue: str = "") -> Generator[ParkedMessage, None, None]:
    """The parked messages, one by one; they stay where they are. Close the generator to let go of them."""
    with connection(settings.amqp_url) as opened:
        for name in _queues(queue):
            channel = opened.channel()
            yield from _take(channel, name)
            channel.close()  # what was not acknowledged goes back


def replay(settings: Settings, wanted: Callable[[ParkedMessage], bool], queue: str = "") -> int:
    """Put the wanted messages back into their queues, as if they had just arrived; returns how many.

    Published and confirmed, then acknowledged: interrupted, none is lost and the last window may come twice.
    """
    publisher = Publisher(settings.amqp_url)
    try:
        return _remove(settings, wanted, queue, lambda window: publisher.publish([_anew(each) for each in window]))
    finally:
        publisher.close()


def discard(settings: Settings, wanted: Callable[[ParkedMessage], bool], queue: str = "") -> int:
    """Throw the wanted messages away; returns how many."""
    return _remove(settings, wanted, queue, lambda _window: None)


def rewrite_parked(settings: Settings, change: Callable[[ParkedMessage], bytes | None]) -> int:
    """Put another body in place of parked messages, where `change` gives one; returns how many. As safe as a replay."""
    publisher = Publisher(settings.amqp_url)

    def put_back(window: Sequence[ParkedMessage]) -> None:
        publisher.publish([_changed(each, change(each) or each.body) for each in window])

    try:
        return _remove(settings, lambda message: change(message) is not None, "", put_back)
    finally:
        publisher.close()


def _changed(message: ParkedMessage, body: bytes) -> Outgoing:
    headers = {name: value for name, value in message.headers.items() if not name.startswith(_OF_THE_BROKER)}
    headers |= failed_headers(message.reason, message.tries, headers[ORIGINAL_USER])
    return Outgoing("", parked(message.queue), body, message.content_type, headers=headers)


def _remove(
    settings: Settings,
    wanted: Callable[[ParkedMessage], bool],
    queue: str,
    before: Callable[[Sequence[ParkedMessage]], None],
) -> int:
    removed = 0
    with connection(settings.amqp_url) as opened:
        for name in _queues(queue):
            channel = opened.channel()
            chosen = _Chosen(wanted)
            found = filter(chosen, _take(channel, name))
            while window := list(islice(found, WINDOW)):
                before(window)
                _acknowledge(channel, [each.tag for each in window], one_by_one=chosen.passed_over)
                removed += len(window)
            channel.close()
    return removed


class _Chosen:
    """Asks whether a message is wanted, and remembers whether one was not."""

    def __init__(self, wanted: Callable[[ParkedMessage], bool]) -> None:
        self._wanted = wanted
        self.passed_over = False

    def __call__(self, message: ParkedMessage) -> bool:
        chosen = self._wanted(message)
        self.passed_over = self.passed_over or not chosen
        return chosen


def _acknowledge(channel: Any, tags: Sequence[int], one_by_one: bool) -> None:
    """In one go unless messages stay that came before: of many single ones RabbitMQ holds back those over 32, and
    forgets them when the channel closes at once (17 of 100 replayed messages were still parked)."""
    for tag in tags if one_by_one else tags[-1:]:
        channel.basic_ack(tag, multiple=not one_by_one)


def _queues(queue: str) -> list[str]:
    """The working queues, or the one that is meant: by its own name or that of its parked queue."""
    names = working_queues(load_definitions())
    meant = queue.removesuffix(parked(""))
    if meant and meant not in names:
        raise NotFound(f"There is no queue {queue}. There are {', '.join(names)}.")
    return [meant] if meant else names


def _depth(opened: Any, queue: str) -> int:
    channel = opened.channel()  # a queue that is missing closes the channel
    try:
        return int(channel.queue_declare(queue, passive=True).message_count)
    except BROKER_ERRORS:
        return -1
    finally:
        if channel.is_open:
            channel.close()


def _take(channel: Any, queue: str) -> Iterator[ParkedMessage]:
    """What is parked now: a message that is replayed, fails and is parked again meanwhile is not taken again.

    A get for each would cost a write to the broker's disk (100,000 took more than ten minutes). A consumer gets a
    bounded number ahead of the acknowledgements: when so many were passed over, another one goes on.
    """
    arrived: deque[Any] = deque()
    channel.basic_qos(0, _AHEAD, False)
    for _ in range(channel.queue_declare(parked(queue), passive=True).message_count):
        if not _arrives(channel, arrived, _SOON):
            channel.basic_consume(parked(queue), callback=arrived.append)
            if not _arrives(channel, arrived, _AT_LAST):
                return  # somebody else has taken the rest
        yield _message(queue, arrived.popleft())


def _arrives(channel: Any, arrived: deque[Any], seconds: float) -> bool:
    try:
        while not arrived:
            channel.connection.drain_events(timeout=seconds)
    except TimeoutError:
        return False
    return True


def _message(queue: str, delivered: Any) -> ParkedMessage:
    body = delivered.body.encode() if isinstance(delivered.body, str) else bytes(delivered.body)
    properties = delivered.properties
    headers = dict(properties.get("application_headers") or {})
    # One that the broker itself parked still has its publisher; replayed, it comes from our own user.
    headers.setdefault(ORIGINAL_USER, properties.get("user_id") or "")
    return ParkedMessage(
        hashlib.sha256(queue.encode() + body).hexdigest()[:12],
        queue,
        str(headers.get(REASON) or "delivered too often: the process that handled it ended each time"),
        int(headers.get(TRIES) or 0),
        _parked_at(properties.get("timestamp"), headers),
        body,
        headers,
        properties.get("content_type") or "",
        delivered.delivery_tag,
    )


def _parked_at(published: int | None, headers: dict[str, Any]) -> datetime | None:
    """The broker says when it parked a message; our own copy was published as it was parked."""
    died: list[datetime] = [
        each["time"] for each in headers.get("x-death") or () if each.get("reason") == "delivery_limit"
    ]
    if died:
        return max(died).replace(tzinfo=UTC)  # py-amqp gives UTC without saying so
    return datetime.fromtimestamp(published, UTC) if published and REASON in headers else None


def _anew(message: ParkedMessage) -> Outgoing:
    headers = {
        name: value
        for name, value in message.headers.items()
        if name not in (TRIES, REASON) and not name.startswith(_OF_THE_BROKER)
    }
    return Outgoing("", message.queue, message.body, message.content_type, headers=headers)
