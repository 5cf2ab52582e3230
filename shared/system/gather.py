"""Gathers the system's report over the bus: every question at once, none waited for longer than two seconds."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from shared.contracts.base import CheckHealth, ConsumerHealth, Health
from shared.contracts.events import ListQuarantine, QuarantineList
from shared.contracts.history import GetHistoryStatus
from shared.errors import WellheardError
from shared.messaging.ports import AsyncBus, QueueSeen
from shared.messaging.topology import RETRY_DELAYS, UNROUTED, parked, retry
from shared.system.parts import PARTS, Part
from shared.system.report import (
    IndexState,
    OutboxState,
    Process,
    QuarantineState,
    RestingQueue,
    SystemReport,
    WorkingQueue,
)
from shared.system.troubles import find_troubles
from shared.vitals import STARTED_AT, resident_bytes, wellheard_version

T = TypeVar("T")

WAIT_SECONDS = 2.0
KEEP_SECONDS = 3.0
"""A report is good for so long, however many ask."""
WORKING = tuple(queue for part in PARTS for queue in part.queues)
RESTING = (*(parked(queue) for queue in WORKING), UNROUTED)
_GRAVITY = {"running": 0, "waiting": 1, "paused": 2}
QUEUES = (*WORKING, *RESTING, *(retry(queue, delay) for queue in WORKING for delay in RETRY_DELAYS))


class Reporter:
    """Makes the report, at most once in `KEEP_SECONDS`; remembers when each queue last had a consumer.

    check_store: returns when the store answers, else raises Unavailable. web: what is known of the web process.
    """

    def __init__(
        self, bus: AsyncBus, check_store: Callable[[], Awaitable[None]], web: Callable[[], Process] | None = None
    ) -> None:
        self._bus = bus
        self._check_store = check_store
        self._web = web or this_web
        self._consumed: dict[str, datetime] = {}
        self._lock = asyncio.Lock()
        self._made: tuple[float, SystemReport] | None = None

    async def report(self) -> SystemReport:
        """Within about two seconds, whatever is away."""
        async with self._lock:
            if self._made is None or time.monotonic() - self._made[0] > KEEP_SECONDS:
                report = await self._gather()
                self._made = (time.monotonic(), report.model_copy(update={"troubles": tuple(find_troubles(report))}))
            return self._made[1]

    async def _gather(self) -> SystemReport:
        healths, queues, stored, quarantine, index = await asyncio.gather(
            ask_services(self._bus),
            answer_of(self._bus.look(QUEUES, heads=RESTING)),
            answers(self._check_store()),
            answer_of(self._bus.call(ListQuarantine(limit=1), WAIT_SECONDS)),
            answer_of(self._bus.call(GetHistoryStatus(), WAIT_SECONDS)),
        )
        at = datetime.now(UTC)
        for name in WORKING:
            if queues and (seen := queues.get(name)) and seen.consumers:
                self._consumed[name] = at
        return SystemReport(
            at=at,
            broker="ok" if queues is not None else "no answer",
            store="ok" if stored else "no answer",
            processes=(self._web(), *(_process(part, healths[part.service]) for part in PARTS)),
            queues=tuple(self._queue(part, name, queues, healths) for part in PARTS for name in part.queues)
            if queues is not None
            else (),
            outboxes=tuple(_outboxes(healths)),
            parked=tuple(_resting(name, queues, at) for name in RESTING if name != UNROUTED) if queues else (),
            unrouted=_resting(UNROUTED, queues, at) if queues else None,
            quarantine=_quarantine(quarantine, at),
            index=index and IndexState.model_validate(index.model_dump(exclude={"last_recorded_at"})),
        )

    def _queue(
        self, part: Part, name: str, queues: Mapping[str, QueueSeen], healths: Mapping[str, Health | None]
    ) -> WorkingQueue:
        seen, health = queues.get(name), healths[part.service]
        mine = [each for each in health.consumers if each.queue == name] if health else []
        state, reason = _state(seen, mine)
        return WorkingQueue(
            name=name,
            process=part.process,
            depth=seen.depth + sum(each.held for each in mine) if seen else None,
            retrying=sum(queues[each].depth for each in _retries(name) if each in queues),
            consumers=seen.consumers if seen else 0,
            last_consumed_at=self._consumed.get(name),
            oldest_seconds=max((each.oldest_seconds for each in mine if each.oldest_seconds is not None), default=None),
            state=state,
            reason=reason,
        )


async def ask_services(bus: AsyncBus) -> dict[str, Health | None]:
    """The health of every service, None of one that does not answer in time."""
    answers = await asyncio.gather(
        *(answer_of(bus.call(CheckHealth(service=part.service), WAIT_SECONDS)) for part in PARTS)
    )
    return {part.service: answer for part, answer in zip(PARTS, answers, strict=True)}


async def answers(question: Awaitable[None]) -> bool:
    """Whether it ends well in time."""
    return await answer_of(_done(question)) is not None


async def answer_of(question: Awaitable[T]) -> T | None:
    """None when no answer comes within `WAIT_SECONDS`, or none that helps."""
    try:
        return await asyncio.wait_for(question, WAIT_SECONDS)
    except (WellheardError, TimeoutError):
        return None


def state_of(health: Health | None) -> tuple[str, str]:
    """(state, reason) of a service: `ok`, `no answer`, `waiting` or `paused`, the worst of what it says."""
    if health is None:
        return "no answer", ""
    paused = [each for each in health.consumers if each.state == "paused"]
    waiting = [each for each in health.consumers if each.state != "running"]
    for each in paused or waiting:
        return each.state, f"{each.queue}: {each.reason}"
    return ("waiting", health.reason) if health.reason else ("ok", "")


def this_web() -> Process:
    """The web's word on itself."""
    return Process(
        name="web", state="ok", version=wellheard_version(), started_at=STARTED_AT, resident_bytes=resident_bytes()
    )


