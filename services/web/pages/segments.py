"""Segments: the list, one with its members, saving and editing one with a count of whom it finds."""

import asyncio

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from services.web.access import caller, staff
from services.web.backend import backend
from services.web.pages import segment_form
from services.web.pages.forms import Form, text
from services.web.pages.search import is_partial
from services.web.pages.segment_form import TITLES
from services.web.rendering import render
from shared.contracts.segments import (
    ChangeSegment,
    CreateSegment,
    DeleteSegment,
    GetSegment,
    ListSegmentMembers,
    ListSegments,
    Preview,
    PreviewSegment,
    RestoreSegment,
    Segment,
)

PAGE = 50
MAX_NAME = 100
router = APIRouter(prefix="/segments", include_in_schema=False)


@router.get("", dependencies=[staff("segments:read")])
async def list_segments(request: Request) -> Response:
    found = await backend(request).call(ListSegments())
    return render(request, "segments.html", segments=found.segments, undo=request.query_params.get("deleted", ""))


@router.get("/new", dependencies=[staff("segments:write")])
async def new_segment(request: Request) -> Response:
    return await _show(request, segment_form.blank())


@router.post("/new", dependencies=[staff("segments:write")])
async def create_segment(request: Request) -> Response:
    return await _save(request, "")


@router.post("/preview", dependencies=[staff("segments:write")])
async def preview_segment(request: Request) -> Response:
    """The count beside the form, while one fills it in."""
    form = segment_form.typed(await request.form())
    return render(request, "segment_preview.html", form=form, preview=await _preview(request, form))


@router.get("/{segment_id}", dependencies=[staff("segments:read")])
async def segment_page(request: Request, segment_id: str) -> Response:
    after, behind = request.query_params.get("after") or None, backend(request)
    segment, members = await asyncio.gather(
        behind.call(GetSegment(segment_id=segment_id)),
        behind.call(ListSegmentMembers(segment_id=segment_id, after=after, limit=PAGE)),
    )
    template = "segment_members.html" if is_partial(request) else "segment.html"
    done = request.query_params.get("done", "")
    return render(request, template, segment=segment, members=members, after=after, done=done)


@router.get("/{segment_id}/edit", dependencies=[staff("segments:write")])
async def show_segment(request: Request, segment_id: str) -> Response:
    segment = await backend(request).call(GetSegment(segment_id=segment_id))
    return await _show(request, segment_form.of_segment(segment), segment_id)


@router.post("/{segment_id}/edit", dependencies=[staff("segments:write")])
async def change_segment(request: Request, segment_id: str) -> Response:
    return await _save(request, segment_id)


@router.post("/{segment_id}/delete", dependencies=[staff("segments:write")])
async def delete_segment(request: Request, segment_id: str) -> Response:
    await backend(request).call(DeleteSegment(segment_id=segment_id, by=caller(request).name))
    return RedirectResponse(f"/segments?deleted={segment_id}", 303)


@router.post("/{segment_id}/restore", dependencies=[staff("segments:write")])
async def restore_segment(request: Request, segment_id: str) -> Response:
    return _to_page(
        await backend(request).call(RestoreSegment(segment_id=segment_id, by=caller(request).name)), "restored"
    )


async def _save(request: Request, segment_id: str) -> Response:
    sent = await request.form()
    form = segment_form.typed(sent)
    if segment_form.rearrange(form, text(sent, "action"), text(sent, "new_field")):
        return await _show(request, form, segment_id)
    saved = await _saved(request, form, segment_id)
    if saved is None:
        return await _show(request, form, segment_id)
    return _to_page(saved, "changed" if segment_id else "created")


async def _saved(request: Request, form: Form, segment_id: str) -> Segment | None:
    rule, name = segment_form.read(form), form.values["name"]
    if not 0 < len(name) <= MAX_NAME:
        form.errors["name"], form.status = f"Enter a name of up to {MAX_NAME} characters", 422
    if rule is None or form.errors:
        return None
    if not segment_id:
        asked = CreateSegment(request_id=form.request_id, name=name, rule=rule, by=caller(request).name)
        return await form.attempt(backend(request).call(asked))
    change = ChangeSegment(
        segment_id=segment_id, version=form.values["version"], name=name, rule=rule, by=caller(request).name
    )
    return await form.attempt(backend(request).call(change))


async def _show(request: Request, form: Form, segment_id: str = "") -> Response:
    reference = await form.attempt(backend(request).reference())
    return render(
        request,
        "segment_edit.html",
        status=form.status,
        form=form,
        segment_id=segment_id,
        titles=TITLES,
        places=segment_form.places(reference),
        preview=await _preview(request, form),
    )


async def _preview(request: Request, form: Form) -> Preview | None:
    """Whom the conditions find; nothing while they are not complete. What is wrong with them is said on saving."""
    unsaid = Form(dict(form.values))
    rule = segment_form.read(unsaid)
    return await unsaid.attempt(backend(request).call(PreviewSegment(rule=rule))) if rule else None


def _to_page(segment: Segment, done: str) -> Response:
    return RedirectResponse(f"/segments/{segment.segment_id}?done={done}", 303)
