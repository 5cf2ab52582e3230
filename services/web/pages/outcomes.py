"""What came of a consultation: written by staff, looked at as everybody will see it, and published."""

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from services.web.access import caller, staff
from services.web.backend import backend
from services.web.pages.consultations import DESK
from services.web.pages.forms import Form, as_sent, number, text, texts
from services.web.rendering import render
from services.web.words import place_names
from shared.contracts.base import new_id
from shared.contracts.consultations import Consultation, GetConsultation, PublishOutcome, WriteOutcome
from shared.contracts.contributions import GetPublicConsultation
from shared.errors import Conflict

THEME = ("theme_id", "title", "we_asked", "you_said", "we_did")
SENTENCES = {
    "decision": "Say what was decided in up to 20,000 characters",
    "themes": "Each theme needs a name of up to 200 characters, and each text has up to 5,000",
}
router = APIRouter(prefix=DESK, include_in_schema=False)


@router.get("/{consultation_id}/outcome", dependencies=[staff("consultations:write")])
async def edit_outcome(request: Request, consultation_id: str) -> Response:
    found = (await backend(request).call(GetConsultation(consultation_id=consultation_id))).consultation
    if found.state == "published":
        raise Conflict("The outcome of this consultation is published. Nothing of it can be changed any more.")
    return _show(request, _form_of(found), consultation_id)


@router.post("/{consultation_id}/outcome", dependencies=[staff("consultations:write")])
async def write_outcome(request: Request, consultation_id: str) -> Response:
    sent = await request.form()
    form = _typed(sent)
    if text(sent, "action") == "add_theme":
        form.values["themes"].append(_blank())
        return _show(request, form, consultation_id)
    themes = [each for each in form.values["themes"] if any(each[name] for name in THEME[1:])]
    said = {"consultation_id": consultation_id, "version": form.values["version"], "by": caller(request).name}
    question = form.check(WriteOutcome, said | {"decision": form.values["decision"], "themes": themes}, SENTENCES)
    if question is None or await form.attempt(backend(request).call(question)) is None:
        return _show(request, form, consultation_id)
    return RedirectResponse(f"{DESK}/{consultation_id}/publish?done=saved", 303)


@router.get("/{consultation_id}/publish", dependencies=[staff("consultations:write")])
async def preview_outcome(request: Request, consultation_id: str) -> Response:
    behind = backend(request)
    found, shown, reference = await asyncio.gather(
        behind.call(GetConsultation(consultation_id=consultation_id)),
        behind.call(GetPublicConsultation(consultation_id=consultation_id, preview=True)),
        behind.reference(),
    )
    return render(
        request,
        "outcome_preview.html",
        found=found,
        shown=shown,
        group_names={each.code: each.name for each in reference.groups},
        place_names=place_names(reference),
        done=request.query_params.get("done", ""),
    )


@router.post("/{consultation_id}/publish", dependencies=[staff("consultations:write")])
async def publish_outcome(request: Request, consultation_id: str) -> Response:
    version = number(await request.form(), "version")
    await backend(request).call(
        PublishOutcome(consultation_id=consultation_id, version=version, by=caller(request).name)
    )
    return RedirectResponse(f"{DESK}/{consultation_id}?done=published", 303)


def _form_of(found: Consultation) -> Form:
    themes = [each.model_dump() for each in found.themes] or [_blank()]
    return Form({"version": found.version, "decision": found.decision, "themes": themes})


def _typed(sent: FormData) -> Form:
    columns = [texts(sent, name) for name in THEME]
    rows = [dict(zip(THEME, row, strict=True)) for row in zip(*columns, strict=False)]
    themes: list[dict[str, Any]] = [
        {name: value.replace("\r\n", "\n") for name, value in row.items()} for row in rows[:100]
    ]
    values = {"version": number(sent, "version"), "decision": text(sent, "decision").replace("\r\n", "\n")}
    return as_sent(sent, values | {"themes": themes or [_blank()]})


def _blank() -> dict[str, Any]:
    return dict.fromkeys(THEME, "") | {"theme_id": new_id("thm")}


def _show(request: Request, form: Form, consultation_id: str) -> Response:
    return render(request, "outcome_edit.html", status=form.status, form=form, consultation_id=consultation_id)
