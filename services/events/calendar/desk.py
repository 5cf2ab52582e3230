"""Plans meetings, notes down who registers, and tells them what becomes of it: each thing once, by e-mail."""

import secrets
from collections.abc import Callable
from datetime import datetime

from services.events.calendar import domain
from services.events.calendar.domain import Guest, Kept
from services.events.calendar.letters import letter
from services.events.calendar.store import Meetings
from services.events.domain import STAFF, engagement_id
from services.events.ingestion import SOURCE
from shared.contracts.base import Envelope, Event, id_of
from shared.contracts.meetings import (
    CallOffMeeting,
    ChangeMeeting,
    GetMeeting,
    ListMeetings,
    Meeting,
    MeetingList,
    MeetingWithPeople,
    Place,
    PlanMeeting,
    RecordAttendance,
    RegisterForMeeting,
)
from shared.contracts.notifications import SendNotice
from shared.errors import Conflict, Invalid, NotFound, Unavailable
from shared.identifiers import InvalidIdentifierError, compared_email
from shared.logs import correlation_id
from shared.messaging import Bus

CHANGED_MEANWHILE = "Somebody else changed this meeting in the meantime. Look at it again, then decide."
NO_MEETING = "There is no such meeting, or it is not open to everybody."
NO_PLACE = "This link does not work any more. Perhaps the meeting is over, or the link was cut short on its way."
LISTED = 500
AT_A_TIME = 20
"""Meetings whose people are told something in one turn."""
ATTEMPTS = 50
"""So many register for one meeting at the same moment, and all get an answer."""


