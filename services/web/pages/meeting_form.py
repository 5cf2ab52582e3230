"""The forms of a meeting: planning it, and noting who was there."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from starlette.datastructures import FormData

from services.web.pages.forms import Form, as_sent, lines, number, text, texts
from services.web.words import LONDON, local
from shared.contracts.meetings import Meeting, MeetingPlan

FIELDS = (
    "kind", "title", "about", "day", "begins", "last_day", "ends", "place", "online_url", "capacity", "locality",
    "consultation_id",
)  # fmt: skip
SENTENCES: Mapping[str, str] = {
    "title": "Enter a title of up to 200 characters",
    "about": "What it is about can have up to 10,000 characters",
    "starts_at": "Enter the day and when it begins, as hours and minutes",
    "ends_at": "Enter when it ends, as hours and minutes",
    "place": "The place can have up to 500 characters",
    "online_url": "The link starts with https:// or http://",
    "capacity": "Enter how many can come, from 1 to 1,000, or leave it empty",
    "kind": "Choose what it is",
    "": "It ends after it begins: look at day and time",
    "visitors": "One on each line: a name of up to 200 characters, then a comma and the e-mail address if you know it",
    "notes": "What was said can have up to 50,000 characters",
    "version": "Open this page again and send the form from there",
}
_PLACES = {"starts_at": "begins", "ends_at": "ends", "": "ends"}


def blank(now: datetime) -> Form:
    """A meeting in a fortnight, in the morning."""
    day = local(now).date() + timedelta(days=14)
    return Form(dict.fromkeys(FIELDS, "") | {"kind": "meeting", "day": f"{day}", "begins": "10:00", "ends": "12:00"})


def of_meeting(meeting: Meeting) -> Form:
    """Filled in with a meeting, for a change."""
    plan = meeting.plan
    begin, end = local(plan.starts_at), local(plan.ends_at)
    values: dict[str, Any] = {name: getattr(plan, name) or "" for name in ("kind", "title", "about", "place")}
    values |= {"online_url": plan.online_url, "capacity": plan.capacity or "", "locality": plan.locality}
    values["consultation_id"] = plan.consultation_id
    values |= {"day": f"{begin:%Y-%m-%d}", "begins": f"{begin:%H:%M}", "ends": f"{end:%H:%M}"}
    last = f"{end:%Y-%m-%d}" if end.date() != begin.date() else ""
    return Form(values | {"last_day": last, "public": plan.public, "version": meeting.version})


def typed(sent: FormData) -> Form:
    """The form as it was sent."""
    values: dict[str, Any] = {name: text(sent, name) for name in FIELDS}
    return as_sent(sent, values | {"public": bool(text(sent, "public")), "version": number(sent, "version")})


def read(form: Form) -> MeetingPlan | None:
    """What the form says, or None with its errors filled."""
    values = form.values
    said = {name: values[name] for name in ("kind", "title", "about", "place", "online_url", "locality", "public")}
    said["consultation_id"] = values["consultation_id"]
    said |= {"capacity": values["capacity"] or None}
    said |= {"starts_at": _moment(values["day"], values["begins"])}
    said |= {"ends_at": _moment(values["last_day"] or values["day"], values["ends"])}
    plan: MeetingPlan | None = form.check(MeetingPlan, said, SENTENCES)
    form.errors = {_PLACES.get(name, name): sentence for name, sentence in form.errors.items()}
    return plan


def attendance(sent: FormData) -> Form:
    """Who was there, as it was ticked off and typed."""
    came = [each for each in texts(sent, "attended") if each.isdecimal() and len(each) < 6]
    values: dict[str, Any] = {"attended": came, "visitors": text(sent, "visitors"), "notes": text(sent, "notes")}
    return as_sent(sent, values | {"version": number(sent, "version")})


def said_of(form: Form) -> dict[str, Any]:
    """The same as fields of the command; a line is `name, address`."""
    visitors = []
    for line in lines(form.values["visitors"]):
        name, _, email = line.partition(",")
        visitors.append({"name": name.strip(), "email": email.strip()})
    attended = [int(each) for each in form.values["attended"]]
    return {"attended": attended, "visitors": visitors, "notes": form.values["notes"]}


def month_of(asked: str, now: datetime) -> date:
    """The first day of the month that is asked for (`2026-11`), else of this one."""
    try:
        return datetime.strptime(asked, "%Y-%m").replace(tzinfo=UTC).date().replace(day=1)
    except ValueError:
        return local(now).date().replace(day=1)


def midnight(day: date) -> datetime:
    """When a day begins here."""
    return datetime.combine(day, time(), LONDON)


def _moment(day: str, clock: str) -> datetime | None:
    try:
        return datetime.combine(date.fromisoformat(day), time.fromisoformat(clock), LONDON)
    except ValueError:
        return None
