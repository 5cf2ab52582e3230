"""What is asked of tantivy: the words of a search, filters, how well a record matches, totals and facets."""

from collections.abc import Mapping, Sequence
from typing import Any

from tantivy import Occur, Query, Searcher

from services.history.index.analysis import ENGLISH, Words
from services.history.index.fields import FACET_VALUES, MONTHS, VALUES_OF_A_SHARD, Counts
from services.history.index.port import EntryQuery
from services.history.index.synonyms import Phrase
from services.history.index.tantivy_schema import SCHEMA
from services.history.index.words import fold_name, typos
from shared.contracts.history import Reader


def tiers_of(words: Words, sort: str) -> list[Query]:
    """Relevance: first where the title and the names say it all, then the texts that do, then beginnings of words.

    Within each the newest first. Not BM25: its scores move with every new arrival, and a cursor that rests on them
    loses entries.
    """
    tiers = [_all_words(words.clauses, field) for field in ("head", "text")]
    if words.beginning:
        last = either([_any_of("text", words.clauses[-1]), _begins("words", words.beginning)])
        tiers.append(every([_all_words(words.clauses[:-1], "text"), last]))
    return tiers if words.clauses and sort == "relevance" else tiers[-1:]


def name_tiers(q: str) -> list[Query]:
    """Every word exactly, every word as a beginning, every word with typos forgiven."""
    if not q.strip():
        return [Query.all_query()]
    words = list(dict.fromkeys(fold_name(q).split()))
    if not words:
        return [Query.empty_query()]
    return [
        every([term("name", word) for word in words]),
        every([_begins("name", word) for word in words]),
        every([_begins("name", word, typos(word)) for word in words]),
    ]


def filtered(filters: Mapping[str, Sequence[str]], without: str = "") -> list[Query]:
    return [
        Query.term_set_query(SCHEMA, field, list(values))
        for field, values in filters.items()
        if values and field != without
    ]


def unwanted(query: EntryQuery) -> list[Query]:
    """What must not occur: words, phrases, values."""
    words = [_clause("text", ENGLISH.analyze(each)) for each in query.without]
    return [*words, *filtered(query.without_values)]


def visible(reader: Reader) -> list[Query]:
    seen = [] if reader.sensitive else [term("sensitive", False)]
    return seen if reader.partner is None else [*seen, term("partner", reader.partner)]


def term(field: str, value: object) -> Query:
    return Query.term_query(SCHEMA, field, value)


def but_not(field: str, value: object) -> Query:
    """All but those that have the value."""
    return Query.boolean_query([(Occur.Must, Query.all_query()), (Occur.MustNot, term(field, value))])


def but_none(query: Query, unwanted: Sequence[Query]) -> Query:
    """What the query finds and none of the others does."""
    return Query.boolean_query([(Occur.Must, query), *((Occur.MustNot, each) for each in unwanted)])


def every(queries: Sequence[Query]) -> Query:
    return Query.boolean_query([(Occur.Must, each) for each in queries]) if queries else Query.all_query()


def either(queries: Sequence[Query]) -> Query:
    return Query.boolean_query([(Occur.Should, each) for each in queries])


def count(searcher: Searcher, query: Query, facets: Sequence[str] = ()) -> tuple[int, Counts]:
    """The exact total and the facets, in one pass."""
    wanted: dict[str, Any] = {"total": {"value_count": {"field": "position"}}}
    for name in facets:
        size = MONTHS if name == "month" else FACET_VALUES
        wanted[name] = {"terms": {"field": name, "size": size, "segment_size": VALUES_OF_A_SHARD}}
    found = searcher.aggregate(query, wanted)
    values = {name: [(each["key"], each["doc_count"]) for each in found[name]["buckets"]] for name in facets}
    for name, counts in values.items():
        counts.sort(key=lambda each: each[0] if name == "month" else (-each[1], each[0]), reverse=name == "month")
    return int(found["total"]["value"]), values


def _all_words(clauses: Sequence[Sequence[Phrase]], field: str) -> Query:
    return every([_any_of(field, clause) for clause in clauses])


def _any_of(field: str, phrases: Sequence[Phrase]) -> Query:
    return _clause(field, phrases[0]) if len(phrases) == 1 else either([_clause(field, each) for each in phrases])


def _clause(field: str, words: Sequence[str]) -> Query:
    """One word or phrase; one without a letter or digit is found nowhere."""
    if not words:
        return Query.empty_query()
    return term(field, words[0]) if len(words) == 1 else Query.phrase_query(SCHEMA, field, list(words))


def _begins(field: str, word: str, distance: int = 0) -> Query:
    return Query.fuzzy_term_query(SCHEMA, field, word, distance, True, True)
