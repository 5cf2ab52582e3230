"""What people see and decide of themselves by the link in a message: no sign-in, no script; looking changes nothing.

The link is the only proof of who asks, so nothing here uses a cookie: a page elsewhere that posts to us has no link.
"""

from datetime import UTC, datetime
from typing import Any

import orjson
from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from services.web.access import anyone
from services.web.allowance import Bucket, PerCaller
from services.web.backend import backend
from services.web.form_size import check_size, read_form
from services.web.pages.forms import text, texts
from services.web.rendering import render_public
from services.web.words import CONSENT_CHANNELS, PURPOSES
from shared import preference_links
from shared.contracts.base import Request as Question
from shared.contracts.base import new_id
from shared.contracts.preferences import (
    AskForErasure,
    ChoosePreferences,
    GetPreferences,
    Preferences,
    WithdrawEverything,
)
from shared.errors import NotFound

GONE = "This link does not work any more. Use the one in the latest message that we sent you, or ask us for another."
WORDING = "What may we send you, and how? (ticked: {chosen})"
_PER_SECOND = 5
router = APIRouter(include_in_schema=False)
_limit = PerCaller(lambda: Bucket(_PER_SECOND))


@router.get("/preferences/{token}", dependencies=[anyone])
async def show_preferences(request: Request, token: str) -> Response:
    key = _key(request, token)
    held = await backend(request).call(GetPreferences(key=key))
    allowances = {(each.purpose, each.channel): each for each in held.consents.allowances}
    return render_public(
        "preferences.html",
        held=held,
        allowances=allowances,
        token=token,
        request_id=new_id(),
        done=request.query_params.get("done", ""),
    )


@router.post("/preferences/{token}", dependencies=[anyone])
async def choose_preferences(request: Request, token: str) -> Response:
    sent = await read_form(request, 200)  # all of it, whoever asks
    key = _key(request, token)
    chosen = [tuple(each.split(":", 1)) for each in texts(sent, "allow") if ":" in each]
    allowed = [each for each in chosen if each[0] in PURPOSES and each[1] in CONSENT_CHANNELS]
    said = "; ".join(f"{PURPOSES[purpose]} by {CONSENT_CHANNELS[channel].lower()}" for purpose, channel in allowed)
    question = ChoosePreferences.model_validate(
        {
            "key": key,
            "request_id": text(sent, "request_id")[:100] or new_id(),
            "allowed": allowed,
            "wording": WORDING.format(chosen=said or "nothing"),
        }
    )
    return await _do(request, token, question, "saved")


@router.post("/preferences/{token}/stop", dependencies=[anyone])
async def stop_everything(request: Request, token: str) -> Response:
    sent = await read_form(request, 20)  # all of it, whoever asks
    key = _key(request, token)
    request_id = text(sent, "request_id")[:90] or new_id()
    return await _do(request, token, WithdrawEverything(key=key, request_id=f"stop:{request_id}"), "stopped")


@router.post("/preferences/{token}/erasure", dependencies=[anyone])
async def ask_for_erasure(request: Request, token: str) -> Response:
    await check_size(request)
    return await _do(request, token, AskForErasure(key=_key(request, token)), "asked")


@router.get("/preferences/{token}/held.json", dependencies=[anyone])
async def download_json(request: Request, token: str) -> Response:
    held = await backend(request).call(GetPreferences(key=_key(request, token)))
    content = orjson.dumps(_held(held), option=orjson.OPT_INDENT_2)
    return Response(content, media_type="application/json", headers=_as_file("what-is-held.json"))


@router.get("/preferences/{token}/held.html", dependencies=[anyone])
async def download_page(request: Request, token: str) -> Response:
    held = await backend(request).call(GetPreferences(key=_key(request, token)))
    response = render_public("preferences_held.html", held=held)
    response.headers.update(_as_file("what-is-held.html"))
    return response


def _key(request: Request, token: str) -> str:
    """The key in the link. NotFound says the same for a forged, an ended and a revoked link."""
    _limit.check(request)
    key = preference_links.read(request.app.state.settings.secret, token[:200], datetime.now(UTC))
    if key is None:
        raise NotFound(GONE)
    return key


async def _do(request: Request, token: str, question: Question[Preferences], done: str) -> Response:
    await backend(request).call(question)
    return RedirectResponse(f"/preferences/{token}?done={done}", 303)


def _held(held: Preferences) -> dict[str, Any]:
    """All of it, without our own marks."""
    return held.model_dump(mode="json", exclude={"contact": {"version"}})


def _as_file(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}
