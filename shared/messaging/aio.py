"""The web's side of the bus: calls and publishing from asyncio, over aio-pika."""

import asyncio
import contextlib
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Collection, Coroutine, Iterator, Sequence
from functools import partial
from typing import Any, Self, TypeVar

import aio_pika
from pydantic import BaseModel

from shared import failpoints
from shared.contracts.base import CONTENT_TYPE, JSON, JSON_BATCH, Request, json_array
from shared.errors import Unavailable
from shared.messaging import wire
from shared.messaging.gathering import Gathering
from shared.messaging.line import CONNECT_TIMEOUT, Line, Post, SilentError, unavailable
from shared.messaging.looking import LOOK_SECONDS, look_at
from shared.messaging.ports import QueueSeen
from shared.messaging.topology import COUNT, INBOUND
from shared.settings import Settings

R = TypeVar("R", bound=BaseModel)

AWAY = "The message broker does not answer just now. Send the same again in a few seconds."
FULL = "The message broker takes nothing just now: its memory or its disk is full. Send the same again later."
BUSY = "Too much is being posted just now. Nothing was taken: send the same again in a few seconds."
CONFIRM_TIMEOUT = 8.0
RETRY_SECONDS = 0.5
"""After an attempt to connect has failed, everybody is told so for this long instead of waiting for another."""
SINGLES, BATCHES = 64, 8
"""Posts of one message and of several that are published at once; of one sender half, so that no other waits behind it.

Single ones wait together for one sync of the broker's disk, so more of them at once take no longer; more batches
only make each other slow (measured: 16 at once took 2 s each).
"""
AT_A_TIME = 10
"""Messages of a batch that are begun before others have their turn: a thousand would keep them waiting for 0.2 s."""
WAITING, WAITING_BYTES = 250, 100_000_000
"""Posts of one partner, and bytes of all, that may wait; more are refused: no absent broker ever fills the memory."""


