"""What a service sees of the bus; the broker and the in-process test bus both provide it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel

from shared.contracts.base import Envelope, Event, OutboxHealth, Request

R = TypeVar("R", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class QueueSeen:
    """A queue as the broker shows it."""

    depth: int
    """Messages that wait; those delivered and not acknowledged are not counted."""
    consumers: int
    head_at: datetime | None = None
    """When its first message was published, if that was asked for and the message says so."""


class Bus(Protocol):
    """Calls other services from a service (blocking)."""

    def call(self, request: Request[R], timeout: float | None = None) -> R:
        """The owner's answer. Raises what the owner raised (shared.errors), Unavailable after the timeout."""
        ...

    def park(self, queue: str, envelopes: Sequence[Envelope[Event]], reason: str) -> None:
        """Put events that a service could not deal with to the parked messages of its queue, or raise Unavailable.

        Staff see them there with the reason, and put them back into the queue when it is mended.
        """
        ...


class AsyncBus(Protocol):
    """Calls services from asyncio (the web), and publishes what partners post."""

    async def call(self, request: Request[R], timeout: float | None = None) -> R: ...

    async def ping(self) -> None:
        """Returns when the broker itself answers, whether or not a service does; else raises Unavailable."""
        ...

    async def look(self, queues: Sequence[str], heads: Collection[str] = ()) -> dict[str, QueueSeen]:
        """Those of the queues that exist; raises Unavailable within about two seconds.

        heads: queues whose first message is looked at and put back. Not for queues with a delivery limit.
        """
        ...

    async def publish_inbound(self, bodies: Sequence[bytes], headers: dict[str, str]) -> None:
        """Put partners' events into `events.inbound`, all confirmed by the broker, or raise Unavailable.

        headers: `partner`, `received_at` (RFC 3339), `correlation_id`.
        """
        ...

    async def publish_to(self, queue: str, body: bytes) -> None:
        """Put one message (JSON) into a queue of ours by its name, confirmed by the broker, or raise Unavailable."""
        ...


class Outbox(Protocol):
    """Events that stand in the aggregates' own documents until they have been published."""

    def pending(self, limit: int) -> Sequence[tuple[Any, Envelope[Event]]]:
        """(key of the document, event), oldest first."""
        ...

    def forget(self, published: Sequence[tuple[Any, str]]) -> None:
        """Remove the events, given as (key of the document, event id)."""
        ...

    def health(self) -> OutboxHealth:
        """How much waits, and since when. Raises within about a second when the store does not answer."""
        ...
