"""What one instance is doing, for `wellheard status`."""

from typing import Any

from deploy.instance import Instance
from deploy.queues import depths
from deploy.quiet import outboxes
from deploy.topology import services
from shared.contracts.base import CheckHealth
from shared.contracts.events import ListQuarantine
from shared.errors import Unavailable
from shared.messaging.broker import BROKER_ERRORS
from shared.messaging.client import RpcClient
from shared.settings import Settings


def read_status(settings: Settings) -> dict[str, Any]:
    """Everything at a glance; a part that does not answer is told as such."""
    instance = Instance(settings.state_dir)
    running = instance.supervisor.is_running()
    return {
        "address": settings.public_url,
        "ready": instance.is_ready(),
        "processes": instance.supervisor.states() if running else {"supervisor": "STOPPED"},
        "queues": _queues(settings),
        "outboxes": outboxes(settings) if running else {},
        "consumers": _consumers(settings) if running else {},
        "quarantined": _quarantined(settings) if running else "unknown",
    }


def _queues(settings: Settings) -> dict[str, int]:
    """Queues that hold something, and those that are missing (-1)."""
    try:
        return {name: depth for name, depth in depths(settings).items() if depth}
    except BROKER_ERRORS:
        return {"the message broker does not answer": -1}


def _consumers(settings: Settings) -> dict[str, str]:
    """What each consumer says of itself: running, waiting for something that is away, or paused, with the reason."""
    bus, found = RpcClient(settings), {}
    for service in services():
        try:
            health = bus.call(CheckHealth(service=service.name), timeout=3)
        except Unavailable:
            found[service.name] = "no answer"
            continue
        for each in sorted(health.consumers, key=lambda each: each.state != "running"):
            # A queue with several consumers is told by one that has trouble, if there is one.
            found[each.queue] = f"{each.state}{each.reason and ': '}{each.reason}"
    bus.close()
    return found


def _quarantined(settings: Settings) -> int | str:
    try:
        return RpcClient(settings).call(ListQuarantine(limit=1)).total
    except Unavailable:
        return "unknown"
