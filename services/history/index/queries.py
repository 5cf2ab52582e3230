"""What is asked of an index, and what it answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from services.history.records import ContactRecord, Entry
from shared.contracts.history import FACETS, Reader, Sort

EVERYTHING = Reader(sensitive=True)
Pair = tuple[str, str]
Need = Literal["all", "telling", "most"]
"""Of the words of a search: all of them, all but the little ones (the, of, at), or half of those and more."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended: how well the last one matched (0 is best) and its key in the order of the list.

    The key is unique and never changes with new arrivals, so a walk meets every entry once. It may stand in an
    address, so it names nobody: of an entry it is made of its time, of a contact it is the id.
    """

    tier: int
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Somebody whose entries stand on the timeline of another contact: those of `sources`, in a range of time."""

    contact_ids: tuple[str, ...]
    sources: tuple[str, ...]
    since: datetime | None = None
    """UTC, included."""
    before: datetime | None = None
    """UTC, not included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryQuery:
    """A search of the timeline. Values of one filter are alternatives; different filters all apply."""

    q: str = ""
    need: Need = "all"
    """Which of the words have to occur."""
    named: Mapping[Pair, tuple[str, ...]] = field(default_factory=dict)
    """Of two words in a row of `q`, folded, the contacts of that name: what names one of them by id has both words."""
    prefix: bool = False
    """The last word, unless it is in quotes or shorter than three letters, may be the beginning of a word."""
    contact_ids: tuple[str, ...] = ()
    members: tuple[Member, ...] = ()
    """Their entries too, besides those of `contact_ids`."""
    about: tuple[str, ...] = ()
    """Only what belongs to one of these."""
    taking_part: tuple[tuple[str, ...], ...] = ()
    """Only where of each of these groups of contacts somebody took part."""
    like: tuple[str, int] | None = None
    """Only where a word occurs, folded and not stemmed, that has no more than so many typos against this one."""
    filters: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """source, kind, channel, topic, locality, group, partner."""
    without: tuple[str, ...] = ()
    """Words and phrases that must not occur."""
    with_values: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """As `filters`, for the same fields and `month`, but each facet counts within them."""
    without_values: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Values of the same fields that must not occur."""
    since: datetime | None = None
    """UTC, included."""
    before: datetime | None = None
    """UTC, not included."""
    sort: Sort = "relevance"
    limit: int = 25
    after: Place | None = None
    facets: bool = False
    counted: Sequence[str] = FACETS
    """Which facets."""
    alternatives: bool = False
    """The facet of a field that is filtered counts as if that filter were not set."""
    reader: Reader = EVERYTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class NameQuery:
    """A look-up of contacts by name, as one types. `partner`: only contacts that this partner has named."""

    q: str = ""
    filters: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """locality, group."""
    limit: int = 25
    after: Place | None = None
    partner: str | None = None


@dataclass(frozen=True, slots=True)
class EntryPage:
    total: int
    """Exact."""
    hits: list[tuple[Entry, str]]
    """(entry, snippet): escaped text with `<mark>` only."""
    facets: dict[str, list[tuple[str, int]]]
    """(value, count), the most frequent first; `month` the newest first.

    The facet of a field with a filter counts as if that filter were not set: what its other values would find.
    """
    next: Place | None


@dataclass(frozen=True, slots=True)
class ContactHits:
    total: int
    contacts: list[ContactRecord]
    next: Place | None
