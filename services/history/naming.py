"""Names among the words of a search: what somebody took part in is found by their name, written down or not."""

from collections.abc import Mapping
from dataclasses import replace

from services.history.index.analysis import name_pairs
from services.history.index.port import IndexReader
from services.history.index.queries import EntryQuery, Pair
from services.history.index.words import fold_name

MOST_PAIRS = 10
MOST_NAMED = 100
"""Contacts; two words that stand in more names are no name (patient group)."""


def with_names(index: IndexReader, query: EntryQuery) -> EntryQuery:
    """The query with whom its words name. A partner knows people by what it has written down of them itself."""
    return query if query.reader.partner is not None else replace(query, named=_named_in(index, query.q))


def _named_in(index: IndexReader, words: str) -> Mapping[Pair, tuple[str, ...]]:
    """Of two words in a row that are a name the ids of its contacts, with those merged into them."""
    pairs = list(dict.fromkeys(pair for pair, _ in name_pairs(words)))[:MOST_PAIRS]
    found = index.namesakes(pairs, MOST_NAMED + 1) if pairs else []
    if len(found) > MOST_NAMED:
        return {}
    names = [(set(fold_name(each.name).split()), (each.id, *each.merged)) for each in found]
    ids = {pair: tuple(id for name, ids in names if name.issuperset(pair) for id in ids) for pair in pairs}
    return {pair: known for pair, known in ids.items() if known}
