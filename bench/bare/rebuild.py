"""The bare script of bench/rebuild.py: scan the log, index the same fields, commit; nothing is checked or folded."""

import shutil
from pathlib import Path
from typing import Any, Protocol

import orjson
from pymongo import MongoClient
from tantivy import Document

from bench.bare.elastic import BareBulk
from services.history.index.directory import BULK_HEAP_BYTES
from services.history.index.tantivy_schema import SCHEMA, open_index

WINDOW = 500


class Into(Protocol):
    """An index that documents are put into."""

    def add(self, fields: dict[str, Any]) -> None: ...

    def commit(self) -> None: ...

    def remove(self) -> None: ...


class _Tantivy:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writer = open_index(folder, create=True).writer(BULK_HEAP_BYTES, 2)

    def add(self, fields: dict[str, Any]) -> None:
        given = {name: value for name, value in fields.items() if value is not None}
        self._writer.add_document(Document.from_dict(given, SCHEMA))

    def commit(self) -> None:
        self._writer.commit()
        self._writer.wait_merging_threads()

    def remove(self) -> None:
        shutil.rmtree(self._folder)


def into_tantivy(folder: Path) -> Into:
    return _Tantivy(folder)


def into_elastic(url: str, index: str) -> Into:
    return BareBulk(url, index)


def rebuild(mongo_url: str, database: str, into: Into) -> int:
    """Documents written."""
    log = MongoClient[dict[str, Any]](mongo_url)[database]["log"]
    written, start = 0, 0
    while found := list(log.find({"position": {"$gt": start, "$lte": start + WINDOW}}, batch_size=WINDOW + 1)):
        for each in found:
            into.add(document(each["event"], each["position"]))
        written, start = written + len(found), start + WINDOW
    into.commit()
    return written


def document(event: dict[str, Any], position: int) -> dict[str, Any]:
    """The same fields that our index holds, of an engagement all of them, of the other events what they have."""
    data = event["data"]
    said = data.get("engagement") or data.get("contact") or data
    people = said.get("participants", ())
    names = [each["name"] for each in people] or [said.get("name", "")]
    head = [said.get("title") or event["type"], *names]
    text = [*head, said.get("body", ""), *said.get("topics", ())]
    contacts = [key for each in people for key in each["contact_ids"]] or said.get("contact_ids")
    return {
        "key": f"Entry:{said.get('engagement_id') or event['id']}",
        "doc": "Entry",
        "sort": f"{event['time'].translate(_DIGITS)}{event['id']}",
        "kind": said.get("kind", event["type"]),
        "channel": said.get("channel"),
        "topic": said.get("topics", []),
        "partner": said.get("partner") or "staff",
        "locality": said.get("locality"),
        "group": said.get("groups", []),
        "month": event["time"][:7],
        "contact": contacts or [event["subject"]],
        "sensitive": said.get("sensitive", False),
        "head": head,
        "text": text,
        "words": text,
        "position": position,
        "stored": orjson.dumps(event),
    }


_DIGITS = str.maketrans("", "", "-:TZ.+")
