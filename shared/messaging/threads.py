"""A thread of the system beside the one at work, for calls that leave Python for long (a search engine's)."""

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

T = TypeVar("T")


def beside(call: Callable[[], T]) -> Callable[[], T]:
    """Start `call` in a real thread, also where eventlet has made threads green; what is returned waits for its result.

    The call gains only what it does without the interpreter's lock, as tantivy does.
    """
    if "eventlet" not in sys.modules:
        return _pool().submit(call).result
    import eventlet
    import eventlet.tpool

    green = eventlet.spawn(eventlet.tpool.execute, call)
    eventlet.sleep(0)  # hands the call to its thread; without this it would begin only when we wait
    waits: Callable[[], T] = green.wait
    return waits


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(4, "beside")
