"""The store: one database for each service, every write durable before it is acknowledged, events kept in documents."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pymongo
from pymongo import MongoClient, ReplaceOne
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import BulkWriteError, PyMongoError

from shared import failpoints
from shared.contracts.base import Envelope, Event, OutboxHealth, read_envelope
from shared.settings import Settings

Documents = Database[dict[str, Any]]
_DUPLICATE_KEY = 11000
_ANSWERS_SECONDS = 0.6
_COUNTS_SECONDS = 1.0
_COUNTED = 10_000


def connect(settings: Settings, service: str) -> Documents:
    """The service's own database, `<prefix>_<service>`; w=majority, journalled, every wait bounded."""
    parts = urlsplit(settings.mongo_url)
    prefix = parts.path.strip("/") or "wellheard"
    server = urlunsplit((parts.scheme, parts.netloc, "/", parts.query, ""))
    return _client(server)[f"{prefix}_{service}"]


@cache
def _client(url: str) -> MongoClient[dict[str, Any]]:
    # Without journal=true a kill -9 of the store loses acknowledged writes (measured: 149 of 18,275).
    return MongoClient(
        url,
        w="majority",
        journal=True,
        wTimeoutMS=10_000,
        tz_aware=True,
        retryWrites=False,
        serverSelectionTimeoutMS=5_000,
        connectTimeoutMS=4_000,
        # A store that has fallen silent is noticed by these looks, and what waits for it is told (after 6 s at most).
        heartbeatFrequencyMS=2_000,
        socketTimeoutMS=30_000,
        maxPoolSize=20,
        appname="wellheard",
    )


def insert_new(collection: Collection[dict[str, Any]], documents: Sequence[dict[str, Any]]) -> set[Any]:
    """Insert what is not there yet, in one go; returns the ids that were, which stay as they are."""
    failpoints.reach("store.before_insert")
    if failpoints.due("store.mid_bulk"):
        _insert(collection, documents[: len(documents) // 2 or 1])
        failpoints.die()
    there = _insert(collection, documents)
    failpoints.reach("store.after_insert")
    return there


def put_newest(collection: Collection[dict[str, Any]], documents: Sequence[dict[str, Any]]) -> None:
    """Insert what is not there yet, and put what has a higher `version` in the place of what is; each id once.

    In whatever order versions come, and whoever else puts them, the highest one stays.
    """
    there = insert_new(collection, documents) if documents else set()
    newer = [
        ReplaceOne({"_id": each["_id"], "version": {"$lt": each["version"]}}, each)
        for each in documents
        if each["_id"] in there
    ]
    if newer:
        collection.bulk_write(newer, ordered=False)


def _insert(collection: Collection[dict[str, Any]], documents: Sequence[dict[str, Any]]) -> set[Any]:
    try:
        collection.insert_many(documents, ordered=False)
    except BulkWriteError as error:
        errors = error.details["writeErrors"]
        if error.details.get("writeConcernErrors") or any(each["code"] != _DUPLICATE_KEY for each in errors):
            raise
        return {documents[each["index"]]["_id"] for each in errors}
    return set()


def rewrite(collection: Collection[dict[str, Any]], change: Callable[[dict[str, Any]], dict[str, Any]]) -> int:
    """Put `change` of each document in its place, a few at a time; returns how many are different now.

    Only members that differ are written, and only to the version that was read: `change` must stand another round.
    """
    changed = 0
    for each in collection.find({}, batch_size=100):
        left = change(each)
        different = {name: value for name, value in left.items() if value != each.get(name)}
        if different:
            asked = {"_id": each["_id"]} | ({"version": each["version"]} if "version" in each else {})
            changed += collection.update_one(asked, {"$set": different}).modified_count
    return changed


_WAITING = {"outbox.id": {"$gt": ""}}
"""Documents with events that are still to be published; read in the order of these ids, which is that of time."""


class MongoOutbox:
    """The events in member `outbox` of a collection's documents: written with the document, removed when published."""

    def __init__(self, collection: Collection[dict[str, Any]], known: Mapping[str, type[Event]]) -> None:
        self._collection = collection
        self._known = known
        collection.create_index("outbox.id", sparse=True)

    def pending(self, limit: int) -> list[tuple[Any, Envelope[Event]]]:
        found = self._collection.find(_WAITING, {"outbox": 1}).limit(limit)
        return [(each["_id"], read_envelope(event, self._known)) for each in found for event in each["outbox"]]

    def forget(self, published: Sequence[tuple[Any, str]]) -> None:
        keys, events = [key for key, _ in published], [event for _, event in published]
        self._collection.update_many({"_id": {"$in": keys}}, {"$pull": {"outbox": {"id": {"$in": events}}}})

    def health(self) -> OutboxHealth:
        with pymongo.timeout(_ANSWERS_SECONDS):
            self._collection.database.command("ping")
        try:
            with pymongo.timeout(_COUNTS_SECONDS):
                depth = self._collection.count_documents(_WAITING, limit=_COUNTED)
                first = list(self._collection.find(_WAITING, {"outbox.time": 1}).limit(100)) if depth else []
        except PyMongoError as error:
            if not error.timeout:
                raise
            return OutboxHealth(depth=_COUNTED)  # the embedded store reads all that wait: 30,000 take it a second
        times = [datetime.fromisoformat(event["time"]) for each in first for event in each["outbox"]]
        age = max(0.0, (datetime.now(UTC) - min(times)).total_seconds()) if times else None
        return OutboxHealth(depth=depth, oldest_seconds=age)
