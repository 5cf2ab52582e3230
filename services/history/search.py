"""Answers what was ever said, and finds contacts by name: reads the index, writes nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache
from typing import ClassVar

from pydantic import TypeAdapter

from services.history.advising import advice
from services.history.asking import Scope, check_length, entry_query, only_said, scope_of, whole_timeline
from services.history.beside import companions, open_questions, with_survivors
from services.history.cursor import Cursors
from services.history.forgiving import find
from services.history.index.choice import indexes_of
from services.history.index.port import IndexLost, IndexReader, IndexSet
from services.history.index.queries import EntryQuery, NameQuery, Place
from services.history.index.serving import ServingIndex
from services.history.index.words import highlighter
from services.history.naming import with_names
from services.history.records import ContactRecord, Entry
from shared.contracts.events import Link
from shared.contracts.history import (
    ContactPage,
    FacetCount,
    GetEntry,
    GetHistoryStatus,
    HistoryItem,
    HistoryPage,
    HistoryStatus,
    NamedContact,
    SearchContacts,
    SearchHistory,
)
from shared.contracts.timelines import GetTimeline, OpenQuestions, Timeline
from shared.errors import Invalid, NotFound, Unavailable
from shared.messaging import Bus, rpc
from shared.settings import Settings

NAMED = 3
"""Recipients of a message that an item names; the others are counted."""


class HistorySearch:
    """The search process of the history; as many of them as wanted."""

    name: ClassVar[str] = "history"

    def __init__(self, indexes: IndexSet, secret: str = "") -> None:
        self._serving = ServingIndex(indexes)
        self._cursors = Cursors(secret)

    def ailing(self) -> str:
        health = self._serving.health()
        return f"{health.engine} does not answer" if health.state == "away" else ""

    @rpc
    def search_history(self, request: SearchHistory) -> HistoryPage:
        index = self._serving.reader()
        return self._search(index, request, *_asked(index, request))

    @rpc
    def get_timeline(self, request: GetTimeline) -> Timeline:
        index, search = self._serving.reader(), request.search
        if request.contact_id is not None:
            search = search.model_copy(update={"contact_id": request.contact_id})
        scope, query = _asked(index, search)
        page = self._search(index, search, scope, query, request.fixed)
        counted = only_said(query)
        said = index.search(replace(counted, need="most") if page.most_words else counted)
        whole = whole_timeline(scope, {each: getattr(search, each) for each in request.fixed}, search.reader)
        first, last = (index.search(replace(whole, sort=sort, limit=1)).hits for sort in ("oldest", "newest"))
        return Timeline(
            page=page,
            said_by_month=_counted(said.facets.get("month", ())),
            first_said_at=first[0][0].occurred_at if first else None,
            last_said_at=last[0][0].occurred_at if last else None,
            companions=companions(index, whole, scope["contact_ids"]) if request.companions else (),
            questions=open_questions(index, whole) if request.questions else OpenQuestions(),
        )

    @rpc
    def search_contacts(self, request: SearchContacts) -> ContactPage:
        check_length(request.q)
        query = NameQuery(
            q=request.q,
            filters={"locality": request.locality, "group": request.group},
            limit=request.limit,
            after=self._cursors.read(request, request.cursor),
            partner=request.reader.partner,
        )
        found = self._serving.reader().find_contacts(query)
        return ContactPage.model_validate(
            {
                "total": found.total,
                "items": _found(found.contacts, request.q),
                "next_cursor": self._cursors.write(request, found.next),
                "rebuilding": self._serving.rebuilding,
            }
        )

    @rpc
    def get_entry(self, request: GetEntry) -> HistoryItem:
        index = self._serving.reader()
        entry = index.entry(request.entry_id, request.reader)
        if entry is None:
            raise NotFound("There is no entry of that id in the history.")
        return _items(index, [(entry, "")])[0]

    def _search(
        self, index: IndexReader, request: SearchHistory, scope: Scope, query: EntryQuery, fixed: Sequence[str] = ()
    ) -> HistoryPage:
        after, begun_again = self._place(request)
        page, most_words = find(index, replace(query, after=after), request.forgiving)
        return HistoryPage(
            total=page.total,
            items=_items(index, page.hits),
            facets={name: _counted(counts) for name, counts in page.facets.items()},
            next_cursor=self._cursors.write(request, page.next),
            rebuilding=self._serving.rebuilding,
            most_words=most_words,
            begun_again=begun_again,
            together=_together(index, request),
            **advice(index, request, scope, 0 if most_words else page.total, fixed),
        )

    def _place(self, request: SearchHistory) -> tuple[Place | None, bool]:
        """Where the page before ended, and whether that cannot be told and the first page is good enough."""
        try:
            return self._cursors.read(request, request.cursor), False
        except Invalid:
            if not request.begin_again:
                raise
            return None, True

    @rpc
    def get_history_status(self, request: GetHistoryStatus) -> HistoryStatus:
        health = self._serving.health()
        known = HistoryStatus(engine=health.engine, state=health.state, rebuilding=True)
        if health.state == "away":  # to ask it for more would take longer than anybody waits for a status
            return known
        try:
            return known.model_copy(update=self._figures(self._serving.reader()))
        except (Unavailable, IndexLost):
            return known

    def _figures(self, index: IndexReader) -> dict[str, object]:
        (entries, contacts), latest = index.counts(), index.latest()
        return {
            "entries": entries,
            "contacts": contacts,
            "position": index.position(),
            "rebuilding": self._serving.rebuilding,
            "last_recorded_at": latest.recorded_at if latest else None,
        }


def _asked(index: IndexReader, request: SearchHistory) -> tuple[Scope, EntryQuery]:
    """Whose entries are searched, and the first page of them; what it takes is looked up once."""
    check_length(request.q)
    scope = scope_of(index, request)
    query = entry_query(request, None, scope)
    return scope, with_names(index, query) if request.forgiving else query


def _together(index: IndexReader, request: SearchHistory) -> tuple[NamedContact, ...]:
    """A partner knows people by what it has written down of them itself."""
    asked = request.together if request.reader.partner is None else ()
    homes = with_survivors(index, index.contacts(asked)) if asked else {}
    return tuple(NamedContact(id=key, name=homes[key].name) for key in dict.fromkeys(asked) if key in homes)


def _counted(counts: Iterable[tuple[str, int]]) -> tuple[FacetCount, ...]:
    return _counts().validate_python([{"value": value, "count": number} for value, number in counts])


@cache
def _counts() -> TypeAdapter[tuple[FacetCount, ...]]:
    """Makes many at once, in half the time: a page has two hundred. Built when it is first used, as models are."""
    return TypeAdapter(tuple[FacetCount, ...])


def _items(index: IndexReader, hits: Sequence[tuple[Entry, str]]) -> tuple[HistoryItem, ...]:
    """Entries with the names that their contacts have now, looked up once for the page."""
    ids = dict.fromkeys(contact_id for entry, _ in hits for contact_id in _named(entry))
    contacts = with_survivors(index, index.contacts(list(ids)))
    return tuple(_item(entry, snippet, contacts) for entry, snippet in hits)


def _item(entry: Entry, snippet: str, contacts: dict[str, ContactRecord]) -> HistoryItem:
    known = {contacts[each].id: contacts[each] for each in _named(entry) if each in contacts}.values()
    return HistoryItem(
        id=entry.id,
        engagement_id=entry.engagement_id,
        about=entry.about,
        occurred_at=entry.occurred_at,
        recorded_at=entry.recorded_at,
        source=entry.source,
        kind=entry.kind,
        channel=entry.channel,
        title=entry.title,
        sentence=entry.sentence,
        snippet=snippet,
        contacts=tuple(NamedContact(id=each.id, name=each.name) for each in known),
        more_contacts=len(entry.contact_ids) - len(_named(entry)),
        mentions=entry.mentions,
        partner=entry.partner,
        topics=entry.topics,
        locality=entry.locality,
        links=tuple(Link(url=url, title=title) for url, title in entry.links),
        sensitive=entry.sensitive,
        sentiment=entry.sentiment,
        direction=entry.direction,
        corrected=entry.corrected,
        steps=entry.steps,
    )


def _named(entry: Entry) -> tuple[str, ...]:
    """Whom an item names: everyone who took part, but not each of 500 who were sent the same message."""
    return entry.contact_ids if entry.engagement_id else entry.contact_ids[:NAMED]


def _found(contacts: Iterable[ContactRecord], q: str) -> list[dict[str, object]]:
    """The fields of `FoundContact`: a page of them is read at once, in a fraction of the time."""
    highlight = highlighter(q)
    return [
        {
            "id": each.id,
            "name": each.name,
            "highlighted": highlight(each.name),
            "kind": each.kind,
            "locality": each.locality,
            "practice": each.practice,
            "groups": each.groups,
        }
        for each in contacts
    ]


def build(settings: Settings, bus: Bus) -> HistorySearch:
    """The search of this instance; it asks nobody."""
    return HistorySearch(indexes_of(settings), settings.secret)
