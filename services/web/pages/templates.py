"""Templates of messages: written, looked at, saved as one version after another, and taken back to an older one."""

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.web.access import caller, staff
from services.web.backend import backend
from services.web.pages.forms import Form, as_sent, number, text
from services.web.pages.mailings import MESSAGE_HEADERS
from services.web.rendering import render
from shared.contracts.templates import (
    CreateTemplate,
    GetTemplate,
    ListTemplates,
    ListTemplateVersions,
    PreviewTemplate,
    PutAwayTemplate,
    RestoreTemplate,
    SaveTemplate,
    TakeOutTemplate,
    TemplateText,
)

router = APIRouter(prefix="/templates", include_in_schema=False)
FIELDS = ("name", "subject", "body")
SENTENCES = {
    "name": "Enter a name of up to 100 characters for the template",
    "subject": "Enter a subject of up to 200 characters",
    "body": "Enter the text of the message, up to 30,000 characters",
}


@router.get("", dependencies=[staff("mailings:read")])
async def list_templates(request: Request) -> Response:
    """Those that can be used, or those that are put away."""
    put_away, undo = request.query_params.get("show", "") == "put-away", request.query_params.get("undo", "")
    found = await backend(request).call(ListTemplates(put_away=put_away))
    return render(request, "templates.html", templates=found.items, put_away=put_away, undo=undo)


@router.get("/new", dependencies=[staff("mailings:write")])
async def new_template(request: Request) -> Response:
    return render(request, "template_edit.html", form=Form({}), template_id="")


@router.post("/new", dependencies=[staff("mailings:write")])
async def create_template(request: Request) -> Response:
    form = _typed(await request.form())
    said: TemplateText | None = form.check(TemplateText, {name: form.values[name] for name in FIELDS}, SENTENCES)
    if said is not None:
        question = CreateTemplate(request_id=form.request_id, text=said, by=caller(request).name)
        made = await form.attempt(backend(request).call(question))
        if made is not None:
            return RedirectResponse(f"/templates/{made.template_id}?done=saved", 303)
    return render(request, "template_edit.html", status=form.status, form=form, template_id="")


@router.get("/{template_id}", dependencies=[staff("mailings:read")])
async def show_template(request: Request, template_id: str) -> Response:
    """The newest version, or the one that is asked for, as a recipient would read it."""
    version, name, behind = _version(request), request.query_params.get("name", "")[:200], backend(request)
    shown = name or "Mary Okafor"
    template, preview = await asyncio.gather(
        behind.call(GetTemplate(template_id=template_id, version=version)),
        behind.call(PreviewTemplate(template_id=template_id, version=version, name=shown)),
    )
    done = request.query_params.get("done", "")
    return render(request, "template.html", saved=template, preview=preview, name=shown, done=done, form=Form({}))


@router.get("/{template_id}/message", dependencies=[staff("mailings:read")])
async def show_message(request: Request, template_id: str) -> Response:
    name = request.query_params.get("name", "")[:200]
    question = PreviewTemplate(template_id=template_id, version=_version(request), name=name)
    return HTMLResponse((await backend(request).call(question)).html, headers=MESSAGE_HEADERS)


@router.get("/{template_id}/edit", dependencies=[staff("mailings:write")])
async def edit_template(request: Request, template_id: str) -> Response:
    template = await backend(request).call(GetTemplate(template_id=template_id))
    if template.put_away is not None:
        return RedirectResponse(f"/templates/{template_id}", 303)
    form = Form(template.text.model_dump() | {"version": template.version})
    return render(request, "template_edit.html", form=form, template_id=template_id)


@router.post("/{template_id}/edit", dependencies=[staff("mailings:write")])
async def save_template(request: Request, template_id: str) -> Response:
    form = _typed(await request.form())
    said: TemplateText | None = form.check(TemplateText, {name: form.values[name] for name in FIELDS}, SENTENCES)
    if said is not None:
        version, by = form.values["version"], caller(request).name
        question = SaveTemplate(template_id=template_id, version=version, text=said, by=by)
        if await form.attempt(backend(request).call(question)) is not None:
            return RedirectResponse(f"/templates/{template_id}?done=saved", 303)
    return render(request, "template_edit.html", status=form.status, form=form, template_id=template_id)


@router.post("/{template_id}/put-away", dependencies=[staff("mailings:write")])
async def put_away_template(request: Request, template_id: str) -> Response:
    form, behind = Form({}), backend(request)
    question = PutAwayTemplate(template_id=template_id, by=caller(request).name)
    if await form.attempt(behind.call(question)) is not None:
        return RedirectResponse(f"/templates?undo={template_id}", 303)
    template = await behind.call(GetTemplate(template_id=template_id))
    context = {"saved": template, "preview": None, "name": "", "done": "", "form": form}
    return render(request, "template.html", status=form.status, **context)


@router.post("/{template_id}/take-out", dependencies=[staff("mailings:write")])
async def take_out_template(request: Request, template_id: str) -> Response:
    await backend(request).call(TakeOutTemplate(template_id=template_id, by=caller(request).name))
    return RedirectResponse(f"/templates/{template_id}?done=out", 303)


@router.get("/{template_id}/versions", dependencies=[staff("mailings:read")])
async def list_versions(request: Request, template_id: str) -> Response:
    return await _versions(request, template_id, Form({}))


@router.post("/{template_id}/restore", dependencies=[staff("mailings:write")])
async def restore_template(request: Request, template_id: str) -> Response:
    form, version = Form({}), number(await request.form(), "version")
    question = RestoreTemplate(template_id=template_id, version=version, by=caller(request).name)
    if await form.attempt(backend(request).call(question)) is not None:
        return RedirectResponse(f"/templates/{template_id}?done=restored", 303)
    return await _versions(request, template_id, form)


async def _versions(request: Request, template_id: str, form: Form) -> Response:
    found = await backend(request).call(ListTemplateVersions(template_id=template_id))
    return render(request, "template_versions.html", status=form.status, versions=found.items, form=form)


def _version(request: Request) -> int | None:
    asked = request.query_params.get("version", "")
    return int(asked) if asked.isdecimal() and len(asked) < 10 else None


def _typed(sent: Any) -> Form:
    return as_sent(sent, {name: text(sent, name) for name in FIELDS} | {"version": number(sent, "version")})