class Calendar:
    """Meetings as staff, the public and whoever registers see them. `bus` reaches notifications."""

    def __init__(self, meetings: Meetings, bus: Bus, public_url: str) -> None:
        self._meetings = meetings
        self._bus = bus
        self._public_url = public_url

    def plan(self, asked: PlanMeeting, at: datetime) -> Meeting:
        meeting_id = id_of("mtg", asked.request_id)
        meeting = domain.plan(meeting_id, asked.plan, at, asked.by)
        self._meetings.insert(meeting, _told(meeting))
        return domain.counted(self._get(meeting_id))

    def change(self, asked: ChangeMeeting, at: datetime) -> Meeting:
        meeting = domain.change(self._at(asked.meeting_id, asked.version).meeting, asked.plan, at, asked.by)
        return self._replace(meeting, _told(meeting))

    def call_off(self, asked: CallOffMeeting, at: datetime) -> Meeting:
        standing = self._get(asked.meeting_id).meeting
        if standing.state == "called_off":
            return standing
        meeting = domain.call_off(self._at(asked.meeting_id, asked.version).meeting, at, asked.by)
        return self._replace(meeting, _told(meeting))

    def get(self, asked: GetMeeting) -> Meeting:
        found = self._get(asked.meeting_id)
        if asked.public_only and not found.meeting.plan.public:
            raise NotFound(NO_MEETING)
        return domain.counted(found)

    def people(self, meeting_id: str) -> MeetingWithPeople:
        found = self._get(meeting_id)
        return MeetingWithPeople(meeting=domain.counted(found), people=domain.shown(found))

    def page(self, asked: ListMeetings) -> MeetingList:
        found = self._meetings.ending_after(asked.since, asked.before, LISTED)
        shown = [each for each in found if each.meeting.plan.public or not asked.public_only]
        shown.sort(key=lambda each: each.meeting.plan.starts_at)
        return MeetingList(meetings=tuple(map(domain.counted, shown)), is_cut=len(found) == LISTED)

    def register(self, asked: RegisterForMeeting, at: datetime) -> None:
        try:
            email = compared_email(asked.email)
        except InvalidIdentifierError as error:
            raise Invalid(f"The e-mail address {error}.") from None
        guest = Guest(0, secrets.token_urlsafe(24), " ".join(asked.name.split()), email, asked.needs, at)
        self._change_people(lambda: self._get(asked.meeting_id), lambda kept: domain.register(_public(kept), guest, at))

    def place(self, key: str) -> Place:
        return domain.place_of(self._by_key(key), key)

    def cancel(self, key: str) -> Place:
        kept = self._change_people(lambda: self._by_key(key), lambda kept: domain.cancel(kept, key))
        return domain.place_of(kept, key)

    def attended(self, asked: RecordAttendance, at: datetime) -> Kept:
        """The meeting with those marked who were there. Conflict before it has begun."""
        if self._at(asked.meeting_id, asked.version).meeting.plan.starts_at > at:
            raise Conflict("This meeting has not begun: nobody was there yet.")
        return self._change_people(
            lambda: self._get(asked.meeting_id), lambda kept: domain.attended(kept, asked.attended)
        )

    def held(self, asked: RecordAttendance, engagement_id: str, at: datetime) -> Meeting:
        """Its engagement tells of it."""
        standing = self._at(asked.meeting_id, asked.version).meeting
        return self._replace(domain.hold(standing, engagement_id, at, asked.by))

    def tell(self, at: datetime) -> None:
        """Who has a place, waits for one, or has to hear of a change gets one message of it, also after a crash."""
        for kept in self._meetings.with_news(AT_A_TIME):
            messages = domain.news(kept) if kept.meeting.state != "held" else []
            for guest, state, _ in messages:
                subject, body = letter(kept.meeting, state, f"{self._public_url}/places/{guest.key}")
                name = f"place:{kept.meeting.meeting_id}:{guest.number}:{state}:{kept.meeting.arrangement}"
                notice = {"request_id": f"{name}:{guest.sends}", "name": guest.name, "address": guest.email}
                self._bus.call(SendNotice.model_validate(notice | {"subject": subject, "body": body, "by": "calendar"}))
            if not messages:
                self._meetings.told_all(kept)
            else:
                self._meetings.replace_people(domain.told(kept, messages))

    def forget(self, at: datetime) -> None:
        """A month after a meeting nobody knows any more who had registered; how many stays."""
        for kept in self._meetings.with_people_before(at - domain.KEPT, AT_A_TIME):
            self._meetings.replace_people(domain.without(kept, [each.email for each in kept.guests]))

    def redact(self, emails: tuple[str, ...]) -> None:
        """Take whoever registered with one of these addresses out of every meeting."""
        for each in self._meetings.naming(emails):
            self._redact(each.meeting.meeting_id, emails)

    def _redact(self, meeting_id: str, emails: tuple[str, ...]) -> None:
        self._change_people(lambda: self._get(meeting_id), lambda kept: domain.without(kept, emails))

    def _change_people(self, read: Callable[[], Kept], change: Callable[[Kept], Kept]) -> Kept:
        for _ in range(ATTEMPTS):
            standing = read()
            following = change(standing)
            if following is standing or self._meetings.replace_people(following):
                return following
        raise Unavailable("Many register for this meeting just now. Send the same again in a moment.")

    def _replace(self, meeting: Meeting, envelope: Envelope[Event] | None = None) -> Meeting:
        if not self._meetings.replace(meeting, envelope):
            raise Conflict(CHANGED_MEANWHILE)
        return domain.counted(self._get(meeting.meeting_id))

    def _at(self, meeting_id: str, version: int) -> Kept:
        standing = self._get(meeting_id)
        if standing.meeting.version != version:
            raise Conflict(CHANGED_MEANWHILE)
        return standing

    def _get(self, meeting_id: str) -> Kept:
        found = self._meetings.find(meeting_id)
        if found is None:
            raise NotFound(NO_MEETING)
        return found

    def _by_key(self, key: str) -> Kept:
        found = self._meetings.find_by_key(key)
        if found is None:
            raise NotFound(NO_PLACE)
        return found


def engagement_id_of(meeting_id: str) -> str:
    """Of the engagement that a meeting becomes when it has been held."""
    return engagement_id(None, STAFF, request_of(meeting_id))


def request_of(meeting_id: str) -> str:
    """The request that the engagement is recorded by: there is one for each meeting."""
    return f"meeting:{meeting_id}"


def _told(meeting: Meeting) -> Envelope[Event]:
    event = domain.told_of(meeting, engagement_id_of(meeting.meeting_id))
    return Envelope(event, SOURCE, meeting.meeting_id, meeting.version, correlation_id())


def _public(kept: Kept) -> Kept:
    """What is for staff is not there for others."""
    if not kept.meeting.plan.public:
        raise NotFound(NO_MEETING)
    return kept
