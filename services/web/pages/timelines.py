"""The timelines of a consultation, a locality and a topic; that of a contact stands on its page."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from services.web.access import reader_of, staff
from services.web.backend import backend
from services.web.pages.search import Query, chart_of, is_partial, results
from services.web.rendering import render
from services.web.words import SAID, month, place_names
from shared.contracts.consultations import GetConsultation
from shared.contracts.contacts import Reference
from shared.contracts.history import HistoryItem
from shared.contracts.timelines import GetTimeline, Timeline

AT_A_PLACE = (*SAID, "surveys", "meetings")
"""Not who became known there, nor what they allow: that is looked for among contacts."""
Filter = Literal["locality", "topic"]
router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class Subject:
    """Whose timeline a page shows, and where it leads back to."""

    caption: str
    title: str
    address: str
    back: tuple[str, str]
    nothing: str
    """What is said while nothing stands on it."""
    fixed: dict[str, str]
    """Fields of the address that make it the timeline that it is."""


@router.get("/consultations/desk/{consultation_id}/timeline", dependencies=[staff("history:read")])
async def consultation_timeline(request: Request, consultation_id: str) -> Response:
    """What belongs to it and to its surveys. Which those are is asked each time: a plan may change."""
    query = Query(request.query_params, sources=(), in_time=True)
    detail = await backend(request).call(GetConsultation(consultation_id=consultation_id))
    plan, desk = detail.consultation.plan, f"/consultations/desk/{consultation_id}"
    asked = query.question(reader_of(request)).model_copy(update={"about": (consultation_id, *plan.survey_ids)})
    nothing = "Nothing has happened yet. Contributions, answers and meetings stand here, each with its day."
    subject = Subject("Consultation", plan.title, f"{desk}/timeline", (desk, plan.title), nothing, {})
    return await _show(request, query, subject, GetTimeline(search=asked))


@router.get("/localities", dependencies=[staff("history:read")])
async def locality_timeline(request: Request) -> Response:
    return await _of_filter(request, "locality", AT_A_PLACE)


@router.get("/topics", dependencies=[staff("history:read")])
async def topic_timeline(request: Request) -> Response:
    return await _of_filter(request, "topic", ())


async def _of_filter(request: Request, name: Filter, sources: tuple[str, ...]) -> Response:
    """Without a value there is nothing to show: the search has all of them."""
    query = Query(request.query_params, sources=sources, in_time=True, fixed=(name,))
    asked = query.question(reader_of(request))
    values: tuple[str, ...] = getattr(asked, name)
    if not values:
        return RedirectResponse("/search", 303)
    nothing = f"Nothing that has been recorded names this {name}."
    title = place_names(await backend(request).reference()).get(values[0], values[0])
    path = {"locality": "/localities", "topic": "/topics"}[name]
    subject = Subject(name.capitalize(), title, path, ("/search", "Search"), nothing, {name: values[0]})
    return await _show(request, query, subject, GetTimeline(search=asked, fixed=(name,)))


async def _show(request: Request, query: Query, subject: Subject, asked: GetTimeline) -> Response:
    behind = backend(request)
    timeline, reference = await asyncio.gather(behind.call(asked), behind.reference())
    template = "timeline.html" if is_partial(request) else "subject.html"
    context = of_timeline(request, query, timeline, reference)
    return render(request, template, **context, subject=subject, nothing=subject.nothing)


def of_timeline(request: Request, query: Query, timeline: Timeline, reference: Reference) -> dict[str, Any]:
    """What every timeline shows: its entries by month, its filters, and how many there were when."""
    shown = results(request, query, timeline.page, reference)
    chart = chart_of(request, query, timeline.page.facets.get("month", ()), timeline.said_by_month)
    return shown | {"timeline": timeline, "months": by_month(timeline.page.items), "chart": chart}


def by_month(items: Iterable[HistoryItem]) -> list[tuple[str, list[HistoryItem]]]:
    """Entries under the month in which they happened."""
    return [(name, list(group)) for name, group in groupby(items, key=lambda item: month(item.occurred_at))]
