"""One page with every component that pages are made of, from the same macros as the pages."""

from datetime import UTC, datetime

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.web.access import staff
from services.web.pages.advice import Way
from services.web.pages.forms import Form
from services.web.pages.over_time import over_time
from services.web.rendering import render
from services.web.waiting import Task
from shared.contracts.history import HistoryItem, HistoryPage, NamedContact

router = APIRouter(prefix="/design", include_in_schema=False)
_AT = datetime(2014, 3, 12, 15, 40, tzinfo=UTC)
_ENTRIES = (
    HistoryItem(
        id="1",
        occurred_at=_AT,
        recorded_at=_AT,
        source="events",
        kind="conversation",
        channel="street stall",
        title="The barrier at the car park",
        sentence="The barrier at the car park",
        snippet="The <mark>barrier</mark> is broken and the machine takes no cards.",
        contacts=(NamedContact(id="con_1", name="Mary Okafor"),),
        more_contacts=2,
        mentions=("Neighbour",),
        partner="St Agnes",
        topics=("parking", "access"),
        locality="Eastmere",
        sensitive=True,
        corrected=True,
    ),
    HistoryItem(
        id="2",
        occurred_at=_AT,
        recorded_at=_AT,
        source="notifications",
        kind="message_sent",
        title="News of March",
        sentence="News of March",
    ),
)
_TASKS = [
    Task("/design", "3", "mailings are drafts", is_news=False),
    Task("/design", "1", "mailing is being sent", is_news=True),
]


@router.get("", dependencies=[staff("history:read")])
async def show_components(request: Request) -> Response:
    faulty = Form(
        {"name": "", "about": "", "colour": "green"},
        errors={"name": "Enter a name", "about": "Choose what it is about"},
        fault="Somebody else changed this in the meantime. Look at it again, then change it.",
    )
    return render(
        request,
        "design.html",
        entries=_ENTRIES,
        tasks=_TASKS,
        faulty=faulty,
        slip=Way("vaccination", "/search?q=vaccination", 12, unfiltered=True),
        chart=over_time({"2014-01": 4, "2014-02": 11, "2014-03": 7}, lambda since, until: "/search"),
        page=HistoryPage(total=60, items=(), next_cursor="next"),
    )
