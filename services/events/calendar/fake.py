"""Meetings in memory, for tests of stories; they pass the same contract test as the real ones."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from services.events.calendar.domain import Kept
from shared.contracts.base import Envelope, Event
from shared.contracts.meetings import Meeting
from shared.messaging.testbus import MemoryOutbox


class FakeMeetings:
    """Meetings by id."""

    def __init__(self, outbox: MemoryOutbox) -> None:
        self.outbox = outbox
        self._meetings: dict[str, Kept] = {}
        self._news: set[str] = set()

    def insert(self, meeting: Meeting, envelope: Envelope[Event] | None = None) -> None:
        if meeting.meeting_id in self._meetings:
            return
        self._meetings[meeting.meeting_id] = Kept(meeting)
        if envelope:
            self.outbox.add(meeting.meeting_id, envelope)

    def find(self, meeting_id: str) -> Kept | None:
        return self._meetings.get(meeting_id)

    def find_by_key(self, key: str) -> Kept | None:
        return next((each for each in self._meetings.values() if key and key in _keys(each)), None)

    def replace(self, meeting: Meeting, envelope: Envelope[Event] | None = None) -> bool:
        standing = self._meetings.get(meeting.meeting_id)
        if standing is None or standing.meeting.version != meeting.version - 1:
            return False
        self._meetings[meeting.meeting_id] = replace(standing, meeting=meeting)
        self._news.add(meeting.meeting_id)
        if envelope:
            self.outbox.add(meeting.meeting_id, envelope)
        return True

    def replace_people(self, kept: Kept) -> bool:
        standing = self._meetings.get(kept.meeting.meeting_id)
        if standing is None or standing.people_version != kept.people_version - 1:
            return False
        self._meetings[kept.meeting.meeting_id] = replace(kept, meeting=standing.meeting)
        self._news.add(kept.meeting.meeting_id)
        return True

    def ending_after(self, since: datetime, before: datetime | None, limit: int) -> Sequence[Kept]:
        found = [
            each
            for each in self._meetings.values()
            if each.meeting.plan.ends_at > since and (before is None or each.meeting.plan.starts_at < before)
        ]
        return sorted(found, key=lambda each: each.meeting.plan.ends_at)[:limit]

    def with_news(self, limit: int) -> Sequence[Kept]:
        return [self._meetings[each] for each in sorted(self._news)][:limit]

    def told_all(self, kept: Kept) -> None:
        standing = self._meetings[kept.meeting.meeting_id]
        if (standing.meeting.version, standing.people_version) == (kept.meeting.version, kept.people_version):
            self._news.discard(kept.meeting.meeting_id)

    def with_people_before(self, before: datetime, limit: int) -> Sequence[Kept]:
        found = [each for each in self._meetings.values() if _keys(each) and each.meeting.plan.ends_at < before]
        return found[:limit]

    def naming(self, emails: Sequence[str]) -> Sequence[Kept]:
        named = set(emails)
        return [each for each in self._meetings.values() if named & {guest.email for guest in each.guests}]


def _keys(kept: Kept) -> set[str]:
    return {each.key for each in kept.guests if each.key}
