"""What a search asks of the index: the fields typed into it, local days as instants, and whose entries."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TypedDict
from zoneinfo import ZoneInfo

from services.history.index.port import IndexReader
from services.history.index.queries import EntryQuery, Member, NameQuery, Place
from services.history.index.words import fold_name
from shared import searching
from shared.contracts.history import Reader, SearchHistory
from shared.errors import Invalid

LONDON = ZoneInfo("Europe/London")
LONGEST_QUERY = 500
MOST_MONTHS = 60
MOST_NAMESAKES = 100
"""Contacts that a name in a search may stand for."""
SAID = ("events",)
"""The service that tells what was said; the others tell what became of a contact with us."""
OF_PEOPLE = ("events", "cases")
"""What stands of somebody on the timeline of an organisation that they belong to: not what they allow or were sent."""
_NONE = ""
"""A contact and a value that no entry has: nothing is found by it."""


class Scope(TypedDict):
    """Whose entries a query is about, as the index is asked."""

    contact_ids: tuple[str, ...]
    members: tuple[Member, ...]
    about: tuple[str, ...]
    taking_part: tuple[tuple[str, ...], ...]


class Range(TypedDict):
    """From an instant to another, None: without an end."""

    since: datetime | None
    before: datetime | None


def check_length(q: str) -> None:
    """Raises Invalid for a search that is too long."""
    if len(q) > LONGEST_QUERY:
        raise Invalid(f"A search has {LONGEST_QUERY} characters at most; this one has {len(q)}. Use fewer words.")


def scope_of(index: IndexReader, request: SearchHistory) -> Scope:
    """Whose entries are asked for, with those merged into them: entries keep the ids they were recorded with."""
    own = () if request.contact_id is None else (request.contact_id,)
    ids = _with_merged(index, [*own, *(each.contact_id for each in request.people)])
    members = [
        Member(contact_ids=ids[each.contact_id], sources=OF_PEOPLE, **_range(each.since, each.until))
        for each in request.people
    ]
    return {
        "contact_ids": ids[request.contact_id] if request.contact_id is not None else (),
        "members": tuple(members),
        "about": request.about,
        "taking_part": taking_part(index, request),
    }


def taking_part(index: IndexReader, request: SearchHistory) -> tuple[tuple[str, ...], ...]:
    """The ids of each who is asked for by id; of each name that was typed, whom it may stand for."""
    named = searching.read(request.q).people
    ids = _with_merged(index, request.together)
    return (*ids.values(), *(_namesakes(index, each, request.reader) for each in named))


def _with_merged(index: IndexReader, contact_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    known = index.contacts(contact_ids) if contact_ids else {}
    return {each: (each, *(known[each].merged if each in known else ())) for each in contact_ids}


def _namesakes(index: IndexReader, name: str, reader: Reader) -> tuple[str, ...]:
    """Everybody whose name begins with these words, in any order; typos are not forgiven here."""
    typed = fold_name(name).split()
    if not typed:
        return (_NONE,)
    found = index.find_contacts(NameQuery(q=name, limit=MOST_NAMESAKES, partner=reader.partner)).contacts
    meant = [each for each in found if all(_has_beginning(each.name, word) for word in typed)]
    return tuple(dict.fromkeys(id for each in meant for id in (each.id, *each.merged))) or (_NONE,)


def _has_beginning(name: str, beginning: str) -> bool:
    return any(word.startswith(beginning) for word in fold_name(name).split())


def entry_query(request: SearchHistory, after: Place | None, scope: Scope) -> EntryQuery:
    """The search as the index is asked; what was typed as a field narrows down what the request's filters say."""
    typed = searching.read(request.q)
    since = max(filter(None, (request.from_, typed.since)), default=None)
    until = min(filter(None, (request.to, typed.until)), default=None)
    months = whole_months(since, until)
    return EntryQuery(
        **scope,
        **(_range(None, None) if months else _range(since, until)),
        q=typed.words,
        need="telling" if request.forgiving else "all",
        prefix=request.prefix,
        filters={
            "source": request.source,
            "kind": request.kind,
            "channel": request.channel,
            "topic": request.topic,
            "locality": request.locality,
            "group": request.group,
            "partner": request.partner,
        },
        with_values=_spelt(typed.filters) | ({"month": months} if months else {}),
        without=typed.without,
        without_values=_spelt(typed.without_values),
        sort=request.sort,
        limit=request.limit,
        after=after,
        facets=request.facets,
        alternatives=request.alternatives,
        reader=request.reader,
    )


def _spelt(values: Mapping[str, Sequence[str]]) -> dict[str, Sequence[str]]:
    return {
        name: [spelling for each in typed for spelling in searching.spellings(each)] for name, typed in values.items()
    }


def only_said(query: EntryQuery) -> EntryQuery:
    """The query without what became of the contact with us, for its months: that is no engagement."""
    sources = [each for each in query.filters["source"] or SAID if each in SAID]
    # When others are asked for there is nothing to count.
    filters = {**query.filters, "source": sources or [_NONE]}
    return replace(query, filters=filters, limit=1, facets=True, counted=("month",), alternatives=False)


def whole_timeline(scope: Scope, fixed: Mapping[str, Sequence[str]], reader: Reader) -> EntryQuery:
    """What was said on a timeline, whatever is searched for."""
    everybody: Scope = {**scope, "taking_part": ()}
    return EntryQuery(**everybody, filters={**fixed, "source": SAID}, reader=reader)


def whole_months(since: date | None, until: date | None) -> tuple[str, ...]:
    """The months, as `2014-06`, of which the days consist, both included; none where they begin or end within one.

    Engines look a month up, but go through all the times between two instants.
    """
    if since is None or until is None or until == date.max or since.day != 1 or (until + timedelta(days=1)).day != 1:
        return ()
    number = (until.year - since.year) * 12 + until.month - since.month + 1
    if not 0 < number <= MOST_MONTHS:
        return ()
    counted = (since.year * 12 + since.month - 1 + each for each in range(number))
    return tuple(f"{each // 12:04}-{each % 12 + 1:02}" for each in counted)


def _range(since: date | None, until: date | None) -> Range:
    """Local days, both included, as instants."""
    return {
        "since": _midnight(since) if since else None,
        "before": _midnight(until + timedelta(days=1)) if until and until < date.max else None,
    }


def _midnight(day: date) -> datetime:
    """The instant at which a local day begins."""
    if day == date.min:  # London was behind UTC then: the instant has no UTC form, and nothing is as old
        return datetime.min.replace(tzinfo=UTC)
    return datetime.combine(day, time(), LONDON).astimezone(UTC)
