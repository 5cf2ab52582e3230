"""Takes messages from one queue in batches, and loses none: handle, publish confirmed, then acknowledge.

What fails by its own fault goes to a retry queue and at last to the parked queue, as a confirmed copy. When a store,
the broker or a service is away, or every message fails alike (a bad deploy), the batch is kept and tried again.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from shared import failpoints
from shared.contracts.base import ConsumerHealth, Envelope, Event, Unreadable
from shared.errors import WellheardError
from shared.logs import get_logger
from shared.messaging.broker import (
    BROKER_ERRORS,
    Backoff,
    Outgoing,
    Publisher,
    connection,
    is_unavailable,
)
from shared.messaging.declare import Declaration, RawMessage
from shared.messaging.pulse import HEARTBEAT, Pulse
from shared.messaging.topology import BATCH, COUNT, RETRY_DELAYS, parked, retry

log = get_logger()

TRIES = "wellheard-tries"
REASON = "wellheard-reason"
ORIGINAL_USER = "wellheard-user-id"
BURST = 0.02
"""Seconds between two looks at what has come."""
ALIKE_TO_PAUSE = 20
"""So many messages in a row failing alike are the handler's fault, not theirs."""


class _PauseError(Exception):
    """Every message fails alike: keep them."""


class _StopError(Exception):
    """The process is to end while a batch waits for something that is away."""


