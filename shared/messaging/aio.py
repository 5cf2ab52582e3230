"""The web's side of the bus: calls and publishing from asyncio, over aio-pika."""

import asyncio
import contextlib
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Self, TypeVar

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange, AbstractIncomingMessage
from aiormq.exceptions import ChannelInvalidStateError
from pydantic import BaseModel

from shared import failpoints
from shared.contracts.base import CONTENT_TYPE, Request, new_id
from shared.errors import Unavailable
from shared.messaging import wire
from shared.messaging.looking import LOOK_SECONDS, look_at
from shared.messaging.ports import QueueSeen
from shared.messaging.topology import INBOUND
from shared.settings import Settings

R = TypeVar("R", bound=BaseModel)

# While a connection is being closed, aiormq says so with a RuntimeError of its own.
BROKER_ERRORS = (TimeoutError, OSError, aio_pika.exceptions.AMQPError, ChannelInvalidStateError)
AWAY = "The message broker does not answer just now. Send the same again in a few seconds."
FULL = "The message broker takes nothing just now: its memory or its disk is full. Send the same again later."
BUSY = "Too much is being posted just now. Nothing was taken: send the same again in a few seconds."
CONNECT_TIMEOUT = 4.0
CONFIRM_TIMEOUT = 8.0
HEARTBEAT = 6
"""Seconds; a connection on which nothing comes for two of them is closed."""
RETRY_SECONDS = 0.5
"""After an attempt to connect has failed, everybody is told so for this long instead of waiting for another."""
IN_FLIGHT, OF_ONE_PARTNER = 8, 4
"""Posts published at once, and those of one partner: the others never wait behind it.

More only make each other slow (measured: 16 batches at once took 2 s each).
"""
AT_A_TIME = 10
"""Messages of a batch that are begun before others have their turn: a thousand would keep them waiting for 0.2 s."""
WAITING = 500
"""Posts that may wait for their turn; more are refused at once, so that an absent broker never fills the memory."""


