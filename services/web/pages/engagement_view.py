"""The page of one engagement: what it says, and the case that it may be."""

import asyncio
from datetime import UTC, datetime

from fastapi import Request
from starlette.responses import Response

from services.web.access import caller, reader_of
from services.web.backend import backend
from services.web.pages import case_form
from services.web.pages.forms import Form
from services.web.rendering import render
from services.web.words import local, place_names
from shared.contracts.cases import HANDLED, GetHandled
from shared.contracts.history import GetEntry, HistoryItem
from shared.errors import NotFound


async def show_engagement(request: Request, engagement_id: str, form: Form | None = None) -> Response:
    """`form`: what could not be carried out; then the names are those that were recorded."""
    behind, reader, who = backend(request), reader_of(request), caller(request)
    asked = GetHandled(engagement_id=engagement_id, sensitive=reader.sensitive)
    handled, entry, reference = await asyncio.gather(
        behind.call(asked), _entry(request, engagement_id, form), behind.reference()
    )
    engagement, case = handled.engagement, handled.case
    names = {each.id: each.name for each in entry.contacts} if entry else {}
    own = who.signed_in.account.account_id if who.signed_in else ""
    may_handle = engagement.kind in HANDLED and who.may("cases:write")
    return render(
        request,
        "engagement.html",
        status=form.status if form else 200,
        engagement=engagement,
        handled=handled,
        case=case,
        form=case_form.with_typed(form, case, own) if form else case_form.blank(case, own),
        may_handle=may_handle,
        owners=await case_form.owners(request) if may_handle else {},
        ways=case_form.ways(engagement, names),
        today=local(datetime.now(UTC)).date(),
        contact_names=names,
        place_names=place_names(reference),
        group_names={each.code: each.name for each in reference.groups},
        done=request.query_params.get("done", ""),
    )


async def _entry(request: Request, engagement_id: str, form: Form | None) -> HistoryItem | None:
    """The names its contacts have now; a moment after it was recorded the index does not know it yet."""
    if form is not None:
        return None
    try:
        return await backend(request).call(GetEntry(entry_id=engagement_id, reader=reader_of(request)))
    except NotFound:
        return None
