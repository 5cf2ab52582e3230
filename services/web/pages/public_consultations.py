"""Consultations for everybody: what one can have a say in, and what came of what was said. No sign-in, no cookie."""

import asyncio

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from services.web.access import anyone
from services.web.addresses import with_query
from services.web.backend import backend
from services.web.rendering import render_public
from services.web.words import place_names
from shared.contracts.contributions import GetPublicConsultation, ListPublicConsultations

router = APIRouter(prefix="/consultations", include_in_schema=False)


@router.get("", dependencies=[anyone])
async def list_public(request: Request) -> Response:
    cursor = request.query_params.get("cursor") or None
    page = await backend(request).call(ListPublicConsultations(cursor=cursor))
    next_url = with_query("/consultations", request.query_params, [("cursor", page.next_cursor or "")])
    return render_public("public_consultations.html", page=page, next_url=next_url, is_later=cursor)


@router.get("/{slug}", dependencies=[anyone])
async def show_public(request: Request, slug: str) -> Response:
    """At what it is called; its id, which stood in older links, leads there."""
    behind = backend(request)
    shown, reference = await asyncio.gather(
        behind.call(GetPublicConsultation(consultation_id=slug)), behind.reference()
    )
    if shown.slug not in ("", slug):
        return RedirectResponse(f"/consultations/{shown.slug}", 301)
    return render_public(
        "public_consultation.html",
        shown=shown,
        group_names={each.code: each.name for each in reference.groups},
        place_names=place_names(reference),
    )
