"""Keeps engagements, each with the event it was recorded by, and the quarantine with the partners' originals."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import orjson

from services.events.calendar.store import Meetings, MongoMeetings
from services.events.casework.store import CASE_EVENTS, Cases, MongoCases
from services.events.photographs.store import MongoPhotographs, Photographs
from shared.contracts.base import Envelope, Event, read_envelope
from shared.contracts.erasure import EngagementRedacted, Traces
from shared.contracts.events import (
    Engagement,
    EngagementCorrected,
    EngagementQuarantined,
    EngagementRecorded,
    Quarantined,
)
from shared.messaging import Outbox
from shared.messaging.outboxes import Outboxes
from shared.mongo import Documents, MongoOutbox, insert_new, rewrite
from shared.redaction import redact, redact_event, takes_part

_OF_ENGAGEMENTS: tuple[type[Event], ...] = (
    EngagementRecorded,
    EngagementCorrected,
    EngagementQuarantined,
    EngagementRedacted,
)
KNOWN: dict[str, type[Event]] = {each.type: each for each in (*_OF_ENGAGEMENTS, *CASE_EVENTS)}


@dataclass(frozen=True, slots=True)
class Stored:
    """An engagement as it is stored."""

    engagement: Engagement
    recorded: Envelope[Event]
    """The event it was recorded by: published again, with the same id, when the message comes again."""
    digest: str
    """Of the partner's body; other bodies under the same id are conflicts."""
    accepted: tuple[str, ...] = ()
    """Quarantined conflicts that have become corrections of it."""


@dataclass(frozen=True, slots=True)
class Held:
    """A quarantined event as it is stored."""

    item: Quarantined
    quarantined: Envelope[Event]
    engagement_id: str
    correlationid: str


class Engagements(Protocol):
    """The repository as the service sees it; the Mongo one and the fake pass the same contract tests."""

    @property
    def outbox(self) -> Outbox:
        """What commands have left to be published."""
        ...

    @property
    def cases(self) -> Cases:
        """The cases of engagements, in the same documents."""
        ...

    @property
    def meetings(self) -> Meetings:
        """The calendar."""
        ...

    @property
    def photographs(self) -> Photographs:
        """What people sent with their stories."""
        ...

    def find(self, engagement_ids: Iterable[str]) -> dict[str, Stored]: ...

    def insert(self, new: Sequence[Stored], outbox: bool = False) -> set[str]:
        """Store them; returns the ids that were there already (those stay as they are).

        `outbox`: the event waits in the document to be published by the relay (commands), instead of by the caller.
        """
        ...

    def replace(self, engagement: Engagement, envelope: Envelope[Event], accepted: str | None = None) -> bool:
        """Store the next version with its event in the outbox; False when somebody was faster."""
        ...

    def redact(self, left: Engagement, envelope: Envelope[Event], traces: Traces, names: bool) -> bool:
        """As `replace`, with the traces gone from the event it was recorded by and from those that wait as well."""
        ...

    def redact_held(self, traces: Traces) -> None:
        """Take the traces out of every quarantined event, decided or not."""
        ...

    def find_by_partner_id(self, partner: str, external_id: str, source: str | None) -> list[str]:
        """Ids of engagements and of quarantined events' engagements, the latest first."""
        ...

    def hold(self, held: Sequence[Held]) -> None:
        """Keep in quarantine; what is there already stays as it is."""
        ...

    def find_held(self, quarantine_ids: Iterable[str]) -> dict[str, Held]: ...

    def held_for(self, engagement_id: str) -> list[Held]:
        """Everything in quarantine under one (partner, source, id), the latest first."""
        ...

    def replace_held(self, item: Quarantined) -> bool:
        """Store the next version of a quarantined item; False when somebody was faster."""
        ...

    def list_held(
        self, state: str, partner: str | None, limit: int, cursor: str | None
    ) -> list[tuple[str, Quarantined]]:
        """(cursor, item), newest first, after the cursor."""
        ...

    def count_held(self, state: str, partner: str | None) -> int: ...

    def oldest_held(self, state: str, partner: str | None) -> datetime | None:
        """When the oldest of them was received."""
        ...


