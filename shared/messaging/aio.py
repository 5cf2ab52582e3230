"""The web's side of the bus: calls and publishing from asyncio, over aio-pika."""

import asyncio
import contextlib
import time
from collections.abc import Collection, Sequence
from typing import TypeVar

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractExchange, AbstractIncomingMessage, AbstractRobustConnection
from aiormq.exceptions import ChannelInvalidStateError
from pydantic import BaseModel

from shared.contracts.base import CONTENT_TYPE, Request, new_id
from shared.errors import Unavailable
from shared.messaging import wire
from shared.messaging.looking import LOOK_SECONDS, look_at
from shared.messaging.ports import QueueSeen
from shared.messaging.topology import INBOUND
from shared.settings import Settings

R = TypeVar("R", bound=BaseModel)

# While a connection is being mended, aiormq says so with a RuntimeError of its own.
BROKER_ERRORS = (TimeoutError, OSError, aio_pika.exceptions.AMQPError, ChannelInvalidStateError)
AWAY = "The message broker does not answer just now. Send the same again in a few seconds."
CONFIRM_TIMEOUT = 15.0
BATCHES_IN_FLIGHT = 4
"""Batches published at once; more only make each other slow (measured: 16 at once took 2 s each)."""


class AioBus:
    """An AsyncBus over RabbitMQ.

    >>> async with AioBus(settings) as bus:
    ...     contact = await bus.call(GetContact(contact_id="con_1"))
    """

    def __init__(self, settings: Settings) -> None:
        self._url = settings.amqp_url
        self._user = settings.amqp_user
        self._timeout = settings.rpc_timeout
        self._connection: AbstractRobustConnection | None = None
        self._publishing: AbstractChannel | None = None
        self._inbound: AbstractExchange | None = None
        self._rpc: AbstractExchange | None = None
        self._reply_key = ""
        self._waiting: dict[str, asyncio.Future[bytes]] = {}
        self._slots = asyncio.Semaphore(BATCHES_IN_FLIGHT)
        self._connecting = asyncio.Lock()
        self._closing: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "AioBus":
        with contextlib.suppress(Unavailable):
            await self._open()
        return self

    async def __aexit__(self, *_exc: object) -> None:
        if self._connection is not None:
            await self._connection.close()

    async def call(self, request: Request[R], timeout: float | None = None) -> R:
        """Raises what the service raised; Unavailable when nobody answers within the timeout (seconds)."""
        await self._open()
        assert self._rpc is not None
        seconds = timeout or self._timeout
        asked = new_id()
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting[asked] = answer
        message = aio_pika.Message(
            wire.encode(request),
            content_type="application/json",
            content_encoding="utf-8",
            reply_to=self._reply_key,
            correlation_id=asked,
            expiration=seconds,
        )
        try:
            async with asyncio.timeout(seconds):
                await self._rpc.publish(message, wire.routing_key(request), mandatory=True)
                body = await answer
        except BROKER_ERRORS as error:
            raise wire.no_answer(request) from error
        finally:
            self._waiting.pop(asked, None)
        return wire.decode(body, request)

    async def ping(self) -> None:
        """Opens a channel and closes it again: a round trip to the broker that involves no service."""
        await self._open()
        assert self._connection is not None
        try:
            async with asyncio.timeout(self._timeout), self._connection.channel():
                pass
        except BROKER_ERRORS as error:
            raise Unavailable(AWAY) from error

    async def look(self, queues: Sequence[str], heads: Collection[str] = ()) -> dict[str, QueueSeen]:
        """Over a connection of its own: what goes wrong there never meets a partner's event."""
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                connection = await aio_pika.connect(self._url, timeout=LOOK_SECONDS)
                try:
                    return await look_at(connection, queues, heads)
                finally:  # a broker that hangs would hold us here
                    closing = asyncio.create_task(connection.close())
                    self._closing.add(closing)
                    closing.add_done_callback(self._closing.discard)
        except BROKER_ERRORS as error:
            raise Unavailable(AWAY) from error

    async def publish_inbound(self, bodies: Sequence[bytes], headers: dict[str, str]) -> None:
        """Every body is one message; returns when the broker has confirmed them all, else Unavailable."""
        await self._open()
        exchange = self._inbound
        assert exchange is not None
        try:
            async with asyncio.timeout(CONFIRM_TIMEOUT), self._slots:
                publishing = [self._publish(exchange, body, headers) for body in bodies]
                await (publishing[0] if len(publishing) == 1 else asyncio.gather(*publishing))  # a task costs 20 us
        except BROKER_ERRORS as error:
            raise Unavailable("The message broker does not take events just now. Send the same again later.") from error

    async def _publish(self, exchange: AbstractExchange, body: bytes, headers: dict[str, str]) -> None:
        message = aio_pika.Message(
            body,
            headers=dict(headers),
            content_type=CONTENT_TYPE,
            content_encoding="binary",
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            user_id=self._user,
            timestamp=int(time.time()),
        )
        await exchange.publish(message, INBOUND, mandatory=True)

    async def _open(self) -> None:
        """Connect once; afterwards the connection mends itself. Raises Unavailable while it is down."""
        if self._connection is not None and self._connection.connected.is_set():
            return
        async with self._connecting:
            if self._connection is None:
                try:
                    await self._connect()
                except BROKER_ERRORS as error:
                    raise Unavailable(AWAY) from error
            try:
                await asyncio.wait_for(self._connection.connected.wait(), 2)  # type: ignore[union-attr]
            except TimeoutError as error:
                raise Unavailable(AWAY) from error

    async def _connect(self) -> None:
        connection = await aio_pika.connect_robust(self._url, timeout=5, heartbeat=30, reconnect_interval=1)
        try:
            self._publishing = await connection.channel(publisher_confirms=True, on_return_raises=True)
            calling = await connection.channel(publisher_confirms=True, on_return_raises=True)
            self._inbound = self._publishing.default_exchange
            self._rpc = await calling.declare_exchange(wire.EXCHANGE, aio_pika.ExchangeType.TOPIC, durable=True)
            name, self._reply_key = wire.reply_queue()
            replies = await calling.declare_queue(name, exclusive=True, auto_delete=True)
            await replies.bind(self._rpc, self._reply_key)
            await replies.consume(self._answered, no_ack=True)
        except BaseException:
            await connection.close()
            raise
        self._connection = connection

    async def _answered(self, message: AbstractIncomingMessage) -> None:
        waiting = self._waiting.get(message.correlation_id or "")
        if waiting is not None and not waiting.done():
            waiting.set_result(message.body)
