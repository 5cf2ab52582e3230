"""One connection of the web to the broker, over aio-pika: publishing, calling, and what its library raises."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any, NamedTuple

import aio_pika
from aio_pika.abc import AbstractConnection, AbstractExchange, AbstractIncomingMessage
from aiormq.exceptions import ChannelInvalidStateError

from shared.contracts.base import Request, new_id
from shared.errors import Unavailable
from shared.messaging import wire

# While a connection is being closed, aiormq says so with a RuntimeError of its own.
BROKER_ERRORS = (TimeoutError, OSError, aio_pika.exceptions.AMQPError, ChannelInvalidStateError)
CONNECT_TIMEOUT = 4.0
HEARTBEAT = 6
"""Seconds; a connection on which nothing comes for two of them is closed."""


@contextmanager
def unavailable(error: Unavailable) -> Iterator[None]:
    """Turns what the broker's library raises into the error."""
    try:
        yield
    except BROKER_ERRORS as reason:
        raise error from reason
    except asyncio.CancelledError as reason:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise error from reason  # aiormq cancels whatever waits on a connection that is closed


class Post(NamedTuple):
    """How messages are posted: into which queue, and what stands on the envelope."""

    queue: str
    headers: Mapping[str, str | int]
    content_type: str


class SilentError(Exception):
    """The broker itself did not confirm a request."""


class Line:
    """One connection: a channel to publish on, one to call on, and a queue for the answers."""

    def __init__(self, connection: AbstractConnection, queues: AbstractExchange, rpc: AbstractExchange) -> None:
        self._connection = connection
        self._queues = queues
        self._rpc = rpc
        self._reply_key = ""
        self._waiting: dict[str, asyncio.Future[bytes]] = {}

    @classmethod
    async def open(cls, url: str) -> "Line":
        connection = await aio_pika.connect(url, heartbeat=HEARTBEAT)
        try:
            publishing = await connection.channel(publisher_confirms=True, on_return_raises=True)
            calling = await connection.channel(publisher_confirms=True, on_return_raises=True)
            rpc = await calling.declare_exchange(wire.EXCHANGE, aio_pika.ExchangeType.TOPIC, durable=True)
            line = cls(connection, publishing.default_exchange, rpc)
            name, line._reply_key = wire.reply_queue()
            connection.close_callbacks.add(line._closed)
            replies = await calling.declare_queue(name, exclusive=True, auto_delete=True)
            await replies.bind(rpc, line._reply_key)
            await replies.consume(line._answered, no_ack=True)
        except BaseException:
            await connection.close()
            raise
        return line

    @property
    def is_open(self) -> bool:
        return self._connection.connected.is_set()

    @property
    def is_blocked(self) -> bool:
        """The broker has said that it takes nothing (`connection.blocked`, on a memory or disk alarm)."""
        transport = self._connection.transport
        # aiormq keeps it to itself and would only hold back what is published, for as long as the alarm lasts.
        unblocked = getattr(transport and transport.connection, "_Connection__connection_unblocked", None)
        return unblocked is not None and self.is_open and not unblocked.is_set()

    async def ask(self, request: Request[Any], seconds: float) -> bytes:
        """The answer's body. Raises SilentError when the broker itself has not confirmed it in half the time."""
        async with self._answer(new_id()) as (asked, answer):
            message = aio_pika.Message(
                wire.encode(request),
                content_type="application/json",
                content_encoding="utf-8",
                reply_to=self._reply_key,
                correlation_id=asked,
                expiration=seconds,
            )
            try:
                async with asyncio.timeout(seconds / 2):
                    await self._rpc.publish(message, wire.routing_key(request), mandatory=True)
            except TimeoutError:
                raise SilentError from None
            return await answer

    async def ping(self) -> None:
        async with self._connection.channel():
            pass

    async def publish(self, body: bytes, post: Post, user: str) -> None:
        """Returns when the broker has confirmed the message."""
        message = aio_pika.Message(
            body,
            headers=dict(post.headers),
            content_type=post.content_type,
            content_encoding="binary",
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            user_id=user,
            timestamp=int(time.time()),
        )
        await self._queues.publish(message, post.queue, mandatory=True)

    async def close(self) -> None:
        with contextlib.suppress(*BROKER_ERRORS):
            async with asyncio.timeout(CONNECT_TIMEOUT):
                await self._connection.close()

    @asynccontextmanager
    async def _answer(self, asked: str) -> AsyncIterator[tuple[str, "asyncio.Future[bytes]"]]:
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting[asked] = answer
        try:
            yield asked, answer
        finally:
            self._waiting.pop(asked, None)

    def _closed(self, *_why: object) -> None:
        """Who waits for an answer need not wait any longer."""
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(ConnectionError("the connection to the broker is gone"))

    async def _answered(self, message: AbstractIncomingMessage) -> None:
        waiting = self._waiting.get(message.correlation_id or "")
        if waiting is not None and not waiting.done():
            waiting.set_result(message.body)
