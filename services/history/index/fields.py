"""What of a record can be searched, alike for every engine."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from services.history.index.analysis import Words, analyse_as, analyse_for
from services.history.index.words import beginnings, entry_key, fold_name, name_key, snippet
from services.history.records import ContactRecord, Entry, Folded

LONDON = ZoneInfo("Europe/London")
LIVING = ("person", "organisation")
MERGED = "merged"
"""The kind, for a look-up by name, of a contact that another one stands for."""
WITHDRAWN = "withdrawn"
"""The kind of a contact that is not to be found."""
FACET_VALUES = 100
MONTHS = 12 * 200
"""Values of a facet at most."""
VALUES_OF_A_SHARD = 10_000
"""Counts of a facet are exact as long as no part of an index has more values than this."""
Record = Entry | ContactRecord
Counts = dict[str, list[tuple[str, int]]]


def key_of(record: Record) -> str:
    return f"{type(record).__name__}:{record.id}"


def sort_key(record: Record) -> str:
    """The unique place of a record in the order of its kind: entries by time, contacts by name."""
    if isinstance(record, Entry):
        return entry_key(record.occurred_at, record.id)
    return name_key(record.name, record.id)


def newest(folded: Sequence[Folded]) -> dict[str, Record]:
    """The newest version of each record, by its key."""
    found: dict[str, Record] = {}
    for record in (record for each in folded for record in each if record is not None):
        key = key_of(record)
        if key not in found or found[key].version < record.version:
            found[key] = record
    return found


def entry_fields(entry: Entry) -> dict[str, object]:
    """The values by which an entry is found, sorted and counted; `head` and `text` are texts in parts."""
    head = (entry.title, *entry.names)
    return _counted_fields(entry) | {
        "sort": sort_key(entry),
        "about": entry.about,
        "contact": entry.contact_ids,
        "sensitive": entry.sensitive,
        "head": head,
        "text": (*head, entry.body, *entry.topics),
    }


def _counted_fields(entry: Entry) -> dict[str, object]:
    """The values of each facet."""
    return {
        "source": entry.source,
        "kind": entry.kind,
        "channel": entry.channel,
        "topic": entry.topics,
        "partner": entry.partner,
        "locality": tuple(dict.fromkeys(filter(None, (entry.locality, *entry.localities)))),
        "group": entry.groups,
        "month": _month(entry.occurred_at),
    }


def facets_of(entries: Iterable[Entry], names: Sequence[str]) -> Counts:
    """These facets of a few entries, as an engine counts them."""
    counters: dict[str, Counter[object]] = {name: Counter() for name in names}
    for entry in entries:
        fields = _counted_fields(entry)
        for name in names:
            value = fields[name]
            counters[name].update(set(value) if isinstance(value, tuple) else filter(None, (value,)))
    return {name: in_order(name, counter.items()) for name, counter in counters.items()}


def in_order(facet: str, counts: Iterable[tuple[Any, int]]) -> list[tuple[str, int]]:
    """The most frequent first, of equal ones by value; months by time, the newest first."""
    if facet == "month":
        return sorted(counts, reverse=True)
    return sorted(counts, key=lambda each: (-each[1], each[0]))[:FACET_VALUES]


def _month(moment: datetime) -> str:
    """In London, which is never a day from UTC: where there is no doubt, the zone need not be asked."""
    sure = moment if 1 < moment.day < 28 else moment.astimezone(LONDON)
    return f"{sure.year:04}-{sure.month:02}"


def contact_fields(contact: ContactRecord) -> dict[str, object]:
    """The values by which a contact is found and sorted; `name` is folded, and so are the beginnings of its words."""
    name = fold_name(contact.name)
    return {
        "sort": sort_key(contact),
        "kind": MERGED if contact.merged_into else WITHDRAWN if contact.withdrawn else contact.kind,
        "locality": contact.locality,
        "group": contact.groups,
        "reported_by": contact.reported_by,
        "name": name,
        "beginnings": beginnings(name),
    }


def hits(entries: Iterable[Entry], words: Words) -> list[tuple[Entry, str]]:
    """Each with its snippet."""
    terms = words.terms
    analyse = analyse_for(terms, words.beginning) if terms else analyse_as(words.beginning)
    return [(each, snippet(each.body, terms, analyse)) for each in entries]
