"""Connections to RabbitMQ for blocking code, the topology put in place, and publishing that waits for the confirms."""

import contextlib
import random
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import amqp
import amqp.exceptions
from amqp.transport import TCPTransport
from kombu import Connection
from kombu.exceptions import OperationalError
from pymongo.errors import BulkWriteError, PyMongoError, WriteError

from shared import failpoints
from shared.contracts.base import BATCH_TYPE, CONTENT_TYPE, Envelope, Event, json_array
from shared.errors import Unavailable
from shared.messaging.reading import ReadAhead, read_what_came
from shared.messaging.topology import BATCH, BATCH_BYTES, COUNT, EVENTS, Definitions

# socket.timeout, ConnectionError and the resolver's errors are all OSErrors.
BROKER_ERRORS: tuple[type[Exception], ...] = (OSError, amqp.exceptions.AMQPError, OperationalError)
WINDOW = 500
"""Messages published before their confirms are awaited."""
CONFIRM_TIMEOUT = 10.0
"""Seconds; on a memory or disk alarm no confirm ever comes."""
CONNECT_TIMEOUT = 3.0
SOCKET_TIMEOUT = 10.0
"""Seconds that any other exchange with the broker may take: py-amqp itself waits for ever."""
LONGEST_PAUSE = 4.0
"""Seconds between two attempts at most: what was away is noticed soon after it is back."""


def is_unavailable(error: Exception) -> bool:
    """True when a store, the broker or a service does not answer: no message's own fault."""
    if isinstance(error, BulkWriteError):  # a write that the store could not make durable in time is not refused
        return bool(error.details.get("writeConcernErrors"))
    if isinstance(error, PyMongoError):
        return not isinstance(error, WriteError)
    return isinstance(error, (Unavailable, *BROKER_ERRORS))


def connect(url: str, heartbeat: int = 0) -> Connection:
    """An open connection on which no wait is without end.

    heartbeat: seconds after which each side may take the other for dead; whoever asks for it must send them.
    """
    connection = Connection(url, connect_timeout=CONNECT_TIMEOUT, heartbeat=heartbeat)
    connection.connect()
    transport = connection.connection.transport
    transport.sock.settimeout(SOCKET_TIMEOUT)
    if isinstance(transport, TCPTransport):
        transport._quick_recv = ReadAhead(transport.sock)
    return connection


class Backoff:
    """Growing pauses with jitter, from 0.2 seconds to the longest."""

    def __init__(self) -> None:
        self._tries = 0

    def next(self) -> float:
        self._tries += 1
        return min(LONGEST_PAUSE, 0.2 * 2.0 ** min(self._tries, 10)) * random.uniform(0.5, 1.0)

    def reset(self) -> None:
        self._tries = 0


