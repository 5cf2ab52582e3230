"""Figures that cost something to count: what took long stands for ten times as long, however many look meanwhile.

So counting never takes more than a tenth of a service's time.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Figures = TypeVar("Figures")
LONG = 0.2
"""Seconds of counting after which figures stand for a while."""
STANDS = 10
"""Times as long as they took."""
REMEMBERED = 50
"""Figures that are kept, those that were looked at last."""


class Standing(Generic[Key, Figures]):
    """What was counted last, by key. `clock`: seconds that only grow."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: OrderedDict[Key, tuple[Figures, float]] = OrderedDict()

    def of(
        self, key: Key, count: Callable[[], Figures], is_current: Callable[[Figures], bool] = lambda _: False
    ) -> Figures:
        """The figures that stand, or that nothing has changed since (`is_current`); else they are counted now."""
        found = self._kept.pop(key, None)
        if found is None or not (is_current(found[0]) or self._clock() < found[1]):
            began = self._clock()
            figures = count()
            took = self._clock() - began
            found = figures, began + took * (1 + STANDS) if took > LONG else began
        self._kept[key] = found
        while len(self._kept) > REMEMBERED:
            self._kept.popitem(last=False)
        return found[0]
