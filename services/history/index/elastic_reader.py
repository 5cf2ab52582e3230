"""Searches what Elasticsearch holds of one index, or of whichever serves."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from elasticsearch import Elasticsearch

from services.history.index.analysis import read_words
from services.history.index.elastic_client import AWAY, asking
from services.history.index.elastic_mapping import Names
from services.history.index.elastic_queries import (
    Asked,
    ask_entries,
    ask_names,
    ask_namesakes,
    ask_people,
    read_facets,
    visible,
)
from services.history.index.elastic_terms import every
from services.history.index.fields import hits
from services.history.index.port import IndexAway, IndexLost
from services.history.index.queries import ContactHits, EntryPage, EntryQuery, NameQuery, Pair, Place
from services.history.index.words import name_key
from services.history.records import ContactRecord, Entry
from shared.contracts.history import Reader

T = TypeVar("T")
_WINDOW = 1_000
_KEEP_OPEN = "5m"
_TRIES = 3
_PAUSE = 0.05
_NO_INDEX = "index_not_found_exception"
_ASKED = ["hits.total.value", "hits.hits._source", "hits.hits.sort", "aggregations"]


class ElasticReader:
    """Reads the index `name`; without a name the one that serves, whichever it is at the moment."""

    def __init__(self, client: Elasticsearch, names: Names, name: str = "") -> None:
        self._client, self._names = client, names
        self._timeline, self._contacts = names.timeline(name), names.contacts(name)
        self._serving = not name

    def search(self, query: EntryQuery) -> EntryPage:
        words = read_words(query)
        asked = ask_entries(query, words)
        answer = self._search(self._timeline, asked.body)
        found, place = _page(answer, asked, query.limit)
        entries = [Entry.from_fields(each) for each in found]
        return EntryPage(_total(answer), hits(entries, words), read_facets(answer.get("aggregations", {})), place)

    def people(self, query: EntryQuery, limit: int) -> list[tuple[str, int]]:
        answer = self._search(self._timeline, ask_people(query, read_words(query), limit))
        return read_facets(answer.get("aggregations", {})).get("contact", [])

    def find_contacts(self, query: NameQuery) -> ContactHits:
        asked = ask_names(query, self._by_name(query.after))
        answer = self._search(self._contacts, asked.body)
        found, place = _page(answer, asked, query.limit)
        contacts = [ContactRecord.from_fields(each) for each in found]
        return ContactHits(_total(answer), contacts, Place(place.tier, contacts[-1].id) if place else None)

    def namesakes(self, pairs: Sequence[Pair], limit: int) -> list[ContactRecord]:
        asked = ask_namesakes(pairs, limit)
        found, _ = _page(self._search(self._contacts, asked.body), asked, limit)
        return [ContactRecord.from_fields(each) for each in found]

    def contacts(self, ids: Sequence[str]) -> dict[str, ContactRecord]:
        found: dict[str, ContactRecord] = {}
        wanted = list(dict.fromkeys(ids))
        for start in range(0, len(wanted), _WINDOW):
            keys = [f"ContactRecord:{each}" for each in wanted[start : start + _WINDOW]]
            records = map(ContactRecord.from_fields, self._get(self._contacts, keys))
            found |= {each.id: each for each in records}
        return found

    def entry(self, entry_id: str, reader: Reader) -> Entry | None:
        query = every([{"ids": {"values": [f"Entry:{entry_id}"]}}, *visible(reader)])
        found = _stored(self._search(self._timeline, {"size": 1, "query": query}))
        return Entry.from_fields(found[0]) if found else None

    def counts(self) -> tuple[int, int]:
        return self._count(self._timeline), self._count(self._contacts)

    def position(self) -> int:
        with asking():
            (index,) = self._client.indices.get_alias(index=self._timeline)
            name = index.removeprefix(f"{self._names.timeline()}-")
            return int(self._client.get(index=self._names.state, id=name)["_source"]["position"])

    def latest(self) -> Entry | None:
        body = {"size": 1, "sort": [{"position": "desc"}], "track_total_hits": False}
        found = _stored(self._search(self._timeline, body))
        return Entry.from_fields(found[0]) if found else None

    def entries(self) -> Iterator[Entry]:
        return map(Entry.from_fields, self._all(self._timeline))

    def all_contacts(self) -> Iterator[ContactRecord]:
        return map(ContactRecord.from_fields, self._all(self._contacts))

    def _all(self, index: str) -> Iterator[dict[str, Any]]:
        """Everything, as it is when one begins to read."""
        body: dict[str, Any] = {"size": _WINDOW, "sort": ["_doc"]}
        with asking():
            answer = self._client.search(index=index, scroll=_KEEP_OPEN, **body)
        try:
            while found := _stored(answer):
                yield from found
                with asking():
                    answer = self._client.scroll(scroll_id=answer["_scroll_id"], scroll=_KEEP_OPEN)
        finally:
            with asking():
                self._client.clear_scroll(scroll_id=answer["_scroll_id"])

    def _by_name(self, after: Place | None) -> Place | None:
        """The place among the names of the contact that a page ended with; the first when it is not known."""
        known = self.contacts([after.key]) if after else {}
        return Place(after.tier, name_key(known[after.key].name, after.key)) if after and known else None

    def _search(self, index: str, body: dict[str, Any]) -> dict[str, Any]:
        def search() -> dict[str, Any]:
            with asking():
                # All of it or an error: a part would be a wrong total.
                answer: dict[str, Any] = self._client.search(
                    index=index, allow_partial_search_results=False, filter_path=_ASKED, **body
                ).body
            return answer

        return self._surely(search)

    def _get(self, index: str, keys: Sequence[str]) -> list[dict[str, Any]]:
        """What is stored under these keys, as of the last refresh; in half the time that a search for them takes."""

        def get() -> list[dict[str, Any]]:
            with asking():
                documents = self._client.mget(index=index, ids=keys, realtime=False)["docs"]
            for reason in {each["error"]["type"] for each in documents if "error" in each}:
                raise (IndexLost if reason == _NO_INDEX else IndexAway)(f"{AWAY} ({reason})")
            return [each["_source"]["stored"] for each in documents if each["found"]]

        return self._surely(get)

    def _count(self, index: str) -> int:
        def count() -> int:
            with asking():
                return int(self._client.count(index=index)["count"])

        return self._surely(count)

    def _surely(self, call: Callable[[], T]) -> T:
        """Once more when another index has come to serve meanwhile, and the one that was asked is gone."""
        for _ in range(_TRIES - 1):
            try:
                return call()
            except IndexLost:
                if not self._serving:
                    raise
            time.sleep(_PAUSE)
        return call()


def _page(answer: dict[str, Any], asked: Asked, limit: int) -> tuple[list[dict[str, Any]], Place | None]:
    """What is stored of each, and where the page ends when there is more."""
    found = _hits(answer)
    stored = [each["_source"]["stored"] for each in found[:limit]]
    return stored, asked.place(found[limit - 1]) if len(found) > limit else None


def _hits(answer: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = answer.get("hits", {}).get("hits", [])
    return found


def _stored(answer: Any) -> list[dict[str, Any]]:
    return [each["_source"]["stored"] for each in _hits(answer)]


def _total(answer: dict[str, Any]) -> int:
    return int(answer["hits"]["total"]["value"])