class BatchConsumer:
    """Consumes the queue of one declaration until `stop`. Runs in a thread or greenthread of its own."""

    def __init__(self, url: str, declaration: Declaration, handler: Callable[[Any], Any], own_user: str) -> None:
        self._url = url
        self._declaration = declaration
        self._handler = handler
        self._own_user = own_user
        self._publisher = Publisher(url)
        self._stopping = False
        self._backoff = Backoff()
        self._failing = ""
        self._alike = 0
        self._handled = 0
        self._state = ("waiting", "starting")
        self._waiting: deque[Any] = deque()
        self._batch: Sequence[Any] = ()
        self._finished_at: datetime | None = None

    def health(self) -> ConsumerHealth:
        """Costs nothing until it is asked: ages are reckoned here, from what is held at this moment."""
        state, reason = self._state
        held = (*self._batch, *self._waiting)
        return ConsumerHealth(
            queue=self._declaration.queue,
            state=state,
            reason=reason,
            handled=self._handled,
            held=sum(map(_events_of, held)),
            oldest_seconds=max(0.0, time.time() - min(map(self._sent_at, held))) if held else None,
            finished_at=self._finished_at,
        )

    def stop(self) -> None:
        """Finish the batch in hand, acknowledge it, and end `run`."""
        self._stopping = True

    def run(self) -> None:
        while not self._stopping:
            try:
                with connection(self._url, HEARTBEAT) as opened, Pulse(opened) as pulse:
                    self._consume(opened.channel(), pulse)
            except _StopError:
                break
            except BROKER_ERRORS as error:
                self._wait_reason("waiting", "the message broker is away", error)
                self._sleep(self._backoff.next(), None)
        self._publisher.close()

    # -- one connection ---------------------------------------------------------------------------

    def _consume(self, channel: Any, pulse: Pulse) -> None:
        waiting = self._waiting = deque()
        self._batch = ()
        channel.auto_decode = False  # else py-amqp tries to decode each body as what its publisher says it is
        channel.basic_qos(0, 2 * self._declaration.size, False)
        channel.basic_consume(self._declaration.queue, callback=self._arrived)
        self._running()
        while not self._stopping:
            batch = self._batch = self._gather(pulse, waiting)
            if batch:
                self._finish(batch, pulse)
                failpoints.reach("consumer.before_ack")
                with pulse.writing:
                    channel.basic_ack(batch[-1].delivery_tag, multiple=True)
                failpoints.reach("consumer.after_ack")
                self._handled += sum(map(_events_of, batch))
                self._batch, self._finished_at = (), datetime.now(UTC)

    def _arrived(self, delivered: Any) -> None:
        delivered.arrived = time.time()
        self._waiting.append(delivered)

    def _sent_at(self, delivered: Any) -> float:
        """Seconds since 1970; of what others publish, when it arrived: a partner's clock says nothing about us."""
        sent = delivered.properties.get("timestamp")
        is_own = delivered.properties.get("user_id") == self._own_user
        return float(sent) if sent and is_own else float(delivered.arrived)

    def _gather(self, pulse: Pulse, waiting: deque[Any]) -> list[Any]:
        """Messages with `size` events or a little more; `linger` seconds after the first no more are waited for.

        What comes while it lingers is read in bursts: to wake for each message costs more than to read it.
        """
        size, batch, held = self._declaration.size, [], 0
        if not waiting:
            pulse.listen(0.5)
        deadline = time.monotonic() + self._declaration.linger
        while waiting and held < size:
            batch.append(waiting.popleft())
            held += _events_of(batch[-1])
            while not waiting and held < size and not pulse.listen(0.001):
                left = deadline - time.monotonic()
                if left <= 0:
                    return batch
                time.sleep(min(left, BURST))
        return batch

    # -- one batch --------------------------------------------------------------------------------

    def _finish(self, batch: Sequence[Any], pulse: Pulse) -> None:
        """Returns when everything the batch leads to is stored and confirmed; the caller acknowledges."""
        while True:
            try:
                failpoints.reach("consumer.before_handle")
                outgoing = self._handle(batch)
                failpoints.reach("consumer.before_publish")
                self._publisher.publish(outgoing)
                return self._running()
            except _PauseError as error:
                self._wait_reason("paused", str(error), error)
            except Exception as error:
                if not is_unavailable(error):
                    raise
                self._wait_reason("waiting", "something this service needs is away", error)
            self._sleep(self._backoff.next(), pulse)

    def _handle(self, batch: Sequence[Any]) -> list[Outgoing]:
        unreadable: list[Outgoing] = []
        readable: list[tuple[RawMessage, Any]] = []
        for message in self._messages(batch, unreadable):
            try:
                readable.append((message, self._read(message)))
            except Unreadable as error:
                unreadable.append(self._unreadable(message, error))
        return unreadable + self._handle_readable(readable)

    def _messages(self, batch: Sequence[Any], unreadable: list[Outgoing]) -> Iterator[RawMessage]:
        """One for each event."""
        for message in map(self._raw, batch):
            try:
                yield from message.each()
            except Unreadable as error:
                unreadable.append(self._unreadable(message, error))

    def _unreadable(self, message: RawMessage, error: Unreadable) -> Outgoing:
        log.warning("message_unreadable", queue=self._declaration.queue, reason=str(error))
        return self._copy(message, parked(self._declaration.queue), f"cannot be read: {error}")

    def _handle_readable(self, readable: Sequence[tuple[RawMessage, Any]]) -> list[Outgoing]:
        if self._declaration.one_by_one or not readable:
            return self._handle_singly(readable)
        try:
            outgoing = _events(self._handler([item for _, item in readable]))
        except Exception as error:
            if is_unavailable(error):
                raise
            log.warning("batch_failed", queue=self._declaration.queue, size=len(readable), error=type(error).__name__)
            return self._handle_singly(readable)
        self._alike = 0
        return outgoing

    def _handle_singly(self, readable: Sequence[tuple[RawMessage, Any]]) -> list[Outgoing]:
        """One bad message never takes its neighbours along."""
        outgoing: list[Outgoing] = []
        failed: list[tuple[RawMessage, Exception]] = []
        for message, item in readable:
            try:
                outgoing += _events(self._handler(item if self._declaration.one_by_one else [item]))
                self._alike = 0
            except Exception as error:
                if is_unavailable(error):
                    raise
                self._count_alike(error)
                failed.append((message, error))
        if self._alike >= ALIKE_TO_PAUSE and len(failed) == len(readable):
            raise _PauseError(f"the last {self._alike} messages all failed with {self._failing}")
        return outgoing + [self._later(message, error) for message, error in failed]

    def _count_alike(self, error: Exception) -> None:
        name = type(error).__name__
        self._alike = self._alike + 1 if name == self._failing else 1
        self._failing = name

    def _later(self, message: RawMessage, error: Exception) -> Outgoing:
        """A copy for the next try, or for the parked queue after the last."""
        queue, tries = self._declaration.queue, int(message.headers.get(TRIES, 0))
        # Only our own errors have sentences that are safe to keep; others may quote a person's words.
        reason = type(error).__name__ + (f": {error}" if isinstance(error, WellheardError) else "")
        last = tries >= len(RETRY_DELAYS)
        log.error("message_failed", queue=queue, tries=tries + 1, parked=last, exc_info=error)
        return self._copy(message, parked(queue) if last else retry(queue, RETRY_DELAYS[tries]), reason, tries + 1)

    def _copy(self, message: RawMessage, queue: str, reason: str, tries: int = 0) -> Outgoing:
        headers = message.headers | failed_headers(reason, tries, message.user_id)
        return Outgoing("", queue, message.to_bytes(), message.content_type, headers=headers)

    def _read(self, message: RawMessage) -> Any:
        assert self._declaration.read is not None
        return self._declaration.read(message)

    def _raw(self, delivered: Any) -> RawMessage:
        body = bytes(delivered.body or b"")  # py-amqp gives a message without a body ""
        properties = delivered.properties
        headers = dict(properties.get("application_headers") or {})
        headers.pop(COUNT, None)
        user = properties.get("user_id")
        if user == self._own_user and ORIGINAL_USER in headers:
            user = headers.pop(ORIGINAL_USER) or None
        # Users belong to the broker, not to the vhost: those of an instance's partners begin with its own user.
        partner = user.removeprefix(f"{self._own_user}.") if user else None
        return RawMessage(body, headers, properties.get("content_type") or "", partner, user == self._own_user)

    # -- waiting ----------------------------------------------------------------------------------

    def _running(self) -> None:
        self._state = ("running", "")
        self._backoff.reset()

    def _wait_reason(self, state: str, reason: str, error: Exception) -> None:
        if self._state[0] != state:
            log.warning("consumer_waits", queue=self._declaration.queue, state=state, reason=reason, exc_info=error)
        self._state = (state, f"{reason} ({type(error).__name__})")

    def _sleep(self, seconds: float, pulse: Pulse | None) -> None:
        """Wait, ready to stop. If there is a connection it is listened to: the batch in hand must stay ours."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self._stopping:
                raise _StopError
            if pulse is None or pulse.listen(0.1):
                time.sleep(0.1)


def failed_headers(reason: str, tries: int, user: str | None = None) -> dict[str, Any]:
    """What the copy of a message that failed says about it; `user`: the partner's, where one published it.

    It goes along as a header because the broker lets us publish under our own user only.
    """
    return {TRIES: tries, REASON: reason[:500], ORIGINAL_USER: user or ""}


def _events_of(delivered: Any) -> int:
    """How many events a message holds."""
    count = (delivered.properties.get("application_headers") or {}).get(COUNT, 1)
    return count if isinstance(count, int) and 0 < count <= BATCH else 1


def _events(envelopes: Sequence[Envelope[Event]] | None) -> list[Outgoing]:
    return Outgoing.events(envelopes or ())
