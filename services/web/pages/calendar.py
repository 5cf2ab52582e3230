"""The calendar for staff: what is on in a month, planning it, who registered, and who was there."""

from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from services.web import meeting_words
from services.web.access import caller, staff
from services.web.backend import backend
from services.web.pages import meeting_form
from services.web.pages.engagements import unfinished_consultations
from services.web.pages.forms import Form, number
from services.web.rendering import render
from services.web.words import local, place_names
from shared.contracts.meetings import (
    CallOffMeeting,
    ChangeMeeting,
    GetMeeting,
    GetMeetingPeople,
    ListMeetings,
    MeetingWithPeople,
    PlanMeeting,
    RecordAttendance,
)
from shared.errors import Unavailable

router = APIRouter(prefix="/calendar", include_in_schema=False)


@router.get("", dependencies=[staff("meetings:read")])
async def show_month(request: Request) -> Response:
    month = meeting_form.month_of(request.query_params.get("month", ""), _now())
    last, following = meeting_words.last_month(month), meeting_words.next_month(month)
    # The grid begins and ends with days of the months beside it.
    since = meeting_form.midnight(month - timedelta(days=month.weekday()))
    asked = ListMeetings(since=since, before=meeting_form.midnight(following + timedelta(days=6)))
    found = await backend(request).call(asked)
    weeks = meeting_words.weeks_of(month, found.meetings)
    mine = [
        each for each in found.meetings if any(day.is_in_month and each in day.meetings for w in weeks for day in w)
    ]
    context: dict[str, Any] = {
        "month": month,
        "last": last,
        "following": following,
        "today": local(_now()).date(),
        "weeks": weeks,
    }
    return render(request, "calendar.html", meetings=mine, is_cut=found.is_cut, **context)


@router.get("/new", dependencies=[staff("meetings:write")])
async def new_meeting(request: Request) -> Response:
    form = meeting_form.blank(_now())
    form.values["consultation_id"] = request.query_params.get("consultation_id", "")[:200]
    return await _show_form(request, form)


@router.post("/new", dependencies=[staff("meetings:write")])
async def plan_meeting(request: Request) -> Response:
    form = meeting_form.typed(await request.form())
    plan = meeting_form.read(form)
    if plan is not None:
        asked = PlanMeeting(request_id=form.request_id, plan=plan, by=caller(request).name)
        if made := await form.attempt(backend(request).call(asked)):
            return _to_page(made.meeting_id, "planned")
    return await _show_form(request, form)


@router.get("/{meeting_id}", dependencies=[staff("meetings:read")])
async def show_meeting(request: Request, meeting_id: str) -> Response:
    return await _show(request, meeting_id)


@router.get("/{meeting_id}/edit", dependencies=[staff("meetings:write")])
async def edit_meeting(request: Request, meeting_id: str) -> Response:
    meeting = await backend(request).call(GetMeeting(meeting_id=meeting_id))
    return await _show_form(request, meeting_form.of_meeting(meeting), meeting_id)


@router.post("/{meeting_id}/edit", dependencies=[staff("meetings:write")])
async def change_meeting(request: Request, meeting_id: str) -> Response:
    form = meeting_form.typed(await request.form())
    plan = meeting_form.read(form)
    if plan is not None:
        version, by = form.values["version"], caller(request).name
        asked = ChangeMeeting(meeting_id=meeting_id, version=version, plan=plan, by=by)
        if await form.attempt(backend(request).call(asked)):
            return _to_page(meeting_id, "changed")
    return await _show_form(request, form, meeting_id)


@router.post("/{meeting_id}/call-off", dependencies=[staff("meetings:write")])
async def call_off(request: Request, meeting_id: str) -> Response:
    version = number(await request.form(), "version")
    await backend(request).call(CallOffMeeting(meeting_id=meeting_id, version=version, by=caller(request).name))
    return _to_page(meeting_id, "called_off")


@router.post("/{meeting_id}/attendance", dependencies=[staff("meetings:write")])
async def record_attendance(request: Request, meeting_id: str) -> Response:
    form = meeting_form.attendance(await request.form())
    about = {"meeting_id": meeting_id, "version": form.values["version"], "by": caller(request).name}
    asked = form.check(RecordAttendance, about | meeting_form.said_of(form), meeting_form.SENTENCES)
    if asked is not None and await form.attempt(backend(request).call(asked)):
        return _to_page(meeting_id, "held")
    return await _show(request, meeting_id, form)


async def _show(request: Request, meeting_id: str, form: Form | None = None) -> Response:
    """Who registered is shown to whoever plans meetings only."""
    may_plan = caller(request).may("meetings:write")
    if may_plan:
        found = await backend(request).call(GetMeetingPeople(meeting_id=meeting_id))
    else:
        found = MeetingWithPeople(meeting=await backend(request).call(GetMeeting(meeting_id=meeting_id)), people=())
    if form is None:
        came = [f"{each.number}" for each in found.people if each.attended]
        form = Form({"attended": came, "visitors": "", "notes": ""})
    context: dict[str, Any] = {"meeting": found.meeting, "people": found.people, "may_plan": may_plan, "form": form}
    has_begun = found.meeting.plan.starts_at <= _now()
    done = request.query_params.get("done", "")
    return render(request, "meeting.html", status=form.status, has_begun=has_begun, done=done, **context)


async def _show_form(request: Request, form: Form, meeting_id: str = "") -> Response:
    try:
        places = place_names(await backend(request).reference())
    except Unavailable:
        places = {}
    context: dict[str, Any] = {"consultations": await unfinished_consultations(request), "place_names": places}
    return render(request, "meeting_edit.html", status=form.status, form=form, meeting_id=meeting_id, **context)


def _to_page(meeting_id: str, done: str) -> Response:
    return RedirectResponse(f"/calendar/{meeting_id}?done={done}", 303)


def _now() -> datetime:
    return datetime.now(UTC)
