"""What the calendar adds to the timeline: a meeting is one entry, from when it is planned until it was held. Pure.

Until then it has the id of the engagement that it becomes, in versions below every version of that: whatever the
order of arrival, the engagement takes its place. Each event holds the steps before it, so the entry has all of them.
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from services.history.records import Entry
from services.history.sentences import day_phrase
from shared.contracts.base import Envelope, Event
from shared.contracts.meetings import MeetingCalledOff, MeetingChanged, MeetingEvent, MeetingPlanned, PlannedMeeting

SOURCE = "meetings"
LONDON = ZoneInfo("Europe/London")
MEETING_EVENTS = (MeetingPlanned, MeetingChanged, MeetingCalledOff)
BELOW = 1_000_000_000
"""More steps than a meeting will ever have."""
_STEPS = {
    "planned": "Planned",
    "changed": "Described otherwise",
    "moved": "Moved",
    "called_off": "Called off",
    "held": "Noted down as held",
}


def meeting_entry(envelope: Envelope[Event], event: MeetingEvent) -> Entry:
    """When and where it is to be; on the timeline of its consultation and its place."""
    is_off = isinstance(event, MeetingCalledOff)
    return Entry(
        id=event.engagement_id,
        version=envelope.sequence - BELOW,
        about=about(event.meeting_id, event.consultation_id),
        source=SOURCE,
        kind="meeting_called_off" if is_off else "meeting_planned",
        title=event.title,
        sentence=_sentence(event),
        body=event.about,
        occurred_at=event.starts_at.astimezone(UTC),
        recorded_at=event.at.astimezone(UTC),
        locality=event.locality or None,
        steps=steps(PlannedMeeting(meeting_id=event.meeting_id, steps=event.steps)),
    )


def about(meeting_id: str, consultation_id: str | None) -> tuple[str, ...]:
    """What an entry of a meeting belongs to: the meeting first, by which its page is found."""
    return (meeting_id, consultation_id) if consultation_id else (meeting_id,)


def steps(planned: PlannedMeeting | None) -> tuple[str, ...]:
    """`Moved by Ann Lee on 1 March 2014: 3 May 2014, 3:00pm, Town Hall.`, one for each step."""
    return tuple(
        f"{_STEPS[each.what]} by {each.by} on {_day(each.at)}"
        + (f": {_where(each.starts_at, each.place)}." if each.what in ("planned", "moved") else ".")
        for each in (planned.steps if planned else ())
    )


def _sentence(event: MeetingEvent) -> str:
    noun = "meeting" if event.kind == "meeting" else "event"
    where = _where(event.starts_at, event.place)
    if isinstance(event, MeetingCalledOff):
        return f"The {noun} “{event.title}” was called off. It was to be: {where}."
    moved = sum(each.what == "moved" for each in event.steps)
    how = {0: "is planned", 1: "was moved"}.get(moved, f"was moved {moved} times")
    return f"The {noun} “{event.title}” {how}: {where}."


def _where(at: datetime, place: str) -> str:
    local = at.astimezone(LONDON)
    clock = f"{local.hour % 12 or 12}:{local:%M}{'am' if local.hour < 12 else 'pm'}"
    return f"{_day(at)}, {clock}{f', {place}' if place else ''}"


def _day(at: datetime) -> str:
    return day_phrase(at.astimezone(LONDON))
