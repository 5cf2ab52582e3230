"""The forms of a case: taking it on, giving it on, answering, closing and notes to oneself."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from fastapi import Request
from starlette.datastructures import FormData

from services.web.access import caller, desk
from services.web.pages.forms import Form, as_sent, number, text
from services.web.words import local
from shared.contracts.cases import Case
from shared.contracts.events import Engagement
from shared.errors import Unavailable

FIELDS = ("owner_id", "due_on", "answer", "way", "to", "result", "outcome", "note", "note_due_on", "reason")
SENTENCES = {
    "due_on": "Enter the day as day, month and year",
    "text": "Write what was said, in up to 10,000 characters",
    "how": "Choose how they were answered",
    "to": "To whom: up to 200 characters",
    "result": "Choose whether something was changed",
    "reason": "Write why it is opened again, in up to 1,000 characters",
    "note": "Write what is to be done, in up to 1,000 characters",
    "request_id": "Open this page again and send the form from there",
    "version": "Open this page again and send the form from there",
}
_PLACES = {
    "answer": {"text": "answer", "how": "way"},
    "close": {"text": "outcome"},
    "note": {"due_on": "note_due_on"},
}
"""Where a fault stands, by form: the field of the page for that of the command."""
SEND = "send:"


def typed(sent: FormData, step: str) -> Form:
    """One of the forms as it was sent; `step` says which."""
    values: dict[str, Any] = {name: text(sent, name) for name in FIELDS}
    return as_sent(sent, values | {"step": step, "version": number(sent, "version")})


def blank(case: Case | None, own: str) -> Form:
    """The forms as they are first shown: whoever looks takes it on, and comes back to it in a week."""
    values: dict[str, Any] = dict.fromkeys(FIELDS, "") | {"step": ""}
    values["owner_id"] = case.owner_id if case else own
    values["due_on"] = f"{case.due_on}" if case else ""
    values["note_due_on"] = f"{local(datetime.now(UTC)).date() + timedelta(days=7)}"
    return Form(values)


def with_typed(form: Form, case: Case | None, own: str) -> Form:
    """What was typed into one form; the others are as they are first shown."""
    fresh = blank(case, own).values
    form.values = fresh | {name: value for name, value in form.values.items() if value}
    return form


async def owners(request: Request) -> dict[str, str]:
    """Who may see to a case, by account; while accounts cannot be read only whoever asks."""
    who = caller(request).signed_in
    try:
        found = await desk(request).accounts()
    except Unavailable:
        found = [who.account] if who else []
    return {each.account_id: each.name for each in found if "cases:write" in each.permissions}


def owned(form: Form, known: dict[str, str]) -> dict[str, Any]:
    """Whose it is to be, and until when."""
    owner_id = form.values["owner_id"]
    said: dict[str, Any] = {"owner_id": owner_id if owner_id in known else "", "owner": known.get(owner_id, "")[:200]}
    return said | ({"due_on": _day(form, "due_on")} if form.values["due_on"] or form.values["step"] == "assign" else {})


def answered(form: Form) -> dict[str, Any]:
    """The answer, and how it reaches or has reached the person."""
    values = form.values
    said: dict[str, Any] = {"text": values["answer"], "to": values["to"]}
    if values["way"].startswith(SEND):
        return said | {"send_to": values["way"].removeprefix(SEND)}
    return said | {"how": values["way"]}


def beside_fields(form: Form) -> Form:
    """Faults of the command beside the fields of the page."""
    places = _PLACES.get(form.values["step"], {})
    form.errors = {places.get(name, name): sentence for name, sentence in form.errors.items()}
    if form.values["step"] == "answer" and form.status == 422 and form.fault:
        form.errors["way"], form.fault = form.fault, ""
    return form


def ways(engagement: Engagement, names: dict[str, str]) -> dict[str, str]:
    """Who can be sent the answer by e-mail: value of the choice -> whose it is."""
    named = {each: person.name for person in engagement.participants for each in person.contact_ids}
    return {f"{SEND}{each}": names.get(each) or named[each] or "the contact" for each in engagement.contact_ids()}


def _day(form: Form, name: str) -> date | str:
    try:
        return date.fromisoformat(form.values[name])
    except ValueError:
        return str(form.values[name])
