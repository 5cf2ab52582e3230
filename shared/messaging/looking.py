"""Looks at the broker's queues over aio-pika without taking anything out of them."""

from collections.abc import Collection, Sequence
from datetime import datetime

from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import ChannelNotFoundEntity

from shared.messaging.ports import QueueSeen

LOOK_SECONDS = 2.0
_COUNTS_EVERY_LOOK = 4
"""From this version of RabbitMQ on a queue without a limit of its own drops a message at its 20th return."""


async def look_at(
    connection: AbstractConnection, queues: Sequence[str], heads: Collection[str]
) -> dict[str, QueueSeen]:
    """Those of the queues that exist. One channel asks for all: to open and close one costs twice as much as to ask."""
    may_get = _version(connection) < _COUNTS_EVERY_LOOK
    found: dict[str, QueueSeen] = {}
    channel = await connection.channel()
    for name in queues:
        try:
            declared = (await channel.declare_queue(name, passive=True)).declaration_result
        except ChannelNotFoundEntity:
            channel = await connection.channel()  # the broker has closed the one that asked
            continue
        depth, consumers = declared.message_count or 0, declared.consumer_count or 0
        first_at = await _head(connection, name) if may_get and name in heads and depth else None
        found[name] = QueueSeen(depth, consumers, first_at)
    return found


async def _head(connection: AbstractConnection, name: str) -> datetime | None:
    """When the first message was published: a get that is put back as its channel closes."""
    async with connection.channel() as channel:
        queue = await channel.get_queue(name, ensure=False)
        first = await queue.get(no_ack=False, fail=False)
        return first.timestamp if first else None


def _version(connection: AbstractConnection) -> int:
    """The broker's major version; the newest there is, when it does not say."""
    transport = connection.transport
    told = transport.connection.server_properties.get("version") if transport else None
    text = told.decode() if isinstance(told, bytes) else str(told or "")
    major = text.partition(".")[0]
    return int(major) if major.isdecimal() else _COUNTS_EVERY_LOOK
