"""What is asked of Elasticsearch: one request for a page with its total and facets."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from services.history.index import elastic_terms
from services.history.index.analysis import Words
from services.history.index.elastic_terms import Query, but_none, either, every, filtered, spelt_nearly, term
from services.history.index.fields import FACET_VALUES, LIVING, MONTHS, VALUES_OF_A_SHARD, Counts
from services.history.index.queries import EntryQuery, Member, NameQuery, Pair, Place
from services.history.index.tiers import entry_tiers, name_tiers, names_with, unwanted_words
from services.history.index.words import time_key
from shared.contracts.history import Reader

_FILTERED = "filtered"


class Asked(NamedTuple):
    """A request for a page: its body, and how many tiers it has."""

    body: dict[str, Any]
    tiers: int

    def place(self, hit: Mapping[str, Any]) -> Place:
        """Where a hit of it stands, by what it was sorted by."""
        *score, key = hit["sort"]
        return Place(self.tiers - round(score[0]) if score else 0, key)


def ask_entries(query: EntryQuery, words: Words) -> Asked:
    """One request for a page, the exact total and the facets."""
    tiers, order = entry_tiers(elastic_terms, words, query.sort), "asc" if query.sort == "oldest" else "desc"
    apart = _apart(query)
    scope = _entry_scope(query) + filtered({name: query.filters[name] for name in query.filters if name not in apart})
    asked = _page(scope, tiers, order, query.after, query.limit)
    if apart:
        asked.body["post_filter"] = every(filtered(apart))
    if query.facets:
        asked.body["aggs"] = _facets(apart, query.counted)
    return asked


def ask_people(query: EntryQuery, words: Words, limit: int) -> dict[str, Any]:
    """A request for the most frequent contacts of what is found, and none of the entries."""
    body = ask_entries(replace(query, facets=False, after=None), words).body
    return body | {"size": 0, "aggs": {"contact": _most_frequent("contact", limit)}}


def ask_names(query: NameQuery, after: Place | None) -> Asked:
    """after: the key of the place is that of the order by name."""
    scope = filtered({"kind": LIVING}) + filtered(query.filters)
    if query.partner is not None:
        scope.append(term("reported_by", query.partner))
    return _page(scope, name_tiers(elastic_terms, query.q), "asc", after, query.limit)


def ask_namesakes(pairs: Sequence[Pair], limit: int) -> Asked:
    return _page(filtered({"kind": LIVING}), [names_with(elastic_terms, pairs)], "asc", None, limit)


def read_facets(answer: Mapping[str, Any]) -> Counts:
    """The counts of an answer, as the port has them."""
    found: Counts = {}
    for name, each in answer.items():
        if name.startswith(f"{_FILTERED}:"):
            found |= read_facets({key: value for key, value in each.items() if key != "doc_count"})
        else:
            found[name] = [(bucket["key"], bucket["doc_count"]) for bucket in each["buckets"]]
    return found


def visible(reader: Reader) -> list[Query]:
    seen = [] if reader.sensitive else [term("sensitive", False)]
    return seen if reader.partner is None else [*seen, term("partner", reader.partner)]


def _page(scope: list[Query], tiers: Sequence[Query], order: str, after: Place | None, limit: int) -> Asked:
    """The tiers one after another, each in the order of the key: a tier is a score that nothing else adds to."""
    count = len(tiers)
    body: dict[str, Any] = {"size": limit + 1, "track_total_hits": True}
    if count == 1:
        body |= {"query": every([*scope, *tiers]), "sort": [{"sort": order}]}
        beyond: list[Any] = [after.key] if after else []
    else:
        scored = [{"constant_score": {"filter": each, "boost": count - tier}} for tier, each in enumerate(tiers)]
        body["query"] = {"bool": {"filter": scope, "must": {"dis_max": {"queries": scored}}}}
        body["sort"] = [{"_score": "desc"}, {"sort": order}]
        beyond = [count - after.tier, after.key] if after else []
    return Asked(body | ({"search_after": beyond} if beyond else {}), count)


def _apart(query: EntryQuery) -> dict[str, Sequence[str]]:
    """The filters that narrow down what is found and not what every facet counts."""
    if not (query.facets and query.alternatives):
        return {}
    return {name: values for name, values in query.filters.items() if values}


def _facets(apart: Mapping[str, Sequence[str]], counted: Sequence[str]) -> dict[str, Any]:
    """Each facet counts what all filters leave, but for that of its own field."""
    if not apart:
        return {name: _values_of(name) for name in counted}
    others = {name: _values_of(name) for name in counted if name not in apart}
    asked: dict[str, Any] = {f"{_FILTERED}:": {"filter": every(filtered(apart)), "aggs": others}}
    for name in apart:
        rest = {other: values for other, values in apart.items() if other != name}
        asked[f"{_FILTERED}:{name}"] = {"filter": every(filtered(rest)), "aggs": {name: _values_of(name)}}
    return asked


def _values_of(name: str) -> Query:
    if name == "month":
        return {"terms": {"field": name, "size": MONTHS, "shard_size": VALUES_OF_A_SHARD, "order": {"_key": "desc"}}}
    return _most_frequent(name, FACET_VALUES)


def _most_frequent(name: str, size: int) -> Query:
    order = [{"_count": "desc"}, {"_key": "asc"}]
    return {"terms": {"field": name, "size": size, "shard_size": VALUES_OF_A_SHARD, "order": order}}


def _entry_scope(query: EntryQuery) -> list[Query]:
    """What applies besides the words and the filters."""
    scope = visible(query.reader) + filtered({"about": query.about}) + filtered(query.with_values)
    scope += [each for ids in query.taking_part for each in filtered({"contact": ids})] + _like(query)
    if unwanted := _unwanted(query):
        scope.append(but_none(unwanted))
    if query.contact_ids or query.members:
        members = [_of_member(each) for each in query.members]
        scope.append(either([*filtered({"contact": query.contact_ids}), *members]))
    return scope + _times(query.since, query.before)


def _like(query: EntryQuery) -> list[Query]:
    """What has a word with so few typos."""
    if query.like is None:
        return []
    word, typos_forgiven = query.like
    return [spelt_nearly("words", word, typos_forgiven)]


def _unwanted(query: EntryQuery) -> list[Query]:
    """What must not occur: words, phrases, values."""
    return [*unwanted_words(elastic_terms, query.without), *filtered(query.without_values)]


def _of_member(member: Member) -> Query:
    whose = filtered({"contact": member.contact_ids, "source": member.sources})
    return every([*whose, *_times(member.since, member.before)])


def _times(since: datetime | None, before: datetime | None) -> list[Query]:
    limits = {name: int(time_key(each)) for name, each in (("gte", since), ("lt", before)) if each}
    return [{"range": {"at": limits}}] if limits else []
