"""Pages of what tantivy finds: the tiers one after another, each in the order of the key.

tantivy sorts by the number of each record's key (`numbers.py`), several times as fast as by the key itself; among
records with equal numbers the key decides.
"""

from collections.abc import Callable, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, Generic, NamedTuple, TypeVar

from tantivy import DocAddress, Document, Order, Query, Searcher

from services.history.index.fields import sort_key
from services.history.index.queries import Place
from services.history.index.tantivy_terms import but_none, every
from services.history.records import ContactRecord, Entry

_SPARE = 16
"""Records that are found beyond those wanted, to see where the equal numbers at the end of a page end."""
R = TypeVar("R", Entry, ContactRecord)


class Search(NamedTuple):
    """What to find: `must` and `without` always apply; the tiers say how well a record matches, the last one is all."""

    must: Sequence[Query]
    without: Sequence[Query]
    tiers: Sequence[Query]
    order: Order

    @property
    def everything(self) -> Query:
        return but_none(every([*self.must, self.tiers[-1]]), self.without)


class Page(NamedTuple, Generic[R]):
    """A part of what a search finds."""

    records: list[R]
    next: Place | None
    total: int | None
    """Exact; None: nothing on the way told it."""


Hit = tuple[Any, DocAddress]
"""By what it was sorted, and where its document is."""
Beyond = Callable[[str], Query]
"""What comes after a key in the order of the search."""


def read_page(
    searcher: Searcher, kind: type[R], search: Search, beyond: Beyond, after: Place | None, limit: int
) -> Page[R]:
    """One page of records of this kind. A search that is read to its last tier has been counted on the way."""
    found: list[tuple[int, R]] = []
    first, total = after.tier if after else 0, 0
    better: list[Query] = list(search.tiers[:first])
    for number in range(first, len(search.tiers)):
        tier = search.tiers[number]
        beginning: list[Query] = [beyond(after.key)] if after and number == first else []
        query = but_none(every([*search.must, tier, *beginning]), [*search.without, *better])
        hits, count = _first(searcher, query, search.order, limit + 1 - len(found), counted=after is None)
        found += [(number, each) for each in _in_order(searcher, kind, hits, search.order)]
        if hits or beginning:  # what finds nothing need not be left out of the next tier
            better.append(tier)
        total += count
        if len(found) > limit:
            break
    counted = total if after is None and number == len(search.tiers) - 1 else None
    more = len(found) > limit
    records = [each for _, each in found[:limit]]
    return Page(records, Place(found[limit - 1][0], sort_key(records[-1])) if more else None, counted)


def _first(searcher: Searcher, query: Query, order: Order, wanted: int, counted: bool) -> tuple[Sequence[Hit], int]:
    """The first `wanted` by their keys are among these, by number or by key; and how many there are, when counted."""
    # Its stubs do not know of the count.
    found: Any = searcher.search(query, wanted + _SPARE, counted, order_by_field="order", order=order)
    hits, count = found.hits, found.count or 0
    if len(hits) <= wanted:
        return hits, count
    last = hits[wanted - 1][0]
    until = next((place for place in range(wanted, len(hits)) if hits[place][0] != last), None)
    if until is None and len(hits) == wanted + _SPARE:  # more of this number may come
        return searcher.search(query, wanted, False, order_by_field="sort", order=order).hits, count
    return hits[:until], count


def _in_order(searcher: Searcher, kind: type[R], hits: Sequence[Hit], order: Order) -> list[R]:
    records: list[R] = []
    for _, alike in groupby(hits, key=itemgetter(0)):
        read = [kind.from_json(stored(searcher.doc(address))) for _, address in alike]
        records += read if len(read) == 1 else sorted(read, key=sort_key, reverse=order == Order.Desc)
    return records


def stored(document: Document) -> bytes:
    """The record of a document, as JSON."""
    return bytes(document["stored"][0])
