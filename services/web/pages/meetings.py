"""Meetings for everybody: what is to come, registering, giving a place back, and the same as a feed for calendars."""

from datetime import UTC, datetime, timedelta

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from services.web import ical
from services.web.access import anyone
from services.web.allowance import Bucket, PerCaller
from services.web.backend import backend
from services.web.csrf import check_origin
from services.web.form_size import check_size, read_form
from services.web.pages.forms import Form, text
from services.web.refusals import TooMany
from services.web.rendering import render_public
from shared.contracts.meetings import (
    CancelPlace,
    GetMeeting,
    GetPlace,
    ListMeetings,
    Meeting,
    Place,
    RegisterForMeeting,
)

SENTENCES = {
    "name": "Enter your name, in up to 200 characters",
    "email": "Enter your e-mail address, such as name@example.org",
    "needs": "What you need can have up to 1,000 characters",
}
FEED_NAME = "Meetings"
SHOWN_AFTER = timedelta(days=90)
"""The feed keeps what is over for so long: calendars drop what a feed does not hold any more."""
router = APIRouter(include_in_schema=False)
_limit = PerCaller(lambda: Bucket(30, seconds=600))
_feeds = PerCaller(lambda: Bucket(60, seconds=60))


@router.get("/meetings", dependencies=[anyone])
async def list_meetings(request: Request) -> Response:
    found = await backend(request).call(ListMeetings(since=_now(), public_only=True))
    return render_public("meetings.html", page=found, feed=f"{_public_url(request)}/meetings.ics")


@router.get("/meetings.ics", dependencies=[anyone])
async def feed(request: Request) -> Response:
    _feeds.check(request)
    found = await backend(request).call(ListMeetings(since=_now() - SHOWN_AFTER, public_only=True))
    return Response(ical.calendar(found.meetings, _public_url(request), FEED_NAME), media_type=ical.CONTENT_TYPE)


@router.get("/meetings/{meeting_id}.ics", dependencies=[anyone])
async def one_of_feed(request: Request, meeting_id: str) -> Response:
    _feeds.check(request)
    meeting = await _get(request, meeting_id)
    content = ical.calendar([meeting], _public_url(request), meeting.plan.title)
    headers = {"Content-Disposition": 'attachment; filename="meeting.ics"'}
    return Response(content, media_type=ical.CONTENT_TYPE, headers=headers)


@router.get("/meetings/{meeting_id}", dependencies=[anyone])
async def show_meeting(request: Request, meeting_id: str) -> Response:
    done = request.query_params.get("done", "")
    return _show(meeting_id, await _get(request, meeting_id), Form({}), done)


@router.post("/meetings/{meeting_id}", dependencies=[anyone])
async def register(request: Request, meeting_id: str) -> Response:
    """The answer is the same for everybody: who has registered before is nobody's business."""
    check_origin(request)
    sent = await read_form(request, 20)
    form = Form({name: text(sent, name).replace("\0", "") for name in SENTENCES})
    asked = form.check(RegisterForMeeting, {"meeting_id": meeting_id, **form.values}, SENTENCES)
    if asked is not None:
        try:
            _limit.check(request)
        except TooMany as error:
            form.fault, form.status = error.detail, error.status
        else:
            if await form.attempt(backend(request).call(asked)) is not None:
                return RedirectResponse(f"/meetings/{meeting_id}?done=asked", 303)
    if form.status == 422 and form.fault:
        form.errors["email"], form.fault = form.fault, ""
    meeting = await form.attempt(backend(request).call(GetMeeting(meeting_id=meeting_id, public_only=True)))
    return _show(meeting_id, meeting, form, "")


@router.get("/places/{token}", dependencies=[anyone])
async def show_place(request: Request, token: str) -> Response:
    _limit.check(request)
    return _show_place(await backend(request).call(GetPlace(key=token[:200])))


@router.post("/places/{token}", dependencies=[anyone])
async def give_back(request: Request, token: str) -> Response:
    """The link is the proof of who asks, so no form token is asked for."""
    await check_size(request)
    _limit.check(request)
    return _show_place(await backend(request).call(CancelPlace(key=token[:200])))


async def _get(request: Request, meeting_id: str) -> Meeting:
    return await backend(request).call(GetMeeting(meeting_id=meeting_id, public_only=True))


def _show(meeting_id: str, meeting: Meeting | None, form: Form, done: str) -> Response:
    """Without the meeting while nobody can be asked about it: what was typed is kept all the same."""
    is_open = meeting is not None and meeting.state == "planned" and meeting.plan.starts_at > _now()
    context = {"meeting_id": meeting_id, "meeting": meeting, "done": done, "is_open": is_open or meeting is None}
    response = render_public("meeting_public.html", form.status, form=form, **context)
    if form.status == 503:
        response.headers["Retry-After"] = "5"
    return response


def _show_place(place: Place) -> Response:
    return render_public(
        "place.html", place=place, meeting=place.meeting, has_begun=place.meeting.plan.starts_at <= _now()
    )


def _public_url(request: Request) -> str:
    found: str = request.app.state.settings.public_url
    return found


def _now() -> datetime:
    return datetime.now(UTC)
