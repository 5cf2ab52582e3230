"""Recording what a contact allows, or no longer allows."""

from collections.abc import Mapping
from datetime import date, datetime, time
from itertools import product
from typing import Any

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from services.web.access import staff
from services.web.backend import backend
from services.web.pages.forms import Form, as_sent, text, texts
from services.web.rendering import render
from services.web.words import LONDON
from shared.contracts.consent import RecordConsents
from shared.contracts.contacts import GetContact

SENTENCES: Mapping[str, str] = {
    "given": "Choose whether they allow it",
    "purpose": "Choose at least one purpose",
    "channel": "Choose at least one way to reach them",
    "method": "Choose how they said so",
    "at": "Enter the day as day, month and year, and the time as hours and minutes",
    "wording": "Enter what they were asked, in up to 2,000 characters",
    "evidence": "Where the proof is can have up to 500 characters",
}
METHODS = ("web_form", "paper_form", "phone_call", "in_person", "other")
"""What staff choose from; the others are for what goes by itself."""
router = APIRouter(prefix="/contacts", include_in_schema=False)


@router.get("/{contact_id}/consent", dependencies=[staff("consents:write")])
async def new_statement(request: Request, contact_id: str) -> Response:
    return await _show(request, Form({"purpose": [], "channel": []}), contact_id)


@router.post("/{contact_id}/consent", dependencies=[staff("consents:write")])
async def record_statement(request: Request, contact_id: str) -> Response:
    form = _typed(await request.form())
    question = _question(form, contact_id)
    if question is None or await form.attempt(backend(request).call(question)) is None:
        return await _show(request, form, contact_id)
    return RedirectResponse(f"/contacts/{contact_id}?done=consent", 303)


def _question(form: Form, contact_id: str) -> RecordConsents | None:
    """The request, or None with the form's errors filled."""
    values, at = form.values, _said_at(form)
    for name in ("given", "purpose", "channel", "method", "wording"):
        if not values[name]:
            form.errors.setdefault(name, SENTENCES[name])
    if form.errors:
        form.status = 422
        return None
    said = {"contact_id": contact_id, "given": values["given"] == "yes", "at": at}
    said |= {name: values[name] for name in ("method", "wording", "evidence")}
    pairs = product(_all_or_each(values["purpose"]), _all_or_each(values["channel"]))
    statements = [said | {"purpose": purpose, "channel": channel} for purpose, channel in pairs]
    question: RecordConsents | None = form.check(
        RecordConsents, {"request_id": form.request_id, "statements": statements}, SENTENCES
    )
    return question


def _all_or_each(chosen: list[str]) -> list[str]:
    return ["*"] if "*" in chosen else chosen


def _said_at(form: Form) -> datetime | None:
    day, clock = form.values["said_date"], form.values["said_time"]
    if not day and not clock:
        return None
    try:
        return datetime.combine(date.fromisoformat(day), time.fromisoformat(clock or "00:00"), LONDON)
    except ValueError:
        form.errors["at"] = SENTENCES["at"]
        return None


def _typed(sent: FormData) -> Form:
    names = ("given", "method", "wording", "evidence", "said_date", "said_time")
    values: dict[str, Any] = {name: text(sent, name) for name in names}
    return as_sent(sent, values | {name: texts(sent, name) for name in ("purpose", "channel")})


async def _show(request: Request, form: Form, contact_id: str) -> Response:
    contact = await backend(request).call(GetContact(contact_id=contact_id))
    return render(request, "contact_consent_edit.html", status=form.status, form=form, contact=contact, methods=METHODS)
