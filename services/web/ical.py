"""Meetings as an iCalendar feed (RFC 5545): what calendars of phones and offices subscribe to."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

from shared.contracts.meetings import Meeting

CONTENT_TYPE = "text/calendar; charset=utf-8"
OCTETS = 75
"""Of one line; longer ones go on in the next, after a space (section 3.1)."""
_ESCAPES = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n", "\r": None})
STATUS = {"planned": "CONFIRMED", "held": "CONFIRMED", "called_off": "CANCELLED"}


def calendar(meetings: Iterable[Meeting], public_url: str, name: str) -> bytes:
    """The feed. Of each meeting what everybody may know: not where it is online, which who has a place is told."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Wellheard//Meetings//EN", "CALSCALE:GREGORIAN"]
    lines += ["METHOD:PUBLISH", f"X-WR-CALNAME:{escaped(name)}"]
    for each in meetings:
        lines += _event(each, public_url)
    return "".join(f"{part}\r\n" for line in (*lines, "END:VCALENDAR") for part in folded(line)).encode()


def escaped(text: str) -> str:
    """A text as a value (section 3.3.11); other control characters are left out."""
    kept = "".join(each for each in text.replace("\r\n", "\n") if each >= " " or each in "\n\t")
    return kept.replace("\x7f", "").translate(_ESCAPES)


def folded(line: str) -> Iterator[str]:
    """The line in parts of at most 75 octets, none of which ends inside a character."""
    part, size = "", 0
    for each in line:
        octets = len(each.encode())
        if size + octets > OCTETS:
            yield part
            part, size = " ", 1
        part += each
        size += octets
    yield part


def _event(meeting: Meeting, public_url: str) -> Iterator[str]:
    plan, address = meeting.plan, f"{public_url}/meetings/{meeting.meeting_id}"
    yield "BEGIN:VEVENT"
    yield f"UID:{meeting.meeting_id}@{urlsplit(public_url).hostname or 'localhost'}"
    yield f"DTSTAMP:{_utc(meeting.changed_at)}"
    yield f"SEQUENCE:{meeting.version - 1}"
    yield f"DTSTART:{_utc(plan.starts_at)}"
    yield f"DTEND:{_utc(plan.ends_at)}"
    yield f"SUMMARY:{escaped(plan.title)}"
    if plan.about:
        yield f"DESCRIPTION:{escaped(plan.about)}"
    if plan.place:
        yield f"LOCATION:{escaped(plan.place)}"
    yield f"URL:{address}"
    yield f"STATUS:{STATUS[meeting.state]}"
    yield "END:VEVENT"


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"
