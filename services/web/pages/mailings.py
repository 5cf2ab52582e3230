"""Mailings: written, looked at as a recipient, sent after a second look, and watched while they go."""

from datetime import datetime
from typing import Any, get_args

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.web.access import caller, staff
from services.web.addresses import with_query
from services.web.backend import backend
from services.web.pages import mailing_form
from services.web.pages.forms import Form, number, text
from services.web.pages.response_rates import RateRow, rates_of
from services.web.pages.search import is_partial
from services.web.rendering import render
from services.web.words import LONDON
from shared.contracts.audiences import SummariseAudience
from shared.contracts.invitations import GetMailingForm, MailingForm
from shared.contracts.notifications import (
    CancelMailing,
    ChangeMailing,
    DraftMailing,
    EndState,
    GetMailing,
    ListLedger,
    ListMailings,
    Mailing,
    PauseMailing,
    PreviewMailing,
    ResumeMailing,
    ScheduleMailing,
    SendTest,
)

router = APIRouter(prefix="/mailings", include_in_schema=False)
STEPS = {"pause": PauseMailing, "resume": ResumeMailing, "cancel": CancelMailing}
# The message brings its own styles; it is shown apart, without scripts, forms or anything from elsewhere.
MESSAGE_HEADERS = {
    "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'",
    "X-Frame-Options": "SAMEORIGIN",
}


@router.get("", dependencies=[staff("mailings:read")])
async def list_mailings(request: Request) -> Response:
    cursor = request.query_params.get("cursor") or None
    page = await backend(request).call(ListMailings(cursor=cursor))
    next_url = with_query("/mailings", request.query_params, [("cursor", page.next_cursor or "")])
    return render(request, "mailings.html", page=page, next_url=next_url)


@router.get("/new", dependencies=[staff("mailings:write")])
async def new_mailing(request: Request) -> Response:
    """An empty form, or one that begins with the newest version of a template, or as an invitation to a survey."""
    form, wanted = Form({"purpose": "newsletter"}), request.query_params
    choices = await _choices(request, form, mailing_form.asked(wanted))
    mailing_form.begin(form, wanted, choices)
    return _show(request, form, choices)


@router.post("/new", dependencies=[staff("mailings:write")])
async def create_mailing(request: Request) -> Response:
    form = mailing_form.typed(await request.form())
    choices = await _choices(request, form, GetMailingForm(survey_id=form.values["survey_id"]))
    draft = mailing_form.read(form, choices)
    if draft is not None:
        question = DraftMailing(request_id=form.request_id, draft=draft, by=caller(request).name)
        mailing = await form.attempt(backend(request).call(question))
        if mailing is not None:
            return RedirectResponse(f"/mailings/{mailing.mailing_id}?done=saved", 303)
    return _show(request, form, choices)


@router.get("/{mailing_id}", dependencies=[staff("mailings:read")])
async def show_mailing(request: Request, mailing_id: str) -> Response:
    """The page, or the part that tells how far it is."""
    progress = await backend(request).call(GetMailing(mailing_id=mailing_id))
    page = "mailing_progress.html" if is_partial(request) else "mailing.html"
    done, rate = request.query_params.get("done", ""), await _rate(request, progress.mailing)
    return render(request, page, progress=progress, done=done, rate=rate)


@router.get("/{mailing_id}/edit", dependencies=[staff("mailings:write")])
async def edit_mailing(request: Request, mailing_id: str) -> Response:
    choices = await backend(request).call(GetMailingForm(mailing_id=mailing_id))
    form = mailing_form.of_mailing(choices)
    mailing_form.look(form, choices)
    return _show(request, form, choices, mailing_id)


@router.post("/{mailing_id}/edit", dependencies=[staff("mailings:write")])
async def change_mailing(request: Request, mailing_id: str) -> Response:
    form = mailing_form.typed(await request.form())
    choices = await _choices(request, form, GetMailingForm(survey_id=form.values["survey_id"]))
    draft = mailing_form.read(form, choices)
    if draft is not None:
        question = ChangeMailing(
            mailing_id=mailing_id, version=form.values["version"], draft=draft, by=caller(request).name
        )
        if await form.attempt(backend(request).call(question)) is not None:
            return RedirectResponse(f"/mailings/{mailing_id}?done=saved", 303)
    return _show(request, form, choices, mailing_id)


@router.get("/{mailing_id}/preview", dependencies=[staff("mailings:read")])
async def preview_mailing(request: Request, mailing_id: str) -> Response:
    """What one recipient would read, as text; the laid-out message stands in a frame of its own."""
    name = request.query_params.get("name", "")[:200] or "Mary Okafor"
    preview = await backend(request).call(PreviewMailing(mailing_id=mailing_id, name=name))
    return render(request, "mailing_preview.html", preview=preview, mailing_id=mailing_id, name=name, form=Form({}))


@router.get("/{mailing_id}/message", dependencies=[staff("mailings:read")])
async def show_message(request: Request, mailing_id: str) -> Response:
    name = request.query_params.get("name", "")[:200]
    preview = await backend(request).call(PreviewMailing(mailing_id=mailing_id, name=name))
    return HTMLResponse(preview.html, headers=MESSAGE_HEADERS)


