"""Requests to subscribe in memory, for tests of stories; they pass the same contract test as the real ones."""

from collections.abc import Iterable
from datetime import datetime

from services.contacts.subscribing.store import Request


class FakeSubscriptionRequests:
    """Requests by key."""

    def __init__(self) -> None:
        self._requests: dict[str, Request] = {}

    def add(self, request: Request) -> None:
        self._requests.setdefault(request.key, request)

    def find(self, key: str) -> Request | None:
        return self._requests.get(key)

    def count(self, address: str, since: datetime) -> int:
        return sum(each.address == address and each.asked_at >= since for each in self._requests.values())

    def confirm(self, key: str, at: datetime) -> None:
        if self._requests[key].confirmed_at is None:
            self._requests[key] = self._requests[key]._replace(confirmed_at=at)

    def forget(self, addresses: Iterable[str]) -> None:
        gone = set(addresses)
        self._requests = {key: each for key, each in self._requests.items() if each.address not in gone}

    def forget_expired(self, at: datetime) -> None:
        self._requests = {key: each for key, each in self._requests.items() if each.expires_at > at}
