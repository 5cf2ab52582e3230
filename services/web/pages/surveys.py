"""Surveys for staff: the list, the editor, one with its link and results, opening and closing."""

import asyncio
from datetime import UTC, datetime

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from services.web.access import caller, staff
from services.web.addresses import with_query
from services.web.backend import backend
from services.web.pages import answer_form, survey_form
from services.web.pages.forms import Form, number, text
from services.web.pages.response_rates import rates_of
from services.web.pages.survey_rows import OPERATORS
from services.web.rendering import render
from shared.contracts.surveys import (
    ChangeSurvey,
    CloseSurvey,
    CreateSurvey,
    GetForm,
    GetResults,
    GetSurvey,
    ListSurveys,
    OpenSurvey,
    Survey,
)
from shared.errors import Conflict
from shared.surveys.definition import Definition

WRITTEN_ELSEWHERE = "This survey asks something that the page for editing cannot show. Write another one instead."
router = APIRouter(prefix="/surveys", include_in_schema=False)


@router.get("", dependencies=[staff("surveys:read")])
async def list_surveys(request: Request) -> Response:
    page = await backend(request).call(ListSurveys(cursor=request.query_params.get("cursor") or None))
    next_url = with_query("/surveys", request.query_params, [("cursor", page.next_cursor or "")])
    return render(request, "surveys.html", page=page, next_url=next_url)


@router.get("/new", dependencies=[staff("surveys:write")])
async def new_survey(request: Request) -> Response:
    return _show(request, survey_form.blank())


@router.post("/new", dependencies=[staff("surveys:write")])
async def create_survey(request: Request) -> Response:
    return await _save(request, "")


@router.get("/{survey_id}", dependencies=[staff("surveys:read")])
async def survey_page(request: Request, survey_id: str) -> Response:
    results, rates = await asyncio.gather(
        backend(request).call(GetResults(survey_id=survey_id)), rates_of(request, [survey_id])
    )
    link = f"{request.app.state.settings.public_url}/answer/{survey_id}"
    done = request.query_params.get("done", "")
    return render(
        request,
        "survey.html",
        results=results,
        survey=results.survey,
        rates=rates,
        rate=(rates or {}).get(survey_id),
        link=link,
        done=done,
    )


@router.get("/{survey_id}/preview", dependencies=[staff("surveys:read")])
async def preview_survey(request: Request, survey_id: str) -> Response:
    """As it is asked, with nothing to send."""
    asked = await backend(request).call(GetForm(survey_id=survey_id))
    form = answer_form.blank(asked.definition_version, datetime.now(UTC))
    context = {"survey": asked, "definition": Definition.model_validate(asked.definition)} | answer_form.shown(form)
    return render(request, "survey_preview.html", **context)


@router.get("/{survey_id}/edit", dependencies=[staff("surveys:write")])
async def edit_survey(request: Request, survey_id: str) -> Response:
    survey = await backend(request).call(GetSurvey(survey_id=survey_id))
    form = survey_form.of_survey(survey)
    if form is None:
        raise Conflict(WRITTEN_ELSEWHERE)
    return _show(request, form, survey_id, was_open=survey.opened_at is not None)


@router.post("/{survey_id}/edit", dependencies=[staff("surveys:write")])
async def change_survey(request: Request, survey_id: str) -> Response:
    return await _save(request, survey_id)


@router.post("/{survey_id}/open", dependencies=[staff("surveys:write")])
async def open_survey(request: Request, survey_id: str) -> Response:
    version = number(await request.form(), "version")
    await backend(request).call(OpenSurvey(survey_id=survey_id, version=version, by=caller(request).name))
    return RedirectResponse(f"/surveys/{survey_id}?done=opened", 303)


@router.post("/{survey_id}/close", dependencies=[staff("surveys:write")])
async def close_survey(request: Request, survey_id: str) -> Response:
    version = number(await request.form(), "version")
    await backend(request).call(CloseSurvey(survey_id=survey_id, version=version, by=caller(request).name))
    return RedirectResponse(f"/surveys/{survey_id}?done=closed", 303)


async def _save(request: Request, survey_id: str) -> Response:
    sent = await request.form()
    form, was_open = survey_form.typed(sent), bool(text(sent, "was_open"))
    at_row = survey_form.rearrange(form, text(sent, "action"), text(sent, "new_kind"))
    if at_row is not None:
        return _show(request, form, survey_id, was_open=was_open, at_row=at_row)
    saved = await _saved(request, form, survey_id, was_open)
    if saved is None:
        return _show(request, form, survey_id, was_open=was_open)
    return RedirectResponse(f"/surveys/{saved.survey_id}?done=saved", 303)


async def _saved(request: Request, form: Form, survey_id: str, was_open: bool) -> Survey | None:
    definition, by, anonymous = survey_form.read(form), caller(request).name, form.values["anonymous"]
    if definition is None:
        return None
    if not survey_id:
        question = CreateSurvey(request_id=form.request_id, definition=definition, anonymous=anonymous, by=by)
        return await form.attempt(backend(request).call(question))
    version = form.values["version"]
    change = ChangeSurvey(
        survey_id=survey_id, version=version, definition=definition, anonymous=None if was_open else anonymous, by=by
    )
    return await form.attempt(backend(request).call(change))


def _show(request: Request, form: Form, survey_id: str = "", *, was_open: bool = False, at_row: int = 0) -> Response:
    return render(
        request,
        "survey_edit.html",
        status=form.status,
        form=form,
        survey_id=survey_id,
        was_open=was_open,
        at_row=at_row,
        operators=OPERATORS,
        earlier=survey_form.earlier(form),
    )