class _Places:
    """Places to publish; of one sender at most half."""

    def __init__(self, number: int) -> None:
        self.all = asyncio.Semaphore(number)
        self.of = defaultdict[str, asyncio.Semaphore](lambda: asyncio.Semaphore(number // 2))


class AioBus:
    """An AsyncBus over RabbitMQ.

    >>> async with AioBus(settings) as bus:
    ...     contact = await bus.call(GetContact(contact_id="con_1"))
    """

    def __init__(self, settings: Settings) -> None:
        self._url = settings.amqp_url
        self._user = settings.amqp_user
        self._timeout = settings.rpc_timeout
        self._line: Line | None = None
        self._connecting = asyncio.Lock()
        self._failed = -RETRY_SECONDS
        self._singles, self._batches = _Places(SINGLES), _Places(BATCHES)
        self._gatherings: dict[str, Gathering] = {}
        self._posts = Counter[str]()
        self._bytes = 0
        self._closing: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        with contextlib.suppress(Unavailable):
            await self._open()
        return self

    async def __aexit__(self, *_exc: object) -> None:
        if self._line is not None:
            await self._line.close()
        if self._closing:  # else they would stay open until the process ends
            await asyncio.wait(self._closing, timeout=CONNECT_TIMEOUT)

    async def call(self, request: Request[R], timeout: float | None = None) -> R:
        """Raises what the service raised; Unavailable when nobody answers within the timeout (seconds)."""
        line, seconds = await self._open(), timeout or self._timeout
        try:
            with unavailable(wire.no_answer(request)):
                async with asyncio.timeout(seconds):
                    body = await line.ask(request, seconds)
        except SilentError as error:
            self._drop(line)
            raise Unavailable(AWAY) from error
        return wire.decode(body, request)

    async def ping(self) -> None:
        """Opens a channel and closes it again: a round trip to the broker that involves no service."""
        line = await self._open()
        try:
            with unavailable(Unavailable(AWAY)):
                async with asyncio.timeout(CONNECT_TIMEOUT):
                    await line.ping()
        except Unavailable:
            self._drop(line)
            raise

    async def look(self, queues: Sequence[str], heads: Collection[str] = ()) -> dict[str, QueueSeen]:
        """Over a connection of its own: what goes wrong there never meets a partner's event."""
        with unavailable(Unavailable(AWAY)):
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
        partner, post = headers["partner"], Post(INBOUND, headers, CONTENT_TYPE)
        places = self._singles if len(bodies) == 1 else self._batches
        with self._room(partner, sum(map(len, bodies))):
            async with places.of[partner], places.all:
                await self._publish_all(await self._open(), bodies, post)

    async def publish_to(self, queue: str, body: bytes) -> None:
        """What is posted into a queue while a message to it is on its way travels in the next."""
        if queue not in self._gatherings:
            self._gatherings[queue] = Gathering(partial(self._publish_together, queue))
        with self._room("", len(body)):
            await self._gatherings[queue].post(body)

    async def _publish_together(self, queue: str, bodies: Sequence[bytes]) -> None:
        alone = len(bodies) == 1
        post = Post(queue, {}, JSON) if alone else Post(queue, {COUNT: len(bodies)}, JSON_BATCH)
        await self._publish_all(await self._open(), bodies if alone else [json_array(bodies)], post)

    @contextlib.contextmanager
    def _room(self, sender: str, size: int) -> Iterator[None]:
        """Room for a post of so many bytes while it is published. Raises Unavailable when too much waits already."""
        if self._posts[sender] >= WAITING or self._bytes + size > WAITING_BYTES:
            raise Unavailable(BUSY)
        self._posts[sender] += 1
        self._bytes += size
        try:
            yield
        finally:
            self._posts[sender] -= 1
            self._bytes -= size

    async def _publish_all(self, line: Line, bodies: Sequence[bytes], post: Post) -> None:
        try:
            with unavailable(Unavailable(AWAY)):
                async with asyncio.timeout(CONFIRM_TIMEOUT):
                    if len(bodies) > 1 and failpoints.due("web.mid_batch"):
                        await asyncio.gather(*[line.publish(body, post, self._user) for body in bodies[::2]])
                        failpoints.die()
                    if len(bodies) == 1:
                        await line.publish(bodies[0], post, self._user)  # without a task, which costs 20 us
                    else:
                        await asyncio.gather(*[each async for each in self._publishing(line, bodies, post)])
        except Unavailable as error:
            if isinstance(error.__cause__, aio_pika.exceptions.DeliveryError):
                raise Unavailable("The queue is full. Send the same again later.") from error
            self._drop(line)
            raise

    async def _publishing(self, line: Line, bodies: Sequence[bytes], post: Post) -> AsyncIterator[asyncio.Task[None]]:
        """Begins to publish, a few at a time: in between others have their turn."""
        for number, body in enumerate(bodies, 1):
            yield asyncio.create_task(line.publish(body, post, self._user))
            if number % AT_A_TIME == 0:
                await asyncio.sleep(0)

    async def _open(self) -> Line:
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

    async def _connect(self) -> Line:
        if time.monotonic() - self._failed < RETRY_SECONDS:
            raise Unavailable(AWAY)
        try:
            with unavailable(Unavailable(AWAY)):
                async with asyncio.timeout(CONNECT_TIMEOUT):
                    return await Line.open(self._url)
        except Unavailable:
            self._failed = time.monotonic()
            raise

    def _drop(self, line: Line) -> None:
        """The broker has not answered on this connection in time: never trust it again, it may be half open."""
        if self._line is line:
            self._line = None
            self._close_later(line.close())

    def _close_later(self, closing: Coroutine[Any, Any, None]) -> None:
        """Not now: a broker that hangs would hold us here."""
        task = asyncio.create_task(closing)
        self._closing.add(task)  # a task that nobody holds may be collected
        task.add_done_callback(self._closing.discard)
