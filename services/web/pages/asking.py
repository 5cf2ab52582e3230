"""Public forms: a question to the board, an enquiry, a request for information, a story. No sign-in, no JavaScript.

What is sent goes the way of a partner's event, confirmed by the broker before anybody is thanked. While it cannot be
taken the page comes back with all that was typed. A hidden trap for programs is left out on purpose: browsers fill such
fields in for people, and what they wrote would be lost.
"""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Request
from pydantic import Field
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from services.web.access import anyone
from services.web.allowance import Bucket, PerCaller
from services.web.backend import backend
from services.web.csrf import check_origin
from services.web.form_size import read_form
from services.web.pages.forms import Form, as_sent, given, text
from services.web.photographs import FIELD, photographs_in, were_sent
from services.web.refusals import TooMany
from services.web.rendering import render_public
from shared import failpoints
from shared.contracts.base import Value
from shared.contracts.events import REPORTED, WEBSITE
from shared.contracts.photographs import PHOTOGRAPHS, SentPhotograph
from shared.errors import Invalid, Unavailable
from shared.identifiers import InvalidIdentifierError, compared_email

LATER = "What you wrote could not be sent just now. It is kept on this page: send it again in a minute."
ABOUT = {
    "board": "The board, about what we plan and decide",
    "member": "One member of the board",
    "meeting": "A meeting",
    "pals": "The patient advice and liaison service (PALS), about your own care or that of somebody you look after",
    "foi": "Whoever holds information: a request under the Freedom of Information Act",
}
KINDS = {"pals": "enquiry", "foi": "foi_request"}
"""What a question is called by whom it is put to; all others are questions."""
SENTENCES = {
    "about": "Choose whom you ask",
    "whom": "Name the member or the meeting, in up to 200 characters",
    "title": "Write it in one line of up to 200 characters",
    "body": "This can have up to 20,000 characters",
    "name": "A name can have up to 200 characters",
    "email": "An e-mail address can have up to 320 characters",
}
_RECEIPT = re.compile(r"WH(-[A-Z2-7]{4}){4}")
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
Draft = Callable[[Form], dict[str, Any] | None]
"""What a form says as `data` of an event, or None with its errors filled."""
router = APIRouter(include_in_schema=False)
_limit = PerCaller(lambda: Bucket(30, seconds=600))
"""Many may share one address: a library, a clinic."""


class _Told(Value):
    title: Annotated[str, Field(min_length=1, max_length=200)]
    body: Annotated[str, Field(max_length=20_000)] = ""
    name: Annotated[str, Field(max_length=200)] = ""
    email: Annotated[str, Field(max_length=320)] = ""


class _Asked(_Told):
    about: Literal["board", "member", "meeting", "pals", "foi"]
    whom: Annotated[str, Field(max_length=200)] = ""


class _Story(_Told):
    body: Annotated[str, Field(min_length=1, max_length=20_000)]


@router.get("/ask", dependencies=[anyone])
async def show_question(request: Request) -> Response:
    return _show("ask.html", Form({"about": "board"}))


@router.post("/ask", dependencies=[anyone])
async def ask(request: Request) -> Response:
    return await _take(request, "ask", _question)


@router.get("/story", dependencies=[anyone])
async def show_story(request: Request) -> Response:
    return _show("story.html", Form({}))


@router.post("/story", dependencies=[anyone])
async def tell(request: Request) -> Response:
    return await _take(request, "story", _story)


@router.get("/ask/thanks", dependencies=[anyone])
async def thank_for_question(request: Request) -> Response:
    return _thank(request, "question")


@router.get("/story/thanks", dependencies=[anyone])
async def thank_for_story(request: Request) -> Response:
    return _thank(request, "story")


async def _take(request: Request, name: str, draft: Draft) -> Response:
    check_origin(request)
    sent = await read_form(request, 50)
    form = _typed(sent)
    form.values["had_photographs"] = were_sent(sent)
    data = draft(form)
    if data is None:
        return _show(f"{name}.html", form)
    receipt = receipt_of(form.request_id, data)
    event = _event(f"/{name}", receipt, data)
    try:
        _limit.check(request)
        photographs = await photographs_in(sent)
        failpoints.reach("web.before_publish")
        await _publish(request, f"/{name}", receipt, photographs)
        failpoints.reach("web.before_story")
        await backend(request).publish_inbound([event], _headers(request))
        failpoints.reach("web.before_answer")
    except Invalid as error:
        form.errors[FIELD], form.status = error.detail, error.status
        return _show(f"{name}.html", form)
    except (TooMany, Unavailable) as error:
        form.fault, form.status = LATER if isinstance(error, Unavailable) else error.detail, error.status
        return _show(f"{name}.html", form)
    reply = "yes" if form.values["email"] else "no"
    return RedirectResponse(f"/{name}/thanks?receipt={receipt}&reply={reply}", 303)


