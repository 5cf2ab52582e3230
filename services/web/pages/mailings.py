"""Mailings: written, looked at as a recipient, sent after a second look, and watched while they go."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, get_args

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.web.access import caller, staff
from services.web.addresses import with_query
from services.web.backend import backend
from services.web.pages.forms import Form, as_sent, number, text
from services.web.pages.search import is_partial
from services.web.rendering import render
from services.web.words import LONDON
from shared.contracts.notifications import (
    CancelMailing,
    ChangeMailing,
    DraftMailing,
    EndState,
    GetMailing,
    ListLedger,
    ListMailings,
    Mailing,
    MailingDraft,
    PauseMailing,
    PreviewMailing,
    ResumeMailing,
    ScheduleMailing,
    SendTest,
    SummariseAudience,
)
from shared.contracts.segments import ListSegments, Segment
from shared.contracts.templates import GetTemplate

router = APIRouter(prefix="/mailings", include_in_schema=False)
FIELDS = ("subject", "body", "purpose", "segment_id", "public")
SENTENCES = {
    "subject": "Enter a subject of up to 200 characters",
    "body": "Enter the text of the message, up to 100,000 characters",
    "segment_id": "Choose the segment it goes to",
    "purpose": "Choose what the mailing is for",
}
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
    """An empty form, or one that begins with the newest version of a template."""
    form = Form({"purpose": "newsletter"})
    if template_id := request.query_params.get("template", ""):
        template = await form.attempt(backend(request).call(GetTemplate(template_id=template_id)))
        if template is not None:
            said = {"subject": template.text.subject, "body": template.text.body}
            form.values |= said | {"template_id": template_id, "template_version": template.version}
    return await _show(request, form, await _segments(request, form))


@router.post("/new", dependencies=[staff("mailings:write")])
async def create_mailing(request: Request) -> Response:
    form = _typed(await request.form())
    segments = await _segments(request, form)
    draft = _draft(form, segments)
    if draft is not None:
        question = DraftMailing(request_id=form.request_id, draft=draft, by=caller(request).name)
        mailing = await form.attempt(backend(request).call(question))
        if mailing is not None:
            return RedirectResponse(f"/mailings/{mailing.mailing_id}?done=saved", 303)
    return await _show(request, form, segments)


@router.get("/{mailing_id}", dependencies=[staff("mailings:read")])
async def show_mailing(request: Request, mailing_id: str) -> Response:
    """The page, or the part that tells how far it is."""
    progress = await backend(request).call(GetMailing(mailing_id=mailing_id))
    done = request.query_params.get("done", "")
    return render(
        request, "mailing_progress.html" if is_partial(request) else "mailing.html", progress=progress, done=done
    )


@router.get("/{mailing_id}/edit", dependencies=[staff("mailings:write")])
async def edit_mailing(request: Request, mailing_id: str) -> Response:
    mailing = (await backend(request).call(GetMailing(mailing_id=mailing_id))).mailing
    form = Form(mailing.draft.model_dump() | {"version": mailing.version})
    return await _show(request, form, await _segments(request, form), mailing_id)


@router.post("/{mailing_id}/edit", dependencies=[staff("mailings:write")])
async def change_mailing(request: Request, mailing_id: str) -> Response:
    form = _typed(await request.form())
    segments = await _segments(request, form)
    draft = _draft(form, segments)
    if draft is not None:
        question = ChangeMailing(
            mailing_id=mailing_id, version=form.values["version"], draft=draft, by=caller(request).name
        )
        if await form.attempt(backend(request).call(question)) is not None:
            return RedirectResponse(f"/mailings/{mailing_id}?done=saved", 303)
    return await _show(request, form, segments, mailing_id)


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
    return render(request, "mailing.html", status=form.status, progress=progress, form=form, done="")


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


async def _segments(request: Request, form: Form) -> tuple[Segment, ...]:
    """What a mailing can go to; while contacts is away nothing, and the form says so."""
    found = await form.attempt(backend(request).call(ListSegments()))
    return found.segments if found else ()


async def _show(request: Request, form: Form, segments: Sequence[Segment], mailing_id: str = "") -> Response:
    return render(
        request,
        "mailing_edit.html",
        status=form.status,
        form=form,
        mailing_id=mailing_id,
        segments=segments,
    )


def _draft(form: Form, segments: Sequence[Segment]) -> MailingDraft | None:
    """What was typed, with the name that its segment has now."""
    if form.fault:
        return None
    values = {name: form.values[name] for name in (*FIELDS, "template_id", "template_version")}
    values["public"] = bool(values["public"])
    names = {each.segment_id: each.name for each in segments}
    if values["segment_id"] not in names:  # put away while somebody wrote
        values["segment_id"] = ""
    values["segment_name"] = names.get(values["segment_id"], "")
    draft: MailingDraft | None = form.check(MailingDraft, values, SENTENCES)
    return draft


def _typed(sent: Any) -> Form:
    numbers = {name: number(sent, name) for name in ("version", "template_version")}
    return as_sent(sent, {name: text(sent, name) for name in (*FIELDS, "template_id")} | numbers)


def _moment(form: Form) -> datetime | None:
    """The day and time as typed, in UK time."""
    try:
        moment = datetime.fromisoformat(f"{form.values['date']}T{form.values['time'] or '09:00'}")
    except ValueError:
        form.errors["date"], form.status = "Enter a day and a time, such as 3 June 2027 and 9:00", 422
        return None
    return moment.replace(tzinfo=LONDON)
