"""Calls services from blocking code: other services (under the runner) and the command line (without it)."""

import time
from collections.abc import Sequence
from typing import Any, TypeVar

import amqp
from pydantic import BaseModel

from shared.contracts.base import Envelope, Event, Request, new_id
from shared.messaging import wire
from shared.messaging.broker import BROKER_ERRORS, Outgoing, Publisher, abort, connect
from shared.messaging.consumer import failed_headers
from shared.messaging.topology import parked
from shared.settings import Settings

R = TypeVar("R", bound=BaseModel)


class RpcClient:
    """A Bus over RabbitMQ. Each call uses a connection of its own from a small pool, so threads never share one."""

    def __init__(self, settings: Settings) -> None:
        self._url = settings.amqp_url
        self._timeout = settings.rpc_timeout
        self._idle: list[_Line] = []

    def call(self, request: Request[R], timeout: float | None = None) -> R:
        """Raises what the service raised; Unavailable when nobody answers within the timeout (seconds)."""
        line = self._idle.pop() if self._idle else None
        try:
            if line is not None and line.is_fresh():
                body = line.ask(request, timeout or self._timeout)
            else:
                line = _Line(self._url)
                body = line.ask(request, timeout or self._timeout)
        except BROKER_ERRORS as error:
            raise wire.no_answer(request) from error
        self._idle.append(line)
        return wire.decode(body, request)

    def park(self, queue: str, envelopes: Sequence[Envelope[Event]], reason: str) -> None:
        """Put events to the parked messages of a queue, confirmed; Unavailable when the broker does not answer."""
        headers, target = failed_headers(reason, tries=1), parked(queue)
        publisher = Publisher(self._url)
        try:
            publisher.publish(
                [Outgoing("", target, each.to_bytes(), message_id=each.id, headers=headers) for each in envelopes]
            )
        finally:
            publisher.close()

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()


class _Line:
    """One connection with its own reply queue; asks one thing at a time."""

    FRESH = 20.0
    """Seconds of idleness after which a connection is not trusted any more (no heartbeats are sent on it)."""

    def __init__(self, url: str) -> None:
        self._connection = connect(url)
        self._channel = self._connection.channel()
        queue, self._key = wire.reply_queue()
        self._channel.queue_declare(queue, exclusive=True, auto_delete=True)
        self._channel.exchange_declare(wire.EXCHANGE, "topic", durable=True, auto_delete=False)
        self._channel.queue_bind(queue, wire.EXCHANGE, self._key)
        self._channel.basic_consume(queue, no_ack=True, callback=self._answered)
        self._channel.events["basic_return"].add(self._returned)
        self._asked = ""
        self._answer: bytes | None = None
        self._used = time.monotonic()

    def is_fresh(self) -> bool:
        return time.monotonic() - self._used < self.FRESH

    def ask(self, request: Request[Any], timeout: float) -> bytes:
        """The answer's body; a timeout or a lost connection raises OSError, and the line must not be used again."""
        self._asked, self._answer = new_id(), None
        message = amqp.Message(
            wire.encode(request),
            content_type="application/json",
            content_encoding="utf-8",
            reply_to=self._key,
            correlation_id=self._asked,
            expiration=str(int(timeout * 1000)),  # nobody waits for it later
        )
        self._channel.basic_publish(
            message, exchange=wire.EXCHANGE, routing_key=wire.routing_key(request), mandatory=True
        )
        deadline = time.monotonic() + timeout
        try:
            while self._answer is None:
                self._connection.drain_events(timeout=max(0.001, deadline - time.monotonic()))
        except BROKER_ERRORS:
            abort(self._connection)
            raise
        self._used = time.monotonic()
        return self._answer

    def close(self) -> None:
        try:
            self._connection.release()
        except BROKER_ERRORS:
            return

    def _answered(self, message: Any) -> None:
        if message.properties.get("correlation_id") == self._asked:
            self._answer = message.body if isinstance(message.body, bytes) else message.body.encode()

    def _returned(self, *_details: Any) -> None:
        raise ConnectionError("no such service has started yet")
