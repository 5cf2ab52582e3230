"""Keeps segments, who is in them and what contacts took part in; reads contacts as rules see them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pymongo import ReplaceOne, UpdateOne

from services.contacts.segments.domain import BUCKETS, SLICES, Cause, Job, Membership, Move, Stored, bucket_of
from services.contacts.segments.port import Place
from services.contacts.segments.rules import Person, Took
from shared.contracts.base import Envelope, Event
from shared.contracts.consent import Consent
from shared.contracts.events import Engagement
from shared.contracts.segments import Rule, SegmentsEntered, SegmentsLeft
from shared.mongo import Documents, MongoOutbox, insert_new

KNOWN: dict[str, type[Event]] = {each.type: each for each in (SegmentsEntered, SegmentsLeft)}
_DETAILS = (
    "kind",
    "name",
    "locality",
    "practice",
    "groups",
    "consents",
    "merged_into",
    "merged",
    "withdrawn",
    "erased",
)
_ASKED = dict.fromkeys(_DETAILS, 1)


class MongoSegments:
    """Collections `segments`, `memberships` (one document a contact) and `participations` (one an engagement)."""

    def __init__(self, database: Documents) -> None:
        self._contacts = database["contacts"]
        self._segments = database["segments"]
        self._memberships = database["memberships"]
        self._participations = database["participations"]
        self.outbox = MongoOutbox(self._memberships, KNOWN)
        self._contacts.create_index("bucket")
        self._memberships.create_index("places")
        self._participations.create_index("contact_ids")
        self._give_buckets()

    def segments(self, counted: bool = False) -> list[Stored]:
        return [_stored(each) for each in self._segments.find({}, {} if counted else {"counts": 0})]

    def find_segment(self, segment_id: str) -> Stored | None:
        found = self._segments.find_one({"_id": segment_id})
        return _stored(found) if found else None

    def insert_segment(self, segment: Stored) -> bool:
        return not insert_new(self._segments, [{"_id": segment.segment_id, "counts": {}, **_fields(segment)}])

    def replace_segment(self, segment: Stored) -> bool:
        asked = {"_id": segment.segment_id, "version": segment.version - 1}
        return self._segments.update_one(asked, {"$set": _fields(segment)}).matched_count == 1

    def set_job(self, segment: Stored, job: Job | None, swept_at: datetime) -> bool:
        asked = {"_id": segment.segment_id, "version": segment.version, "job": _job(segment.job)}
        wanted = {"job": _job(job), "swept_at": swept_at}
        return self._segments.update_one(asked, {"$set": wanted}).matched_count == 1

    def finish_slice(self, segment: Stored, number: int, members: int) -> bool:
        job = segment.job
        asked = {"_id": segment.segment_id, "version": segment.version, "job": _job(job)}
        done = {"job.done": job.done + 1 if job else 0, f"counts.{number}": members}
        return self._segments.update_one(asked, {"$set": done}).matched_count == 1

    def count(self, moved: Mapping[tuple[str, int], int]) -> None:
        added: dict[str, dict[str, int]] = {}
        for (segment_id, number), change in moved.items():
            if change:
                added.setdefault(segment_id, {})[f"counts.{number}"] = change
        if added:
            self._segments.bulk_write(
                [UpdateOne({"_id": key}, {"$inc": changes}) for key, changes in added.items()], ordered=False
            )

    def people(self, contact_ids: Iterable[str], behaviour: bool) -> dict[str, Person]:
        asked = {"_id": {"$in": list(contact_ids)}}
        found = [
            each
            for each in self._contacts.find(asked, _ASKED)
            if not (each.get("merged_into") or each.get("withdrawn") or each.get("erased"))
        ]
        took = self._took({key: each["_id"] for each in found for key in _own_ids(each)}) if behaviour else {}
        return {each["_id"]: _person(each, took.get(each["_id"], ())) for each in found}

    def slice_ids(self, number: int) -> list[str]:
        width = BUCKETS // SLICES
        window = {"$gte": number * width, "$lt": (number + 1) * width}
        return [each["_id"] for each in self._contacts.find({"bucket": window}, {"_id": 1})]

    def memberships(self, contact_ids: Iterable[str]) -> dict[str, Membership]:
        ids = list(contact_ids)
        found = self._memberships.find({"_id": {"$in": ids}}, {"outbox": 0, "places": 0})
        return {each: Membership(each) for each in ids} | {each["_id"]: _membership(each) for each in found}

    def put(self, memberships: Sequence[Membership], outbox: Mapping[str, Sequence[Envelope[Event]]]) -> None:
        new, updates = [], []
        for each in memberships:
            document = _document(each)
            events = [envelope.content for envelope in outbox.get(each.contact_id, ())]
            if each.n == 1:
                new.append({"_id": each.contact_id, **document, **({"outbox": events} if events else {})})
            else:
                pushed = {"$push": {"outbox": {"$each": events}}} if events else {}
                updates.append(UpdateOne({"_id": each.contact_id, "n": each.n - 1}, {"$set": document, **pushed}))
        if new:
            insert_new(self._memberships, new)
        if updates:
            self._memberships.bulk_write(updates, ordered=False)

    def members(self, segment_id: str, begin: int, end: int) -> list[Place]:
        window = {"$gte": _place(segment_id, begin), "$lt": _place(segment_id, end)}
        found = self._memberships.find({"places": {"$elemMatch": window}}, {f"since.{segment_id}": 1})
        return sorted(Place(bucket_of(each["_id"]), each["_id"], each["since"][segment_id]) for each in found)

    def took_part(self, engagements: Sequence[Engagement]) -> None:
        latest = {each.engagement_id: each for each in sorted(engagements, key=lambda each: each.version)}
        documents = [_participation(each) for each in latest.values() if each.contact_ids() or each.version > 1]
        there = insert_new(self._participations, documents) if documents else set()
        newer = [
            ReplaceOne({"_id": each["_id"], "version": {"$lt": each["version"]}}, each)
            for each in documents
            if each["_id"] in there and each["version"] > 1
        ]
        if newer:
            self._participations.bulk_write(newer, ordered=False)

    def _took(self, homes: Mapping[str, str]) -> dict[str, list[Took]]:
        """What contacts took part in, also under the ids of those that were merged into them."""
        wanted: dict[str, list[Took]] = {each: [] for each in homes.values()}
        for each in self._participations.find({"contact_ids": {"$in": list(homes)}}):
            for home in {homes[key] for key in each["contact_ids"] if key in homes}:
                wanted[home].append(Took(each["at"], each["kind"]))
        return wanted

    def _give_buckets(self) -> None:
        """Contacts that were stored before there were segments get their bucket."""
        without = [each["_id"] for each in self._contacts.find({"bucket": {"$exists": False}}, {"_id": 1})]
        for start in range(0, len(without), 1000):
            chunk = without[start : start + 1000]
            updates = [UpdateOne({"_id": each}, {"$set": {"bucket": bucket_of(each)}}) for each in chunk]
            self._contacts.bulk_write(updates, ordered=False)


def _place(segment_id: str, bucket: int) -> str:
    return f"{segment_id}:{bucket:05x}"


def _job(job: Job | None) -> dict[str, Any] | None:
    return {"kind": job.kind, "first": job.first, "done": job.done} if job else None


def _fields(segment: Stored) -> dict[str, Any]:
    names = ("version", "name", "deleted", "created_by", "created_at", "changed_by", "changed_at", "swept_at")
    fields = {name: getattr(segment, name) for name in names}
    return fields | {"rule": segment.rule.model_dump(mode="json"), "job": _job(segment.job)}


def _stored(document: dict[str, Any]) -> Stored:
    fields = {name: value for name, value in document.items() if name not in ("_id", "counts", "rule", "job")}
    return Stored(
        segment_id=document["_id"],
        rule=Rule.model_validate(document["rule"], extra="ignore"),
        job=Job(**document["job"]) if document["job"] else None,
        members=sum(document.get("counts", {}).values()),
        **fields,
    )


def _document(membership: Membership) -> dict[str, Any]:
    bucket = bucket_of(membership.contact_id)
    return {
        "n": membership.n,
        "since": dict(membership.since),
        "places": [_place(each, bucket) for each in membership.since],
        "moves": [_of_moves(moves) for moves in (membership.moves, membership.moves_before)],
    }


def _of_moves(moves: Sequence[Move]) -> list[Any]:
    """The moves of one change: what they have in common once for each cause, for a document is written whole."""
    causes = {each.cause: place for place, each in enumerate({one.cause: one for one in moves}.values())}
    first = moves[0] if moves else None
    kept = [[each.id, each.segment_id, each.segment, each.entered, causes[each.cause]] for each in moves]
    return [first.at, first.n, [list(each) for each in causes], kept] if first else []


def _membership(document: dict[str, Any]) -> Membership:
    latest, before = map(_read_moves, document["moves"])
    return Membership(document["_id"], document["n"], document["since"], latest, before)


def _read_moves(kept: list[Any]) -> tuple[Move, ...]:
    if not kept:
        return ()
    at, n, causes, moves = kept
    return tuple(
        Move(move_id, segment_id, segment, entered, at, Cause(*causes[cause]), n)
        for move_id, segment_id, segment, entered, cause in moves
    )


def _own_ids(document: dict[str, Any]) -> list[str]:
    return [document["_id"], *document.get("merged", ())]


def _person(document: dict[str, Any], took: Sequence[Took]) -> Person:
    return Person(
        contact_id=document["_id"],
        kind=document["kind"],
        name=document["name"],
        locality=document.get("locality"),
        practice=document.get("practice"),
        groups=document.get("groups", ()),
        consents=[Consent.model_validate(each, extra="ignore") for each in document.get("consents", ())],
        took=took,
    )


def _participation(engagement: Engagement) -> dict[str, Any]:
    return {
        "_id": engagement.engagement_id,
        "version": engagement.version,
        "contact_ids": list(seen_in(engagement)),
        "kind": engagement.kind,
        "at": engagement.occurred_at,
    }


def seen_in(engagement: Engagement) -> tuple[str, ...]:
    """Who took part, for segments: nobody, when the engagement is restricted."""
    return () if engagement.sensitive else engagement.contact_ids()
