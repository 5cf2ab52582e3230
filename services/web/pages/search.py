"""Search over everything that was said: as one types, with filters, facets and a chart over time."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, get_args
from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.background import BackgroundTask
from starlette.datastructures import QueryParams
from starlette.responses import Response

from services.web.access import reader_of, staff
from services.web.addresses import with_query
from services.web.backend import backend
from services.web.entry_words import FILTERS
from services.web.pages import saved_searches
from services.web.pages.advice import advice_of
from services.web.pages.over_time import OverTime, Period, over_time
from services.web.rendering import render
from services.web.words import CHANGES, SAID, SOURCES, label, place_names
from shared import searching
from shared.contracts.contacts import Reference
from shared.contracts.history import (
    MOST_TOGETHER,
    ContactPage,
    FacetCount,
    HistoryPage,
    Reader,
    SearchContacts,
    SearchHistory,
    Sort,
)

# The order that goes without saying has no value, so that it does not stick when the search changes.
RANKED = {"": "Best match", "newest": "Newest first", "oldest": "Oldest first"}
IN_TIME = {"": "Newest first", "oldest": "Oldest first"}
BEGUN_AGAIN = "The address led to a page of another search. This is the first page again."
NAMES_SHOWN = 5
PAGE = 20
MAX_QUERY = 500
Names = Mapping[str, Mapping[str, str]]
"""How the values of a filter are said."""
router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class Option:
    """One value of a filter, with its count under the other filters."""

    value: str
    text: str
    count: int
    chosen: bool


@dataclass
class Query:
    """The filters of an address, read forgivingly: what cannot be read is left out and said so."""

    params: QueryParams
    sources: tuple[str, ...] = SAID
    """What a search is for unless it asks for something else; empty: everything."""
    in_time: bool = False
    """A timeline: it has no best match."""
    fixed: tuple[str, ...] = ()
    """Filters that make the timeline what it is, and cannot be taken away."""
    faults: dict[str, str] = field(default_factory=dict)

    def question(self, reader: Reader, contact_id: str | None = None) -> SearchHistory:
        values = {name: self.chosen(name) for name in FILTERS}
        sort = self.params.get("sort", "")
        if self.in_time and sort != "oldest":
            sort = "newest"
        return SearchHistory(
            q=self.q,
            prefix=True,
            forgiving=True,
            alternatives=True,
            contact_id=contact_id,
            together=self.together,
            from_=self.period.since,
            to=self.period.until,
            sort=sort if sort in get_args(Sort) else "relevance",
            limit=PAGE,
            cursor=self.params.get("cursor") or None,
            begin_again=True,
            advice=True,
            reader=reader,
            **values,
        )

    def chosen(self, name: str) -> tuple[str, ...]:
        """The values of a filter; one that is fixed has a single one."""
        values = tuple(each for each in self.params.getlist(name) if each)
        if name == "source" and not (values or self._kinds & CHANGES.keys()):
            return self.sources
        return values[:1] if name in self.fixed else values

    @property
    def together(self) -> tuple[str, ...]:
        """Ids of those who are to have taken part as well."""
        return tuple(each for each in self.params.getlist("together") if each)[:MOST_TOGETHER]

    @property
    def other_sources(self) -> list[tuple[str, str]]:
        """What keeps another search as wide as this one, which is wider than usual by the kinds that it asks for."""
        return [("source", each) for each in SOURCES] if self.sources and not self.chosen("source") else []

    @property
    def q(self) -> str:
        q = self.params.get("q", "").strip()
        if len(q) > MAX_QUERY:
            self.faults["q"] = f"The search can have up to {MAX_QUERY} characters. Only the first are searched for."
        return q[:MAX_QUERY]

    @property
    def names_asked(self) -> str:
        """What contacts are looked up by beside the entries: whom these are to be with, else the words."""
        return self.person or searching.read(self.q).words

    @property
    def person(self) -> str:
        """The name of somebody who is to have taken part; several may have it."""
        return next(iter(searching.read(self.q).people), "")

    def contact_address(self, contact_id: str) -> str:
        """Of a contact that was looked up; of one who is to have taken part, with what else was asked for."""
        address = f"/contacts/{quote(contact_id)}"
        if not self.person:
            return address
        rest = " ".join(each for each in searching.parts(self.q) if searching.read(each).people != (self.person,))
        asked = [("q", rest)] if rest else []
        asked += [("source", each) for each in self.chosen("source")]
        return with_query(address, self.params, asked, [("q", ""), ("source", "")])

    @property
    def _kinds(self) -> set[str]:
        """Chosen or typed."""
        typed = searching.read(self.q).filters.get("kind", ())
        return {*self.params.getlist("kind"), *(spelling for each in typed for spelling in searching.spellings(each))}

    @property
    def period(self) -> Period:
        """The days that are chosen."""
        return Period(self._day("from"), self._day("to"))

    def _day(self, name: str) -> date | None:
        typed = self.params.get(name, "")
        try:
            return date.fromisoformat(typed) if typed else None
        except ValueError:
            self.faults[name] = "Enter the date as day, month and year."
            return None


@router.get("/search", dependencies=[staff("history:read")])
async def search(request: Request) -> Response:
    query = Query(request.query_params)
    behind = backend(request)
    page, names, reference = await asyncio.gather(
        behind.call(query.question(reader_of(request))),
        behind.call(SearchContacts(q=query.names_asked, limit=NAMES_SHOWN, reader=reader_of(request))),
        behind.reference(),
    )
    found = results(request, query, page, reference)
    found["names"], found["this_search"] = _names(query, names), saved_searches.kept(query.params)
    found["files"] = {ending: with_query(f"/search/entries.{ending}", query.params) for ending in ("csv", "xlsx")}
    if is_partial(request):
        return _noted(request, query, render(request, "search_results.html", **found))
    found["mine"] = await saved_searches.mine(request)
    return _noted(request, query, render(request, "search.html", **found))


def _noted(request: Request, query: Query, page: Response) -> Response:
    """The page; a search that was sent off is remembered once it is sent, not what somebody types on the way to it."""
    sent_off = not is_partial(request) or "wellheard-submitted" in request.headers
    if sent_off and query.q and "cursor" not in query.params:
        page.background = BackgroundTask(saved_searches.note, request, query.q, query.params)
    return page


def is_partial(request: Request) -> bool:
    """htmx asks for the part of the page that changes; a step back in the browser's history wants the whole page."""
    return "hx-request" in request.headers and "hx-history-restore-request" not in request.headers


