"""The bare script of bench/rebuild.py: scan the log, index the same fields, commit; nothing is checked or folded."""

from pathlib import Path
from typing import Any

import orjson
from pymongo import MongoClient
from tantivy import Document

from services.history.index.directory import BULK_HEAP_BYTES
from services.history.index.tantivy_schema import SCHEMA, open_index

WINDOW = 500


def rebuild(mongo_url: str, database: str, folder: Path) -> int:
    """Documents written."""
    log = MongoClient[dict[str, Any]](mongo_url)[database]["log"]
    index = open_index(folder, create=True)
    writer = index.writer(BULK_HEAP_BYTES, 2)
    written, start = 0, 0
    while found := list(log.find({"position": {"$gt": start, "$lte": start + WINDOW}}, batch_size=WINDOW + 1)):
        for each in found:
            writer.add_document(document(each["event"], each["position"]))
        written, start = written + len(found), start + WINDOW
    writer.commit()
    writer.wait_merging_threads()
    return written


def document(event: dict[str, Any], position: int) -> Document:
    """The same fields that our index holds for an engagement."""
    said = event["data"]["engagement"]
    names = [each["name"] for each in said["participants"]]
    text = [said["title"], *names, said["body"], *said["topics"]]
    fields = {
        "key": f"Entry:{said['engagement_id']}",
        "doc": "Entry",
        "sort": f"{said['occurred_at'].translate(_DIGITS)}{said['engagement_id']}",
        "kind": said["kind"],
        "channel": said["channel"],
        "topic": said["topics"],
        "partner": said["partner"] or "staff",
        "locality": said["locality"],
        "group": said["groups"],
        "month": said["occurred_at"][:7],
        "contact": [contact for each in said["participants"] for contact in each["contact_ids"]],
        "sensitive": said["sensitive"],
        "head": [said["title"], *names],
        "text": text,
        "words": text,
        "position": position,
        "stored": orjson.dumps(event),
    }
    return Document.from_dict(fields, SCHEMA)


_DIGITS = str.maketrans("", "", "-:TZ.+")