def declare(channel: Any, topology: Definitions) -> None:
    """Put exchanges, queues and bindings in place; what is there already stays."""
    for exchange in topology["exchanges"]:
        channel.exchange_declare(
            exchange["name"], exchange["type"], durable=True, auto_delete=False, arguments=exchange["arguments"]
        )
    for queue in topology["queues"]:
        channel.queue_declare(queue["name"], durable=True, auto_delete=False, arguments=queue["arguments"])
    for binding in topology["bindings"]:
        channel.queue_bind(binding["destination"], binding["source"], binding["routing_key"])


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to be published; `exchange` "" sends it straight to the queue named by the routing key."""

    exchange: str
    routing_key: str
    body: bytes
    content_type: str = CONTENT_TYPE
    message_id: str = ""
    correlation_id: str = ""
    headers: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def event(cls, envelope: Envelope[Event]) -> "Outgoing":
        return cls(EVENTS, envelope.data.routing_key(), envelope.to_bytes(), message_id=envelope.id)

    @classmethod
    def events(cls, envelopes: Sequence[Envelope[Event]]) -> "list[Outgoing]":
        """Events of one type together, up to 20 in a message: the broker and each consumer have more work with a
        message than with an event."""
        batches: dict[str, list[list[Outgoing]]] = {}
        for each in map(cls.event, envelopes):
            mine = batches.setdefault(each.routing_key, [[]])
            if len(mine[-1]) >= BATCH or len(each.body) + sum(len(one.body) for one in mine[-1]) > BATCH_BYTES:
                mine.append([])
            mine[-1].append(each)
        return [_together(batch) for mine in batches.values() for batch in mine if batch]


class Publisher:
    """Publishes persistent, mandatory messages and returns when the broker has confirmed every one.

    Not for use by two threads at once. Its connection has no heartbeat: a dead one shows as a confirm that does not
    come in time, and the messages are published again on a new connection (consumers are idempotent).
    """

    def __init__(self, url: str, confirm_timeout: float = CONFIRM_TIMEOUT) -> None:
        self._url = url
        self._confirm_timeout = confirm_timeout
        self._connection: Connection | None = None
        self._channel: Any = None
        self._unconfirmed: set[int] = set()
        self._refused: list[str] = []
        self._published = 0

    def publish(self, messages: Sequence[Outgoing]) -> None:
        """Raises Unavailable when the broker does not confirm them; some may have been published then."""
        for start in range(0, len(messages), WINDOW):
            window = messages[start : start + WINDOW]
            try:
                self._publish(window)
            except BROKER_ERRORS:
                self._try_again(window)

    def close(self) -> None:
        self._let_go(_release)

    def _try_again(self, window: Sequence[Outgoing]) -> None:
        self._let_go(abort)
        try:
            self._publish(window)
        except BROKER_ERRORS as error:
            self._let_go(abort)
            raise Unavailable("The message broker does not answer.") from error

    def _let_go(self, end: Callable[[Connection], None]) -> None:
        connection, self._connection, self._channel = self._connection, None, None
        if connection is not None:
            end(connection)

    def _publish(self, window: Sequence[Outgoing]) -> None:
        channel = self._channel or self._open()
        self._unconfirmed.clear()
        self._refused.clear()
        with _written_at_once(channel.connection.transport):
            for message in window:
                self._published += 1
                self._unconfirmed.add(self._published)
                channel.basic_publish(
                    _amqp_message(message, self._user),
                    exchange=message.exchange,
                    routing_key=message.routing_key,
                    mandatory=True,
                )
        failpoints.reach("publisher.unconfirmed")
        deadline = time.monotonic() + self._confirm_timeout
        while self._unconfirmed:
            assert self._connection is not None
            read_what_came(self._connection, max(0.001, deadline - time.monotonic()))
        if self._refused:
            raise Unavailable(f"The message broker refused a message: {self._refused[0]}.")

    def _open(self) -> Any:
        self._connection = connect(self._url)
        self._user = self._connection.userid or "guest"
        self._channel = self._connection.channel()
        self._published = 0
        self._channel.confirm_select()
        self._channel.events["basic_ack"].add(self._confirmed)
        self._channel.events["basic_nack"].add(self._nacked)
        self._channel.events["basic_return"].add(self._returned)
        return self._channel

    def _confirmed(self, tag: int, multiple: bool) -> None:
        if multiple:
            self._unconfirmed = {each for each in self._unconfirmed if each > tag}
        else:
            self._unconfirmed.discard(tag)

    def _nacked(self, tag: int, multiple: bool) -> None:
        self._refused.append("its queue is full")
        self._confirmed(tag, multiple)

    def _returned(self, _error: Any, exchange: str, routing_key: str, _message: Any) -> None:
        self._refused.append(f"no queue takes {exchange}/{routing_key}")


def _together(batch: Sequence[Outgoing]) -> Outgoing:
    first = batch[0]
    if len(batch) == 1:
        return first
    body = json_array(each.body for each in batch)
    return replace(first, body=body, content_type=BATCH_TYPE, headers={COUNT: len(batch)})


@contextlib.contextmanager
def _written_at_once(transport: Any) -> Iterator[None]:
    """Collects what is written and sends it in one piece: one system call a window, not one a message (80 us -> 52)."""
    send, collected = transport._write, []
    transport._write = lambda data: collected.append(bytes(data))  # the data is a view of a buffer that is used again
    try:
        yield
    finally:
        transport._write = send
    send(b"".join(collected))


def _amqp_message(message: Outgoing, user: str) -> amqp.Message:
    properties: dict[str, Any] = {
        "delivery_mode": 2,
        "content_type": message.content_type,
        "content_encoding": "binary",  # py-amqp would give a text body back as str
        "user_id": user,
        "timestamp": int(time.time()),  # by it a consumer tells how long its oldest message has waited
    }
    for name in ("message_id", "correlation_id"):
        if value := getattr(message, name):
            properties[name] = value
    return amqp.Message(message.body, application_headers=message.headers, **properties)


@contextlib.contextmanager
def connection(url: str, heartbeat: int = 0) -> Iterator[Connection]:
    """An open connection that is closed at the end; without a word when something went wrong on it."""
    opened = connect(url, heartbeat)
    try:
        yield opened
    except BaseException:
        abort(opened)
        raise
    else:
        _release(opened)


def _release(opened: Connection) -> None:
    with contextlib.suppress(*BROKER_ERRORS):
        opened.release()


def abort(opened: Connection) -> None:
    """Close the socket at once: a dead broker would let us wait for its goodbye."""
    with contextlib.suppress(Exception):
        opened.connection.transport.sock.shutdown(socket.SHUT_RDWR)
    with contextlib.suppress(Exception):
        opened.release()


def wait_for_broker(url: str, then: Callable[[Any], None], log: Any) -> None:
    """Call `then` with a channel as soon as the broker lets us in, however long that takes."""
    backoff = Backoff()
    while True:
        try:
            with connection(url) as opened:
                return then(opened.channel())
        except BROKER_ERRORS as error:
            log.warning("broker_away", error=type(error).__name__, detail=str(error)[:200])
            time.sleep(backoff.next())
