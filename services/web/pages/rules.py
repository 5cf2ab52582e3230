"""Rules by which messages are sent by themselves: saved, looked at, switched on and off, and why each message went."""

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from services.web.access import caller, staff
from services.web.addresses import with_query
from services.web.backend import backend
from services.web.pages.forms import Form, number, text
from services.web.rendering import render
from shared.contracts.rules import (
    ChangeRule,
    CreateRule,
    GetRule,
    ListRuleLog,
    ListRules,
    PreviewRule,
    RuleSettings,
    SwitchRule,
)
from shared.contracts.segments import ListSegments
from shared.contracts.templates import ListTemplates

router = APIRouter(prefix="/rules", include_in_schema=False)
FIELDS = ("name", "occasion", "template_id", "purpose", "segment_id", "per_hour")
CHOICES = ("repeats", "takes_imports")
SENTENCES = {
    "name": "Enter a name of up to 100 characters for the rule",
    "occasion": "Choose when it sends",
    "template_id": "Choose the template it sends",
    "purpose": "Choose what its messages are for",
    "per_hour": "Enter how many messages may go in an hour, from 1 to 5,000",
    "": "Choose the segment that contacts come into",
}


@router.get("", dependencies=[staff("mailings:read")])
async def list_rules(request: Request) -> Response:
    found = await backend(request).call(ListRules())
    return render(request, "rules.html", rules=found.items)


@router.get("/new", dependencies=[staff("mailings:write")])
async def new_rule(request: Request) -> Response:
    return await _show(request, Form({"occasion": "contact_registered", "purpose": "membership", "per_hour": 100}))


@router.post("/new", dependencies=[staff("mailings:write")])
async def create_rule(request: Request) -> Response:
    form = _typed(await request.form())
    settings = await _settings(request, form)
    if settings is not None:
        question = CreateRule(request_id=form.request_id, settings=settings, by=caller(request).name)
        made = await form.attempt(backend(request).call(question))
        if made is not None:
            return RedirectResponse(f"/rules/{made.rule_id}?done=saved", 303)
    return await _show(request, form)


@router.get("/{rule_id}", dependencies=[staff("mailings:read")])
async def show_rule(request: Request, rule_id: str) -> Response:
    return await _show_rule(request, rule_id, Form({}))


@router.get("/{rule_id}/edit", dependencies=[staff("mailings:write")])
async def edit_rule(request: Request, rule_id: str) -> Response:
    rule = (await backend(request).call(GetRule(rule_id=rule_id))).rule
    return await _show(request, Form(rule.settings.model_dump() | {"version": rule.version}), rule_id)


@router.post("/{rule_id}/edit", dependencies=[staff("mailings:write")])
async def change_rule(request: Request, rule_id: str) -> Response:
    form = _typed(await request.form())
    settings = await _settings(request, form)
    if settings is not None:
        version, by = form.values["version"], caller(request).name
        question = ChangeRule(rule_id=rule_id, version=version, settings=settings, by=by)
        if await form.attempt(backend(request).call(question)) is not None:
            return RedirectResponse(f"/rules/{rule_id}?done=saved", 303)
    return await _show(request, form, rule_id)


@router.post("/{rule_id}/switch", dependencies=[staff("mailings:send")])
async def switch_rule(request: Request, rule_id: str) -> Response:
    sent, form = await request.form(), Form({})
    on, version = text(sent, "on") == "yes", number(sent, "version")
    question = SwitchRule(rule_id=rule_id, version=version, on=on, by=caller(request).name)
    if await form.attempt(backend(request).call(question)) is not None:
        return RedirectResponse(f"/rules/{rule_id}?done={'on' if on else 'off'}", 303)
    return await _show_rule(request, rule_id, form)


@router.get("/{rule_id}/log", dependencies=[staff("mailings:read")])
async def show_log(request: Request, rule_id: str) -> Response:
    """Why each message went or did not go."""
    behind, cursor = backend(request), request.query_params.get("cursor") or None
    progress, page = await asyncio.gather(
        behind.call(GetRule(rule_id=rule_id)), behind.call(ListRuleLog(rule_id=rule_id, cursor=cursor))
    )
    next_url = with_query(f"/rules/{rule_id}/log", request.query_params, [("cursor", page.next_cursor or "")])
    return render(request, "rule_log.html", rule=progress.rule, page=page, next_url=next_url)


async def _show_rule(request: Request, rule_id: str, form: Form) -> Response:
    """With whom it would have reached; that is left out while contacts or the history do not answer."""
    behind, looking = backend(request), Form({})
    progress, preview = await asyncio.gather(
        behind.call(GetRule(rule_id=rule_id)), looking.attempt(behind.call(PreviewRule(rule_id=rule_id)))
    )
    done = request.query_params.get("done", "")
    context = {"progress": progress, "preview": preview, "why_not": looking.fault, "form": form, "done": done}
    return render(request, "rule.html", status=form.status, **context)


async def _show(request: Request, form: Form, rule_id: str = "") -> Response:
    """The form; while a service is away it comes back with what was typed, without what that service knows."""
    behind = backend(request)
    templates = await form.attempt(behind.call(ListTemplates()))
    segments = await form.attempt(behind.call(ListSegments()))
    return render(
        request,
        "rule_edit.html",
        status=form.status,
        form=form,
        rule_id=rule_id,
        templates=templates.items if templates else (),
        segments=segments.segments if segments else (),
    )


async def _settings(request: Request, form: Form) -> RuleSettings | None:
    """What was typed, with the name that its segment has now."""
    values = {name: form.values[name] for name in (*FIELDS, *CHOICES)}
    if values["segment_id"]:
        segments = await form.attempt(backend(request).call(ListSegments()))
        if segments is None:
            return None
        names = {each.segment_id: each.name for each in segments.segments}
        if values["segment_id"] not in names:
            form.errors["segment_id"], form.status = "Choose a segment that is still there", 422
            return None
        values["segment_name"] = names[values["segment_id"]]
    settings: RuleSettings | None = form.check(RuleSettings, values, SENTENCES)
    if "" in form.errors:
        form.errors["segment_id"] = form.errors.pop("")
    return settings


def _typed(sent: Any) -> Form:
    ticked = {name: text(sent, name) == "yes" for name in CHOICES}
    form = Form({name: text(sent, name) for name in FIELDS} | ticked | {"version": number(sent, "version")})
    form.request_id = text(sent, "request_id") or form.request_id
    return form
