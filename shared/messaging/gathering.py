"""What many post into one queue at once goes there together: to publish a message costs more than what it holds."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from shared.errors import Unavailable
from shared.messaging.topology import BATCH, BATCH_BYTES

_Posted = tuple[bytes, "asyncio.Future[None]"]


class Gathering:
    """The way into one queue, with one message on it at a time: who comes meanwhile shares the next.

    send: publishes up to BATCH bodies as one message, confirmed, or raises Unavailable.
    """

    def __init__(self, send: Callable[[Sequence[bytes]], Awaitable[None]]) -> None:
        self._send = send
        self._waiting: deque[_Posted] = deque()
        self._sending: asyncio.Task[None] | None = None

    async def post(self, body: bytes) -> None:
        """Returns when the broker has it, or raises Unavailable."""
        posted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((body, posted))
        if self._sending is None:
            self._sending = asyncio.create_task(self._send_all())
        await posted

    async def _send_all(self) -> None:
        try:
            while self._waiting:
                batch = self._next()
                try:
                    await self._send([body for body, _ in batch])
                except Unavailable as error:
                    self._refuse(batch, error.detail)
                except BaseException:
                    self._refuse(batch, "It could not be passed on. Send the same again.")
                    raise
                else:
                    for _, posted in batch:
                        if not posted.done():  # else whoever posted it has gone away
                            posted.set_result(None)
        finally:
            self._sending = None

    def _next(self) -> list[_Posted]:
        """At least one, and as many more as a message takes."""
        batch = [self._waiting.popleft()]
        size = len(batch[0][0])
        while self._waiting and len(batch) < BATCH and (size := size + len(self._waiting[0][0])) <= BATCH_BYTES:
            batch.append(self._waiting.popleft())
        return batch

    def _refuse(self, batch: Sequence[_Posted], why: str) -> None:
        """Also whoever waits behind the batch: they would be told the same, only later."""
        for _, posted in (*batch, *self._waiting):
            if not posted.done():
                posted.set_exception(Unavailable(why))
        self._waiting.clear()
