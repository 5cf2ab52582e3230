"""What somebody who registers for a meeting is told by e-mail. Pure."""

import re
from zoneinfo import ZoneInfo

from shared.contracts.meetings import Meeting, PlaceState

LONDON = ZoneInfo("Europe/London")
SUBJECTS = {
    "in": "You have a place: {title}",
    "waiting": "You are on the waiting list: {title}",
    "called_off": "Called off: {title}",
}
OPENINGS = {
    "in": "You have a place at “{title}”.",
    "waiting": "All places at “{title}” are taken. You wait for one: when one is free for you, we write again.",
    "called_off": "“{title}”, for which you registered, does not take place. We are sorry.",
}
CHANGED = "Time or place have changed. "
_FIELD = re.compile(r"\{(?=[a-z_])")


def letter(meeting: Meeting, state: PlaceState, link: str) -> tuple[str, str]:
    """(subject, body in Markdown)"""
    plan, title = meeting.plan, _as_typed(meeting.plan.title)
    opening = OPENINGS[state].format(title=title)
    lines = [f"{CHANGED if meeting.arrangement > 1 and state != 'called_off' else ''}{opening}", ""]
    lines += [f"* When: {when(meeting)}", *([f"* Where: {_as_typed(plan.place)}"] if plan.place else [])]
    if plan.online_url and state == "in":
        lines.append(f"* Online: {_as_typed(plan.online_url)}")
    if state != "called_off":
        lines += ["", f"You cannot come? [Give your place back]({link}), so that somebody else can have it."]
    return SUBJECTS[state].format(title=title)[:200], "\n".join(lines)


def when(meeting: Meeting) -> str:
    """`Tuesday 3 May 2026, 10:00 to 12:30`"""
    begin, end = (each.astimezone(LONDON) for each in (meeting.plan.starts_at, meeting.plan.ends_at))
    first = f"{begin:%A} {begin.day} {begin:%B %Y}, {begin:%H:%M}"
    if begin.date() == end.date():
        return f"{first} to {end:%H:%M}"
    return f"{first} to {end:%A} {end.day} {end:%B %Y}, {end:%H:%M}"


def _as_typed(text: str) -> str:
    """Braces that somebody typed are no merge field."""
    return _FIELD.sub("{\u2060", text)
