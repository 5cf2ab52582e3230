"""The bus in one process: delivers by the same declarations as the broker, in milliseconds, for tests of stories.

Everything is serialised on its way, as on the broker. A message that cannot be read is parked; a handler that
raises raises in the test.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

from pydantic import BaseModel

from shared.contracts.base import (
    CONTENT_TYPE,
    JSON,
    CheckHealth,
    ConsumerHealth,
    Envelope,
    Event,
    OutboxHealth,
    Request,
    Unreadable,
)
from shared.errors import Unavailable
from shared.messaging.declare import Declaration, RawMessage, declarations
from shared.messaging.health import read_health
from shared.messaging.ports import QueueSeen
from shared.messaging.topology import UNROUTED, parked

R = TypeVar("R", bound=BaseModel)
OWN_USER = "wellheard"


class TestBus:
    """Carries calls and events between the services that were added to it.

    >>> bus = TestBus()
    >>> contacts = bus.add(Contacts(FakeContacts()))
    >>> bus.call(GetContact(contact_id="con_1"))
    """

    __test__ = False  # pytest: not a test class

    def __init__(self) -> None:
        self._services: dict[str, object] = {}
        self._queues: dict[str, tuple[object, Declaration]] = {}
        self._waiting: dict[str, deque[RawMessage]] = defaultdict(deque)
        self.parked: dict[str, list[tuple[RawMessage, str]]] = defaultdict(list)
        self.published: list[Envelope[Event]] = []
        self.unrouted: list[Envelope[Event]] = []

    def add(self, service: Any) -> Any:
        """Connect a service; returns it."""
        self._services[service.name] = service
        for declaration in declarations(service):
            if declaration.how == "batch":
                self._queues[declaration.queue] = (service, declaration)
        return service

    def call(self, request: Request[R], timeout: float | None = None) -> R:
        """The owner's answer, through JSON both ways."""
        service = self._services.get(request.service)
        if service is None:
            raise Unavailable(f"The {request.service} service does not answer.")
        if isinstance(request, CheckHealth):
            mine = [queue for queue, (owner, _) in self._queues.items() if owner is service]
            consumers = [ConsumerHealth(queue=queue, state="running") for queue in mine]
            return cast(R, read_health(consumers, service))
        sent = type(request).model_validate_json(request.model_dump_json())
        answer = getattr(service, request.method())(sent)
        self._relay()
        return cast(R, request.reply.model_validate_json(answer.model_dump_json()))

    def park(self, queue: str, envelopes: Sequence[Envelope[Event]], reason: str) -> None:
        """Keep events as `parked`."""
        for each in envelopes:
            self.parked[queue].append((RawMessage(each.to_bytes(), {}, CONTENT_TYPE, OWN_USER, own=True), reason))

    def publish(self, *envelopes: Envelope[Event]) -> None:
        """Put events on the exchange; `deliver` hands them out."""
        for envelope in envelopes:
            self.published.append(envelope)
            queues = list(self._bound(envelope.data.routing_key()))
            for queue in queues:
                self._waiting[queue].append(RawMessage(envelope.to_bytes(), {}, CONTENT_TYPE, OWN_USER, own=True))
            if not queues:
                self.unrouted.append(envelope)

    def look(self, queues: Sequence[str]) -> dict[str, QueueSeen]:
        """Every queue that is asked for exists."""
        resting = {parked(queue): len(messages) for queue, messages in self.parked.items()}
        depths = {queue: len(messages) for queue, messages in self._waiting.items()}
        found = depths | resting | {UNROUTED: len(self.unrouted)}
        return {queue: QueueSeen(found.get(queue, 0), int(queue in self._queues)) for queue in queues}

    def inject(self, queue: str, message: RawMessage) -> None:
        """Put a raw message straight into a queue."""
        self._waiting[queue].append(message)

    def publish_inbound(self, bodies: Sequence[bytes], headers: dict[str, str]) -> None:
        """What the web does with partners' events."""
        for body in bodies:
            self.inject("events.inbound", RawMessage(body, dict(headers), CONTENT_TYPE, OWN_USER, own=True))

    def deliver(self) -> None:
        """Hand out messages until every queue is empty and every outbox too."""
        self._relay()
        while full := [name for name, waiting in self._waiting.items() if waiting and name in self._queues]:
            self._deliver_batch(full[0])
            self._relay()

    def tick(self) -> None:
        """Run what is declared with `every`, once, and deliver what comes of it."""
        for service in self._services.values():
            for declaration in declarations(service):
                if declaration.how == "every":
                    getattr(service, declaration.handler)()
        self.deliver()

    def _deliver_batch(self, queue: str) -> None:
        service, declaration = self._queues[queue]
        waiting = self._waiting[queue]
        raw = [waiting.popleft() for _ in range(min(len(waiting), declaration.size))]
        items = []
        for message in raw:
            try:
                assert declaration.read is not None
                items.append(declaration.read(message))
            except Unreadable as error:
                self.parked[queue].append((message, str(error)))
        handler = getattr(service, declaration.handler)
        for batch in [[item] for item in items] if declaration.one_by_one else [items]:
            if batch:
                self.publish(*(handler(batch[0] if declaration.one_by_one else batch) or ()))

    def _bound(self, routing_key: str) -> Iterator[str]:
        for queue, (_, declaration) in self._queues.items():
            if routing_key in {event.routing_key() for event in declaration.events}:
                yield queue

    def _relay(self) -> None:
        for service in self._services.values():
            outbox = getattr(service, "outbox", None)
            while outbox is not None and (pending := outbox.pending(500)):
                self.publish(*(envelope for _, envelope in pending))
                outbox.forget([(key, envelope.id) for key, envelope in pending])


