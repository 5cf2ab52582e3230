"""The entry points of the calendar, a part of the events service."""

from datetime import UTC, datetime

from services.events.calendar.desk import Calendar
from shared.contracts.base import Done
from shared.contracts.meetings import (
    CallOffMeeting,
    CancelPlace,
    ChangeMeeting,
    GetMeeting,
    GetMeetingPeople,
    GetPlace,
    ListMeetings,
    Meeting,
    MeetingList,
    MeetingWithPeople,
    Place,
    PlanMeeting,
    RegisterForMeeting,
)
from shared.messaging import every, rpc


class CalendarEntry:
    """What staff and the public ask of the calendar; whoever inherits makes the desk."""

    _calendar: Calendar

    @rpc
    def plan_meeting(self, request: PlanMeeting) -> Meeting:
        return self._calendar.plan(request, _now())

    @rpc
    def change_meeting(self, request: ChangeMeeting) -> Meeting:
        return self._calendar.change(request, _now())

    @rpc
    def call_off_meeting(self, request: CallOffMeeting) -> Meeting:
        return self._calendar.call_off(request, _now())

    @rpc
    def get_meeting(self, request: GetMeeting) -> Meeting:
        return self._calendar.get(request)

    @rpc
    def get_meeting_people(self, request: GetMeetingPeople) -> MeetingWithPeople:
        return self._calendar.people(request.meeting_id)

    @rpc
    def list_meetings(self, request: ListMeetings) -> MeetingList:
        return self._calendar.page(request)

    @rpc
    def register_for_meeting(self, request: RegisterForMeeting) -> Done:
        self._calendar.register(request, _now())
        return Done()

    @rpc
    def get_place(self, request: GetPlace) -> Place:
        return self._calendar.place(request.key)

    @rpc
    def cancel_place(self, request: CancelPlace) -> Place:
        return self._calendar.cancel(request.key)

    @every(2.0)
    def tell_people_of_meetings(self) -> None:
        """Who has a place, waits for one or has to hear of a change."""
        self._calendar.tell(_now())

    @every(3600.0)
    def forget_people_of_meetings(self) -> None:
        """Whoever registered for what is long over."""
        self._calendar.forget(_now())


def _now() -> datetime:
    return datetime.now(UTC)
