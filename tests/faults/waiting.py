"""Waiting for something to come about, never longer than said."""

import time
from collections.abc import Callable


def wait_until(condition: Callable[[], object], seconds: float, every: float = 0.1) -> bool:
    """True as soon as the condition holds, False when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(every)
    return True
