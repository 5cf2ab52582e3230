"""Pages of what tantivy finds: the tiers one after another, each in the order of the key."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from tantivy import DocAddress, Document, Order, Query, Searcher

from services.history.index.queries import Place
from services.history.index.tantivy_terms import but_none, every


class Search(NamedTuple):
    """What to find: `must` and `without` always apply; the tiers say how well a record matches, the last one is all."""

    must: Sequence[Query]
    without: Sequence[Query]
    tiers: Sequence[Query]
    order: Order

    @property
    def everything(self) -> Query:
        return but_none(every([*self.must, self.tiers[-1]]), self.without)


class Page(NamedTuple):
    """A part of what a search finds."""

    documents: list[Document]
    next: Place | None
    total: int | None
    """Exact; None: nothing on the way told it."""


Beyond = Callable[[str], Query]
"""What comes after a key in the order of the search."""


def read_page(searcher: Searcher, search: Search, beyond: Beyond, after: Place | None, limit: int) -> Page:
    """One page. A search that is read to its last tier has been counted on the way."""
    found: list[tuple[Place, DocAddress]] = []
    first, total = after.tier if after else 0, 0
    better = list(search.tiers[:first])
    for number in range(first, len(search.tiers)):
        tier, wanted = search.tiers[number], limit + 1 - len(found)
        beginning = [beyond(after.key)] if after and number == first else []
        query = but_none(every([*search.must, tier, *beginning]), [*search.without, *better])
        # Its stubs do not know of the count.
        hits: Any = searcher.search(query, wanted, after is None, order_by_field="sort", order=search.order)
        found += [(Place(number, key), address) for key, address in hits.hits]
        if hits.hits or beginning:  # what finds nothing need not be left out of the next tier
            better.append(tier)
        total += hits.count or 0
        if len(found) > limit:
            break
    counted = total if after is None and number == len(search.tiers) - 1 else None
    documents = [searcher.doc(address) for _, address in found[:limit]]
    return Page(documents, found[limit - 1][0] if len(found) > limit else None, counted)
