"""Keeps requests to subscribe until they expire, whether they are confirmed or not."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple, Protocol

from shared.contracts.consent import Purpose
from shared.mongo import Documents, insert_new


class Request(NamedTuple):
    """Somebody asked for messages to an address."""

    key: str
    address: str
    """In compared form."""
    name: str
    purposes: tuple[Purpose, ...]
    wording: str
    asked_at: datetime
    expires_at: datetime
    confirmed_at: datetime | None = None


class SubscriptionRequests(Protocol):
    """Requests by key; the Mongo one and the fake pass the same contract tests."""

    def add(self, request: Request) -> None: ...

    def find(self, key: str) -> Request | None: ...

    def count(self, address: str, since: datetime) -> int:
        """How often the address was asked for."""
        ...

    def confirm(self, key: str, at: datetime) -> None:
        """Note that it was confirmed; the first time stands."""
        ...

    def forget(self, addresses: Iterable[str]) -> None:
        """Nothing is left of what was asked for these."""
        ...

    def forget_expired(self, at: datetime) -> None: ...


class MongoSubscriptionRequests:
    """Collection `subscription_requests`."""

    def __init__(self, database: Documents) -> None:
        self._requests = database["subscription_requests"]
        self._requests.create_index("address")
        self._requests.create_index("expires_at")

    def add(self, request: Request) -> None:
        fields = request._asdict() | {"purposes": list(request.purposes)}
        insert_new(self._requests, [{"_id": fields.pop("key"), **fields}])

    def find(self, key: str) -> Request | None:
        found = self._requests.find_one({"_id": key})
        if found is None:
            return None
        return Request(key=found.pop("_id"), **found | {"purposes": tuple(found["purposes"])})

    def count(self, address: str, since: datetime) -> int:
        return sum(each["asked_at"] >= since for each in self._requests.find({"address": address}, {"asked_at": 1}))

    def confirm(self, key: str, at: datetime) -> None:
        self._requests.update_one({"_id": key, "confirmed_at": None}, {"$set": {"confirmed_at": at}})

    def forget(self, addresses: Iterable[str]) -> None:
        self._requests.delete_many({"address": {"$in": list(addresses)}})

    def forget_expired(self, at: datetime) -> None:
        self._requests.delete_many({"expires_at": {"$lte": at}})
