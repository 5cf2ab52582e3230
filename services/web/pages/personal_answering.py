"""The page where somebody answers a survey over a link of their own: one response for each, and no id in the page.

The link is the only proof of who asks, so nothing here uses a cookie: a page elsewhere that posts to us has no link.
"""

from datetime import UTC, datetime

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.web.access import anyone
from services.web.allowance import Bucket, PerCaller
from services.web.backend import backend
from services.web.pages import answer_form, answering
from services.web.pages.answering import Door
from services.web.rendering import render_public
from services.web.routing import PlainRoute
from shared import answer_links
from shared.contracts.survey_links import GetPersonalForm, PersonalForm
from shared.errors import NotFound, Unavailable
from shared.surveys.definition import Definition

GONE = "This link does not work any more. Use the one in the latest message that we sent you, or ask us for another."
router = APIRouter(prefix="/answer/p", include_in_schema=False, route_class=PlainRoute)
_limit = PerCaller(lambda: Bucket(20))


@router.get("/{token}", dependencies=[anyone])
async def show_form(request: Request, token: str) -> Response:
    _limit.check(request)
    key = _key(request, token)
    found = await backend(request).call(GetPersonalForm(key=key))
    if found.is_answered:
        return _answered(found, 200)
    if found.form.state != "open":
        return answering.closed(found.form)
    form = answer_form.blank(found.form.definition_version, datetime.now(UTC))
    return answering.show(_door(found, request.url.path, key), form)


@router.post("/{token}", dependencies=[anyone])
async def send_answers(request: Request, token: str) -> Response:
    key, form = _key(request, token), await answering.typed(request)
    version = form.values["definition_version"] or None
    try:
        found = await backend(request).call(GetPersonalForm(key=key, definition_version=version))
    except Unavailable:
        return answering.keep(request.url.path, form)
    if found.is_answered:
        return _answered(found, 409)
    return await answering.take(request, _door(found, request.url.path, key), form)


@router.get("/{token}/thanks", dependencies=[anyone])
async def thank(request: Request, token: str) -> Response:
    """Says nothing of the survey: it is shown also while nobody can be asked about it."""
    return render_public("answer_thanks.html")


def _door(found: PersonalForm, address: str, key: str) -> Door:
    return Door(found.form, Definition.model_validate(found.form.definition), address, key)


def _key(request: Request, token: str) -> str:
    """The key in the link. NotFound says the same for a forged, an ended and a revoked link."""
    key = answer_links.read(request.app.state.settings.secret, token[:200], datetime.now(UTC))
    if key is None:
        raise NotFound(GONE)
    return key


def _answered(found: PersonalForm, status: int) -> Response:
    return render_public("answer_answered.html", status, title=found.form.title, at=found.answered_at)
