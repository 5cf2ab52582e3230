"""What waits in the broker's queues, and the parked messages: seen, replayed or discarded."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from deploy.topology import load_definitions
from shared.messaging.broker import BROKER_ERRORS, Outgoing, Publisher, connection
from shared.messaging.consumer import ORIGINAL_USER, REASON, TRIES
from shared.messaging.topology import parked, working_queues
from shared.settings import Settings


@dataclass(frozen=True, slots=True)
class ParkedMessage:
    """A message that no try could handle; `message_id` is derived from what it says."""

    message_id: str
    queue: str
    """The queue it was parked from, and goes back to when it is replayed."""
    reason: str
    body: bytes
    headers: dict[str, Any]
    content_type: str
    tag: int


def depths(settings: Settings) -> dict[str, int]:
    """Messages that wait in each queue, retry and parked queues too; -1: the queue does not exist."""
    names = [queue["name"] for queue in load_definitions()["queues"]]
    with connection(settings.amqp_url) as opened:
        return {name: _depth(opened, name) for name in names}


def _depth(opened: Any, queue: str) -> int:
    channel = opened.channel()  # a queue that is missing closes the channel
    try:
        return int(channel.queue_declare(queue, passive=True).message_count)
    except BROKER_ERRORS:
        return -1
    finally:
        if channel.is_open:
            channel.close()


def list_parked(settings: Settings, limit: int = 1000) -> list[ParkedMessage]:
    """The parked messages of every queue; they stay where they are."""
    with connection(settings.amqp_url) as opened:
        found = []
        for queue in working_queues(load_definitions()):
            channel = opened.channel()
            found += list(_take(channel, queue, limit))
            channel.close()  # what was not acknowledged goes back
        return found


def replay(settings: Settings, wanted: Callable[[ParkedMessage], bool]) -> int:
    """Put the wanted messages back into their queues, as if they had just arrived; returns how many."""
    publisher = Publisher(settings.amqp_url)

    def put_back(message: ParkedMessage) -> None:
        headers = {name: value for name, value in message.headers.items() if name not in (TRIES, REASON, "x-death")}
        publisher.publish([Outgoing("", message.queue, message.body, message.content_type, headers=headers)])

    try:
        return _remove(settings, wanted, put_back)
    finally:
        publisher.close()


def discard(settings: Settings, wanted: Callable[[ParkedMessage], bool]) -> int:
    """Throw the wanted messages away; returns how many."""
    return _remove(settings, wanted, lambda _message: None)


def _remove(
    settings: Settings, wanted: Callable[[ParkedMessage], bool], before: Callable[[ParkedMessage], None]
) -> int:
    removed = 0
    with connection(settings.amqp_url) as opened:
        for queue in working_queues(load_definitions()):
            channel = opened.channel()
            for message in _take(channel, queue, 100_000):
                if wanted(message):
                    before(message)
                    channel.basic_ack(message.tag)
                    removed += 1
            channel.close()
    return removed


def _take(channel: Any, queue: str, limit: int) -> Iterator[ParkedMessage]:
    for _ in range(limit):
        delivered = channel.basic_get(parked(queue), no_ack=False)
        if delivered is None:
            return
        body = delivered.body.encode() if isinstance(delivered.body, str) else bytes(delivered.body)
        properties = delivered.properties
        headers = dict(properties.get("application_headers") or {})
        # One that the broker itself parked still has its publisher; replayed, it comes from our own user.
        headers.setdefault(ORIGINAL_USER, properties.get("user_id") or "")
        yield ParkedMessage(
            hashlib.sha256(queue.encode() + body).hexdigest()[:12],
            queue,
            str(headers.get(REASON) or "delivered too often: the process that handled it ended each time"),
            body,
            headers,
            properties.get("content_type") or "",
            delivered.delivery_tag,
        )
