"""The page where anybody answers a survey: without sign-in, cookies or JavaScript, and with no id of a person.

What was typed is never lost: while the broker or the survey cannot be reached, the form comes back with all of it.
"""

import time
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from services.web.access import anyone
from services.web.allowance import Bucket, PerCaller
from services.web.backend import backend
from services.web.csrf import check_origin
from services.web.form_size import MOST_FIELDS, read_form
from services.web.pages import answer_form
from services.web.pages.forms import Form
from services.web.refusals import TooMany
from services.web.rendering import render_public
from services.web.routing import PlainRoute
from shared import failpoints
from shared.contracts.surveys import GRACE, RESPONSES, GetForm, SentResponse, SurveyForm
from shared.errors import NotFound, Unavailable
from shared.surveys.definition import Definition
from shared.surveys.judging import judge

REMEMBERED = 100
LATER = "Your answers could not be sent just now. They are kept on this page: send them again in a minute."
NO_SURVEY = "There is no survey at this address. Look whether the whole link was copied."
router = APIRouter(prefix="/answer", include_in_schema=False, route_class=PlainRoute)
Asked = tuple[SurveyForm, Definition]
"""What a survey asks, as it came and as it is understood."""
_limit = PerCaller(lambda: Bucket(100, seconds=600))
"""Many may share one address: a clinic, a library."""
_remembered: OrderedDict[tuple[str, int], tuple[float, Asked]] = OrderedDict()
"""What surveys ask, by survey and version, which never changes once one was open, and when that was heard."""
FRESH = 1.0
"""Seconds for which nobody is asked again whether a survey is still open: its owner judges each response anyway."""


@dataclass(frozen=True, slots=True)
class Door:
    """By which address somebody came to a survey."""

    asked: SurveyForm
    definition: Definition
    address: str
    key: str = ""
    """Of a personal link."""


@router.get("/{survey_id}", dependencies=[anyone])
async def show_form(request: Request, survey_id: str) -> Response:
    asked, definition = await _ask(request, survey_id, None)
    if asked.state == "closed":
        return closed(asked)
    return show(Door(asked, definition, _address(survey_id)), answer_form.blank(asked.definition_version, _now()))


@router.post("/{survey_id}", dependencies=[anyone])
async def send_answers(request: Request, survey_id: str) -> Response:
    check_origin(request)
    form = await typed(request)
    try:
        asked, definition = await _ask(request, survey_id, form.values["definition_version"] or None)
    except Unavailable:
        return keep(_address(survey_id), form)
    return await take(request, Door(asked, definition, _address(survey_id)), form)


@router.get("/{survey_id}/thanks", dependencies=[anyone])
async def thank(request: Request, survey_id: str) -> Response:
    """Says nothing of the survey: it is shown also while nobody can be asked about it."""
    return render_public("answer_thanks.html")


async def typed(request: Request) -> Form:
    """The form as it was sent, of a size that we take."""
    return answer_form.typed(await read_form(request, MOST_FIELDS))


async def take(request: Request, door: Door, form: Form) -> Response:
    """Judge what was typed and pass it on; else the form comes back and says why."""
    asked, received_at = door.asked, _now()
    begun_at = answer_form.begun_at(form, received_at)
    if asked.closed_at and (received_at > asked.closed_at + GRACE or begun_at > asked.closed_at):
        return closed(asked)
    definition = door.definition
    judged = judge(definition, answer_form.answers(definition, form))
    if judged.faults:
        answer_form.tell_faults(definition, form, judged.faults)
        return show(door, form)
    if not judged.answers:
        form.fault, form.status = "Answer at least one question, then send the form.", 422
        return show(door, form)
    sent = SentResponse(
        request_id=form.request_id,
        survey_id=asked.survey_id,
        definition_version=asked.definition_version,
        answers=judged.answers,
        begun_at=begun_at,
        received_at=received_at,
        correlation_id="" if asked.anonymous else request.state.correlation_id,
        link_key=door.key,
    )
    if not await _sent(request, sent, form):
        return show(door, form)
    return RedirectResponse(f"{door.address}/thanks", 303)


async def _sent(request: Request, sent: SentResponse, form: Form) -> bool:
    """Whether the broker has the response; if not, the form says why."""
    try:
        _limit.check(request)
        failpoints.reach("web.before_publish")
        await backend(request).publish_to(RESPONSES, sent.model_dump_json().encode())
        failpoints.reach("web.before_answer")
    except (TooMany, Unavailable) as error:
        form.fault, form.status = LATER if isinstance(error, Unavailable) else error.detail, error.status
        return False
    return True


async def _ask(request: Request, survey_id: str, version: int | None) -> Asked:
    """What is asked; as it was remembered while nobody answers. NotFound also for a draft: it is nobody's business.

    version: of the form that was sent; None for one that is to be shown.
    """
    heard_at, known = _remembered.get((survey_id, version or 0), (0.0, None))
    if known is not None:
        if time.monotonic() - heard_at < FRESH:
            return known
        # Noted before it is asked: one asks, all who come meanwhile go on with what is known.
        _remembered[survey_id, version or 0] = time.monotonic(), known
    try:
        found = await backend(request).call(GetForm(survey_id=survey_id, definition_version=version))
    except NotFound:
        raise NotFound(NO_SURVEY) from None
    except Unavailable:
        if known is None:
            raise
        return known
    if found.state == "draft":
        raise NotFound(NO_SURVEY)
    asked = found, Definition.model_validate(found.definition)
    _remembered[survey_id, found.definition_version] = time.monotonic(), asked
    _remembered.move_to_end((survey_id, found.definition_version))
    while len(_remembered) > REMEMBERED:
        _remembered.popitem(last=False)
    return asked


def show(door: Door, form: Form) -> Response:
    """The form, with what was typed and what is wrong with it."""
    definition = door.definition
    context = {
        "definition": definition,
        "address": door.address,
        "key": door.key,
        "anonymous": door.asked.anonymous,
    } | answer_form.shown(form)
    response = render_public("answer.html", form.status, form=form, **context)
    if form.status == Unavailable.status:
        response.headers["Retry-After"] = "5"
    return response


def keep(address: str, form: Form) -> Response:
    """Nobody can say what the survey asks: the page holds what was typed, and sends it again."""
    response = render_public("answer_later.html", Unavailable.status, form=form, address=address, later=LATER)
    response.headers["Retry-After"] = "5"
    return response


def closed(asked: SurveyForm) -> Response:
    """No answers are taken any more, and since when."""
    return render_public("answer_closed.html", 410, title=asked.title, closed_at=asked.closed_at)


def _address(survey_id: str) -> str:
    return f"/answer/{quote(survey_id, safe='')}"


def _now() -> datetime:
    return datetime.now(UTC)
