"""The bare engine of bench/search.py: tantivy alone, in this process, with what a page needs and nothing around it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
from tantivy import Occur, Order, Query

from services.history.index.analysis import ENGLISH
from services.history.index.tantivy_schema import SCHEMA, open_index
from shared.contracts.history import FACETS

LIMIT = 25


class BareEngine:
    """Searches the same index that Wellheard serves."""

    def __init__(self, folder: Path) -> None:
        self._searcher = open_index(folder).searcher()

    def entries(
        self,
        words: Sequence[str] = (),
        phrase: str = "",
        without: str = "",
        months: Sequence[str] = (),
        **filters: str,
    ) -> dict[str, Any]:
        """One page of open entries, the newest first, with the exact total and the facets."""
        must = [_term("sensitive", False)]  # which only entries are or are not
        must += [_term("text", ENGLISH.analyze(word)[0]) for word in words]
        if phrase:
            must.append(Query.phrase_query(SCHEMA, "text", list(ENGLISH.analyze(phrase))))
        if months:
            must.append(Query.term_set_query(SCHEMA, "month", list(months)))
        must += [_term(field, value) for field, value in filters.items()]
        clauses = [(Occur.Must, each) for each in must]
        if without:
            clauses.append((Occur.MustNot, _term("text", ENGLISH.analyze(without)[0])))
        query = Query.boolean_query(clauses)
        facets = self._searcher.aggregate(query, {name: {"terms": {"field": name, "size": 100}} for name in FACETS})
        return self._page(query, Order.Desc) | {"facets": facets}

    def names(self, typed: str) -> dict[str, Any]:
        """Contacts by the beginnings of their names, each of which is a word, typos forgiven; nothing else has any."""
        words = []
        for word in typed.lower().split():
            distance = 2 if len(word) >= 8 else 1 if len(word) >= 4 else 0
            like = Query.fuzzy_term_query(SCHEMA, "beginnings", word, distance, True, False)
            words.append(like if distance else _term("beginnings", word))
        return self._page(Query.boolean_query([(Occur.Must, each) for each in words]), Order.Asc)

    def _page(self, query: Query, order: Order) -> dict[str, Any]:
        """Sorted by numbers: the few that have the same one stand as they come."""
        found = self._searcher.search(query, LIMIT, True, order_by_field="order", order=order)
        documents = [orjson.loads(bytes(self._searcher.doc(address)["stored"][0])) for _, address in found.hits]
        return {"total": found.count, "items": documents}


def _term(field: str, value: object) -> Query:
    return Query.term_query(SCHEMA, field, value)
