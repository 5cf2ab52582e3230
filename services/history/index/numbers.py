"""Keys of order as numbers, for an engine that sorts numbers faster than texts.

Of two keys the greater never has the smaller number; where two numbers are equal, the keys themselves decide.
"""

from datetime import datetime
from itertools import accumulate, pairwise
from string import ascii_lowercase, digits

from services.history.index.words import time_key

_BITS = 63
"""A number of tantivy has as many beside its sign."""
_TIME_DIGITS = 18
# How often the end of a name, a space, each digit and each letter comes in English names, more or less. The better it
# fits, the longer are the beginnings that have numbers of their own. After them come all other letters.
_OFTEN = "40 62 1 1 1 1 1 1 1 1 1 1 97 26 30 40 105 14 22 46 68 14 22 66 42 76 62 17 2 72 62 52 26 12 22 2 26 5"
_ENDS = tuple(accumulate(map(int, _OFTEN.split())))
_PARTS = dict(zip(f" {digits}{ascii_lowercase}", pairwise(_ENDS), strict=True))
"""Of all names that begin alike, those that go on with this letter have the numbers from this part to that."""
_OTHERS = (_ENDS[-1], _ENDS[-1] + 60)
_SCALE = _OTHERS[1]
"""In how many parts the numbers are divided."""


def time_number(key: str) -> int:
    """Of the key of an entry: its time to the microsecond, and as much as there is room for of what parts equal times.

    That is much of a whole second: imported entries have often no other time than a day or a minute.
    """
    seconds, fraction = divmod(int(key[:_TIME_DIGITS]), 1_000_000)
    mark = int(key[_TIME_DIGITS : _TIME_DIGITS + 6], 16)
    return seconds << 24 | (1 << 23 | fraction << 3 | mark >> 21 if fraction else mark >> 1)


def least_number(moment: datetime) -> int:
    """The least that an entry of that time can have."""
    return time_number(time_key(moment) + "000000")


def name_number(name: str) -> int:
    """Of a folded name: some fourteen letters of how it begins.

    Each narrows the range of numbers down, by as much as it is rare: the coder of arithmetic coding.
    """
    low, width = 0, 1 << _BITS
    for letter in name:
        begin, end = _PARTS.get(letter, _OTHERS)
        start = width * begin // _SCALE
        low, width = low + start, width * end // _SCALE - start
        if width == 0 or begin == _OTHERS[0]:
            break
    return low
