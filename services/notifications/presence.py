"""Which senders are alive, and what each holds: so that nobody takes away what a living one has in hand."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from shared.mongo import Documents

GREETS = 5.0
"""Seconds between the times that a sender says that it is alive."""
GONE = timedelta(minutes=15)
"""A sender that has not said so for that long may be gone for good. That is for a person to decide."""


class Senders(Protocol):
    """The store of senders; the Mongo one and the fake pass the same contract tests."""

    def greet(self, owner: str, at: datetime) -> None:
        """The sender is alive."""
        ...

    def seen(self) -> Mapping[str, datetime]:
        """When each was alive last."""
        ...


class MongoSenders:
    """Collection `senders`."""

    def __init__(self, database: Documents) -> None:
        self._senders = database["senders"]

    def greet(self, owner: str, at: datetime) -> None:
        self._senders.update_one({"_id": owner}, {"$set": {"seen_at": at}}, upsert=True)

    def seen(self) -> Mapping[str, datetime]:
        found: dict[str, Any] = {each["_id"]: each["seen_at"] for each in self._senders.find({})}
        return found


class FakeSenders:
    """Senders in memory."""

    def __init__(self) -> None:
        self._seen: dict[str, datetime] = {}

    def greet(self, owner: str, at: datetime) -> None:
        self._seen[owner] = at

    def seen(self) -> Mapping[str, datetime]:
        return self._seen
