"""Keeps meetings, each with everybody who registered for it, in one document."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Protocol

import orjson

from services.events.calendar.domain import Guest, Kept
from shared.contracts.base import Envelope, Event
from shared.contracts.meetings import Meeting, MeetingCalledOff, MeetingChanged, MeetingPlanned
from shared.messaging import Outbox
from shared.mongo import Documents, MongoOutbox, insert_new
from shared.order import order_of

KNOWN: dict[str, type[Event]] = {each.type: each for each in (MeetingPlanned, MeetingChanged, MeetingCalledOff)}


class Meetings(Protocol):
    """Meetings by id; the Mongo one and the fake pass the same contract tests."""

    @property
    def outbox(self) -> Outbox:
        """What has been decided and is still to be published."""
        ...

    def insert(self, meeting: Meeting, envelope: Envelope[Event] | None = None) -> None:
        """With its event in the outbox; one that is there already stays as it is."""
        ...

    def find(self, meeting_id: str) -> Kept | None: ...

    def find_by_key(self, key: str) -> Kept | None:
        """The meeting that somebody with this key has registered for."""
        ...

    def replace(self, meeting: Meeting, envelope: Envelope[Event] | None = None) -> bool:
        """Store the next version of what staff write, with its event; False when somebody was faster.

        Who comes stays.
        """
        ...

    def replace_people(self, kept: Kept) -> bool:
        """Store the next version of who comes; False when somebody was faster. What staff write stays."""
        ...

    def ending_after(self, since: datetime, before: datetime | None, limit: int) -> Sequence[Kept]:
        """Those that end after `since` and start before `before`, the first to come first."""
        ...

    def with_news(self, limit: int) -> Sequence[Kept]:
        """Those where somebody may have to be told something."""
        ...

    def told_all(self, kept: Kept) -> None:
        """Nobody has to be told anything, unless something has changed since it was read."""
        ...

    def with_people_before(self, before: datetime, limit: int) -> Sequence[Kept]:
        """Those that ended before, and still know who registered."""
        ...

    def naming(self, emails: Sequence[str]) -> Sequence[Kept]:
        """Those for which one of these addresses registered."""
        ...


class MongoMeetings:
    """Collection `meetings`."""

    def __init__(self, database: Documents) -> None:
        self._meetings = database["meetings"]
        self.outbox = MongoOutbox(self._meetings, KNOWN)
        self._meetings.create_index("ends")
        self._meetings.create_index("keys", sparse=True)
        self._meetings.create_index("emails", sparse=True)
        self._meetings.create_index("news", sparse=True)
        self._meetings.create_index("has_people", sparse=True)

    def insert(self, meeting: Meeting, envelope: Envelope[Event] | None = None) -> None:
        document = _content(meeting) | {"_id": meeting.meeting_id, "people_version": 1, "guests": []}
        insert_new(self._meetings, [document | ({"outbox": [envelope.content]} if envelope else {})])

    def find(self, meeting_id: str) -> Kept | None:
        found = self._meetings.find_one({"_id": meeting_id})
        return _kept(found) if found else None

    def find_by_key(self, key: str) -> Kept | None:
        found = self._meetings.find_one({"keys": key}) if key else None
        return _kept(found) if found else None

    def replace(self, meeting: Meeting, envelope: Envelope[Event] | None = None) -> bool:
        asked = {"_id": meeting.meeting_id, "version": meeting.version - 1}
        update: dict[str, Any] = {"$set": _content(meeting) | {"news": True}}
        if envelope:
            update["$push"] = {"outbox": envelope.content}
        return self._meetings.update_one(asked, update).modified_count == 1

    def replace_people(self, kept: Kept) -> bool:
        asked = {"_id": kept.meeting.meeting_id, "people_version": kept.people_version - 1}
        keys = [each.key for each in kept.guests if each.key]
        content = {"guests": [_guest_content(each) for each in kept.guests], "keys": keys}
        content |= {"emails": [each.email for each in kept.guests if each.email], "news": True}
        content |= {"people_version": kept.people_version}
        if not keys:
            return self._meetings.update_one(asked, {"$set": content, "$unset": {"has_people": ""}}).modified_count == 1
        content["has_people"] = True
        return self._meetings.update_one(asked, {"$set": content}).modified_count == 1

    def ending_after(self, since: datetime, before: datetime | None, limit: int) -> Sequence[Kept]:
        asked = {"ends": {"$gt": order_of(since)}} | ({"starts": {"$lt": order_of(before)}} if before else {})
        return [_kept(each) for each in self._meetings.find(asked).sort("ends", 1).limit(limit)]

    def with_news(self, limit: int) -> Sequence[Kept]:
        return [_kept(each) for each in self._meetings.find({"news": True}).limit(limit)]

    def told_all(self, kept: Kept) -> None:
        seen = {"version": kept.meeting.version, "people_version": kept.people_version}
        self._meetings.update_one({"_id": kept.meeting.meeting_id} | seen, {"$unset": {"news": ""}})

    def with_people_before(self, before: datetime, limit: int) -> Sequence[Kept]:
        asked = {"has_people": True, "ends": {"$lt": order_of(before)}}
        return [_kept(each) for each in self._meetings.find(asked).limit(limit)]

    def naming(self, emails: Sequence[str]) -> Sequence[Kept]:
        return [_kept(each) for each in self._meetings.find({"emails": {"$in": list(emails)}})] if emails else []


def _content(meeting: Meeting) -> dict[str, Any]:
    content: dict[str, Any] = orjson.loads(meeting.model_dump_json(exclude={"meeting_id", "registered", "waiting"}))
    return content | {"ends": order_of(meeting.plan.ends_at), "starts": order_of(meeting.plan.starts_at)}


def _guest_content(guest: Guest) -> dict[str, Any]:
    return asdict(guest) | {"at": guest.at.isoformat()}


def _kept(document: Mapping[str, Any]) -> Kept:
    meeting = Meeting.model_validate({**document, "meeting_id": document["_id"]}, extra="ignore")
    guests = tuple(Guest(**each | {"at": datetime.fromisoformat(each["at"])}) for each in document["guests"])
    return Kept(meeting, guests, document["people_version"])
