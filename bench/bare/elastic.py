"""The bare side in Elasticsearch: documents with the same fields in bulk, and the queries of a page; nothing else."""

from collections.abc import Sequence
from typing import Any

import orjson
from elasticsearch import Elasticsearch

from services.history.index.analysis import ENGLISH
from services.history.index.elastic_client import connect_search
from services.history.index.elastic_mapping import SETTINGS, TIMELINE
from shared.contracts.history import FACETS
from shared.settings import Settings

BULK = 1_000
LIMIT = 25
_TEXTS = ("head", "text", "words")


class BareBulk:
    """Puts documents into an index with the mapping of ours; words are put in lower case and that is all."""

    def __init__(self, url: str, index: str) -> None:
        self._client, self._index = connect_search(Settings(search_url=url)).options(request_timeout=60), index
        if not self._client.indices.exists(index=index):
            self._client.indices.create(index=index, mappings=TIMELINE, settings=SETTINGS)
        self._lines: list[bytes] = []

    def add(self, fields: dict[str, Any]) -> None:
        """A document as the bare script of tantivy makes it."""
        key = orjson.dumps({"index": {"_id": fields.pop("key")}})
        fields.pop("doc")
        stored = orjson.Fragment(fields.pop("stored"))
        texts = {name: [each.lower() for each in fields[name]] for name in _TEXTS}
        self._lines += [key, orjson.dumps(fields | texts | {"stored": stored})]
        if len(self._lines) >= 2 * BULK:
            self.send()

    def send(self) -> None:
        if self._lines:
            self._client.bulk(operations=self._lines, index=self._index, filter_path=["errors"])
            self._lines = []

    def commit(self) -> None:
        """Everything can be found."""
        self.send()
        self._client.indices.refresh(index=self._index)

    def count(self) -> int:
        return int(self._client.count(index=self._index)["count"])

    def remove(self) -> None:
        self._client.indices.delete(index=self._index)


class BareElastic:
    """Searches the same indices that Wellheard serves."""

    def __init__(self, client: Elasticsearch, timeline: str, contacts: str) -> None:
        self._client, self._timeline, self._contacts = client, timeline, contacts

    def entries(
        self,
        words: Sequence[str] = (),
        phrase: str = "",
        without: str = "",
        months: Sequence[str] = (),
        **filters: str,
    ) -> dict[str, Any]:
        """One page of open entries, the newest first, with the exact total and the facets."""
        must: list[dict[str, Any]] = [{"term": {"sensitive": False}}]
        must += [{"term": {"text": ENGLISH.analyze(word)[0]}} for word in words]
        if phrase:
            must.append({"match_phrase": {"text": " ".join(ENGLISH.analyze(phrase))}})
        if months:
            must.append({"terms": {"month": list(months)}})
        must += [{"term": {field: value}} for field, value in filters.items()]
        unwanted = [{"term": {"text": ENGLISH.analyze(without)[0]}}] if without else []
        facets = {name: {"terms": {"field": name, "size": 100}} for name in FACETS}
        return self._page(self._timeline, must, unwanted, "desc", facets)

    def names(self, typed: str) -> dict[str, Any]:
        """Contacts by the beginnings of their names, typos forgiven."""
        must: list[dict[str, Any]] = []
        for word in typed.lower().split():
            distance = 2 if len(word) >= 8 else 1 if len(word) >= 4 else 0
            must.append({"fuzzy": {"beginnings": {"value": word, "fuzziness": distance}}})
        return self._page(self._contacts, must, [], "asc", {})

    def _page(
        self,
        index: str,
        must: list[dict[str, Any]],
        unwanted: list[dict[str, Any]],
        order: str,
        facets: dict[str, Any],
    ) -> dict[str, Any]:
        return self._client.search(  # type: ignore[no-any-return]
            index=index,
            query={"bool": {"filter": must, "must_not": unwanted}},
            sort=[{"sort": order}],
            size=LIMIT,
            track_total_hits=True,
            aggs=facets or None,
        ).body