class MongoEngagements:
    """Collections `engagements` and `quarantine`."""

    def __init__(self, database: Documents) -> None:
        self._engagements = database["engagements"]
        self._quarantine = database["quarantine"]
        self.cases = MongoCases(self._engagements)
        self.meetings = MongoMeetings(database)
        self.photographs = MongoPhotographs(database)
        self.outbox = Outboxes(MongoOutbox(self._engagements, KNOWN), self.meetings.outbox)
        self._engagements.create_index([("partner", 1), ("external_id", 1)])
        self._quarantine.create_index([("partner", 1), ("external_id", 1)])
        self._quarantine.create_index([("state", 1), ("order", 1)])
        self._quarantine.create_index("engagement_key")

    def find(self, engagement_ids: Iterable[str]) -> dict[str, Stored]:
        found = self._engagements.find({"_id": {"$in": list(engagement_ids)}})
        return {each["_id"]: _stored(each) for each in found}

    def insert(self, new: Sequence[Stored], outbox: bool = False) -> set[str]:
        if not new:
            return set()
        documents = [_document(each) for each in new]
        if outbox:
            documents = [each | {"outbox": [each["recorded"]]} for each in documents]
        return insert_new(self._engagements, documents)

    def replace(self, engagement: Engagement, envelope: Envelope[Event], accepted: str | None = None) -> bool:
        event = envelope.content
        update: dict[str, Any] = {
            "$set": {"version": engagement.version, "current": event["data"]["engagement"]},
            "$push": {"outbox": event},
        }
        if accepted:
            update["$addToSet"] = {"accepted": accepted}
        asked = {"_id": engagement.engagement_id, "version": engagement.version - 1}
        return self._engagements.update_one(asked, update).modified_count == 1

    def redact(self, left: Engagement, envelope: Envelope[Event], traces: Traces, names: bool) -> bool:
        asked = {"_id": left.engagement_id, "version": left.version - 1}
        standing = self._engagements.find_one(asked, {"recorded": 1, "outbox": 1, "case": 1})
        if standing is None:
            return False
        kept: dict[str, Any] = {"recorded": redact(standing["recorded"], traces, names)}
        waiting = [redact_event(each, traces, names) for each in standing.get("outbox", [])]
        kept["outbox"] = [*waiting, envelope.content]
        if "case" in standing:
            asked |= {"case.version": standing["case"]["version"]}
            kept["case"] = redacted_case(standing["case"], left, traces, names)
        kept |= {"version": left.version, "current": envelope.content["data"]["engagement"]}
        return self._engagements.update_one(asked, {"$set": kept}).modified_count == 1

    def redact_held(self, traces: Traces) -> None:
        rewrite(self._quarantine, lambda document: _redacted_held(document, traces))

    def find_by_partner_id(self, partner: str, external_id: str, source: str | None) -> list[str]:
        asked = {"partner": partner, "external_id": external_id} | ({"source": source} if source else {})
        held = [(each["order"], each["engagement_key"]) for each in self._quarantine.find(asked).limit(100)]
        recorded = [(each["recorded"]["id"], each["_id"]) for each in self._engagements.find(asked).limit(100)]
        return list(dict.fromkeys(key for _, key in sorted(held + recorded, reverse=True)))

    def hold(self, held: Sequence[Held]) -> None:
        if held:
            insert_new(self._quarantine, [_held_document(each) for each in held])

    def find_held(self, quarantine_ids: Iterable[str]) -> dict[str, Held]:
        return {each["_id"]: _held(each) for each in self._quarantine.find({"_id": {"$in": list(quarantine_ids)}})}

    def held_for(self, engagement_id: str) -> list[Held]:
        found = self._quarantine.find({"engagement_key": engagement_id}).limit(100)
        return [_held(each) for each in sorted(found, key=lambda each: str(each["order"]), reverse=True)]

    def replace_held(self, item: Quarantined) -> bool:
        content = orjson.loads(item.model_dump_json(include={"state", "corrected", "engagement_id", "version"}))
        asked = {"_id": item.quarantine_id, "version": item.version - 1}
        packed = content | {"corrected": _pack(content["corrected"])}
        return self._quarantine.update_one(asked, {"$set": packed}).modified_count == 1

    def list_held(
        self, state: str, partner: str | None, limit: int, cursor: str | None
    ) -> list[tuple[str, Quarantined]]:
        asked = _held_as(state, partner)
        if cursor:
            asked["order"] = {"$lt": cursor}
        found = self._quarantine.find(asked).sort("order", -1).limit(limit)
        return [(each["order"], _held(each).item) for each in found]

    def count_held(self, state: str, partner: str | None) -> int:
        return self._quarantine.count_documents(_held_as(state, partner))

    def oldest_held(self, state: str, partner: str | None) -> datetime | None:
        found = self._quarantine.find(_held_as(state, partner), {"received_at": 1}).sort("order", 1).limit(1)
        return next((datetime.fromisoformat(each["received_at"]) for each in found), None)


