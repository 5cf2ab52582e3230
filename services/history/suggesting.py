"""What was probably meant by a search with typing errors.

A suggestion is made of words of entries that the reader may see, and of nothing else: neither a dictionary nor the
terms of an index, which know every word of what is restricted.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

from services.history.index.analysis import ENGLISH, PLAIN
from services.history.index.fields import entry_fields
from services.history.index.port import IndexReader
from services.history.index.queries import EntryQuery
from services.history.index.words import typos
from services.history.records import Entry
from shared import searching
from shared.contracts.history import Reader, Suggestion

LITTLE = 2
"""Entries; whoever finds more is asked nothing."""
MOST_WORDS = 3
"""Words that are respelt."""
LOOKED_AT = 8
"""Words of a search that are looked at."""
NEAREST = 20
"""Entries that are read for each typo that is forgiven."""
TIMES = 10
"""A search that does find something is respelt for so many times as much."""
_PIECE = 10_000
"""Characters of a text that are read."""


def suggest(index: IndexReader, q: str, asked: Callable[[str], EntryQuery], found: int) -> Suggestion | None:
    """The search with its unknown words respelt, when that finds more; None: nothing better is known.

    q: as it was typed; asked: the query of it, and of another; found: how little it has found.
    """
    query = asked(q)
    spelling: dict[str, str] = {}
    for word, is_last in _words(query.q):
        if len(spelling) < MOST_WORDS and _is_rare(index, word, query.reader, query.prefix and is_last):
            better = _nearest(index, query, word)
            spelling |= {word: better} if better else {}
    if not spelling:
        return None
    respelt = searching.respelt(q, spelling)
    total = index.search(asked(respelt)).total
    return Suggestion(q=respelt, total=total) if total and total >= found * TIMES else None


def _words(q: str) -> Iterator[tuple[str, bool]]:
    """Those that are long enough to have a typo, each once, and whether it is the last word."""
    words = searching.words_of(q)
    for number, word in enumerate(words[:LOOKED_AT]):
        if typos(word) and word not in words[:number]:
            yield word, number == len(words) - 1


def _is_rare(index: IndexReader, word: str, reader: Reader, prefix: bool) -> bool:
    return index.search(EntryQuery(q=word, prefix=prefix, reader=reader, limit=1)).total <= LITTLE


def _nearest(index: IndexReader, query: EntryQuery, word: str) -> str:
    """The word with the least typos that occurs in what the filters leave, the most frequent of several."""
    folded = PLAIN.analyze(word)
    if len(folded) != 1:
        return ""
    others = replace(query, q="", prefix=False, sort="newest", limit=NEAREST)
    for distance in range(1, typos(word) + 1):
        hits = index.search(replace(others, like=(folded[0], distance))).hits
        counts = Counter(each for entry, _ in hits for each in _near(entry, folded[0], distance))
        if counts:
            return min(counts, key=lambda each: (-counts[each], each))
    return ""


def _near(entry: Entry, word: str, distance: int) -> set[str]:
    """Words of the entry that are so near, but for those with the same stem: they would find the same."""
    found = {each for text in _texts(entry) for each in PLAIN.analyze(text[:_PIECE])}
    close = {each for each in found if abs(len(each) - len(word)) <= distance and distance_of(each, word) <= distance}
    return {each for each in close if typos(each) and ENGLISH.analyze(each) != ENGLISH.analyze(word)}


def _texts(entry: Entry) -> tuple[str, ...]:
    texts = entry_fields(entry)["text"]
    assert isinstance(texts, tuple)
    return texts


def distance_of(one: str, other: str) -> int:
    """Typos between two words: a letter more, less or another, or two that have changed places.

    >>> distance_of("parkign", "parking"), distance_of("vacination", "vaccination"), distance_of("bus", "cars")
    (1, 1, 3)
    """
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, char in enumerate(one, 1):
        earlier, before, row = before, row, [i]
        for j, letter in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (char != letter))
            if i > 1 and j > 1 and char == other[j - 2] and one[i - 2] == letter:
                cost = min(cost, earlier[j - 2] + 1)
            row.append(cost)
    return row[-1]
