"""How a process that lives long keeps its memory: few searches for garbage, and nothing kept that was given back."""

import ctypes
import gc
from contextlib import suppress

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # of malloc.h
_BLOCK = 128 * 1024
_LIBRARY = ctypes.CDLL(None)
_OTHER_LIBRARY = (AttributeError, OSError)
"""What a C library other than glibc answers: it has its own ways."""


def settle_memory() -> None:
    """To be called when a process has been wired, before it works."""
    _collect_less_often()
    _give_back_large_blocks()


def _collect_less_often() -> None:
    """What exists now is never looked at again.

    A batch makes some thirty thousand objects, a page of a search some thousand, and all of them die by reference
    counting. With the default threshold the cyclic collector went over them again and again: reading an event cost
    138 us instead of 41.
    """
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


def _give_back_large_blocks() -> None:
    """Fix the thresholds of glibc, which otherwise grow with each large block that is freed, up to 32 MB.

    The index merges segments in buffers of megabytes. With moving thresholds these came from the heap and stayed with
    the process: a writer kept 74 MB after 300,000 entries of which it used 40. Its threads would also have a heap each,
    whose freed middle stays: with two for all of them the projector grew by 1.097 instead of 1.117 (bench/memory.py).
    """
    with suppress(*_OTHER_LIBRARY):
        _LIBRARY.mallopt(_MMAP_THRESHOLD, _BLOCK)
        _LIBRARY.mallopt(_TRIM_THRESHOLD, _BLOCK)
        _LIBRARY.mallopt(_ARENA_MAX, 2)


def give_back_memory() -> None:
    """Look for garbage once after all, and let free pages in the midst of the heap go back to the system; some 10 ms.

    What outlives a young collection would otherwise wait for millions of objects, and glibc gives back only the end
    of its heap by itself.
    """
    gc.collect()
    with suppress(*_OTHER_LIBRARY):
        _LIBRARY.malloc_trim(0)
