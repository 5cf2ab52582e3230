"""The first page: the search box, what is new, and what waits for somebody."""

import asyncio

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.web.access import reader_of, staff
from services.web.backend import backend
from services.web.rendering import render
from services.web.words import KINDS, place_names
from shared.contracts.events import ListQuarantine
from shared.contracts.history import GetHistoryStatus, SearchHistory

RECENT = 10
router = APIRouter(include_in_schema=False)


@router.get("/", dependencies=[staff("history:read")])
async def home(request: Request) -> Response:
    behind = backend(request)
    recent, known, quarantine, reference = await asyncio.gather(
        behind.call(
            SearchHistory(kind=tuple(KINDS), sort="newest", limit=RECENT, facets=False, reader=reader_of(request))
        ),
        behind.call(GetHistoryStatus()),
        behind.call(ListQuarantine(limit=1)),
        behind.reference(),
    )
    return render(
        request,
        "home.html",
        recent=recent,
        known=known,
        waiting=quarantine.total,
        place_names=place_names(reference),
    )
