"""Keeps segments, who is in them and what contacts took part in; reads contacts as rules see them."""

import time
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from pymongo import UpdateOne
from pymongo.errors import PyMongoError

from services.contacts.segments.documents import (
    job_document,
    membership_document,
    numbered,
    own_ids,
    parted,
    participation_documents,
    place_of,
    read_membership,
    read_person,
    segment_fields,
    state_id,
    stored_segment,
)
from services.contacts.segments.domain import BUCKETS, SLICES, Job, Membership, Stored, bucket_of
from services.contacts.segments.port import Place
from services.contacts.segments.rules import Person, Took
from shared.contracts.base import Envelope, Event
from shared.contracts.events import Engagement
from shared.contracts.segments import SegmentsEntered, SegmentsLeft
from shared.mongo import Documents, MongoOutbox, insert_new, put_newest

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
REPLACED_KNOWN = 100_000
"""So many states that are to be forgotten are kept in mind; the others are noticed again the next time."""
REPLACED_AT_ONCE = 1000
PARTED_AT_ONCE = 10_000
_EARLIER_INDEX = "contact_ids_1"


class MongoSegments:
    """Collections `segments`, `memberships` (a document for each state of a contact, the latest counts),
    `participations` (one for each who took part, by each event that told so) and `corrected` (the latest version of
    engagements that have more than one: what earlier ones told counts no more).

    A state of a membership is only ever inserted: the store syncs its disk once for a bulk of inserts, but for each of
    a bulk of updates. Its number is part of its id, so of two that follow one state the faster stays.
    """

    def __init__(self, database: Documents) -> None:
        self._contacts = database["contacts"]
        self._segments = database["segments"]
        self._memberships = database["memberships"]
        self._participations = database["participations"]
        self._corrected = database["corrected"]
        self.outbox = MongoOutbox(self._memberships, KNOWN)
        self._replaced: dict[str, float] = {}
        self._moved: Counter[tuple[str, int]] = Counter()
        self._contacts.create_index("bucket")
        self._memberships.create_index("places")
        self._memberships.create_index("contact_id")
        self._participations.create_index("contact_id")
        self._give_buckets()
        self._number_memberships()
        self._part_participations()

    def segments(self, counted: bool = False) -> list[Stored]:
        found = [stored_segment(each) for each in self._segments.find({}, {} if counted else {"counts": 0})]
        return [self._counted(each) for each in found] if counted else found

    def find_segment(self, segment_id: str) -> Stored | None:
        found = self._segments.find_one({"_id": segment_id})
        return self._counted(stored_segment(found)) if found else None

    def insert_segment(self, segment: Stored) -> bool:
        return not insert_new(self._segments, [{"_id": segment.segment_id, "counts": {}, **segment_fields(segment)}])

    def replace_segment(self, segment: Stored) -> bool:
        asked = {"_id": segment.segment_id, "version": segment.version - 1}
        return self._segments.update_one(asked, {"$set": segment_fields(segment)}).matched_count == 1

    def set_job(self, segment: Stored, job: Job | None, swept_at: datetime) -> bool:
        asked = {"_id": segment.segment_id, "version": segment.version, "job": job_document(segment.job)}
        wanted = {"job": job_document(job), "swept_at": swept_at}
        return self._segments.update_one(asked, {"$set": wanted}).matched_count == 1

    def finish_slices(self, segment: Stored, members: Mapping[int, int]) -> bool:
        job = segment.job
        asked = {"_id": segment.segment_id, "version": segment.version, "job": job_document(job)}
        done = job.done + len(members) if job else 0
        counts = {f"counts.{number}": held for number, held in members.items()}
        finished = self._segments.update_one(asked, {"$set": {"job.done": done, **counts}}).matched_count == 1
        if finished:
            for number in members:
                del self._moved[segment.segment_id, number]
        return finished

    def count(self, moved: Mapping[tuple[str, int], int]) -> None:
        self._moved.update(moved)

    def store_counts(self) -> None:
        moved, self._moved = self._moved, Counter()
        added: dict[str, dict[str, int]] = {}
        for (segment_id, number), change in moved.items():
            if change:
                added.setdefault(segment_id, {})[f"counts.{number}"] = change
        updates = [UpdateOne({"_id": key}, {"$inc": changes}) for key, changes in added.items()]
        try:
            if updates:
                self._segments.bulk_write(updates, ordered=False)
        except PyMongoError:
            self._moved.update(moved)
            raise

    def people(self, contact_ids: Iterable[str], behaviour: bool) -> dict[str, Person]:
        asked = {"_id": {"$in": list(contact_ids)}}
        found = [
            each
            for each in self._contacts.find(asked, _ASKED)
            if not (each.get("merged_into") or each.get("withdrawn") or each.get("erased"))
        ]
        took = self._took({key: each["_id"] for each in found for key in own_ids(each)}) if behaviour else {}
        return {each["_id"]: read_person(each, took.get(each["_id"], ())) for each in found}

    def slice_ids(self, first: int, width: int = 1) -> list[str]:
        buckets = BUCKETS // SLICES
        window = {"$gte": first * buckets, "$lt": (first + width) * buckets}
        return [each["_id"] for each in self._contacts.find({"bucket": window}, {"_id": 1})]

    def memberships(self, contact_ids: Iterable[str]) -> dict[str, Membership]:
        ids = list(contact_ids)
        found = self._latest(ids, {"outbox": 0, "places": 0})
        return {each: Membership(each) for each in ids} | {key: read_membership(each) for key, each in found.items()}

    def put(self, memberships: Sequence[Membership], outbox: Mapping[str, Sequence[Envelope[Event]]]) -> set[str]:
        new = []
        for each in memberships:
            events = [envelope.content for envelope in outbox.get(each.contact_id, ())]
            new.append(membership_document(each) | ({"outbox": events} if events else {}))
        there = insert_new(self._memberships, new) if new else set()
        for each in memberships:
            if each.n > 1:
                self._notice(state_id(each.contact_id, each.n - 1))
        return {each["contact_id"] for each in new if each["_id"] in there}

    def forget_replaced(self, after: timedelta) -> None:
        due = time.monotonic() - after.total_seconds()
        known = islice(self._replaced.items(), REPLACED_AT_ONCE)  # in the order in which they were noticed
        ids = [key for key, noticed in known if noticed <= due]
        if ids:
            self._memberships.delete_many({"_id": {"$in": ids}, "outbox.id": {"$exists": False}})
            for each in ids:
                del self._replaced[each]

    def members(self, segment_id: str, begin: int, end: int) -> list[Place]:
        window = {"$gte": place_of(segment_id, begin), "$lt": place_of(segment_id, end)}
        found = self._memberships.find({"places": {"$elemMatch": window}}, {"contact_id": 1})
        kept = self._latest({each["contact_id"] for each in found}, {"contact_id": 1, "n": 1, f"since.{segment_id}": 1})
        return sorted(
            Place(bucket_of(key), key, each["since"][segment_id])
            for key, each in kept.items()
            if segment_id in each["since"]
        )

    def took_part(self, told: Sequence[tuple[str, Engagement]]) -> None:
        self._note_versions((each.engagement_id, each.version) for _, each in told)
        new = [document for event_id, each in told for document in participation_documents(event_id, each)]
        if new:
            insert_new(self._participations, new)

    def _note_versions(self, versions: Iterable[tuple[str, int]]) -> None:
        """Of those that have more than one; where the same one comes twice, the later one."""
        latest = dict(sorted(each for each in versions if each[1] > 1))
        put_newest(self._corrected, [{"_id": key, "version": version} for key, version in latest.items()])

    def _took(self, homes: Mapping[str, str]) -> dict[str, list[Took]]:
        """What contacts took part in, also under the ids of those that were merged into them."""
        found = list(self._participations.find({"contact_id": {"$in": list(homes)}}))
        corrected = self._corrected_versions({each["engagement_id"] for each in found})
        took = {
            (homes[each["contact_id"]], each["engagement_id"]): Took(each["at"], each["kind"])
            for each in found
            if each["version"] >= corrected.get(each["engagement_id"], 0)
        }
        wanted: dict[str, list[Took]] = {each: [] for each in homes.values()}
        for (home, _), each in took.items():
            wanted[home].append(each)
        return wanted

    def _corrected_versions(self, engagement_ids: Collection[str]) -> dict[str, int]:
        if not engagement_ids:
            return {}
        found = self._corrected.find({"_id": {"$in": list(engagement_ids)}})
        return {each["_id"]: each["version"] for each in found}

    def _counted(self, segment: Stored) -> Stored:
        """With those who came and went and are not stored yet."""
        moved = sum(change for (key, _), change in self._moved.items() if key == segment.segment_id)
        return replace(segment, members=segment.members + moved)

    def _latest(self, contact_ids: Collection[str], asked: Mapping[str, int]) -> dict[str, dict[str, Any]]:
        """The state of each contact that counts; the others are noticed, to be forgotten."""
        found: dict[str, dict[str, Any]] = {}
        for each in self._memberships.find({"contact_id": {"$in": list(contact_ids)}}, asked):
            other = found.setdefault(each["contact_id"], each)
            if other is not each:
                older, found[each["contact_id"]] = sorted((other, each), key=lambda one: one["n"])
                self._notice(older["_id"])
        return found

    def _notice(self, replaced: str) -> None:
        if len(self._replaced) < REPLACED_KNOWN:
            self._replaced.setdefault(replaced, time.monotonic())

    def _give_buckets(self) -> None:
        """Contacts that were stored before there were segments get their bucket."""
        without = [each["_id"] for each in self._contacts.find({"bucket": {"$exists": False}}, {"_id": 1})]
        for start in range(0, len(without), 1000):
            chunk = without[start : start + 1000]
            updates = [UpdateOne({"_id": each}, {"$set": {"bucket": bucket_of(each)}}) for each in chunk]
            self._contacts.bulk_write(updates, ordered=False)

    def _number_memberships(self) -> None:
        """Memberships that were stored as one document a contact become the first of their states."""
        while chunk := list(self._memberships.find({"contact_id": {"$exists": False}}).limit(1000)):
            insert_new(self._memberships, [numbered(each) for each in chunk])
            self._memberships.delete_many({"_id": {"$in": [each["_id"] for each in chunk]}})

    def _part_participations(self) -> None:
        """What an earlier version stored as one document an engagement becomes one for each who took part.

        The index of that version is dropped at the end: until then this is done again at the next start.
        """
        if _EARLIER_INDEX not in self._participations.index_information():
            return
        while chunk := list(self._participations.find({"contact_ids": {"$exists": True}}).limit(PARTED_AT_ONCE)):
            self._note_versions((each["_id"], each["version"]) for each in chunk)
            if new := [document for each in chunk for document in parted(each)]:
                insert_new(self._participations, new)
            self._participations.delete_many({"_id": {"$in": [each["_id"] for each in chunk]}})
        self._participations.drop_index(_EARLIER_INDEX)
