"""The first page: the search box, what needs whoever looks today, and what is new."""

import asyncio
from datetime import UTC, datetime, timedelta

from fastapi import APIRouter, Request
from starlette.datastructures import QueryParams
from starlette.responses import Response

from services.web.access import caller, reader_of, staff
from services.web.addresses import with_query
from services.web.backend import backend
from services.web.rendering import render
from services.web.words import SAID, local, place_names
from shared.contracts.history import SearchHistory

RECENT = 10
ASKING = ("enquiry", "complaint", "question", "foi_request")
"""Kinds of entries that somebody expects an answer to."""
NEW_DAYS = 7
router = APIRouter(include_in_schema=False)


@router.get("/", dependencies=[staff("history:read")])
async def home(request: Request) -> Response:
    """Two questions of its own; what waits is counted for everybody together."""
    behind, reader, since, who = backend(request), reader_of(request), _since(), caller(request)
    own = who.signed_in.account.account_id if who.signed_in else ""
    recent, asking, (tasks, silent), reference = await asyncio.gather(
        behind.call(SearchHistory(source=SAID, sort="newest", limit=RECENT, facets=False, reader=reader)),
        behind.call(
            SearchHistory.model_validate(
                {"kind": ASKING, "from_": since, "limit": 1, "facets": False, "reader": reader}
            )
        ),
        behind.board.tasks(who.permissions, own),
        behind.reference(),
    )
    asked = with_query(
        "/search", QueryParams(), [*(("kind", each) for each in ASKING), ("from", since), ("sort", "newest")]
    )
    return render(
        request,
        "home.html",
        recent=recent,
        asking=asking.total,
        asking_url=asked,
        new_days=NEW_DAYS,
        tasks=tasks,
        silent=silent,
        place_names=place_names(reference),
    )


def _since() -> str:
    return (local(datetime.now(UTC)) - timedelta(days=NEW_DAYS)).date().isoformat()
