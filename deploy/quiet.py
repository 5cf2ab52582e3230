"""Whether anything is still on its way: in the queues, in the outboxes, or from the log to the index."""

import time
from dataclasses import dataclass

from deploy.queues import depths
from shared.contracts.history import GetHistoryStatus
from shared.errors import Unavailable
from shared.messaging.client import RpcClient
from shared.messaging.topology import UNROUTED
from shared.mongo import connect
from shared.settings import Settings

# Where a service keeps its aggregates; the outbox of each stands in its own document. A rule finds one that is missing.
OUTBOXES = {
    "contacts": ("contacts", "memberships", "erasures", "relationships"),
    "events": ("engagements", "meetings"),
    "notifications": ("mailings", "chunks"),
    "surveys": ("surveys", "responses", "consultations", "contributions"),
}
STILL_FOR = 1.5
"""Seconds without any change that count as quiet: longer than the index takes to show what it was given."""


@dataclass(frozen=True, slots=True)
class Movement:
    """What is on its way, and figures that change while something is."""

    queues: dict[str, int]
    outboxes: dict[str, int]
    logged: int
    indexed: tuple[int, int]
    """Entries and contacts in the index; -1 while it does not answer or is being rebuilt."""

    @property
    def is_settled(self) -> bool:
        return not any((*self.queues.values(), *self.outboxes.values())) and self.indexed[0] >= 0


def wait_quiet(settings: Settings, seconds: float) -> bool:
    """Return True as soon as nothing moves any more, False when that takes longer."""
    give_up = time.monotonic() + seconds
    bus = RpcClient(settings)
    seen, since = movement(settings, bus), time.monotonic()
    while not (seen.is_settled and time.monotonic() - since > STILL_FOR):
        if time.monotonic() > give_up:
            return False
        time.sleep(0.3)
        now = movement(settings, bus)
        if now != seen:
            seen, since = now, time.monotonic()
    bus.close()
    return True


def movement(settings: Settings, bus: RpcClient) -> Movement:
    return Movement(
        {name: depth for name, depth in depths(settings).items() if not is_resting_place(name)},
        outboxes(settings),
        connect(settings, "history")["log"].estimated_document_count(),
        _indexed(bus),
    )


def is_resting_place(queue: str) -> bool:
    """A queue that nobody is supposed to empty by itself."""
    return queue.endswith(".parked") or queue == UNROUTED


def outboxes(settings: Settings) -> dict[str, int]:
    """Documents with events that are still to be published, by service."""
    return {
        service: sum(
            connect(settings, service)[each].count_documents({"outbox.id": {"$gt": ""}}) for each in collections
        )
        for service, collections in OUTBOXES.items()
    }


def _indexed(bus: RpcClient) -> tuple[int, int]:
    try:
        status = bus.call(GetHistoryStatus())
    except Unavailable:
        return (-1, -1)
    if status.rebuilding or status.entries is None or status.contacts is None:
        return (-1, -1)
    return status.entries, status.contacts
