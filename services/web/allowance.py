"""How much a partner may send: requests and events per second, and batches in flight at a time."""

import asyncio
import time
from collections import OrderedDict, defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from math import ceil

from fastapi import Request

from services.web.refusals import TooMany

BATCHES_AT_ONCE = 4
"""Batches of one partner that are read and published at the same time: more only makes each of them slower."""
CALLERS = 10_000
BATCHES_HELD = 16
"""Batches of one partner that may wait for their turn; their bodies stay unread meanwhile."""


class Bucket:
    """A token bucket: holds `rate`, and fills in so many seconds."""

    def __init__(self, rate: int, seconds: float = 1.0) -> None:
        self._rate = rate
        self._seconds = seconds
        self._level = float(rate)
        self._at = time.monotonic()

    def take(self, amount: int) -> float:
        """Seconds until `amount` would be there; 0.0 when it was and has been taken."""
        now = time.monotonic()
        self._level = min(self._rate, self._level + (now - self._at) * self._rate / self._seconds)
        self._at = now
        amount = min(amount, self._rate)  # a batch larger than the rate takes the whole bucket
        if amount <= self._level:
            self._level -= amount
            return 0.0
        return (amount - self._level) * self._seconds / self._rate


class PerCaller:
    """So many requests from one address; remembers the last ten thousand addresses."""

    def __init__(self, bucket: Callable[[], Bucket]) -> None:
        self._bucket = bucket
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def check(self, request: Request) -> None:
        caller = request.client.host if request.client else ""
        bucket = self._buckets.pop(caller, None) or self._bucket()
        self._buckets[caller] = bucket
        while len(self._buckets) > CALLERS:
            self._buckets.popitem(last=False)
        if wait := bucket.take(1):
            raise TooMany("Too many requests at once. Wait a moment, then try again.", retry_after=ceil(wait))


class Allowance:
    """The limits of every partner, in this process."""

    def __init__(self, requests_per_second: int, events_per_second: int) -> None:
        self._rates = {"requests": requests_per_second, "events": events_per_second}
        self._requests = defaultdict[str, Bucket](lambda: Bucket(requests_per_second))
        self._events = defaultdict[str, Bucket](lambda: Bucket(events_per_second))
        self._turns = defaultdict[str, asyncio.Semaphore](lambda: asyncio.Semaphore(BATCHES_AT_ONCE))
        self._held = defaultdict[str, int](int)

    def check_request(self, partner: str) -> None:
        self._check("requests", self._requests[partner].take(1))

    def check_events(self, partner: str, amount: int) -> None:
        self._check("events", self._events[partner].take(amount))

    @asynccontextmanager
    async def batch(self, partner: str) -> AsyncIterator[None]:
        """Waits for the partner's turn; raises TooMany when too many wait already."""
        if self._held[partner] >= BATCHES_HELD:
            raise TooMany(f"You have {BATCHES_HELD} batches in flight. Wait for an answer before you send the next.")
        self._held[partner] += 1
        try:
            async with self._turns[partner]:
                yield
        finally:
            self._held[partner] -= 1

    def _check(self, what: str, wait: float) -> None:
        if wait:
            sentence = f"You may send {self._rates[what]:,} {what} a second. Nothing was taken: send the same again."
            raise TooMany(sentence, retry_after=ceil(wait))
