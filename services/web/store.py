"""Questions to the web's own store: in a thread, and for no longer than anybody wants to wait."""

from collections.abc import Callable
from typing import TypeVar

import anyio.to_thread
import pymongo
from pymongo.errors import PyMongoError

from shared.errors import Unavailable

T = TypeVar("T")
STORE_SECONDS = 3.0
"""A look-up that takes longer has failed: a store that hangs must not hold every thread of the web."""


async def ask_store(question: Callable[[], T], away: str) -> T:
    """The answer. Raises Unavailable, with the sentence `away`, when the store does not give it in time."""

    def ask() -> T:
        try:
            with pymongo.timeout(STORE_SECONDS):
                return question()
        except PyMongoError:
            raise Unavailable(away) from None

    return await anyio.to_thread.run_sync(ask)
