"""How well the search finds what was judged good: asked as the search page asks, by staff with all rights."""

from collections.abc import Sequence
from statistics import mean
from typing import NamedTuple

from bench.judged.judgements import Judged, Query
from bench.judged.ndcg import DEPTH, ndcg
from services.history.index.port import IndexSet, Pointer
from services.history.records import Folded
from services.history.search import HistorySearch
from services.web.words import SAID
from shared.contracts.history import Reader, SearchContacts, SearchHistory

BATCH = 500
STAFF = Reader(sensitive=True)


class Score(NamedTuple):
    """What one search has found."""

    query: Query
    ndcg: float
    total: int
    found: tuple[tuple[str, int], ...]
    """(what it is called, its grade) of the first ten."""


def filled(indexes: IndexSet, folded: Sequence[Folded]) -> HistorySearch:
    """The search over a new index of these."""
    name = indexes.new_name()
    writer = indexes.bulk_writer(name)
    for start in range(0, len(folded), BATCH):
        batch = folded[start : start + BATCH]
        writer.put(batch, start + len(batch))
    writer.close()
    indexes.serve(Pointer(name, complete=True))
    return HistorySearch(indexes, "secret")


def scores(search: HistorySearch, judged: Judged, queries: Sequence[Query]) -> list[Score]:
    return [score(search, judged, query) for query in queries]


def score(search: HistorySearch, judged: Judged, query: Query) -> Score:
    total, found = _ask(search, query)
    grades = [judged.grade(query, id) for id, _ in found]
    called = tuple((name, grade) for (_, name), grade in zip(found, grades, strict=True))
    return Score(query, ndcg(grades, judged.best(query)), total, called)


def mean_of(found: Sequence[Score], of: str) -> float:
    """nDCG@10 of one of the two sets."""
    return mean(each.ndcg for each in found if each.query.of == of)


def _ask(search: HistorySearch, query: Query) -> tuple[int, list[tuple[str, str]]]:
    """The total, and (id, what it is called) of the first ten."""
    if query.find == "contacts":
        names = search.search_contacts(SearchContacts(q=query.q, limit=DEPTH, reader=STAFF))
        return names.total, [(each.id, each.name) for each in names.items]
    page = search.search_history(
        SearchHistory(q=query.q, prefix=True, forgiving=True, source=SAID, limit=DEPTH, facets=False, reader=STAFF)
    )
    return page.total, [(each.id, each.title) for each in page.items]
