"""Items of news: written, published into the next newsletters, withdrawn."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from services.web.access import caller, staff
from services.web.addresses import with_query
from services.web.backend import backend
from services.web.pages.forms import Form, as_sent, number, text
from services.web.rendering import render
from shared.contracts.newsletters import (
    ChangeItem,
    GetItem,
    ItemDraft,
    ListItems,
    PublishItem,
    WithdrawItem,
    WriteItem,
)

router = APIRouter(prefix="/news", include_in_schema=False)
FIELDS = ("title", "summary", "link", "topics")
SENTENCES = {
    "title": "Enter a title of up to 200 characters",
    "summary": "Enter what is new, up to 5,000 characters",
    "link": "Enter a whole address that begins with https://, or leave it empty",
    "topics": "Enter up to 20 topics with commas between them, each of up to 60 characters",
}
STEPS = {"publish": PublishItem, "withdraw": WithdrawItem}


@router.get("", dependencies=[staff("mailings:read")])
async def list_items(request: Request) -> Response:
    page = await backend(request).call(ListItems(cursor=request.query_params.get("cursor") or None))
    next_url = with_query("/news", request.query_params, [("cursor", page.next_cursor or "")])
    return render(request, "news.html", page=page, next_url=next_url)


@router.get("/new", dependencies=[staff("mailings:write")])
async def new_item(request: Request) -> Response:
    return render(request, "news_edit.html", form=Form({}), item_id="")


@router.post("/new", dependencies=[staff("mailings:write")])
async def write_item(request: Request) -> Response:
    form = _typed(await request.form())
    draft = _draft(form)
    if draft is not None:
        question = WriteItem(request_id=form.request_id, draft=draft, by=caller(request).name)
        item = await form.attempt(backend(request).call(question))
        if item is not None:
            return RedirectResponse(f"/news/{item.item_id}?done=saved", 303)
    return render(request, "news_edit.html", status=form.status, form=form, item_id="")


@router.get("/{item_id}", dependencies=[staff("mailings:read")])
async def show_item(request: Request, item_id: str) -> Response:
    return await _show(request, item_id, Form({}))


@router.get("/{item_id}/edit", dependencies=[staff("mailings:write")])
async def edit_item(request: Request, item_id: str) -> Response:
    item = await backend(request).call(GetItem(item_id=item_id))
    values = item.draft.model_dump() | {"topics": ", ".join(item.draft.topics), "version": item.version}
    return render(request, "news_edit.html", form=Form(values), item_id=item_id)


@router.post("/{item_id}/edit", dependencies=[staff("mailings:write")])
async def change_item(request: Request, item_id: str) -> Response:
    form = _typed(await request.form())
    draft = _draft(form)
    if draft is not None:
        version, by = form.values["version"], caller(request).name
        question = ChangeItem(item_id=item_id, version=version, draft=draft, by=by)
        if await form.attempt(backend(request).call(question)) is not None:
            return RedirectResponse(f"/news/{item_id}?done=saved", 303)
    return render(request, "news_edit.html", status=form.status, form=form, item_id=item_id)


@router.post("/{item_id}/steps/{step}", dependencies=[staff("mailings:send")])
async def decide_on_item(request: Request, item_id: str, step: str) -> Response:
    """Publishing sends: a newsletter that needs no approval carries it away by itself."""
    form, kind = Form({}), STEPS.get(step)
    if kind is not None:
        question = kind(item_id=item_id, version=number(await request.form(), "version"), by=caller(request).name)
        if await form.attempt(backend(request).call(question)) is not None:
            return RedirectResponse(f"/news/{item_id}?done={step}", 303)
    return await _show(request, item_id, form)


async def _show(request: Request, item_id: str, form: Form) -> Response:
    item = await backend(request).call(GetItem(item_id=item_id))
    done = request.query_params.get("done", "")
    return render(request, "news_item.html", status=form.status, item=item, form=form, done=done)


def _typed(sent: Any) -> Form:
    return as_sent(sent, {name: text(sent, name) for name in FIELDS} | {"version": number(sent, "version")})


def _draft(form: Form) -> ItemDraft | None:
    topics = tuple(dict.fromkeys(each.strip() for each in form.values["topics"].split(",") if each.strip()))
    draft: ItemDraft | None = form.check(
        ItemDraft, {**{name: form.values[name] for name in FIELDS}, "topics": topics}, SENTENCES
    )
    return draft
