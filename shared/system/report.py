"""The one definition of the system's state: for the page, `/status.json`, the metrics and `wellheard status`.

It holds nothing personal: names of processes and queues, counts, ages in seconds, and reasons of our own making.
"""

from typing import Literal

from pydantic import AwareDatetime

from shared.contracts.base import Value
from shared.contracts.history import EngineState

Answer = Literal["ok", "no answer"]


class Process(Value):
    """A process that answers, or does not."""

    name: str
    """As `wellheard run` knows it."""
    state: str
    """`ok`, `no answer`, `waiting` (for something it needs) or `paused` (every message fails alike)."""
    reason: str = ""
    version: str = ""
    started_at: AwareDatetime | None = None
    resident_bytes: int | None = None
    last_event_at: AwareDatetime | None = None
    """When it last finished a message of a queue; None: not since it started, or it has no queue."""

    @property
    def answers(self) -> bool:
        return self.state != "no answer"


class WorkingQueue(Value):
    """A queue that a process empties."""

    name: str
    process: str
    depth: int | None
    """What waits at the broker and what the consumers have read, at least; None: the queue does not exist."""
    retrying: int
    """Messages that failed and wait for their next try (up to 10 minutes each)."""
    consumers: int
    last_consumed_at: AwareDatetime | None = None
    """When this reporter last saw a consumer; None: it never did."""
    oldest_seconds: float | None = None
    """Since the oldest message in a consumer's hand was published; None: nobody holds one."""
    state: str
    """`running`, `waiting`, `paused`, `no consumer`, `missing` or `unknown` (it has one that tells nothing)."""
    reason: str = ""


class RestingQueue(Value):
    """A queue that nobody is supposed to empty by itself: parked messages, and those without a listener."""

    name: str
    depth: int
    oldest_seconds: float | None = None
    """Since it came here; None when it is empty, or the broker would count the look as a delivery (RabbitMQ 4)."""


class OutboxState(Value):
    """Events of commands that are still to be published."""

    process: str
    depth: int
    """Counted up to 10,000."""
    oldest_seconds: float | None = None


class QuarantineState(Value):
    """Partners' events that wait for somebody's decision."""

    open: int
    oldest_seconds: float | None = None


class IndexState(Value):
    """The search index and its engine, as the search process sees them; None: what cannot be told just now."""

    engine: str
    state: EngineState
    entries: int | None = None
    contacts: int | None = None
    position: int | None = None
    """How far in the log of events it has come."""
    rebuilding: bool


class SystemReport(Value):
    """Everything at one moment. What could not be read is empty or None, and a trouble says so."""

    at: AwareDatetime
    broker: Answer
    store: Answer
    processes: tuple[Process, ...]
    queues: tuple[WorkingQueue, ...] = ()
    outboxes: tuple[OutboxState, ...] = ()
    parked: tuple[RestingQueue, ...] = ()
    unrouted: RestingQueue | None = None
    quarantine: QuarantineState | None = None
    index: IndexState | None = None
    troubles: tuple[str, ...] = ()
    """What an operator should do now, the gravest first; empty: all is well."""
