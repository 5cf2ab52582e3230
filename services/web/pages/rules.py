"""Rules by which messages are sent by themselves: saved, looked at, switched on and off, and why each message went."""

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from services.web.access import caller, staff
from services.web.addresses import with_query
from services.web.backend import backend
from services.web.pages.forms import Form, as_sent, lines, number, text
from services.web.rendering import render
from shared.contracts.rules import (
    ChangeRule,
    CreateRule,
    GetRule,
    GetRuleForm,
    ListRuleLog,
    ListRules,
    PreviewRule,
    PutAwayRule,
    RuleForm,
    RuleSettings,
    SwitchRule,
    TakeOutRule,
)

router = APIRouter(prefix="/rules", include_in_schema=False)
FIELDS = ("name", "occasion", "template_id", "purpose", "segment_id", "per_hour")
CHOICES = ("repeats", "takes_imports")
SENTENCES = {
    "name": "Enter a name of up to 100 characters for the rule",
    "occasion": "Choose when it sends",
    "template_id": "Choose the template it sends",
    "purpose": "Choose what its messages are for",
    "per_hour": "Enter how many messages may go in an hour, from 1 to 5,000",
    "segment_id": "Choose the segment that contacts come into, or that is told",
    "owners": "Enter the e-mail address of at least one owner, each on a line of its own",
}


@router.get("", dependencies=[staff("mailings:read")])
async def list_rules(request: Request) -> Response:
    """Those that can be used, or those that are put away."""
    put_away, undo = request.query_params.get("show", "") == "put-away", request.query_params.get("undo", "")
    found = await backend(request).call(ListRules(put_away=put_away))
    return render(request, "rules.html", rules=found.items, put_away=put_away, undo=undo)


@router.get("/new", dependencies=[staff("mailings:write")])
async def new_rule(request: Request) -> Response:
    return await _show(request, Form({"occasion": "contact_registered", "purpose": "membership", "per_hour": 100}))


@router.post("/new", dependencies=[staff("mailings:write")])
async def create_rule(request: Request) -> Response:
    form = _typed(await request.form())
    settings = _settings(form)
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
    choices = await backend(request).call(GetRuleForm(rule_id=rule_id))
    assert choices.rule is not None
    if choices.rule.put_away is not None:
        return RedirectResponse(f"/rules/{rule_id}", 303)
    settings = choices.rule.settings
    typed = settings.model_dump() | {"owners": "\n".join(settings.owners), "version": choices.rule.version}
    return await _show(request, Form(typed), rule_id, choices)


@router.post("/{rule_id}/edit", dependencies=[staff("mailings:write")])
async def change_rule(request: Request, rule_id: str) -> Response:
    form = _typed(await request.form())
    settings = _settings(form)
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


@router.post("/{rule_id}/put-away", dependencies=[staff("mailings:write")])
async def put_away_rule(request: Request, rule_id: str) -> Response:
    form, version = Form({}), number(await request.form(), "version")
    question = PutAwayRule(rule_id=rule_id, version=version, by=caller(request).name)
    if await form.attempt(backend(request).call(question)) is not None:
        return RedirectResponse(f"/rules?undo={rule_id}", 303)
    return await _show_rule(request, rule_id, form)


@router.post("/{rule_id}/take-out", dependencies=[staff("mailings:write")])
async def take_out_rule(request: Request, rule_id: str) -> Response:
    form, question = Form({}), TakeOutRule(rule_id=rule_id, by=caller(request).name)
    if await form.attempt(backend(request).call(question)) is not None:
        return RedirectResponse(f"/rules/{rule_id}?done=out", 303)
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
    behind, looking, preview = backend(request), Form({}, fault="Load this page again."), None
    asked = behind.call(GetRule(rule_id=rule_id))
    if form.fault:  # somebody else was faster: what counts now is how the rule stands
        progress = await asked
    else:
        progress, preview = await asyncio.gather(asked, looking.attempt(behind.call(PreviewRule(rule_id=rule_id))))
    done = request.query_params.get("done", "")
    context = {"progress": progress, "preview": preview, "why_not": looking.fault, "form": form, "done": done}
    return render(request, "rule.html", status=form.status, **context)


async def _show(request: Request, form: Form, rule_id: str = "", choices: RuleForm | None = None) -> Response:
    """The form; while notifications is away it comes back with what was typed."""
    choices = choices or await form.attempt(backend(request).call(GetRuleForm(rule_id=rule_id)))
    return render(request, "rule_edit.html", status=form.status, form=form, rule_id=rule_id, choices=choices)


def _settings(form: Form) -> RuleSettings | None:
    values = {name: form.values[name] for name in (*FIELDS, *CHOICES)} | {"owners": lines(form.values["owners"])}
    settings: RuleSettings | None = form.check(RuleSettings, values, SENTENCES)
    if "" in form.errors:  # what is missing depends on when the rule sends
        place = "owners" if values["occasion"] == "weekly_digest" else "segment_id"
        form.errors[place] = SENTENCES[place]
        del form.errors[""]
    return settings


def _typed(sent: Any) -> Form:
    ticked = {name: text(sent, name) == "yes" for name in CHOICES}
    said = {name: text(sent, name) for name in (*FIELDS, "owners")}
    return as_sent(sent, said | ticked | {"version": number(sent, "version")})
