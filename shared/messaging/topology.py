"""Exchanges, queues and bindings, derived from the services' declarations; nothing here talks to a broker.

The result has the form of RabbitMQ's definitions file. It is generated into deploy/rabbitmq/definitions.json, which
every process declares before it publishes or consumes: an event never finds its queue missing.
"""

from collections.abc import Iterable
from typing import Any

from shared.messaging.declare import Declaration

EVENTS = "wellheard"
PARTNERS = "wellheard.partners"
UNROUTED = "wellheard.unrouted"
INBOUND = "events.inbound"
BATCH, BATCH_BYTES = 50, 256_000
"""Events in a message at most, and their bytes; what a consumer holds ahead of its work is bounded in messages."""
COUNT = "wellheard-events"
"""Header: how many events a message holds, when there are more than one."""
RETRY_DELAYS = (1, 10, 60, 600)
"""Seconds before the second, third, .. try; after the last the message is parked."""
DELIVERY_LIMIT = 50
"""Deliveries without an acknowledgement (a process that dies on the message) before the broker parks it."""
MAX_LENGTH = 2_000_000
"""Messages in a queue before the broker refuses more, and the publisher waits or answers 503."""

Definitions = dict[str, list[dict[str, Any]]]


def parked(queue: str) -> str:
    return f"{queue}.parked"


def retry(queue: str, delay: int) -> str:
    return f"{queue}.retry.{delay}"


def definitions(declarations: Iterable[Declaration]) -> Definitions:
    """The whole topology of the given entrypoints, in a stable order."""
    batches = sorted((each for each in declarations if each.how == "batch"), key=lambda each: each.queue)
    queues = [_queue(UNROUTED, {})]
    bindings = [_binding(UNROUTED, UNROUTED, "")]
    for declaration in batches:
        queues += _queues_of(declaration.queue)
        if declaration.exchange:
            bindings += [_binding(declaration.exchange, declaration.queue, key) for key in declaration.routing_keys()]
    exchanges = [
        _exchange(EVENTS, "topic", {"alternate-exchange": UNROUTED}),
        _exchange(PARTNERS, "topic", {"alternate-exchange": UNROUTED}),
        _exchange(UNROUTED, "fanout", {}),
    ]
    return {"exchanges": exchanges, "queues": queues, "bindings": bindings}


def working_queues(topology: Definitions) -> list[str]:
    """The queues that a service consumes, without their retry and parked queues."""
    names = {queue["name"] for queue in topology["queues"]}
    return sorted(name for name in names if parked(name) in names)


def _queues_of(queue: str) -> list[dict[str, Any]]:
    back = {"x-dead-letter-exchange": "", "x-dead-letter-strategy": "at-least-once"}
    return [
        _queue(queue, back | {"x-dead-letter-routing-key": parked(queue), "x-delivery-limit": DELIVERY_LIMIT}),
        _queue(parked(queue), {}),
        *(
            _queue(retry(queue, delay), back | {"x-dead-letter-routing-key": queue, "x-message-ttl": delay * 1000})
            for delay in RETRY_DELAYS
        ),
    ]


def _queue(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    bounded = {"x-queue-type": "quorum", "x-overflow": "reject-publish", "x-max-length": MAX_LENGTH}
    return {"name": name, "durable": True, "auto_delete": False, "arguments": bounded | arguments}


def _exchange(name: str, kind: str, arguments: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "type": kind, "durable": True, "auto_delete": False, "arguments": arguments}


def _binding(source: str, queue: str, routing_key: str) -> dict[str, Any]:
    return {"source": source, "destination": queue, "destination_type": "queue", "routing_key": routing_key}
