"""Partners read back what was said: their own reports, or with `history:all` everything not sensitive."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.responses import Response

from services.web.access import Caller, partner
from services.web.api import examples
from services.web.backend import backend
from services.web.refusals import as_bad_request
from shared.contracts.base import Request as Question
from shared.contracts.events import Link
from shared.contracts.history import Reader, SearchHistory, Sort
from shared.errors import Invalid

router = APIRouter(prefix="/api/v1", tags=["History"])
_TYPED = (
    'All words are required; ".." is a phrase. -word takes entries away. kind:, channel:, topic:, locality:, group: '
    "and partner: filter; from:, to: and in: take a year, a month or a day (2024-01); with: takes the name of somebody "
    "who took part."
)
HistoryReader = Annotated[Caller, partner("history:read", "history:all")]


class Answer(BaseModel):
    model_config = ConfigDict(from_attributes=True, frozen=True)


class Named(Answer):
    id: str
    name: str


class Entry(Answer):
    """One thing that was said or done. `snippet` is escaped text with `<mark>` only."""

    id: str
    occurred_at: AwareDatetime
    recorded_at: AwareDatetime
    source: str
    """`events` what was said, `contacts` who somebody is and allows, `notifications` messages."""
    kind: str
    channel: str | None
    title: str
    snippet: str
    contacts: tuple[Named, ...]
    partner: str | None
    topics: tuple[str, ...]
    locality: str | None
    links: tuple[Link, ...]


class Count(Answer):
    value: str
    count: int


class Entries(Answer):
    """A page of entries; `total` is exact, `next_cursor` leads to the next page."""

    total: int
    items: tuple[Entry, ...]
    facets: dict[str, tuple[Count, ...]]
    next_cursor: str | None


class Filters(BaseModel):
    """Values of one filter are alternatives, different filters all apply; both dates are included."""

    model_config = ConfigDict(extra="forbid")

    q: Annotated[str, Field(max_length=500, description=_TYPED)] = ""
    source: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()
    channel: tuple[str, ...] = ()
    topic: tuple[str, ...] = ()
    locality: tuple[str, ...] = ()
    group: tuple[str, ...] = ()
    partner: tuple[str, ...] = ()
    from_: Annotated[date | None, Field(alias="from", description="A day in Europe/London.")] = None
    to: date | None = None
    sort: Sort = "relevance"
    limit: Annotated[int, Field(ge=1, le=100)] = 25
    cursor: str | None = None

    def question(self, reader: Reader, contact_id: str | None) -> SearchHistory:
        return SearchHistory(**dict(self), contact_id=contact_id, reader=reader)


class HistoryFilters(Filters):
    contact_id: str | None = None

    def question(self, reader: Reader, contact_id: str | None = None) -> SearchHistory:
        return SearchHistory(**dict(self), reader=reader)


def _reader(caller: Caller) -> Reader:
    """What a key may see: its own partner's reports, or with `history:all` everything; never sensitive entries."""
    return Reader(partner=None if "history:all" in caller.permissions else caller.name)


_SHOWN: dict[str, Any] = dict.fromkeys(Entries.model_fields, True) | {
    "items": {
        "__all__": dict.fromkeys(Entry.model_fields, True) | {"contacts": {"__all__": set(Named.model_fields)}},
    },
    "facets": {"__all__": {"__all__": set(Count.model_fields)}},
}
"""Of a page of the history what partners are shown: the fields of `Entries`, named here because a page is 25 entries,
and reading them into another model costs as much as everything else about it."""


async def entries(request: Request, question: SearchHistory) -> Response:
    """The page of entries that answers the question, as `Entries`."""
    return await page_of(request, question, _SHOWN)


async def page_of(request: Request, question: Question[Any], shown: dict[str, Any]) -> Response:
    """The page that answers the question, cut to the fields that are shown on its way to JSON."""
    try:
        page: BaseModel = await backend(request).call(question)
    except Invalid as error:
        raise as_bad_request(error) from None
    return Response(page.model_dump_json(include=shown), media_type="application/json")


@router.get("/history", response_model=Entries, responses=examples.KEY_RESPONSES)
async def search_history(
    request: Request,
    filters: Annotated[HistoryFilters, Query()],
    caller: HistoryReader,
) -> Response:
    """Search everything your key may see."""
    return await entries(request, filters.question(_reader(caller)))
