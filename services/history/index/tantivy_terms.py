"""What tantivy can ask: an `Engine` of the tiers, and filters."""

from collections.abc import Mapping, Sequence

from tantivy import Occur, Query

from services.history.index.tantivy_schema import SCHEMA


def everything() -> Query:
    return Query.all_query()


def nothing() -> Query:
    return Query.empty_query()


def term(field: str, value: object) -> Query:
    return Query.term_query(SCHEMA, field, value)


def among(field: str, values: Sequence[str]) -> Query:
    return Query.term_set_query(SCHEMA, field, list(values))


def phrase(field: str, words: Sequence[str]) -> Query:
    return Query.phrase_query(SCHEMA, field, list(words))


def begins(field: str, beginning: str, typos: int = 0) -> Query:
    return Query.fuzzy_term_query(SCHEMA, field, beginning, typos, True, True)


def every(queries: Sequence[Query]) -> Query:
    return Query.boolean_query([(Occur.Must, each) for each in queries]) if queries else everything()


def at_least(count: int, queries: Sequence[Query]) -> Query:
    return Query.boolean_query([(Occur.Should, each) for each in queries], minimum_number_should_match=count)


def either(queries: Sequence[Query]) -> Query:
    return Query.boolean_query([(Occur.Should, each) for each in queries])


def but_none(query: Query, unwanted: Sequence[Query]) -> Query:
    """What the query finds and none of the others does."""
    return Query.boolean_query([(Occur.Must, query), *((Occur.MustNot, each) for each in unwanted)])


def filtered(filters: Mapping[str, Sequence[str]], without: str = "") -> list[Query]:
    return [among(field, values) for field, values in filters.items() if values and field != without]
