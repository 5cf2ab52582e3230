"""One engagement: everything about it, logging one, and correcting it."""

from datetime import UTC, datetime

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from services.web.access import caller, reader_of, staff
from services.web.backend import backend
from services.web.pages import engagement_form
from services.web.pages.engagement_view import show_engagement
from services.web.pages.forms import Form, number, text
from services.web.rendering import render
from services.web.words import place_names
from shared.contracts.consultations import ListConsultations
from shared.contracts.contacts import GetContact
from shared.contracts.events import (
    CorrectEngagement,
    Engagement,
    GetEngagement,
    RecordEngagement,
    Reported,
    ReportedPerson,
)
from shared.contracts.history import FoundContact, SearchContacts
from shared.errors import Unavailable

OFFERED = 8
router = APIRouter(prefix="/engagements", include_in_schema=False)


@router.get("/new", dependencies=[staff("engagements:write")])
async def new_engagement(request: Request) -> Response:
    form = engagement_form.blank(datetime.now(UTC))
    form.values["consultation_id"] = request.query_params.get("consultation_id", "")[:200]
    if contact_id := request.query_params.get("contact_id"):
        contact = await backend(request).call(GetContact(contact_id=contact_id))
        form.values["chosen"] = [{"id": contact.contact_id, "name": contact.name}]
    return await _show(request, form)


@router.post("/new", dependencies=[staff("engagements:write")])
async def log_engagement(request: Request) -> Response:
    sent = await request.form()
    form = engagement_form.typed(sent)
    if (answer := await _rearrange(request, form, text(sent, "action"))) is not None:
        return answer
    reported = engagement_form.read(form)
    if reported is None:
        return await _show(request, form)
    question = RecordEngagement(
        request_id=form.request_id, reported=_with_chosen(reported, form), by=caller(request).name
    )
    recorded = await form.attempt(backend(request).call(question))
    if recorded and recorded.sensitive and not reader_of(request).sensitive:
        return RedirectResponse("/engagements/new?done=restricted", 303)
    return _to_page(recorded, "logged") if recorded else await _show(request, form)


@router.get("/{engagement_id}", dependencies=[staff("history:read")])
async def engagement_page(request: Request, engagement_id: str) -> Response:
    return await show_engagement(request, engagement_id)


@router.get("/{engagement_id}/correct", dependencies=[staff("engagements:write")])
async def show_correction(request: Request, engagement_id: str) -> Response:
    engagement = await backend(request).call(_question(request, engagement_id))
    return await _show(request, engagement_form.of_engagement(engagement), engagement_id, engagement.version)


@router.post("/{engagement_id}/correct", dependencies=[staff("engagements:write")])
async def correct_engagement(request: Request, engagement_id: str) -> Response:
    sent = await request.form()
    form, version = engagement_form.typed(sent), number(sent, "version")
    if (answer := await _rearrange(request, form, text(sent, "action"), engagement_id, version)) is not None:
        return answer
    reported = engagement_form.read(form)
    if reported is None:
        return await _show(request, form, engagement_id, version)
    question = CorrectEngagement(
        engagement_id=engagement_id,
        version=version,
        reported=_with_chosen(reported, form),
        sensitive=reader_of(request).sensitive,
        by=caller(request).name,
    )
    corrected = await form.attempt(backend(request).call(question))
    return _to_page(corrected, "corrected") if corrected else await _show(request, form, engagement_id, version)


async def _rearrange(
    request: Request, form: Form, action: str, engagement_id: str = "", version: int = 0
) -> Response | None:
    """The buttons inside the form that change it without sending it: for browsers without JavaScript."""
    if action == "add_person":
        engagement_form.add_row(form)
        return await _show(request, form, engagement_id, version)
    if action == "find":
        question = SearchContacts(q=form.values["contact_q"], limit=OFFERED, reader=reader_of(request))
        page = await form.attempt(backend(request).call(question))
        return await _show(request, form, engagement_id, version, page.items if page else ())
    return None


async def _show(
    request: Request,
    form: Form,
    engagement_id: str = "",
    version: int = 0,
    offered: tuple[FoundContact, ...] | None = None,
) -> Response:
    reference = await form.attempt(backend(request).reference())
    consultations = await unfinished_consultations(request)
    return render(
        request,
        "engagement_edit.html",
        status=form.status,
        form=form,
        engagement_id=engagement_id,
        version=version,
        offered=offered,
        places=place_names(reference) if reference else {},
        consultations=consultations,
        done=request.query_params.get("done", ""),
    )


async def unfinished_consultations(request: Request) -> dict[str, str]:
    """Those that one can still contribute to, by id. None while they cannot be listed: what was chosen stays chosen."""
    try:
        found = await backend(request).call(ListConsultations(limit=100))
    except Unavailable:
        return {}
    return {each.consultation_id: each.title for each in found.consultations if each.state != "published"}


def _with_chosen(reported: Reported, form: Form) -> Reported:
    """Contacts ticked on the page, with their names: the page after this one comes before the index knows it."""
    chosen = [
        ReportedPerson.model_validate(
            {"name": each["name"], "identifiers": [{"scheme": "contact_id", "value": each["id"]}]}
        )
        for each in form.values["chosen"]
    ]
    return reported.model_copy(update={"people": (*reported.people, *chosen)})


def _question(request: Request, engagement_id: str) -> GetEngagement:
    return GetEngagement(engagement_id=engagement_id, sensitive=reader_of(request).sensitive)


def _to_page(engagement: Engagement, done: str) -> Response:
    return RedirectResponse(f"/engagements/{engagement.engagement_id}?done={done}", 303)