def _held_as(state: str, partner: str | None) -> dict[str, Any]:
    return {"state": state} | ({"partner": partner} if partner else {})


def _document(each: Stored) -> dict[str, Any]:
    return {
        "_id": each.engagement.engagement_id,
        "version": each.engagement.version,
        "partner": each.engagement.partner,
        "source": each.engagement.source,
        "external_id": each.engagement.external_id,
        "digest": each.digest,
        "recorded": each.recorded.content,
    }


def _stored(document: Mapping[str, Any]) -> Stored:
    recorded = read_envelope(document["recorded"], KNOWN)
    current = document.get("current") or document["recorded"]["data"]["engagement"]
    return Stored(
        engagement=Engagement.model_validate(current, extra="ignore"),
        recorded=recorded,
        digest=document["digest"],
        accepted=tuple(document.get("accepted", ())),
    )


def _held_document(each: Held) -> dict[str, Any]:
    content: dict[str, Any] = orjson.loads(each.item.model_dump_json())
    return content | {
        "_id": content.pop("quarantine_id"),
        "original": _pack(content["original"]),
        "corrected": _pack(content["corrected"]),
        "order": each.quarantined.id,
        "engagement_key": each.engagement_id,
        "correlationid": each.correlationid,
        "quarantined": each.quarantined.content,
    }


def _held(document: Mapping[str, Any]) -> Held:
    unpacked = {name: document[name] and orjson.loads(document[name]) for name in ("original", "corrected")}
    item = Quarantined.model_validate({**document, **unpacked, "quarantine_id": document["_id"]}, extra="ignore")
    return Held(
        item, read_envelope(document["quarantined"], KNOWN), document["engagement_key"], document["correlationid"]
    )


def _redacted_held(document: dict[str, Any], traces: Traces) -> dict[str, Any]:
    unpacked = document | {name: document[name] and orjson.loads(document[name]) for name in ("original", "corrected")}
    left = redacted_held(unpacked, traces)
    if left == unpacked:
        return document
    return left | {name: _pack(left[name]) for name in ("original", "corrected")}


def redacted_held(content: dict[str, Any], traces: Traces) -> dict[str, Any]:
    """A quarantined event without the traces; when they stand in it, the name goes from its texts too."""
    left: dict[str, Any] = redact(content, traces)
    return left if left == content else redact(content, traces, names=True)


def redacted_case(content: dict[str, Any], of: Engagement, traces: Traces, names: bool) -> dict[str, Any]:
    """The next version of a case, without the traces: what was written to the person names them no more."""
    left: dict[str, Any] = redact(content, traces, names or takes_part(of.contact_ids(), traces))
    return left | {"version": content["version"] + 1}


def _pack(content: dict[str, Any] | None) -> bytes | None:
    """A partner's JSON as bytes: its names may be none that a document store takes, its nesting deeper."""
    return None if content is None else orjson.dumps(content)
