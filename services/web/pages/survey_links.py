"""A link of one contact to a survey: made by staff for whoever is asked in a letter, a call or a mail of their own."""

import asyncio
from datetime import UTC, datetime

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from services.web.access import staff
from services.web.backend import backend
from services.web.rendering import render
from shared.answer_links import answer_url
from shared.contracts.contacts import GetContact
from shared.contracts.survey_links import GiveSurveyKeys, RevokeSurveyKey
from shared.contracts.surveys import ListSurveys
from shared.errors import Conflict

SURVEYS = 100
"""The newest, of which those that are open are offered."""
ERASED = "This person has been erased: there is nobody to be asked."
router = APIRouter(prefix="/contacts/{contact_id}/surveys", include_in_schema=False)


@router.get("", dependencies=[staff("surveys:write")])
async def offer_surveys(request: Request, contact_id: str) -> Response:
    behind = backend(request)
    contact, found = await asyncio.gather(
        behind.call(GetContact(contact_id=contact_id)), behind.call(ListSurveys(limit=SURVEYS))
    )
    if contact.merged_into:
        return RedirectResponse(f"/contacts/{contact.merged_into}/surveys", 303)
    opened = [each for each in found.surveys if each.state == "open"]
    done = request.query_params.get("done", "")
    return render(request, "contact_surveys.html", contact=contact, surveys=opened, done=done)


@router.post("/{survey_id}", dependencies=[staff("surveys:write")])
async def make_link(request: Request, contact_id: str, survey_id: str) -> Response:
    """Made once: asked for again, it is the same key."""
    behind = backend(request)
    contact = await behind.call(GetContact(contact_id=contact_id))
    if contact.erased:
        raise Conflict(ERASED)
    given = await behind.call(GiveSurveyKeys(survey_id=survey_id, contact_ids=(contact_id,)))
    settings, key = request.app.state.settings, given.keys[contact_id]
    link = answer_url(settings.public_url, settings.secret, key, datetime.now(UTC))
    is_answered = contact_id in given.answered
    return render(
        request, "contact_survey.html", contact=contact, survey_id=survey_id, link=link, is_answered=is_answered
    )


@router.post("/{survey_id}/revoke", dependencies=[staff("surveys:write")])
async def revoke_link(request: Request, contact_id: str, survey_id: str) -> Response:
    await backend(request).call(RevokeSurveyKey(survey_id=survey_id, contact_id=contact_id))
    return RedirectResponse(f"/contacts/{contact_id}/surveys?done=revoked", 303)
