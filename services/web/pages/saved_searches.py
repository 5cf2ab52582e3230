"""Searches under a name and recent ones: kept, listed, run again, removed. They belong to one account.

The address of a search can be given to anybody, who finds what their own role allows.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Request
from starlette.datastructures import QueryParams
from starlette.responses import RedirectResponse, Response

from services.web.access import caller, staff
from services.web.pages.forms import Form, text
from services.web.recent_searches import RecentSearch, RecentSearches
from services.web.rendering import render
from services.web.saved_searches import SavedSearch, SavedSearches
from services.web.store import Spare
from shared.errors import Unavailable

READ = "history:read"
_NOT_KEPT = ("cursor", "done")
_DONE = {
    "removed": "The search is removed. What it found is where it was.",
    "forgotten": "The search is forgotten.",
    "all": "Your recent searches are forgotten.",
}
router = APIRouter(prefix="/search", include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Line:
    """A recent search as it is listed: what was typed, and how many filters there were."""

    search_id: str
    query: str
    words: str
    filters: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Mine:
    """What stands beside the search box; `is_away`: the store does not answer."""

    saved: Sequence[SavedSearch]
    recent: Sequence[Line]
    is_away: bool = False


@router.get("/saved", dependencies=[staff(READ)])
async def list_saved(request: Request) -> Response:
    return await _show(request, Form({}))


@router.post("/saved", dependencies=[staff(READ)])
async def save(request: Request) -> Response:
    """Back to the search; a name or a search that cannot be saved is said on the list, with what was typed."""
    sent = await request.form()
    form = Form({"name": text(sent, "name"), "query": kept(QueryParams(parse_qsl(text(sent, "query"))))})
    saved = await form.attempt(_store(request).save(_account(request), form.values["name"], form.values["query"]))
    if saved is None:
        return await _show(request, form)
    return RedirectResponse(f"/search?{saved.query}", 303)


@router.post("/saved/{search_id}/remove", dependencies=[staff(READ)])
async def remove(request: Request, search_id: str) -> Response:
    await _store(request).remove(_account(request), search_id)
    return RedirectResponse("/search/saved?done=removed", 303)


@router.post("/recent/{search_id}/remove", dependencies=[staff(READ)])
async def forget(request: Request, search_id: str) -> Response:
    await _recent(request).remove(_account(request), search_id)
    return RedirectResponse("/search/saved?done=forgotten", 303)


@router.post("/recent/remove", dependencies=[staff(READ)])
async def forget_all(request: Request) -> Response:
    await _recent(request).remove(_account(request))
    return RedirectResponse("/search/saved?done=all", 303)


def kept(params: QueryParams) -> str:
    """The part of an address that makes a search what it is; empty for one that asks for everything."""
    return urlencode([(name, value) for name, value in params.multi_items() if value and name not in _NOT_KEPT])


async def mine(request: Request) -> Mine:
    """Those of whoever is signed in. The search does not need them: it hardly waits for a store that is away."""
    account_id, saved, recent = _account(request), _store(request), _recent(request)
    spare: Spare = request.app.state.spare
    try:
        found = await spare.ask(lambda: (saved.now_of(account_id), recent.now_of(account_id)), "")
    except Unavailable:
        return Mine((), (), is_away=True)
    return Mine(found[0], tuple(map(_line, found[1])))


async def note(request: Request, words: str, params: QueryParams) -> None:
    """Remember a search that somebody has sent off; whether that works matters to nobody."""
    with suppress(Unavailable):
        await _recent(request).note(_account(request), words, kept(params))


def _line(search: RecentSearch) -> Line:
    pairs = parse_qsl(search.query)
    filters = sum(name not in ("q", "sort", "source") for name, _ in pairs)  # a form always sends its sources
    return Line(search.search_id, search.query, dict(pairs).get("q", ""), filters, search.at)


async def _show(request: Request, form: Form) -> Response:
    account_id, done = _account(request), request.query_params.get("done", "")
    saved, recent = await asyncio.gather(_store(request).of(account_id), _recent(request).of(account_id))
    shown = {"saved": saved, "recent": [_line(each) for each in recent], "form": form, "done": _DONE.get(done, "")}
    return render(request, "saved_searches.html", status=form.status, **shown)


def _account(request: Request) -> str:
    signed_in = caller(request).signed_in
    return signed_in.account.account_id if signed_in else ""


def _recent(request: Request) -> RecentSearches:
    found: RecentSearches = request.app.state.recent_searches
    return found


def _store(request: Request) -> SavedSearches:
    found: SavedSearches = request.app.state.saved_searches
    return found
