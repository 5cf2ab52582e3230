"""The indices of Elasticsearch, and how records become their documents.

Words are split, folded and stemmed by us, as for tantivy, and sent parted by spaces: both engines find the same, and
the cluster needs no plugin, no dictionary and no setting of ours for analysis. What is stored is the record itself;
the fields that are searched are not kept a second time.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

import orjson

from services.history.index.analysis import in_terms
from services.history.index.fields import Record, contact_fields, entry_fields, key_of
from services.history.index.words import time_key
from services.history.records import Entry
from shared.contracts.history import FACETS

_LONGEST_VALUE = 8_000
"""Lucene refuses a document with a longer one, so it cannot be filtered by."""
_VERSIONS_FROM = 1 << 40
"""Versions of the engine begin at 0; a meeting that is planned has versions below that. Each of ours is two of them: a
record without its words has the lower one, so that the whole one takes its place whenever it comes."""
_KEYWORD = {"type": "keyword", "ignore_above": _LONGEST_VALUE}
_SORT = {"type": "keyword", "index": False}
_WORDS = {"type": "text", "analyzer": "whitespace", "norms": False}
_ONLY_WORDS = {**_WORDS, "index_options": "docs"}
_SHARED: dict[str, Any] = {
    "sort": _SORT,
    "kind": _KEYWORD,
    "locality": _KEYWORD,
    "group": _KEYWORD,
    "position": {"type": "long"},
    "stored": {"type": "object", "enabled": False},
}
_ENTRIES: dict[str, Any] = {
    **_SHARED,
    **dict.fromkeys((*FACETS, "about", "contact"), _KEYWORD),
    "at": {"type": "long"},
    "sensitive": {"type": "boolean"},
    "head": _WORDS,
    "text": _WORDS,
    "words": _ONLY_WORDS,
}
_CONTACTS: dict[str, Any] = {
    **_SHARED,
    "reported_by": _KEYWORD,
    "name": _ONLY_WORDS,
    "beginnings": _ONLY_WORDS,
}
_STATE: dict[str, Any] = {
    "position": {"type": "long"},
    "holder": {"type": "keyword"},
    "beat": {"type": "long"},
    "made": {"type": "long"},
}
_SHAPE = [_ENTRIES, _CONTACTS, "two versions"]
SCHEMA = hashlib.sha256(orjson.dumps(_SHAPE, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]
"""An index of another one is built again from the log."""
# Only a commit makes anything visible, so nobody meets half of one.
SETTINGS = {"index": {"refresh_interval": "-1", "auto_expand_replicas": "0-1"}}
STATE_SETTINGS = {"index": {"auto_expand_replicas": "0-1"}}


def _mapping(properties: dict[str, Any]) -> dict[str, Any]:
    stored = {"_source": {"includes": ["stored"]}} if "stored" in properties else {}
    return {"dynamic": "strict", "_meta": {"schema": SCHEMA}, "properties": properties, **stored}


TIMELINE, CONTACTS, STATE = _mapping(_ENTRIES), _mapping(_CONTACTS), _mapping(_STATE)


@dataclass(frozen=True, slots=True)
class Names:
    """What the indices of an installation are called; several may share a cluster."""

    prefix: str

    @property
    def state(self) -> str:
        """How far each index has come and who writes it, one small document for each."""
        return f"{self.prefix}-state"

    def timeline(self, name: str = "") -> str:
        """The index of entries of this name, or the alias of the one that serves."""
        return f"{self.prefix}-timeline" + (f"-{name}" if name else "")

    def contacts(self, name: str = "") -> str:
        return f"{self.prefix}-contacts" + (f"-{name}" if name else "")

    def both(self, name: str) -> list[str]:
        return [self.timeline(name), self.contacts(name)]


def writing(index: str) -> str:
    """The alias that is written through: with an index that somebody has deleted it is gone, so none is made anew."""
    return f"{index}-writing"


@dataclass(frozen=True, slots=True)
class Item:
    """A record on its way into the engine."""

    record: Record
    position: int
    again: bool = False
    """It may replace the same version."""
    event_id: str = ""

    def replaces(self, known: "Item") -> bool:
        """Whether it takes the place of another one that waits with it."""
        older = known.record.version < self.record.version
        return older or (self.again and known.record.version == self.record.version)

    def lines(self, names: Names, name: str, plain: bool = False) -> list[bytes]:
        """Two lines of a bulk request. plain: without its words, for when these are refused."""
        index = names.timeline(name) if isinstance(self.record, Entry) else names.contacts(name)
        action = {
            "_index": writing(index),
            "_id": key_of(self.record),
            # What is put again replaces whatever stands there: without its words it must not count as the older one.
            "version": 2 * self.record.version + (self.again or not plain) + _VERSIONS_FROM,
            "version_type": "external_gte" if self.again else "external",
        }
        fields = _plain_fields(self.record) if plain else _fields(self.record)
        document = {**fields, "position": self.position, "stored": orjson.Fragment(self.record.to_json())}
        return [orjson.dumps({"index": action}), orjson.dumps(document)]


def _fields(record: Record) -> dict[str, object]:
    if not isinstance(record, Entry):
        return contact_fields(record)
    head, rest = (record.title, *record.names), (record.body, *record.topics)
    terms = [in_terms(each) for each in (*head, *rest)]
    stemmed = [each.stemmed for each in terms]
    return entry_fields(record) | {
        "at": int(time_key(record.occurred_at)),
        "head": stemmed[: len(head)],
        "text": stemmed,
        "words": [each.plain for each in terms],
    }


def _plain_fields(record: Record) -> dict[str, object]:
    """What everything else hangs on: its place, its time, and who may see it."""
    kept = ("sort", "at", "sensitive", "partner", "contact", "kind", "source", "name", "beginnings", "reported_by")
    return {name: value for name, value in _fields(record).items() if name in kept}
