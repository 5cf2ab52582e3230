"""Searches under a name: kept, listed, run again, removed. They belong to an account; their address to anybody."""

from collections.abc import Sequence
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Request
from starlette.datastructures import QueryParams
from starlette.responses import RedirectResponse, Response

from services.web.access import caller, staff
from services.web.pages.forms import Form, text
from services.web.rendering import render
from services.web.saved_searches import SavedSearch, SavedSearches
from shared.errors import Unavailable

READ = "history:read"
_NOT_KEPT = ("cursor", "done")
router = APIRouter(prefix="/search/saved", include_in_schema=False)


@router.get("", dependencies=[staff(READ)])
async def list_saved(request: Request) -> Response:
    return await _show(request, Form({}))


@router.post("", dependencies=[staff(READ)])
async def save(request: Request) -> Response:
    """Back to the search; a name or a search that cannot be saved is said on the list, with what was typed."""
    sent = await request.form()
    form = Form({"name": text(sent, "name"), "query": kept(QueryParams(parse_qsl(text(sent, "query"))))})
    saved = await form.attempt(_store(request).save(_account(request), form.values["name"], form.values["query"]))
    if saved is None:
        return await _show(request, form)
    return RedirectResponse(f"/search?{saved.query}", 303)


@router.post("/{search_id}/remove", dependencies=[staff(READ)])
async def remove(request: Request, search_id: str) -> Response:
    await _store(request).remove(_account(request), search_id)
    return RedirectResponse("/search/saved?done=removed", 303)


def kept(params: QueryParams) -> str:
    """The part of an address that makes a search what it is; empty for one that asks for everything."""
    return urlencode([(name, value) for name, value in params.multi_items() if value and name not in _NOT_KEPT])


async def mine(request: Request) -> Sequence[SavedSearch]:
    """Those of whoever is signed in; none while they cannot be reached: the search itself does not need them."""
    try:
        return await _store(request).of(_account(request))
    except Unavailable:
        return ()


async def _show(request: Request, form: Form) -> Response:
    found = await _store(request).of(_account(request))
    done = request.query_params.get("done", "")
    return render(request, "saved_searches.html", status=form.status, saved=found, form=form, done=done)


def _account(request: Request) -> str:
    signed_in = caller(request).signed_in
    return signed_in.account.account_id if signed_in else ""


def _store(request: Request) -> SavedSearches:
    found: SavedSearches = request.app.state.saved_searches
    return found