def results(request: Request, query: Query, page: HistoryPage, reference: Reference) -> dict[str, Any]:
    """What the list of entries, its filters and its chart show."""
    names = _names_of(reference)
    filters = {name: title for name, title in FILTERS.items() if name not in query.fixed}
    if page.begun_again:
        query.faults["cursor"] = BEGUN_AGAIN
    together = {"together": {each.id: each.name for each in page.together}}
    return {
        "query": query,
        "page": page,
        "options": {name: _options(name, query.chosen(name), page, names) for name in filters},
        "filters": filters,
        "sorts": RANKED if query.q and not query.in_time else IN_TIME,
        "chips": _chips(request, query, {**names, **together}, filters),
        "advice": advice_of(request, page, query.other_sources, lambda name: _chosen(query, name, names)),
        "chart": chart_of(request, query, page.facets.get("month", ())),
        "next_url": with_query(request.url.path, query.params, [("cursor", page.next_cursor or "")]),
        "first_url": with_query(request.url.path, query.params),
        "place_names": names["locality"],
    }


def _names_of(reference: Reference) -> Names:
    return {
        "locality": place_names(reference),
        "group": {each.code: each.name for each in reference.groups},
        "source": SOURCES,
    }


def _text(name: str, value: str, names: Names) -> str:
    return names.get(name, {}).get(value) or (label(value) if name in ("kind", "channel") else value)


def _options(name: str, chosen: Sequence[str], page: HistoryPage, names: Names) -> list[Option]:
    counts = {each.value: each.count for each in page.facets.get(name, ())}
    values = [*chosen, *(value for value in counts if value not in chosen)]
    return [Option(value, _text(name, value, names), counts.get(value, 0), value in chosen) for value in values]


def _chosen(query: Query, name: str, names: Names) -> str:
    """The chosen values of a filter in words."""
    return " or ".join(_text(name, value, names) for value in query.chosen(name))


def _chips(request: Request, query: Query, names: Names, filters: Mapping[str, str]) -> list[dict[str, str]]:
    """The filters in force, each with the address without it; not the one that goes without saying."""
    titles = {**filters, "from": "From", "to": "To", "together": "With"}
    if query.chosen("source") == query.sources:
        del titles["source"]
    return [
        {
            "text": f"{titles[name]}: {_text(name, value, names)}",
            "href": with_query(request.url.path, query.params, drop=[(name, value)]),
        }
        for name, value in query.params.multi_items()
        if name in titles and value
    ]


def chart_of(
    request: Request, query: Query, months: Iterable[FacetCount], said: Iterable[FacetCount] | None = None
) -> OverTime | None:
    """Entries over time, each bar leading to those of its days. said: how many are engagements."""

    def link(since: date | None, until: date | None) -> str:
        days = [(name, day.isoformat()) for name, day in (("from", since), ("to", until)) if day]
        return with_query(request.url.path, query.params, days, [("from", ""), ("to", "")])

    by_month, said_by_month = ({each.value: each.count for each in of} for of in (months, said or ()))
    return over_time(by_month, link, query.period, None if said is None else said_by_month)


def _names(query: Query, names: ContactPage) -> ContactPage | None:
    return names if query.names_asked and names.items else None
