"""Newsletters that assemble themselves: their plan, what the next issue would be, and what came of the last."""

import re
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.web.access import caller, staff
from services.web.backend import backend
from services.web.pages.forms import Form, as_sent, number, text
from services.web.pages.mailings import MESSAGE_HEADERS
from services.web.rendering import render
from shared.contracts.newsletters import (
    ChangeNewsletter,
    CreateNewsletter,
    ListNewsletters,
    NewsletterPlan,
    PreviewIssue,
)
from shared.contracts.segments import GetSegment, ListSegments
from shared.errors import NotFound

router = APIRouter(prefix="/newsletters", include_in_schema=False)
TEXTS = ("name", "subject", "body", "purpose", "segment_id", "every", "weekday", "day", "time")
SWITCHES = ("approval", "active", "public")
SENTENCES = {
    "name": "Enter a name of up to 200 characters",
    "subject": "Enter a subject of up to 200 characters",
    "body": "Enter the text around the items, up to 20,000 characters",
    "purpose": "Choose what it is for",
    "segment_id": "Choose the segment it goes to",
    "rhythm": "Choose a day and enter a time, such as 9:00",
}
BLANK = {
    "purpose": "newsletter",
    "subject": "News of {issue_date}",
    "body": "Dear {name|reader},\n\nthis is what is new.\n\n{items}\n",
    "every": "week",
    "weekday": "4",
    "day": "1",
    "time": "09:00",
    "approval": "yes",
    "active": "yes",
}
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


@router.get("", dependencies=[staff("mailings:read")])
async def list_newsletters(request: Request) -> Response:
    found = await backend(request).call(ListNewsletters())
    return render(request, "newsletters.html", newsletters=found.newsletters)


@router.get("/new", dependencies=[staff("mailings:send")])
async def new_newsletter(request: Request) -> Response:
    return await _form(request, Form(dict(BLANK)))


@router.post("/new", dependencies=[staff("mailings:send")])
async def create_newsletter(request: Request) -> Response:
    form = _typed(await request.form())
    plan = await _plan(request, form)
    if plan is not None:
        question = CreateNewsletter(request_id=form.request_id, plan=plan, by=caller(request).name)
        made = await form.attempt(backend(request).call(question))
        if made is not None:
            return RedirectResponse(f"/newsletters/{made.newsletter_id}?done=saved", 303)
    return await _form(request, form)


@router.get("/{newsletter_id}", dependencies=[staff("mailings:read")])
async def show_newsletter(request: Request, newsletter_id: str) -> Response:
    name = request.query_params.get("name", "")[:200] or "Mary Okafor"
    following = await backend(request).call(PreviewIssue(newsletter_id=newsletter_id, name=name))
    done = request.query_params.get("done", "")
    return render(request, "newsletter.html", following=following, name=name, done=done)


@router.get("/{newsletter_id}/message", dependencies=[staff("mailings:read")])
async def show_next_issue(request: Request, newsletter_id: str) -> Response:
    name = request.query_params.get("name", "")[:200]
    following = await backend(request).call(PreviewIssue(newsletter_id=newsletter_id, name=name))
    if following.preview is None:
        raise NotFound("Nothing has been published since the last issue.")
    return HTMLResponse(following.preview.html, headers=MESSAGE_HEADERS)


@router.get("/{newsletter_id}/edit", dependencies=[staff("mailings:send")])
async def edit_newsletter(request: Request, newsletter_id: str) -> Response:
    newsletter = (await backend(request).call(PreviewIssue(newsletter_id=newsletter_id))).newsletter
    plan, rhythm = newsletter.plan, newsletter.plan.rhythm
    values = plan.model_dump(exclude={"rhythm"}) | {"version": newsletter.version, "every": rhythm.every}
    values |= {"weekday": str(rhythm.weekday), "day": str(rhythm.day), "time": f"{rhythm.hour:02}:{rhythm.minute:02}"}
    return await _form(request, Form(values), newsletter_id)


@router.post("/{newsletter_id}/edit", dependencies=[staff("mailings:send")])
async def change_newsletter(request: Request, newsletter_id: str) -> Response:
    form = _typed(await request.form())
    plan = await _plan(request, form)
    if plan is not None:
        version, by = form.values["version"], caller(request).name
        question = ChangeNewsletter(newsletter_id=newsletter_id, version=version, plan=plan, by=by)
        if await form.attempt(backend(request).call(question)) is not None:
            return RedirectResponse(f"/newsletters/{newsletter_id}?done=saved", 303)
    return await _form(request, form, newsletter_id)


async def _form(request: Request, form: Form, newsletter_id: str = "") -> Response:
    """The form; while contacts is away it comes back with what was typed, and without the segments."""
    segments = await form.attempt(backend(request).call(ListSegments()))
    found = segments.segments if segments else ()
    context = {"form": form, "newsletter_id": newsletter_id, "segments": found}
    return render(request, "newsletter_edit.html", status=form.status, **context)


async def _plan(request: Request, form: Form) -> NewsletterPlan | None:
    """What was typed, with the name that its segment has now."""
    typed, name = form.values, ""
    if typed["segment_id"]:
        segment = await form.attempt(backend(request).call(GetSegment(segment_id=typed["segment_id"])))
        if segment is None:
            return None
        name = segment.name
    at = _TIME.fullmatch(typed["time"])
    rhythm = {"every": typed["every"], "weekday": typed["weekday"] or 0, "day": typed["day"] or 1}
    rhythm |= {"hour": at[1], "minute": at[2]} if at else {"hour": "?"}
    values = {each: typed[each] for each in ("name", "subject", "body", "purpose", "segment_id")}
    values |= {each: bool(typed[each]) for each in SWITCHES} | {"segment_name": name, "rhythm": rhythm}
    plan: NewsletterPlan | None = form.check(NewsletterPlan, values, SENTENCES)
    return plan


def _typed(sent: Any) -> Form:
    values = {name: text(sent, name) for name in (*TEXTS, *SWITCHES)} | {"version": number(sent, "version")}
    return as_sent(sent, values)
