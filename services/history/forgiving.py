"""A search of which no entry has all the words: what has most of them is found instead, on every page of it."""

from dataclasses import replace

from services.history.index.port import IndexReader
from services.history.index.queries import EntryPage, EntryQuery, Place

_BEYOND = 100
"""Places of such a search are told from others by their tiers: entries that have all the words may come meanwhile."""


def find(index: IndexReader, query: EntryQuery, forgiving: bool) -> tuple[EntryPage, bool]:
    """A page, and whether what it holds has most of the words only."""
    if query.after is None or query.after.tier < _BEYOND:
        page = index.search(query)
        if page.total or not forgiving or query.after is not None:
            return page, False
    page = index.search(replace(query, need="most", after=_moved(query.after, -_BEYOND)))
    return replace(page, next=_moved(page.next, _BEYOND)), page.total > 0


def _moved(place: Place | None, tiers: int) -> Place | None:
    return None if place is None else replace(place, tier=place.tier + tiers)
