"""The words of meetings, and months as pages show them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from services.web.words import local
from shared.contracts.meetings import Meeting

STATES: Mapping[str, str] = {"planned": "Planned", "called_off": "Called off", "held": "Held"}
COLOURS: Mapping[str, str] = {"planned": "blue", "called_off": "red", "held": "green"}
KINDS: Mapping[str, str] = {"meeting": "A meeting", "event": "An event in the community"}
PLACES: Mapping[str, str] = {
    "in": "Has a place",
    "waiting": "Waits for a place",
    "cancelled": "Gave it back",
    "called_off": "Was told",
}
MINE: Mapping[str, str] = {
    "in": "You have a place.",
    "waiting": "All places are taken. You are on the waiting list, and hear from us when one is free for you.",
    "cancelled": "You have given your place back.",
    "called_off": "This meeting does not take place.",
}
DONE: Mapping[str, str] = {
    "planned": "The meeting stands in the calendar.",
    "changed": "The meeting has been changed. Whoever has a place hears of another time or place.",
    "called_off": "The meeting is called off. Whoever registered is told by e-mail.",
    "held": "Who was there has been recorded. It can be found in the search in a second.",
}
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a month, with what is on."""

    day: date
    is_in_month: bool
    meetings: tuple[Meeting, ...]


def weeks_of(month: date, meetings: Iterable[Meeting]) -> list[list[Day]]:
    """The weeks of a month, from Monday; a meeting stands on each day that it lasts."""
    spans = [(local(each.plan.starts_at).date(), local(each.plan.ends_at).date(), each) for each in meetings]
    first = month - timedelta(days=month.weekday())
    weeks = []
    while first < next_month(month):
        days = [first + timedelta(days=number) for number in range(7)]
        weeks.append(
            [
                Day(day, day.month == month.month, tuple(each for begin, end, each in spans if begin <= day <= end))
                for day in days
            ]
        )
        first += timedelta(days=7)
    return weeks


def next_month(month: date) -> date:
    """The first day of the month after."""
    return (month.replace(day=1) + timedelta(days=32)).replace(day=1)


def last_month(month: date) -> date:
    """The first day of the month before."""
    return (month.replace(day=1) - timedelta(days=1)).replace(day=1)


def when(meeting: Meeting) -> str:
    """`Tuesday 3 May 2026, 10:00 to 12:30`"""
    begin, end = local(meeting.plan.starts_at), local(meeting.plan.ends_at)
    first = f"{begin:%A} {begin.day} {begin:%B %Y}, {begin:%H:%M}"
    if begin.date() == end.date():
        return f"{first} to {end:%H:%M}"
    return f"{first} to {end:%A} {end.day} {end:%B %Y}, {end:%H:%M}"


def places_left(meeting: Meeting) -> str:
    """`3 places left`; empty when there is room for everybody."""
    if meeting.plan.capacity is None:
        return ""
    left = meeting.plan.capacity - meeting.registered
    if left <= 0:
        return "No place left: you can ask to be on the waiting list"
    return "1 place left" if left == 1 else f"{left} places left"
