"""The quarantine desk: partners' events that could not be recorded, to be corrected, recorded or discarded."""

from typing import Any, Literal, get_args

import orjson
from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from services.web.access import caller, staff
from services.web.addresses import with_query
from services.web.backend import backend
from services.web.pages import engagement_form
from services.web.pages.forms import Form, number, text
from services.web.rendering import render
from services.web.words import place_names
from shared.contracts.events import (
    CorrectQuarantined,
    DiscardQuarantined,
    GetQuarantined,
    ListQuarantine,
    Quarantined,
    ReplayQuarantined,
)

State = Literal["open", "replayed", "discarded"]
router = APIRouter(prefix="/quarantine", include_in_schema=False)


@router.get("", dependencies=[staff("quarantine:write")])
async def list_quarantine(request: Request) -> Response:
    params = request.query_params
    asked = params.get("state", "open")
    state: Any = asked if asked in get_args(State) else "open"
    question = ListQuarantine(state=state, cursor=params.get("cursor") or None)
    page = await backend(request).call(question)
    next_url = with_query("/quarantine", params, [("cursor", page.next_cursor or "")])
    return render(request, "quarantine.html", page=page, state=state, next_url=next_url)


@router.get("/{quarantine_id}", dependencies=[staff("quarantine:write")])
async def show_quarantined(request: Request, quarantine_id: str) -> Response:
    item = await backend(request).call(GetQuarantined(quarantine_id=quarantine_id))
    return await _show(request, item, engagement_form.of_data(_data(item)))


@router.post("/{quarantine_id}/correct", dependencies=[staff("quarantine:write")])
async def correct(request: Request, quarantine_id: str) -> Response:
    sent, behind = await request.form(), backend(request)
    form, data = _read(sent)
    item: Quarantined | None = None
    if text(sent, "action") == "add_person":
        engagement_form.add_row(form)
        data = None
    if data is not None:
        form.errors.clear()  # the owner of the rule judges: services/events
        question = CorrectQuarantined(
            quarantine_id=quarantine_id, version=number(sent, "version"), data=data, by=caller(request).name
        )
        item = await form.attempt(behind.call(question))
        if item is not None and text(sent, "action") == "record":
            item = (
                await form.attempt(behind.call(ReplayQuarantined(quarantine_id=quarantine_id, by=caller(request).name)))
                or item
            )
        if item is not None and not form.fault:
            return _to_page(item)
    item = item or await behind.call(GetQuarantined(quarantine_id=quarantine_id))
    return await _show(request, item, form, raw=text(sent, "raw"))


@router.post("/{quarantine_id}/replay", dependencies=[staff("quarantine:write")])
async def replay(request: Request, quarantine_id: str) -> Response:
    return await _decide(request, ReplayQuarantined(quarantine_id=quarantine_id, by=caller(request).name))


@router.post("/{quarantine_id}/discard", dependencies=[staff("quarantine:write")])
async def discard(request: Request, quarantine_id: str) -> Response:
    return await _decide(request, DiscardQuarantined(quarantine_id=quarantine_id, by=caller(request).name))


async def _decide(request: Request, question: ReplayQuarantined | DiscardQuarantined) -> Response:
    attempt = Form({})
    decided = await attempt.attempt(backend(request).call(question))
    if decided is not None:
        return _to_page(decided)
    item = await backend(request).call(GetQuarantined(quarantine_id=question.quarantine_id))
    form = engagement_form.of_data(_data(item))
    form.fault, form.status = attempt.fault, attempt.status
    return await _show(request, item, form)


def _read(sent: FormData) -> tuple[Form, dict[str, Any] | None]:
    """The correction as a form and as data; without data the form says what is wrong."""
    if text(sent, "mode") != "json":
        form = engagement_form.typed(sent)
        data = engagement_form.data_of(form)
        form.status = 422 if form.errors else 200
        return form, None if form.errors else data
    try:
        data = orjson.loads(text(sent, "raw"))
    except orjson.JSONDecodeError as error:
        return Form({"people": []}, {"raw": f"This is not JSON: {error}"}, status=422), None
    if not isinstance(data, dict):
        return Form({"people": []}, {"raw": "Enter the event's data as a JSON object in { }"}, status=422), None
    return engagement_form.of_data(data), data


async def _show(request: Request, item: Quarantined, form: Form, raw: str = "") -> Response:
    reference = await form.attempt(backend(request).reference())
    return render(
        request,
        "quarantined.html",
        status=form.status,
        item=item,
        form=form,
        raw=raw or _pretty(_data(item)),
        original=_pretty(item.original),
        places=place_names(reference) if reference else {},
        done=request.query_params.get("done", ""),
    )


def _data(item: Quarantined) -> Any:
    return item.corrected if item.corrected is not None else item.original.get("data")


def _pretty(content: Any) -> str:
    return orjson.dumps(content, option=orjson.OPT_INDENT_2).decode()


def _to_page(item: Quarantined) -> Response:
    done = "corrected" if item.state == "open" else item.state
    return RedirectResponse(f"/quarantine/{item.quarantine_id}?done={done}", 303)
