"""Photographs of an engagement: shown to whoever may read it, added and removed by staff."""

from base64 import b64decode

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from services.web.access import caller, reader_of, staff
from services.web.backend import backend
from services.web.pages.engagement_view import show_engagement
from services.web.pages.forms import Form
from services.web.photographs import FIELD, photographs_in
from shared.contracts.photographs import AddPhotograph, GetPhotograph, RemovePhotograph
from shared.errors import Invalid

CONTENT_TYPE = "image/jpeg"
NONE_CHOSEN = "Choose at least one photograph"
router = APIRouter(prefix="/engagements/{engagement_id}/photographs", include_in_schema=False)


@router.get("/{photograph_id}", dependencies=[staff("history:read")])
async def show_photograph(request: Request, engagement_id: str, photograph_id: str) -> Response:
    """The type is ours whatever was uploaded; like every page it says that browsers believe it and nobody keeps it."""
    asked = GetPhotograph(
        engagement_id=engagement_id, photograph_id=photograph_id, sensitive=reader_of(request).sensitive
    )
    found = await backend(request).call(asked)
    headers = {"Content-Disposition": 'inline; filename="photograph.jpg"'}
    return Response(b64decode(found.content), media_type=CONTENT_TYPE, headers=headers)


@router.post("", dependencies=[staff("engagements:write")])
async def add_photographs(request: Request, engagement_id: str) -> Response:
    """One message for each: sent again, those that had arrived are the same."""
    form, sensitive, by = Form({}), reader_of(request).sensitive, caller(request).name
    try:
        contents = await photographs_in(await request.form())
        if not contents:
            raise Invalid(NONE_CHOSEN)
    except Invalid as error:
        form.errors[FIELD], form.status = error.detail, error.status
        return await show_engagement(request, engagement_id, form)
    about = {"engagement_id": engagement_id, "sensitive": sensitive, "by": by}
    for content in contents:
        asked = AddPhotograph.model_validate(about | {"content": content})
        if await form.attempt(backend(request).call(asked)) is None:
            return await show_engagement(request, engagement_id, form)
    return RedirectResponse(f"/engagements/{engagement_id}?done=photographs#photographs-heading", 303)


@router.post("/{photograph_id}/remove", dependencies=[staff("engagements:write")])
async def remove_photograph(request: Request, engagement_id: str, photograph_id: str) -> Response:
    sensitive = reader_of(request).sensitive
    asked = RemovePhotograph(engagement_id=engagement_id, photograph_id=photograph_id, sensitive=sensitive)
    await backend(request).call(asked)
    return RedirectResponse(f"/engagements/{engagement_id}?done=removed", 303)