@router.post("/{mailing_id}/test", dependencies=[staff("mailings:write")])
async def send_test(request: Request, mailing_id: str) -> Response:
    sent = await request.form()
    form = Form({"address": text(sent, "address")}, request_id=text(sent, "request_id") or Form({}).request_id)
    question = {"request_id": form.request_id, "mailing_id": mailing_id, "address": form.values["address"]}
    checked = form.check(SendTest, question, {"address": "Enter the e-mail address the test goes to"})
    if checked is not None and await form.attempt(backend(request).call(checked)) is not None:
        return RedirectResponse(f"/mailings/{mailing_id}?done=tested", 303)
    preview = await backend(request).call(PreviewMailing(mailing_id=mailing_id))
    context = {"preview": preview, "mailing_id": mailing_id, "name": "Mary Okafor", "form": form}
    return render(request, "mailing_preview.html", status=form.status, **context)


@router.get("/{mailing_id}/send", dependencies=[staff("mailings:send")])
async def confirm_sending(request: Request, mailing_id: str) -> Response:
    return await _confirm(request, mailing_id, Form({"date": "", "time": ""}))


@router.post("/{mailing_id}/send", dependencies=[staff("mailings:send")])
async def schedule_mailing(request: Request, mailing_id: str) -> Response:
    sent = await request.form()
    form = Form({name: text(sent, name) for name in ("date", "time", "when")} | {"version": number(sent, "version")})
    at = _moment(form) if form.values["when"] == "later" else None
    if not form.errors:
        question = ScheduleMailing(
            mailing_id=mailing_id, version=form.values["version"], at=at, by=caller(request).name
        )
        if await form.attempt(backend(request).call(question)) is not None:
            return RedirectResponse(f"/mailings/{mailing_id}?done={'scheduled' if at else 'sending'}", 303)
    return await _confirm(request, mailing_id, form)


@router.post("/{mailing_id}/steps/{step}", dependencies=[staff("mailings:send")])
async def steer_mailing(request: Request, mailing_id: str, step: str) -> Response:
    form = Form({})
    kind = STEPS.get(step)
    if kind is not None and await form.attempt(backend(request).call(kind(mailing_id=mailing_id))) is not None:
        return RedirectResponse(f"/mailings/{mailing_id}?done={step}", 303)
    progress = await backend(request).call(GetMailing(mailing_id=mailing_id))
    return render(request, "mailing.html", status=form.status, progress=progress, form=form, done="", rate=None)


@router.get("/{mailing_id}/recipients", dependencies=[staff("mailings:read")])
async def list_recipients(request: Request, mailing_id: str) -> Response:
    asked = request.query_params.get("state", "sent")
    state: Any = asked if asked in get_args(EndState) else "sent"
    cursor = request.query_params.get("cursor") or None
    page = await backend(request).call(ListLedger(mailing_id=mailing_id, state=state, cursor=cursor))
    path = f"/mailings/{mailing_id}/recipients"
    next_url = with_query(path, request.query_params, [("cursor", page.next_cursor or "")])
    context = {"page": page, "state": state, "mailing_id": mailing_id, "next_url": next_url}
    return render(request, "mailing_recipients.html", **context)


async def _confirm(request: Request, mailing_id: str, form: Form) -> Response:
    """The page to decide on; after a step that failed it says why, and does not count again."""
    mailing: Mailing = (await backend(request).call(GetMailing(mailing_id=mailing_id))).mailing
    summary = None
    if not form.fault:
        summary = await form.attempt(backend(request).call(SummariseAudience(mailing_id=mailing_id)))
    return render(request, "mailing_send.html", status=form.status, mailing=mailing, summary=summary, form=form)


async def _choices(request: Request, form: Form, question: GetMailingForm) -> MailingForm:
    """What a mailing can go to and invite to; while that cannot be said nothing, and the form says so."""
    choices = await form.attempt(backend(request).call(question)) or mailing_form.NOTHING
    mailing_form.look(form, choices)
    return choices


async def _rate(request: Request, mailing: Mailing) -> RateRow | None:
    """How many of those who were sent an invitation have answered; None of anything else, and while nobody can say."""
    survey_id = mailing.draft.survey_id if mailing.frozen_at else ""
    found = (await rates_of(request, [survey_id] if survey_id else []) or {}).get(survey_id)
    ours = f"/mailings/{mailing.mailing_id}"
    return next((each for each in found.mailings if each.href == ours), None) if found else None


def _show(request: Request, form: Form, choices: MailingForm, mailing_id: str = "") -> Response:
    context = {"form": form, "mailing_id": mailing_id} | mailing_form.shown(form, choices)
    return render(request, "mailing_edit.html", status=form.status, **context)


def _moment(form: Form) -> datetime | None:
    """The day and time as typed, in UK time."""
    try:
        moment = datetime.fromisoformat(f"{form.values['date']}T{form.values['time'] or '09:00'}")
    except ValueError:
        form.errors["date"], form.status = "Enter a day and a time, such as 3 June 2027 and 9:00", 422
        return None
    return moment.replace(tzinfo=LONDON)
