"""What tantivy can ask: an `Engine` of the tiers, and filters."""

from collections.abc import Mapping, Sequence

from tantivy import Occur, Query

from services.history.index.tantivy_schema import SCHEMA

_EVERYTHING = Query.all_query()
_FEW = 64
"""Values that are looked up one by one; more of them in one walk through all that a field has."""


def everything() -> Query:
    return _EVERYTHING


def nothing() -> Query:
    return Query.empty_query()


def term(field: str, value: object) -> Query:
    return Query.term_query(SCHEMA, field, value)


def among(field: str, values: Sequence[str]) -> Query:
    if len(values) > _FEW:
        return Query.term_set_query(SCHEMA, field, list(values))
    return either([term(field, each) for each in values])


def phrase(field: str, words: Sequence[str]) -> Query:
    return Query.phrase_query(SCHEMA, field, list(words))


def begins(field: str, beginning: str, typos: int = 0) -> Query:
    """Of a name every beginning is a word of `beginnings`: one list of contacts, not one for each of its words."""
    if field != "name":
        return Query.fuzzy_term_query(SCHEMA, field, beginning, typos, True, True)
    if not typos:
        return term("beginnings", beginning)
    return Query.fuzzy_term_query(SCHEMA, "beginnings", beginning, typos, True, False)


def every(queries: Sequence[Query]) -> Query:
    """All of them; what finds everything is left out, for tantivy would walk through everything."""
    needed = [each for each in queries if each is not _EVERYTHING] or [_EVERYTHING]
    return needed[0] if len(needed) == 1 else Query.boolean_query([(Occur.Must, each) for each in needed])


def at_least(count: int, queries: Sequence[Query]) -> Query:
    return Query.boolean_query([(Occur.Should, each) for each in queries], minimum_number_should_match=count)


def either(queries: Sequence[Query]) -> Query:
    return queries[0] if len(queries) == 1 else Query.boolean_query([(Occur.Should, each) for each in queries])


def but_none(query: Query, unwanted: Sequence[Query]) -> Query:
    """What the query finds and none of the others does."""
    if not unwanted:
        return query
    return Query.boolean_query([(Occur.Must, query), *((Occur.MustNot, each) for each in unwanted)])


def filtered(filters: Mapping[str, Sequence[str]], without: str = "") -> list[Query]:
    return [among(field, values) for field, values in filters.items() if values and field != without]
