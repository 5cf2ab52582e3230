"""All that a search has found, as a file: read page by page while it is downloaded."""

import html
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.web.access import note_reading, reader_of, staff
from services.web.backend import Backend, backend
from services.web.downloads import as_file
from services.web.pages.search import Query
from services.web.words import label, local, place_names
from shared.contracts.history import HistoryItem, HistoryPage, SearchHistory

READ: Final = "history:read"
WINDOW = 100
MOST_ROWS = 200_000
"""Rows of a file; a search for more is to be narrowed down."""
HEADINGS = (
    "When",
    "Kind",
    "Channel",
    "Title",
    "What happened",
    "Extract",
    "People",
    "Topics",
    "Locality",
    "Reported by",
)
_TAG = re.compile(r"</?mark>")
router = APIRouter(prefix="/search", include_in_schema=False)


@router.get("/entries.csv", dependencies=[staff(READ)])
async def download_csv(request: Request) -> Response:
    return await as_file("entries", "csv", await _rows(request))


@router.get("/entries.xlsx", dependencies=[staff(READ)])
async def download_xlsx(request: Request) -> Response:
    return await as_file("entries", "xlsx", await _rows(request))


async def _rows(request: Request) -> AsyncIterator[Sequence[Sequence[str]]]:
    """The rows of a file; whoever asks for it is in the audit. The first page is read before anything is sent."""
    behind = backend(request)
    asked = Query(request.query_params).question(reader_of(request))
    asked = asked.model_copy(update={"limit": WINDOW, "cursor": None, "facets": False, "advice": False})
    page, reference = await behind.call(asked), await behind.reference()
    await note_reading(request, READ)
    return _windows(behind, asked, page, place_names(reference))


async def _windows(
    behind: Backend, asked: SearchHistory, page: HistoryPage, places: Mapping[str, str]
) -> AsyncIterator[Sequence[Sequence[str]]]:
    yield [HEADINGS]
    written = 0
    while True:
        yield [_row(each, places) for each in page.items]
        written += len(page.items)
        if page.next_cursor is None:
            return
        if written >= MOST_ROWS:
            yield [[f"The first {written:,} of {page.total:,} entries. Narrow the search down for the others."]]
            return
        page = await behind.call(asked.model_copy(update={"cursor": page.next_cursor}))


def _row(item: HistoryItem, places: Mapping[str, str]) -> list[str]:
    people = [*(each.name for each in item.contacts), *item.mentions]
    if item.more_contacts:
        people.append(f"and {item.more_contacts:,} more")
    return [
        f"{local(item.occurred_at):%Y-%m-%d %H:%M}",
        label(item.kind),
        label(item.channel),
        item.title,
        item.sentence,
        html.unescape(_TAG.sub("", item.snippet)),
        "; ".join(people),
        "; ".join(item.topics),
        places.get(item.locality or "", item.locality or ""),
        item.partner or "",
    ]