class AioBus:
    """An AsyncBus over RabbitMQ.

    >>> async with AioBus(settings) as bus:
    ...     contact = await bus.call(GetContact(contact_id="con_1"))
    """

    def __init__(self, settings: Settings) -> None:
        self._url = settings.amqp_url
        self._user = settings.amqp_user
        self._timeout = settings.rpc_timeout
        self._line: _Line | None = None
        self._connecting = asyncio.Lock()
        self._failed = -RETRY_SECONDS
        self._slots = asyncio.Semaphore(IN_FLIGHT)
        self._partners = defaultdict[str, asyncio.Semaphore](lambda: asyncio.Semaphore(OF_ONE_PARTNER))
        self._posts = 0
        self._closing: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        with contextlib.suppress(Unavailable):
            await self._open()
        return self

    async def __aexit__(self, *_exc: object) -> None:
        if self._line is not None:
            await self._line.close()

    async def call(self, request: Request[R], timeout: float | None = None) -> R:
        """Raises what the service raised; Unavailable when nobody answers within the timeout (seconds)."""
        line, seconds = await self._open(), timeout or self._timeout
        try:
            with _unavailable(wire.no_answer(request)):
                async with asyncio.timeout(seconds):
                    body = await line.ask(request, seconds)
        except _SilentError as error:
            self._drop(line)
            raise Unavailable(AWAY) from error
        return wire.decode(body, request)

    async def ping(self) -> None:
        """Opens a channel and closes it again: a round trip to the broker that involves no service."""
        line = await self._open()
        try:
            with _unavailable(Unavailable(AWAY)):
                async with asyncio.timeout(CONNECT_TIMEOUT):
                    await line.ping()
        except Unavailable:
            self._drop(line)
            raise

    async def look(self, queues: Sequence[str], heads: Collection[str] = ()) -> dict[str, QueueSeen]:
        """Over a connection of its own: what goes wrong there never meets a partner's event."""
        with _unavailable(Unavailable(AWAY)):
            async with asyncio.timeout(LOOK_SECONDS):
                connection = await aio_pika.connect(self._url, timeout=LOOK_SECONDS)
                try:
                    return await look_at(connection, queues, heads)
                finally:
                    self._close_later(connection.close())

    async def publish_inbound(self, bodies: Sequence[bytes], headers: dict[str, str]) -> None:
        """Every body is one message; returns when the broker has confirmed them all, else Unavailable.

        Some may have been taken then, if the broker fell silent half way: the partner sends the same again.
        """
        if self._posts >= WAITING:
            raise Unavailable(BUSY)
        self._posts += 1
        try:
            async with self._partners[headers["partner"]], self._slots:
                await self._publish_all(await self._open(), bodies, headers)
        finally:
            self._posts -= 1

    async def _publish_all(self, line: "_Line", bodies: Sequence[bytes], headers: dict[str, str]) -> None:
        try:
            with _unavailable(Unavailable(AWAY)):
                async with asyncio.timeout(CONFIRM_TIMEOUT):
                    if len(bodies) > 1 and failpoints.due("web.mid_batch"):
                        await asyncio.gather(*[line.publish(body, headers, self._user) for body in bodies[::2]])
                        failpoints.die()
                    if len(bodies) == 1:
                        await line.publish(bodies[0], headers, self._user)  # without a task, which costs 20 us
                    else:
                        await asyncio.gather(*[each async for each in self._publishing(line, bodies, headers)])
        except Unavailable as error:
            if isinstance(error.__cause__, aio_pika.exceptions.DeliveryError):
                raise Unavailable("The queue of events is full. Send the same again later.") from error
            self._drop(line)
            raise

    async def _publishing(
        self, line: "_Line", bodies: Sequence[bytes], headers: dict[str, str]
    ) -> AsyncIterator[asyncio.Task[None]]:
        """Begins to publish, a few at a time: in between others have their turn."""
        for number, body in enumerate(bodies, 1):
            yield asyncio.create_task(line.publish(body, headers, self._user))
            if number % AT_A_TIME == 0:
                await asyncio.sleep(0)

    async def _open(self) -> "_Line":
        """The connection, made anew when it is gone. Raises Unavailable while there is none, or it takes nothing."""
        line = self._line
        if line is None or not line.is_open:
            async with self._connecting:  # one connects, the others share what comes of it
                line = self._line
                if line is None or not line.is_open:
                    line = self._line = await self._connect()
        if line.is_blocked:
            raise Unavailable(FULL)
        return line

    async def _connect(self) -> "_Line":
        if time.monotonic() - self._failed < RETRY_SECONDS:
            raise Unavailable(AWAY)
        try:
            with _unavailable(Unavailable(AWAY)):
                async with asyncio.timeout(CONNECT_TIMEOUT):
                    return await _Line.open(self._url)
        except Unavailable:
            self._failed = time.monotonic()
            raise

    def _drop(self, line: "_Line") -> None:
        """The broker has not answered on this connection in time: never trust it again, it may be half open."""
        if self._line is line:
            self._line = None
            self._close_later(line.close())

    def _close_later(self, closing: Coroutine[Any, Any, None]) -> None:
        """Not now: a broker that hangs would hold us here."""
        task = asyncio.create_task(closing)
        self._closing.add(task)  # a task that nobody holds may be collected
        task.add_done_callback(self._closing.discard)


@contextmanager
def _unavailable(error: Unavailable) -> Iterator[None]:
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


class _SilentError(Exception):
    """The broker itself did not confirm a request."""


class _Line:
    """One connection: a channel to publish on, one to call on, and a queue for the answers."""

    def __init__(self, connection: AbstractConnection, inbound: AbstractExchange, rpc: AbstractExchange) -> None:
        self._connection = connection
        self._inbound = inbound
        self._rpc = rpc
        self._reply_key = ""
        self._waiting: dict[str, asyncio.Future[bytes]] = {}

    @classmethod
    async def open(cls, url: str) -> "_Line":
        connection = await aio_pika.connect(url, heartbeat=HEARTBEAT)
        try:
            publishing = await connection.channel(publisher_confirms=True, on_return_raises=True)
            calling: AbstractChannel = await connection.channel(publisher_confirms=True, on_return_raises=True)
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

    async def ask(self, request: Request[R], seconds: float) -> bytes:
        """The answer's body. Raises _SilentError when the broker itself has not confirmed it in half the time."""
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
                raise _SilentError from None
            return await answer

    async def ping(self) -> None:
        async with self._connection.channel():
            pass

    async def publish(self, body: bytes, headers: dict[str, str], user: str) -> None:
        message = aio_pika.Message(
            body,
            headers=dict(headers),
            content_type=CONTENT_TYPE,
            content_encoding="binary",
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            user_id=user,
            timestamp=int(time.time()),
        )
        await self._inbound.publish(message, INBOUND, mandatory=True)

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
