"""Several outboxes of one service as one: for aggregates that stand in collections of their own."""

from collections.abc import Sequence
from typing import Any

from shared.contracts.base import Envelope, Event, OutboxHealth
from shared.messaging.ports import Outbox


class Outboxes:
    """Reads from the first outbox that holds something; keys carry the number of theirs."""

    def __init__(self, *outboxes: Outbox) -> None:
        self._outboxes = outboxes

    def pending(self, limit: int) -> Sequence[tuple[Any, Envelope[Event]]]:
        for number, outbox in enumerate(self._outboxes):
            if found := outbox.pending(limit):
                return [((number, key), envelope) for key, envelope in found]
        return []

    def forget(self, published: Sequence[tuple[Any, str]]) -> None:
        for number, outbox in enumerate(self._outboxes):
            if mine := [(key, event) for (owner, key), event in published if owner == number]:
                outbox.forget(mine)

    def health(self) -> OutboxHealth:
        found = [each.health() for each in self._outboxes]
        ages = [each.oldest_seconds for each in found if each.oldest_seconds is not None]
        return OutboxHealth(depth=sum(each.depth for each in found), oldest_seconds=max(ages, default=None))
