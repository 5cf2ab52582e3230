"""Looks at the broker's queues over aio-pika without taking anything out of them."""

from collections.abc import Collection, Sequence

from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import ChannelNotFoundEntity

from shared.messaging.ports import QueueSeen

LOOK_SECONDS = 2.0
_COUNTS_EVERY_LOOK = 4
"""From this version of RabbitMQ on a queue without a limit of its own drops a message at its 20th return."""


async def look_at(
    connection: AbstractConnection, queues: Sequence[str], heads: Collection[str]
) -> dict[str, QueueSeen]:
    """Those of the queues that exist. A look at the head is a get that is put back as its channel closes."""
    may_get = _version(connection) < _COUNTS_EVERY_LOOK
    found = {name: await _look(connection, name, may_get and name in heads) for name in queues}
    return {name: seen for name, seen in found.items() if seen is not None}


async def _look(connection: AbstractConnection, name: str, head: bool) -> QueueSeen | None:
    try:
        async with connection.channel() as channel:
            queue = await channel.declare_queue(name, passive=True)
            declared = queue.declaration_result
            depth, consumers = declared.message_count or 0, declared.consumer_count or 0
            first = await queue.get(no_ack=False, fail=False) if head and depth else None
            return QueueSeen(depth, consumers, first.timestamp if first else None)
    except ChannelNotFoundEntity:
        return None


def _version(connection: AbstractConnection) -> int:
    """The broker's major version; the newest there is, when it does not say."""
    transport = connection.transport
    told = transport.connection.server_properties.get("version") if transport else None
    text = told.decode() if isinstance(told, bytes) else str(told or "")
    major = text.partition(".")[0]
    return int(major) if major.isdecimal() else _COUNTS_EVERY_LOOK
