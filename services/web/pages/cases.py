"""Cases: the list of what is to be answered, and what staff decide about one, on the page of its engagement."""

from datetime import UTC, datetime
from typing import Any, TypeVar, get_args

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from services.web.access import caller, reader_of, staff
from services.web.addresses import with_query
from services.web.backend import backend
from services.web.pages import case_form
from services.web.pages.engagement_view import show_engagement
from services.web.pages.forms import Form
from services.web.rendering import render
from services.web.words import local
from shared.contracts.base import Request as Question
from shared.contracts.case_lists import ListCases
from shared.contracts.cases import (
    HANDLED,
    AnswerCase,
    AssignCase,
    Case,
    CloseCase,
    EndFollowUp,
    NoteFollowUp,
    OpenCase,
    ReopenCase,
    When,
)

C = TypeVar("C", bound=Question[Case])
EVERYBODY = "all"
router = APIRouter(include_in_schema=False)


@router.get("/cases", dependencies=[staff("cases:read")])
async def list_cases(request: Request) -> Response:
    params, who = request.query_params, caller(request)
    own = who.signed_in.account.account_id if who.signed_in and who.may("cases:write") else EVERYBODY
    owner, when, kinds = params.get("owner") or own, params.get("when", ""), params.getlist("kind")
    question = ListCases.model_validate(
        {
            "owner_id": "" if owner == EVERYBODY else owner[:100],
            "when": when if when in get_args(When) else "",
            "kind": [each for each in kinds if each in HANDLED],
            "sensitive": reader_of(request).sensitive,
            "cursor": params.get("cursor") or None,
        }
    )
    page = await backend(request).call(question)
    return render(
        request,
        "cases.html",
        page=page,
        asked=question,
        owner=owner,
        own=own,
        owners=await case_form.owners(request),
        today=local(datetime.now(UTC)).date(),
        next_url=with_query("/cases", params, [("cursor", page.next_cursor or "")]),
    )


@router.post("/engagements/{engagement_id}/case", dependencies=[staff("cases:write")])
async def open_case(request: Request, engagement_id: str) -> Response:
    form = case_form.typed(await request.form(), "open")
    owners = await case_form.owners(request)
    return await _decide(request, engagement_id, form, OpenCase, case_form.owned(form, owners), "opened")


@router.post("/engagements/{engagement_id}/case/assign", dependencies=[staff("cases:write")])
async def assign_case(request: Request, engagement_id: str) -> Response:
    form = case_form.typed(await request.form(), "assign")
    owners = await case_form.owners(request)
    return await _decide(request, engagement_id, form, AssignCase, case_form.owned(form, owners), "assigned")


@router.post("/engagements/{engagement_id}/case/answer", dependencies=[staff("cases:write")])
async def answer_case(request: Request, engagement_id: str) -> Response:
    form = case_form.typed(await request.form(), "answer")
    said = case_form.answered(form)
    return await _decide(request, engagement_id, form, AnswerCase, said, "sent" if said.get("send_to") else "answered")


@router.post("/engagements/{engagement_id}/case/close", dependencies=[staff("cases:write")])
async def close_case(request: Request, engagement_id: str) -> Response:
    form = case_form.typed(await request.form(), "close")
    said = {"result": form.values["result"], "text": form.values["outcome"]}
    return await _decide(request, engagement_id, form, CloseCase, said, "closed")


@router.post("/engagements/{engagement_id}/case/reopen", dependencies=[staff("cases:write")])
async def reopen_case(request: Request, engagement_id: str) -> Response:
    form = case_form.typed(await request.form(), "reopen")
    said = {"reason": form.values["reason"], "due_on": form.values["due_on"] or None}
    return await _decide(request, engagement_id, form, ReopenCase, said, "reopened")


@router.post("/engagements/{engagement_id}/case/notes", dependencies=[staff("cases:write")])
async def note_follow_up(request: Request, engagement_id: str) -> Response:
    form = case_form.typed(await request.form(), "note")
    said = {"note": form.values["note"], "due_on": form.values["note_due_on"]}
    return await _decide(request, engagement_id, form, NoteFollowUp, said, "noted")


@router.post("/engagements/{engagement_id}/case/notes/{number}/done", dependencies=[staff("cases:write")])
async def end_follow_up(request: Request, engagement_id: str, number: int) -> Response:
    form = case_form.typed(await request.form(), "end")
    return await _decide(request, engagement_id, form, EndFollowUp, {"number": number}, "ended")


async def _decide(
    request: Request, engagement_id: str, form: Form, command: type[C], said: dict[str, Any], done: str
) -> Response:
    """Carry it out, or show the engagement with what was typed and what is wrong with it."""
    about = {"engagement_id": engagement_id, "sensitive": reader_of(request).sensitive, "by": caller(request).name}
    if command is not OpenCase:
        about |= {"version": form.values["version"], "request_id": form.request_id}
    question = form.check(command, about | said, case_form.SENTENCES)
    if question is not None and (case := await form.attempt(backend(request).call(question))):
        if command is AnswerCase and case.answer and case.answer.repeated:
            done = "again"
        return RedirectResponse(f"/engagements/{engagement_id}?done={done}#case", 303)
    return await show_engagement(request, engagement_id, case_form.beside_fields(form))
