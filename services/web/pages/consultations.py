"""Consultations for staff: the list, the form, and one with what to do next."""

import asyncio

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from services.web.access import caller, staff
from services.web.addresses import with_query
from services.web.backend import backend
from services.web.consultation_words import STATES
from services.web.pages import charts, consultation_form
from services.web.pages.forms import Form, number, text
from services.web.pages.response_rates import rates_of
from services.web.rendering import render
from services.web.words import place_names
from shared.contracts.consultations import (
    ChangeConsultation,
    CloseConsultation,
    Consultation,
    CreateConsultation,
    GetConsultation,
    ListConsultations,
    OpenConsultation,
)
from shared.contracts.contributions import GetPublicConsultation
from shared.contracts.surveys import ListSurveys
from shared.errors import Conflict

DESK = "/consultations/desk"
OFFERED = 100
"""Surveys that can be chosen, the newest."""
router = APIRouter(prefix=DESK, include_in_schema=False)


@router.get("", dependencies=[staff("consultations:read")])
async def list_consultations(request: Request) -> Response:
    state = request.query_params.get("state", "")
    chosen = state if state in STATES else None
    cursor = request.query_params.get("cursor") or None
    page = await backend(request).call(ListConsultations.model_validate({"state": chosen, "cursor": cursor}))
    next_url = with_query(DESK, request.query_params, [("cursor", page.next_cursor or "")])
    return render(request, "consultations.html", page=page, next_url=next_url, state=chosen)


@router.get("/new", dependencies=[staff("consultations:write")])
async def new_consultation(request: Request) -> Response:
    return await _show(request, consultation_form.blank())


@router.post("/new", dependencies=[staff("consultations:write")])
async def create_consultation(request: Request) -> Response:
    return await _save(request, "")


@router.get("/{consultation_id}", dependencies=[staff("consultations:read")])
async def consultation_page(request: Request, consultation_id: str) -> Response:
    return await _page(request, consultation_id, Form({}))


@router.get("/{consultation_id}/edit", dependencies=[staff("consultations:write")])
async def edit_consultation(request: Request, consultation_id: str) -> Response:
    found = await backend(request).call(GetConsultation(consultation_id=consultation_id))
    if found.consultation.state == "published":
        raise Conflict("The outcome of this consultation is published. Nothing of it can be changed any more.")
    return await _show(request, consultation_form.of_consultation(found.consultation), consultation_id)


@router.post("/{consultation_id}/edit", dependencies=[staff("consultations:write")])
async def change_consultation(request: Request, consultation_id: str) -> Response:
    return await _save(request, consultation_id)


@router.post("/{consultation_id}/open", dependencies=[staff("consultations:write")])
async def open_consultation(request: Request, consultation_id: str) -> Response:
    version, form = number(await request.form(), "version"), Form({})
    question = OpenConsultation(consultation_id=consultation_id, version=version, by=caller(request).name)
    if await form.attempt(backend(request).call(question)) is not None:
        return RedirectResponse(f"{DESK}/{consultation_id}?done=opened", 303)
    return await _page(request, consultation_id, form)


@router.post("/{consultation_id}/close", dependencies=[staff("consultations:write")])
async def close_consultation(request: Request, consultation_id: str) -> Response:
    version, form = number(await request.form(), "version"), Form({})
    question = CloseConsultation(consultation_id=consultation_id, version=version, by=caller(request).name)
    if await form.attempt(backend(request).call(question)) is not None:
        return RedirectResponse(f"{DESK}/{consultation_id}?done=closed", 303)
    return await _page(request, consultation_id, form)


async def _page(request: Request, consultation_id: str, form: Form) -> Response:
    """With plain counts for whoever may read contributions; for others small numbers never leave their service."""
    behind = backend(request)
    if not caller(request).may("contributions:read"):
        return await _figures(request, consultation_id)
    found, reference = await asyncio.gather(
        behind.call(GetConsultation(consultation_id=consultation_id)), behind.reference()
    )
    invited = {} if form.fault else await rates_of(request, [each.survey_id for each in found.surveys])
    return render(
        request,
        "consultation.html",
        status=form.status,
        form=form,
        found=found,
        invited=invited,
        rates=charts.rates(found.heard.targets),
        consultation=found.consultation,
        group_names={each.code: each.name for each in reference.groups},
        place_names=place_names(reference),
        public_url=request.app.state.settings.public_url,
        done=request.query_params.get("done", ""),
    )


async def _figures(request: Request, consultation_id: str) -> Response:
    behind = backend(request)
    shown, reference = await asyncio.gather(
        behind.call(GetPublicConsultation(consultation_id=consultation_id, so_far=True)), behind.reference()
    )
    return render(
        request,
        "consultation_figures.html",
        shown=shown,
        group_names={each.code: each.name for each in reference.groups},
        place_names=place_names(reference),
    )


async def _save(request: Request, consultation_id: str) -> Response:
    sent = await request.form()
    form = consultation_form.typed(sent)
    if consultation_form.rearrange(form, text(sent, "action")):
        return await _show(request, form, consultation_id)
    saved = await _saved(request, form, consultation_id)
    if saved is None:
        return await _show(request, form, consultation_id)
    return RedirectResponse(f"{DESK}/{saved.consultation_id}?done=saved", 303)


async def _saved(request: Request, form: Form, consultation_id: str) -> Consultation | None:
    plan, by = consultation_form.read(form), caller(request).name
    if plan is None:
        return None
    if not consultation_id:
        return await form.attempt(
            backend(request).call(CreateConsultation(request_id=form.request_id, plan=plan, by=by))
        )
    version = form.values["version"]
    change = ChangeConsultation(consultation_id=consultation_id, version=version, plan=plan, by=by)
    return await form.attempt(backend(request).call(change))


async def _show(request: Request, form: Form, consultation_id: str = "") -> Response:
    behind = backend(request)
    surveys = await form.attempt(behind.call(ListSurveys(limit=OFFERED)))
    reference = await form.attempt(behind.reference())
    return render(
        request,
        "consultation_edit.html",
        status=form.status,
        form=form,
        consultation_id=consultation_id,
        surveys={each.survey_id: each.title for each in surveys.surveys} if surveys else {},
        groups={each.code: each.name for each in reference.groups} if reference else {},
        places=place_names(reference) if reference else {},
    )