class MemoryOutbox:
    """The outbox of a fake repository."""

    def __init__(self) -> None:
        self._events: list[tuple[str, Envelope[Event]]] = []

    def add(self, key: str, envelope: Envelope[Event]) -> None:
        self._events.append((key, envelope))

    def rewrite(self, key: str, change: Callable[[Envelope[Event]], Envelope[Event]]) -> None:
        """Put others in place of the events that wait under a key."""
        self._events = [(each, change(event) if each == key else event) for each, event in self._events]

    def pending(self, limit: int) -> Sequence[tuple[Any, Envelope[Event]]]:
        return self._events[:limit]

    def forget(self, published: Sequence[tuple[Any, str]]) -> None:
        gone = {event for _, event in published}
        self._events = [each for each in self._events if each[1].id not in gone]

    def health(self) -> OutboxHealth:
        oldest = min((envelope.time for _, envelope in self._events), default=None)
        age = (datetime.now(UTC) - oldest).total_seconds() if oldest else None
        return OutboxHealth(depth=len({key for key, _ in self._events}), oldest_seconds=age)


class AsyncTestBus:
    """The test bus as the web sees it; `deliver=True` hands out at once what is posted or caused by a call."""

    __test__ = False

    def __init__(self, bus: TestBus, deliver: bool = True) -> None:
        self.bus = bus
        self._deliver = deliver

    async def call(self, request: Request[R], timeout: float | None = None) -> R:
        answer = self.bus.call(request, timeout)
        if self._deliver:
            self.bus.deliver()
        return answer

    async def ping(self) -> None: ...

    async def look(self, queues: Sequence[str], heads: Collection[str] = ()) -> dict[str, QueueSeen]:
        return self.bus.look(queues)

    async def publish_inbound(self, bodies: Sequence[bytes], headers: dict[str, str]) -> None:
        self.bus.publish_inbound(bodies, headers)
        if self._deliver:
            self.bus.deliver()

    async def publish_to(self, queue: str, body: bytes) -> None:
        self.bus.inject(queue, RawMessage(body, {}, JSON, OWN_USER, own=True))
        if self._deliver:
            self.bus.deliver()