def _process(part: Part, health: Health | None) -> Process:
    state, reason = state_of(health)
    if health is None:
        return Process(name=part.process, state=state)
    return Process(
        name=part.process,
        state=state,
        reason=reason,
        version=health.version,
        started_at=health.started_at,
        resident_bytes=health.resident_bytes,
        last_event_at=max((each.finished_at for each in health.consumers if each.finished_at), default=None),
    )


def _state(seen: QueueSeen | None, consumers: Sequence[ConsumerHealth]) -> tuple[str, str]:
    """A queue with several consumers is told by the one that has most trouble."""
    if seen is None:
        return "missing", ""
    if not seen.consumers:
        return "no consumer", ""
    if not consumers:
        return "unknown", "its process does not answer"
    worst = max(consumers, key=lambda each: _GRAVITY.get(each.state, 1))
    return worst.state, worst.reason


def _resting(name: str, queues: Mapping[str, QueueSeen], at: datetime) -> RestingQueue:
    seen = queues.get(name)
    age = max(0.0, (at - seen.head_at).total_seconds()) if seen and seen.head_at else None
    return RestingQueue(name=name, depth=seen.depth if seen else 0, oldest_seconds=age)


def _retries(queue: str) -> list[str]:
    return [retry(queue, delay) for delay in RETRY_DELAYS]


def _outboxes(healths: Mapping[str, Health | None]) -> list[OutboxState]:
    return [
        OutboxState(process=part.process, depth=health.outbox.depth, oldest_seconds=health.outbox.oldest_seconds)
        for part in PARTS
        if (health := healths[part.service]) is not None and health.outbox is not None
    ]


def _quarantine(answer: QuarantineList | None, at: datetime) -> QuarantineState | None:
    if answer is None:
        return None
    oldest = answer.oldest_received_at
    age = max(0.0, (at - oldest).total_seconds()) if oldest else None
    return QuarantineState(open=answer.total, oldest_seconds=age)


async def _done(question: Awaitable[None]) -> bool:
    await question
    return True
