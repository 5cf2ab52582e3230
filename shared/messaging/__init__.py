"""Services talk here: `rpc`, `on`, `on_batch`, `every`, and a `Bus` to call others with.

Importing this package patches nothing and imports neither nameko, kombu nor eventlet: only the runner
(`shared.messaging.runner`) and the broker modules do, when a service is started.
"""

from shared.messaging.declare import Declaration, RawMessage, declarations, every, on, on_batch, rpc
from shared.messaging.ports import AsyncBus, Bus, Outbox

__all__ = [
    "AsyncBus",
    "Bus",
    "Declaration",
    "Outbox",
    "RawMessage",
    "declarations",
    "every",
    "on",
    "on_batch",
    "rpc",
]
