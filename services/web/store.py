"""Questions to the web's own store: in a thread, and for no longer than anybody wants to wait."""

import time
from collections.abc import Callable
from typing import TypeVar

import anyio.to_thread
import pymongo
from pymongo.errors import PyMongoError

from shared.errors import Unavailable

T = TypeVar("T")
STORE_SECONDS = 3.0
"""A look-up that takes longer has failed: a store that hangs must not hold every thread of the web."""
SPARE_SECONDS = 0.5
"""The same for what a page can do without."""
REST_SECONDS = 5.0
"""A store that has not answered is not asked again for so long for what a page can do without."""


def of_account(account_id: str) -> dict[str, str]:
    """The ids of what an account keeps, where they begin with its own and a space: a range."""
    return {"$gte": f"{account_id} ", "$lt": f"{account_id}!"}


async def ask_store(question: Callable[[], T], away: str, seconds: float = STORE_SECONDS) -> T:
    """The answer. Raises Unavailable, with the sentence `away`, when the store does not give it in time."""

    def ask() -> T:
        try:
            with pymongo.timeout(seconds):
                return question()
        except PyMongoError:
            raise Unavailable(away) from None

    return await anyio.to_thread.run_sync(ask)


class Spare:
    """Questions for what a page can do without: no page is slow because the store is away."""

    def __init__(self) -> None:
        self._away_until = 0.0

    async def ask(self, question: Callable[[], T], away: str) -> T:
        """As `ask_store`, for a short time only, and at once while the store has been away."""
        if time.monotonic() < self._away_until:
            raise Unavailable(away)
        try:
            return await ask_store(question, away, SPARE_SECONDS)
        except Unavailable:
            self._away_until = time.monotonic() + REST_SECONDS
            raise