async def _publish(request: Request, source: str, receipt: str, photographs: Sequence[str]) -> None:
    """Before the story: when that is confirmed, so are they."""
    about = {"source": source, "external_id": receipt, "received_at": datetime.now(UTC)}
    for content in photographs:
        sent = SentPhotograph.model_validate(about | {"content": content})
        await backend(request).publish_to(PHOTOGRAPHS, sent.model_dump_json().encode())


def receipt_of(request_id: str, data: dict[str, Any]) -> str:
    """A number to name it by; the same form sent again has the same, another text another."""
    number = int.from_bytes(sha256(orjson.dumps([request_id, data], option=orjson.OPT_SORT_KEYS)).digest()[:10])
    letters = "".join(_ALPHABET[number >> (5 * place) & 31] for place in range(16))
    return "-".join(["WH", *(letters[place : place + 4] for place in range(0, 16, 4))])


def _event(source: str, receipt: str, data: dict[str, Any]) -> bytes:
    """Without a time, which is that of its arrival: the same form is the same event. Its number can be searched for."""
    body = f"{data['body']}\n\nReceipt: {receipt}".strip()
    content = {"specversion": "1.0", "id": receipt, "source": source, "type": REPORTED, "data": data | {"body": body}}
    return orjson.dumps(content | {"datacontenttype": "application/json"})


def _headers(request: Request) -> dict[str, str]:
    return {
        "partner": WEBSITE,
        "received_at": datetime.now(UTC).isoformat(),
        "correlation_id": request.state.correlation_id,
    }


def _question(form: Form) -> dict[str, Any] | None:
    """What somebody asks of PALS is about their care: it is restricted from the start."""
    asked = form.check(_Asked, {name: form.values[name] for name in _Asked.model_fields}, SENTENCES)
    if asked is not None and asked.about in ("member", "meeting") and not asked.whom:
        form.errors["whom"], form.status = SENTENCES["whom"], 422
    people = _people(form)
    if form.errors:
        return None
    put_to = asked.whom or {"board": "the board"}.get(asked.about, "")
    data = {
        "kind": KINDS.get(asked.about, "question"),
        "title": asked.title,
        "body": "\n\n".join(filter(None, [f"Put to: {put_to}" if put_to else "", asked.body])),
        "technique": "PALS/complaints" if asked.about == "pals" else "",
        "people": people,
    }
    restricted = {"sensitive": True} if asked.about == "pals" else {}
    return {"channel": "website", "direction": "inbound", "body": "", **given(data), **restricted}


def _story(form: Form) -> dict[str, Any] | None:
    told = form.check(_Story, {name: form.values[name] for name in _Story.model_fields}, _STORY_SENTENCES)
    people = _people(form)
    if form.errors:
        return None
    said = {"kind": "story", "title": told.title, "body": told.body, "people": people}
    allowed = {"may_publish": form.values["may_publish"] == "yes"}
    return {"channel": "website", "direction": "inbound", **given(said), **allowed}


_STORY_SENTENCES = SENTENCES | {
    "title": "Give your story a title of up to 200 characters",
    "body": "Write your story, in up to 20,000 characters",
}


def _people(form: Form) -> list[dict[str, Any]]:
    """Whoever sends it, if they say who they are."""
    name, email = form.values["name"], form.values["email"]
    if email:
        try:
            compared_email(email)
        except InvalidIdentifierError as error:
            form.errors["email"], form.status = f"This {error}", 422
    identifiers = [{"scheme": "email", "value": email}] if email else []
    return [given({"name": name, "identifiers": identifiers})] if name or email else []


def _typed(sent: FormData) -> Form:
    """The number that the page gave it, and what was typed, without what no text may hold."""
    names = ("about", "whom", "title", "body", "name", "email", "may_publish")
    form = as_sent(sent, {name: text(sent, name).replace("\0", "") for name in names})
    form.values["body"] = form.values["body"].replace("\r\n", "\n")
    form.request_id = form.request_id[:100]
    return form


def _show(template: str, form: Form) -> Response:
    response = render_public(template, form.status, form=form, about=ABOUT)
    if form.status == Unavailable.status:
        response.headers["Retry-After"] = "5"
    return response


def _thank(request: Request, what: str) -> Response:
    """Nothing of an address is shown but a number of ours."""
    receipt = request.query_params.get("receipt", "")
    shown = receipt if _RECEIPT.fullmatch(receipt) else ""
    reply = request.query_params.get("reply") == "yes"
    return render_public("asked.html", what=what, receipt=shown, reply=reply)
