"""What is asked of Elasticsearch: the words of a search, filters, how well a record matches, totals and facets."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from services.history.index.analysis import ENGLISH, Words
from services.history.index.fields import FACET_VALUES, LIVING, MONTHS, VALUES_OF_A_SHARD, Counts
from services.history.index.port import EntryQuery, Member, NameQuery, Place
from services.history.index.synonyms import Phrase
from services.history.index.words import fold_name, time_key, typos
from shared.contracts.history import FACETS, Reader

Query = dict[str, Any]
NOTHING: Query = {"match_none": {}}
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
    tiers, order = _tiers_of(words, query.sort), "asc" if query.sort == "oldest" else "desc"
    apart = _apart(query)
    scope = _entry_scope(query) + filtered({name: query.filters[name] for name in query.filters if name not in apart})
    asked = _page(scope, tiers, order, query.after, query.limit)
    if apart:
        asked.body["post_filter"] = every(filtered(apart))
    if query.facets:
        asked.body["aggs"] = _facets(apart)
    return asked


def ask_names(query: NameQuery, after: Place | None) -> Asked:
    """after: the key of the place is that of the order by name."""
    scope = filtered({"kind": LIVING}) + filtered(query.filters)
    if query.partner is not None:
        scope.append(term("reported_by", query.partner))
    return _page(scope, _name_tiers(query.q), "asc", after, query.limit)


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


def filtered(filters: Mapping[str, Sequence[str]]) -> list[Query]:
    return [{"terms": {field: list(values)}} for field, values in filters.items() if values]


def term(field: str, value: object) -> Query:
    return {"term": {field: {"value": value}}}


def every(queries: Sequence[Query]) -> Query:
    return {"bool": {"filter": list(queries)}}


def either(queries: Sequence[Query]) -> Query:
    return {"bool": {"should": list(queries), "minimum_should_match": 1}}


def _page(scope: list[Query], tiers: Sequence[Query], order: str, after: Place | None, limit: int) -> Asked:
    """The tiers one after another, each in the order of the key: a tier is a score that nothing else adds to."""
    count = len(tiers)
    body: dict[str, Any] = {"size": limit + 1, "track_total_hits": True, "source": ["stored"]}
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


def _facets(apart: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Each facet counts what all filters leave, but for that of its own field."""
    if not apart:
        return {name: _values_of(name) for name in FACETS}
    others = {name: _values_of(name) for name in FACETS if name not in apart}
    asked: dict[str, Any] = {f"{_FILTERED}:": {"filter": every(filtered(apart)), "aggs": others}}
    for name in apart:
        rest = {other: values for other, values in apart.items() if other != name}
        asked[f"{_FILTERED}:{name}"] = {"filter": every(filtered(rest)), "aggs": {name: _values_of(name)}}
    return asked


def _values_of(name: str) -> Query:
    if name == "month":
        return {"terms": {"field": name, "size": MONTHS, "shard_size": VALUES_OF_A_SHARD, "order": {"_key": "desc"}}}
    order = [{"_count": "desc"}, {"_key": "asc"}]
    return {"terms": {"field": name, "size": FACET_VALUES, "shard_size": VALUES_OF_A_SHARD, "order": order}}


def _entry_scope(query: EntryQuery) -> list[Query]:
    """What applies besides the words and the filters."""
    scope = visible(query.reader) + filtered({"about": query.about}) + filtered(query.with_values)
    scope += [each for ids in query.taking_part for each in filtered({"contact": ids})]
    if unwanted := _unwanted(query):
        scope.append({"bool": {"must_not": unwanted}})
    if query.contact_ids or query.members:
        members = [_of_member(each) for each in query.members]
        scope.append(either([*filtered({"contact": query.contact_ids}), *members]))
    return scope + _times(query.since, query.before)


def _unwanted(query: EntryQuery) -> list[Query]:
    """What must not occur: words, phrases, values."""
    return [_clause("text", ENGLISH.analyze(each)) for each in query.without] + filtered(query.without_values)


def _of_member(member: Member) -> Query:
    whose = filtered({"contact": member.contact_ids, "source": member.sources})
    return every([*whose, *_times(member.since, member.before)])


def _times(since: datetime | None, before: datetime | None) -> list[Query]:
    limits = {name: int(time_key(each)) for name, each in (("gte", since), ("lt", before)) if each}
    return [{"range": {"at": limits}}] if limits else []


def _tiers_of(words: Words, sort: str) -> list[Query]:
    """The same as tantivy's: titles and names, then texts, then beginnings of words."""
    tiers = [_all_words(words.clauses, field) for field in ("head", "text")]
    if words.beginning:
        last = either([_any_of("text", words.clauses[-1]), {"prefix": {"words": {"value": words.beginning}}}])
        tiers.append(every([_all_words(words.clauses[:-1], "text"), last]))
    return tiers if words.clauses and sort == "relevance" else tiers[-1:]


def _all_words(clauses: Sequence[Sequence[Phrase]], field: str) -> Query:
    return every([_any_of(field, clause) for clause in clauses])


def _any_of(field: str, phrases: Sequence[Phrase]) -> Query:
    return _clause(field, phrases[0]) if len(phrases) == 1 else either([_clause(field, each) for each in phrases])


def _clause(field: str, words: Sequence[str]) -> Query:
    """One word or phrase; one without a letter or digit is found nowhere."""
    if not words:
        return NOTHING
    return term(field, words[0]) if len(words) == 1 else {"match_phrase": {field: {"query": " ".join(words)}}}


def _name_tiers(q: str) -> list[Query]:
    """Every word exactly, every word as a beginning, every word with typos forgiven."""
    if not q.strip():
        return [every([])]
    words = list(dict.fromkeys(fold_name(q).split()))
    if not words:
        return [NOTHING]
    return [
        every([term("name", word) for word in words]),
        every([term("beginnings", word) for word in words]),
        every([_nearly(word) for word in words]),
    ]


def _nearly(word: str) -> Query:
    if not typos(word):
        return term("beginnings", word)
    # A constant score: otherwise only the fifty most frequent words would count.
    return {"fuzzy": {"beginnings": {"value": word, "fuzziness": typos(word), "rewrite": "constant_score"}}}
