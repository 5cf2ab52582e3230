"""Keeps relationships, each in a document of its own with the events that are still to be published."""

from collections.abc import Iterable
from typing import Any, Protocol

import orjson

from shared.contracts.base import Envelope, Event
from shared.contracts.erasure import Traces
from shared.contracts.relationships import Relationship, RelationshipChanged
from shared.messaging import Outbox
from shared.mongo import Documents, MongoOutbox, insert_new, rewrite
from shared.redaction import redact

KNOWN: dict[str, type[Event]] = {RelationshipChanged.type: RelationshipChanged}


class RelationshipStore(Protocol):
    """Relationships by id; the Mongo one and the fake pass the same contract tests."""

    @property
    def outbox(self) -> Outbox: ...

    def insert(self, relationship: Relationship, envelope: Envelope[Event]) -> bool:
        """False when it is there already (it stays as it is)."""
        ...

    def find(self, relationship_id: str) -> Relationship | None: ...

    def replace(self, relationship: Relationship, envelope: Envelope[Event]) -> bool:
        """Store the next version; False when somebody was faster."""
        ...

    def of(self, contact_ids: Iterable[str]) -> list[Relationship]:
        """Those of which one of the contacts is a part, without what was removed, in the order of their ids."""
        ...

    def redact(self, traces: Traces) -> None:
        """Nothing that says who somebody was who is erased is left, in waiting events neither."""
        ...


class MongoRelationships:
    """Collection `relationships`."""

    def __init__(self, database: Documents) -> None:
        self._relationships = database["relationships"]
        self.outbox = MongoOutbox(self._relationships, KNOWN)
        self._relationships.create_index("contact_id")
        self._relationships.create_index("with_id")

    def insert(self, relationship: Relationship, envelope: Envelope[Event]) -> bool:
        document = {"_id": relationship.relationship_id, **_fields(relationship), "outbox": [envelope.content]}
        return not insert_new(self._relationships, [document])

    def find(self, relationship_id: str) -> Relationship | None:
        found = self._relationships.find_one({"_id": relationship_id}, {"outbox": 0})
        return _relationship(found) if found else None

    def replace(self, relationship: Relationship, envelope: Envelope[Event]) -> bool:
        asked = {"_id": relationship.relationship_id, "version": relationship.version - 1}
        update = {"$set": _fields(relationship), "$push": {"outbox": envelope.content}}
        return self._relationships.update_one(asked, update).modified_count == 1

    def of(self, contact_ids: Iterable[str]) -> list[Relationship]:
        ids = list(contact_ids)
        found = [
            each
            for member in ("contact_id", "with_id")
            for each in self._relationships.find({member: {"$in": ids}, "removed": False}, {"outbox": 0})
        ]
        return sorted(
            {each["_id"]: _relationship(each) for each in found}.values(), key=lambda each: each.relationship_id
        )

    def redact(self, traces: Traces) -> None:
        rewrite(self._relationships, lambda document: redact(document, traces))


def _fields(relationship: Relationship) -> dict[str, Any]:
    content: dict[str, Any] = orjson.loads(relationship.model_dump_json(exclude={"relationship_id"}))
    return content


def _relationship(document: dict[str, Any]) -> Relationship:
    return Relationship.model_validate({**document, "relationship_id": document["_id"]}, extra="ignore")
