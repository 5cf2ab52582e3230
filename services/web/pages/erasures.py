"""Erasure: who asks for it, doing it, how far each has come, and the texts that name somebody who is erased."""

import asyncio
from typing import Literal

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from services.web.access import caller, staff
from services.web.addresses import with_query
from services.web.backend import backend
from services.web.pages.forms import Form, text
from services.web.rendering import render
from shared.contracts.cases import Case, GetHandled
from shared.contracts.contacts import GetContact
from shared.contracts.erasure import (
    ERASERS,
    DecideMention,
    EraseContact,
    GetErasure,
    GetTraces,
    ListErasures,
    RedactEngagements,
)
from shared.contracts.preferences import ListErasureRequests
from shared.errors import NotFound
from shared.redaction import names_in

STEPS = {"contacts": "Contacts", **{each: each.capitalize() for each in ERASERS}}
STATES = {
    "erasing": "Being erased",
    "deciding": "Texts to decide about",
    "finishing": "Being finished",
    "done": "Erased",
}
CONFIRM = "Tick the box to say that you have made sure that it is this person who asked"
router = APIRouter(include_in_schema=False)


@router.get("/erasures", dependencies=[staff("contacts:erase")])
async def list_erasures(request: Request) -> Response:
    question = ListErasures(cursor=request.query_params.get("cursor") or None)
    asked, page = await asyncio.gather(backend(request).call(ListErasureRequests()), backend(request).call(question))
    next_url = with_query("/erasures", request.query_params, [("cursor", page.next_cursor or "")])
    return render(request, "erasures.html", requests=asked.requests, page=page, next_url=next_url, states=STATES)


@router.get("/contacts/{contact_id}/erase", dependencies=[staff("contacts:erase")])
async def ask_to_erase(request: Request, contact_id: str) -> Response:
    return await _ask(request, contact_id, Form({}))


@router.post("/contacts/{contact_id}/erase", dependencies=[staff("contacts:erase")])
async def erase_contact(request: Request, contact_id: str) -> Response:
    form = Form({})
    if text(await request.form(), "sure") != "yes":
        form.errors["sure"], form.status = CONFIRM, 422
        return await _ask(request, contact_id, form)
    asked = EraseContact(contact_id=contact_id, by=caller(request).name)
    begun = await form.attempt(backend(request).call(asked))
    return _to_page(begun.erasure_id) if begun else await _ask(request, contact_id, form)


@router.get("/erasures/{erasure_id}", dependencies=[staff("contacts:erase")])
async def show_erasure(request: Request, erasure_id: str) -> Response:
    erasure = await backend(request).call(GetErasure(erasure_id=erasure_id))
    return render(request, "erasure.html", erasure=erasure, states=STATES, steps=STEPS)


@router.get("/erasures/{erasure_id}/texts/{engagement_id}", dependencies=[staff("contacts:erase")])
async def show_text(request: Request, erasure_id: str, engagement_id: str) -> Response:
    """What one may not read one may still have the name removed from."""
    sensitive = caller(request).may("history:sensitive")
    traces, handled = await asyncio.gather(
        backend(request).call(GetTraces(erasure_id=erasure_id)),
        backend(request).call(GetHandled(engagement_id=engagement_id, sensitive=sensitive)),
        return_exceptions=True,
    )
    if isinstance(traces, BaseException):
        raise traces
    if isinstance(handled, BaseException) and not isinstance(handled, NotFound):
        raise handled
    shown = None if isinstance(handled, BaseException) else handled
    texts = [shown.engagement.title, shown.engagement.body, *_written(shown.case)] if shown else []
    parts = [_marked(each, names_in(each, traces)) for each in texts]
    return render(
        request,
        "erasure_text.html",
        erasure_id=erasure_id,
        engagement_id=engagement_id,
        engagement=shown.engagement if shown else None,
        parts=parts,
    )


@router.post("/erasures/{erasure_id}/texts/{engagement_id}", dependencies=[staff("contacts:erase")])
async def decide(request: Request, erasure_id: str, engagement_id: str) -> Response:
    """Removing is done first and noted afterwards: sent again after a crash, the same comes out."""
    chosen = text(await request.form(), "decision")
    decision: Literal["removed", "kept"] = "kept" if chosen == "kept" else "removed"
    if decision == "removed":
        remove = RedactEngagements(erasure_id=erasure_id, engagement_ids=(engagement_id,), names=True)
        await backend(request).call(remove)
    await backend(request).call(
        DecideMention(erasure_id=erasure_id, engagement_id=engagement_id, decision=decision, by=caller(request).name)
    )
    return _to_page(erasure_id)


async def _ask(request: Request, contact_id: str, form: Form) -> Response:
    contact = await backend(request).call(GetContact(contact_id=contact_id))
    return render(request, "erase.html", status=form.status, contact=contact, form=form)


def _written(case: Case | None) -> list[str]:
    """What staff wrote when they dealt with it."""
    if case is None:
        return []
    closed_with = [each.closed_with for each in case.reopenings]
    said = [each.text for each in (case.answer, case.outcome, *closed_with) if each]
    return said + [each.note for each in case.follow_ups] + [each.reason for each in case.reopenings]


def _marked(whole: str, places: list[tuple[int, int]]) -> list[tuple[str, bool]]:
    """The text in pieces, each with whether it names the person."""
    pieces, at = list[tuple[str, bool]](), 0
    for begin, end in places:
        pieces += [(whole[at:begin], False), (whole[begin:end], True)]
        at = end
    return [*pieces, (whole[at:], False)]


def _to_page(erasure_id: str) -> Response:
    return RedirectResponse(f"/erasures/{erasure_id}", 303)
