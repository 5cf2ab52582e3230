"""What Elasticsearch can ask: an `Engine` of the tiers, and filters."""

from collections.abc import Mapping, Sequence
from typing import Any

Query = dict[str, Any]
_MOST_SPELLINGS = 1_000
"""More than the names of a county hold of any word, fewer than the clauses that a node allows."""


def everything() -> Query:
    return every([])


def nothing() -> Query:
    return {"match_none": {}}


def term(field: str, value: object) -> Query:
    return {"term": {field: {"value": value}}}


def among(field: str, values: Sequence[str]) -> Query:
    return {"terms": {field: list(values)}}


def phrase(field: str, words: Sequence[str]) -> Query:
    return {"match_phrase": {field: {"query": " ".join(words)}}}


def begins(field: str, beginning: str, typos: int = 0) -> Query:
    """Of a name every beginning is a word of `beginnings`, so that one with typos is found as a whole word."""
    if field != "name":
        return {"prefix": {field: {"value": beginning}}}
    if not typos:
        return term("beginnings", beginning)
    return spelt_nearly("beginnings", beginning, typos)


def spelt_nearly(field: str, word: str, typos: int) -> Query:
    """A word with this many typos at most.

    The nearest spellings that occur, a thousand of them; without a word about it the engine takes fifty. Not as a
    constant score, which takes all: it makes its automaton anew for each segment, 1 ms every time.
    """
    return {"fuzzy": {field: {"value": word, "fuzziness": typos, "rewrite": f"top_terms_{_MOST_SPELLINGS}"}}}


def every(queries: Sequence[Query]) -> Query:
    return {"bool": {"filter": list(queries)}}


def at_least(count: int, queries: Sequence[Query]) -> Query:
    return {"bool": {"should": list(queries), "minimum_should_match": count}}


def either(queries: Sequence[Query]) -> Query:
    return at_least(1, queries)


def but_none(unwanted: Sequence[Query]) -> Query:
    """Whatever none of these finds."""
    return {"bool": {"must_not": list(unwanted)}}


def filtered(filters: Mapping[str, Sequence[str]]) -> list[Query]:
    return [among(field, values) for field, values in filters.items() if values]
