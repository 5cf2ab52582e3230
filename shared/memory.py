"""How often Python looks for cycles of garbage: seldom, in processes that live long and make few."""

import gc


def collect_less_often() -> None:
    """To be called when a process has been wired: what exists now is never looked at again.

    A batch makes some thirty thousand objects, a page of a search some thousand, and all of them die by reference
    counting. With the default threshold the cyclic collector went over them again and again: reading an event cost
    138 us instead of 41.
    """
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)
