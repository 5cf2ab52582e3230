"""Keeps the register of erasures, with what is to be looked for until an erasure is done."""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import orjson

from shared.contracts.base import Envelope, Event
from shared.contracts.erasure import Erasure, ErasureDecided, Traces
from shared.messaging import Outbox
from shared.mongo import Documents, MongoOutbox, insert_new
from shared.order import order_of

KNOWN: dict[str, type[Event]] = {ErasureDecided.type: ErasureDecided}


class Kept(NamedTuple):
    """An erasure, and what is to be looked for; of one that is done, only the contacts' ids."""

    erasure: Erasure
    traces: Traces


class ErasureStore(Protocol):
    """The register as the service sees it; the Mongo one and the fake pass the same contract tests."""

    @property
    def outbox(self) -> Outbox: ...

    def insert(self, kept: Kept) -> bool:
        """False when it is there already (it stays as it is)."""
        ...

    def find(self, erasure_id: str) -> Kept | None: ...

    def replace(self, erasure: Erasure, envelope: Envelope[Event] | None = None) -> bool:
        """Store the next version, with its event; False when somebody was faster. One that is done has no traces."""
        ...

    def latest(self, open_only: bool, limit: int, cursor: str | None = None) -> list[Erasure]:
        """The newest first, of those after a cursor (`cursor_of` of the last that was seen)."""
        ...


class MongoErasures:
    """Collection `erasures`."""

    def __init__(self, database: Documents) -> None:
        self._erasures = database["erasures"]
        self.outbox = MongoOutbox(self._erasures, KNOWN)
        self._erasures.create_index("order")

    def insert(self, kept: Kept) -> bool:
        traces = kept.traces.model_dump(mode="json")
        return not insert_new(
            self._erasures, [{"_id": kept.erasure.erasure_id, **_fields(kept.erasure), "traces": traces}]
        )

    def find(self, erasure_id: str) -> Kept | None:
        found = self._erasures.find_one({"_id": erasure_id}, {"outbox": 0})
        return _kept(found) if found else None

    def replace(self, erasure: Erasure, envelope: Envelope[Event] | None = None) -> bool:
        update: dict[str, Any] = {"$set": _fields(erasure)}
        if erasure.state == "done":
            update["$unset"] = {"traces": ""}
        if envelope is not None:
            update["$push"] = {"outbox": envelope.content}
        asked = {"_id": erasure.erasure_id, "version": erasure.version - 1}
        return self._erasures.update_one(asked, update).modified_count == 1

    def latest(self, open_only: bool, limit: int, cursor: str | None = None) -> list[Erasure]:
        asked: dict[str, Any] = {"state": {"$in": ["erasing", "deciding", "finishing"]}} if open_only else {}
        asked |= {"order": {"$lt": cursor}} if cursor else {}
        found = self._erasures.find(asked, {"outbox": 0, "traces": 0}).sort("order", -1).limit(limit)
        return [_kept(each).erasure for each in found]


def _fields(erasure: Erasure) -> dict[str, Any]:
    content: dict[str, Any] = orjson.loads(erasure.model_dump_json(exclude={"erasure_id"}))
    return content | {"order": cursor_of(erasure)}


def _kept(document: Mapping[str, Any]) -> Kept:
    erasure = Erasure.model_validate({**document, "erasure_id": document["_id"]}, extra="ignore")
    traces = document.get("traces")
    return Kept(erasure, Traces.model_validate(traces, extra="ignore") if traces else nothing_of(erasure))


def cursor_of(erasure: Erasure) -> str:
    """Its place in the register."""
    return order_of(erasure.at) + erasure.erasure_id


def nothing_of(erasure: Erasure) -> Traces:
    """What is known of an erasure that is done."""
    return Traces(erasure_id=erasure.erasure_id, contact_ids=erasure.contact_ids)
