"""Keeps frozen audiences and what became of each recipient: one ledger document for each, written once.

The one exception is a message that comes back after it was sent.

An audience is kept in chunks of up to 500 recipients (`audiences`), and what senders change of a chunk in a small
document beside it (`chunks`): a chunk is claimed, its outcomes are told and it is given back by one write each. The
events of the outcomes wait in that small document, so that what the ledger says is published once.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pymongo

from services.notifications.domain import HELD, Addressee, Chunk, nameless, without
from services.notifications.port import LineKey, Release, Settlement
from shared import failpoints
from shared.contracts.base import Envelope, Event
from shared.contracts.contacts import ERASED_NAME
from shared.contracts.erasure import Traces
from shared.contracts.notifications import Counts, EndState, LedgerLine
from shared.errors import Conflict, Unavailable
from shared.mongo import Documents, insert_new


def chunk_id(mailing_id: str, audience: int, number: int) -> str:
    return f"{mailing_id}:{audience}:{number:05}"


class MongoLedger:
    """Collections `audiences`, `chunks` and `ledger`."""

    def __init__(self, database: Documents) -> None:
        self._audiences = database["audiences"]
        self._chunks = database["chunks"]
        self._ledger = database["ledger"]
        self._chunks.create_index([("audience_id", 1), ("state", 1)])
        self._chunks.create_index("owner", sparse=True)
        self._ledger.create_index([("mailing_id", 1), ("state", 1), ("contact_id", 1)])
        self._ledger.create_index("contact_id")

    def add_audience(self, mailing_id: str, audience: int, number: int, recipients: Sequence[Addressee]) -> None:
        key = chunk_id(mailing_id, audience, number)
        people = {"_id": key, "mailing_id": mailing_id, "recipients": list(map(_row, recipients))}
        insert_new(self._audiences, [people])
        chunk = {
            "_id": key,
            "mailing_id": mailing_id,
            "audience_id": f"{mailing_id}:{audience}",
            "number": number,
            "version": 1,
            "size": len(recipients),
            "state": "waiting",
            "not_before": datetime.fromtimestamp(0, UTC),
            "counts": {},
        }
        insert_new(self._chunks, [chunk])

    def drop_audience(self, mailing_id: str, audience: int) -> None:
        keys = [each["_id"] for each in self._chunks.find({"audience_id": f"{mailing_id}:{audience}"}, {"_id": 1})]
        self._chunks.delete_many({"_id": {"$in": keys}})
        self._audiences.delete_many({"_id": {"$in": keys}})

    def waiting(self, mailing_id: str, audience: int, at: datetime, limit: int) -> list[Chunk]:
        asked = {"audience_id": f"{mailing_id}:{audience}", "state": "waiting", "not_before": {"$lte": at}}
        return [_chunk(each) for each in self._chunks.find(asked, {"outbox": 0}).limit(limit)]

    def claim(self, chunk: Chunk, owner: str, boot: str, session: str = "") -> Chunk | None:
        asked = {"_id": chunk.chunk_id, "version": chunk.version, "state": "waiting"}
        claimed = {"state": "claimed", "owner": owner, "session": session, "boot": boot, "told": 0}
        if self._chunks.update_one(asked, {"$set": claimed, "$inc": {"version": 1}}).modified_count != 1:
            return None
        found = self._chunks.find_one({"_id": chunk.chunk_id}, {"outbox": 0})
        return _chunk(found) if found else None

    def held_by(self, owner: str = "") -> list[Chunk]:
        return [_chunk(each) for each in self._chunks.find({"owner": owner or {"$gt": ""}}, {"outbox": 0})]

    def recipients(self, chunk: Chunk) -> list[Addressee]:
        found = self._audiences.find_one({"_id": chunk.chunk_id}) or {"recipients": []}
        return [Addressee(*each) for each in found["recipients"]]

    def find_recipient(self, mailing_id: str, audience: int, number: int, place: int) -> Addressee | None:
        found = self._audiences.find_one({"_id": chunk_id(mailing_id, audience, number)})
        people = found["recipients"] if found else []
        return Addressee(*people[place]) if place < len(people) else None

    def settled(self, mailing_id: str, contact_ids: Iterable[str]) -> set[str]:
        keys = [f"{mailing_id}:{each}" for each in contact_ids]
        return {each["contact_id"] for each in self._ledger.find({"_id": {"$in": keys}}, {"contact_id": 1})}

    def settle(self, chunk: Chunk, settlement: Settlement) -> None:
        if settlement.lines:
            insert_new(self._ledger, [_line_document(each) for each in settlement.lines])
        failpoints.reach("sender.after_ledger")
        counts: dict[str, int] = {}
        for line in settlement.lines:
            counts[f"counts.{line.state}"] = counts.get(f"counts.{line.state}", 0) + 1
        update: dict[str, Any] = {"$set": {"told": settlement.told} | _released(settlement.release)}
        if settlement.release is not None:
            update["$unset"] = {"owner": ""}
        if counts:
            update["$inc"] = counts
        if settlement.events:
            update["$push"] = {"outbox": {"$each": [each.content for each in settlement.events]}}
        asked = {"_id": chunk.chunk_id, "version": chunk.version, "owner": chunk.owner}
        if self._chunks.update_one(asked, update).matched_count != 1:
            raise Conflict("Another sender holds this part of the audience.")

    def progress(self, mailing_id: str, audience: int) -> tuple[Counts, int]:
        counts: Counts = {}
        still_open = 0
        asked = {"audience_id": f"{mailing_id}:{audience}"}
        for each in self._chunks.find(asked, {"counts": 1, "state": 1}):
            still_open += each["state"] != "done"
            for state, number in each["counts"].items():
                counts[state] = counts.get(state, 0) + number
        return counts, still_open

    def has_open_chunks(self, mailing_id: str, audience: int) -> bool:
        asked = {"audience_id": f"{mailing_id}:{audience}", "state": {"$in": ["waiting", "claimed"]}}
        return self._chunks.find_one(asked, {"_id": 1}) is not None

    def erase(self, traces: Traces) -> tuple[str, ...]:
        mailings, theirs = dict[str, None](), []
        for each in self._audiences.find({}, batch_size=10):
            people = [Addressee(*one) for one in each["recipients"]]
            left = [without(one, traces) for one in people]
            if left != people or any(one.contact_id in traces.contact_ids for one in people):
                mailings[each["mailing_id"]] = None
                theirs.append(each["_id"])
            if left != people:
                self._audiences.update_one({"_id": each["_id"]}, {"$set": {"recipients": list(map(_row, left))}})
        self._ledger.update_many({"contact_id": {"$in": list(traces.contact_ids)}}, {"$set": {"name": ERASED_NAME}})
        if self._chunks.find_one({"_id": {"$in": theirs}, "state": "claimed"}, {"_id": 1}):
            raise Unavailable(HELD)
        return tuple(mailings)

    def forget_names(self, mailing_id: str, audience: int) -> None:
        first = chunk_id(mailing_id, audience, 0)
        for each in self._audiences.find({"_id": {"$gte": first, "$lt": f"{mailing_id}:{audience};"}}):
            people = [Addressee(*one) for one in each["recipients"]]
            lines = [f"{mailing_id}:{one.contact_id}" for one in people]
            asked = {"_id": {"$in": lines}, "name": {"$ne": ERASED_NAME}}
            self._ledger.update_many(asked, {"$set": {"name": ""}})
            left = [_row(nameless(one)) for one in people]
            self._audiences.update_one({"_id": each["_id"]}, {"$set": {"recipients": left}})

    def list_lines(self, mailing_id: str, state: EndState, limit: int, cursor: str | None) -> list[LedgerLine]:
        asked = {"mailing_id": mailing_id, "state": state, "contact_id": {"$gt": cursor or ""}}
        found = self._ledger.find(asked).sort("contact_id", pymongo.ASCENDING).limit(limit)
        return [LedgerLine.model_validate(each, extra="ignore") for each in found]

    def find_lines(self, keys: Iterable[LineKey]) -> dict[LineKey, LedgerLine]:
        found = self._ledger.find({"_id": {"$in": [":".join(each) for each in keys]}})
        lines = [LedgerLine.model_validate(each, extra="ignore") for each in found]
        return {(each.mailing_id, each.contact_id): each for each in lines}

    def mark_bounced(self, line: LedgerLine, reason: str) -> None:
        asked = {"_id": f"{line.mailing_id}:{line.contact_id}", "state": line.state}
        self._ledger.update_one(asked, {"$set": {"state": "bounced", "was": line.state, "reason": reason}})

    def remark(self, chunk: str, remark: str, moved: Counts, event: Envelope[Event] | None) -> bool:
        update: dict[str, Any] = {"$push": {"remarks": remark}}
        if moved:
            update["$inc"] = {f"counts.{state}": number for state, number in moved.items()}
        if event is not None:
            update["$push"]["outbox"] = event.content
        return self._chunks.update_one({"_id": chunk, "remarks": {"$ne": remark}}, update).modified_count == 1


def _row(who: Addressee) -> list[str | None]:
    row = [who.contact_id, who.name, who.address, who.consent_id, who.rule]
    return [*row, who.key] if who.key else row


def _released(release: Release | None) -> dict[str, Any]:
    if release is None:
        return {}
    return {
        "state": "waiting" if release.left else "done",
        "not_before": release.not_before,
        "tries": {str(place): number for place, number in release.tries.items()},
        "was_claimed": True,
    }


def _chunk(document: Mapping[str, Any]) -> Chunk:
    return Chunk(
        chunk_id=document["_id"],
        mailing_id=document["mailing_id"],
        number=document["number"],
        version=document["version"],
        size=document["size"],
        owner=document.get("owner", ""),
        session=document.get("session", ""),
        boot=document.get("boot", ""),
        told=document.get("told", 0),
        tries={int(place): number for place, number in document.get("tries", {}).items()},
        is_fresh=not document.get("was_claimed", False),
    )


def _line_document(line: LedgerLine) -> dict[str, Any]:
    document = {
        "_id": f"{line.mailing_id}:{line.contact_id}",
        "mailing_id": line.mailing_id,
        "contact_id": line.contact_id,
        "name": line.name,
        "state": line.state,
        "consent_id": line.consent_id,
        "at": line.at,
    }
    if line.rule:
        document["rule"] = line.rule
    if line.reason:
        document["reason"] = line.reason
    return document
