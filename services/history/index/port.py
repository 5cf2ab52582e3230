"""The index port: what the history asks of a search engine, whichever it is.

One writer puts records in; readers in other processes search them. Every adapter passes the contract test suite
in tests/history/index_contract.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.history.index.queries import ContactHits, EntryPage, EntryQuery, NameQuery, Pair
from services.history.records import ContactRecord, Entry, Folded
from shared.contracts.history import EngineState, Reader
from shared.errors import Unavailable


class IndexLost(Exception):
    """The index is missing, broken, or cannot be written: build another from the log."""


class IndexAway(Unavailable, IndexLost):
    """The search engine does not answer, or takes nothing now: what it holds is not lost, so wait and try again."""


class IndexBusy(Exception):
    """Another process writes this index: there is one projector only."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A record that the engine would not take as it is, and the event that it comes of."""

    key: str
    event_id: str
    reason: str
    """In the engine's word for it; it quotes nothing of the record."""
    left_out: bool = False
    """Not even without its words."""


OnRefusal = Callable[[Sequence[Refusal]], None]
"""Told before the position beyond them is committed. May raise IndexAway: then the same is put, and told, again."""


def refused_silently(refusals: Sequence[Refusal]) -> None:
    """For a writer whose refusals nobody follows up: the log of the process tells of them."""


class IndexWriter(Protocol):
    """The one writer of an index."""

    position: int
    """Everything up to this position of the log is in the index; after a crash, what has been committed."""

    def put(self, folded: Sequence[Folded], position: int) -> None:
        """Add or replace by id; an older version never overwrites a newer one. Raises IndexLost."""
        ...

    def put_again(self, folded: Sequence[Folded]) -> None:
        """As `put`, of events that have been redacted: the same version is replaced too. Raises IndexLost."""
        ...

    def commit(self) -> None:
        """Make what was put durable and visible, all of it or nothing. Raises IndexLost."""
        ...

    def close(self) -> None:
        """Commit, finish work in the background and let another writer in. Raises IndexLost; the lock is free then."""
        ...

    def abandon(self) -> None:
        """Let another writer in, without what was put since the last commit: a put that failed is there in part."""
        ...


class IndexReader(Protocol):
    """Searches what has been committed; sees later commits by itself. Raises IndexLost when it cannot."""

    def search(self, query: EntryQuery) -> EntryPage: ...

    def people(self, query: EntryQuery, limit: int) -> list[tuple[str, int]]:
        """Contacts of what the query finds, as recorded, with the entries of each: the most first, then by id."""
        ...

    def find_contacts(self, query: NameQuery) -> ContactHits: ...

    def contacts(self, ids: Sequence[str]) -> dict[str, ContactRecord]:
        """Those of the contacts that are known, by id."""
        ...

    def namesakes(self, pairs: Sequence[Pair], limit: int) -> list[ContactRecord]:
        """So many contacts at most, by name, in whose name both words of one of the pairs stand as they are."""
        ...

    def entry(self, entry_id: str, reader: Reader) -> Entry | None:
        """None also when the reader may not see it."""
        ...

    def counts(self) -> tuple[int, int]:
        """(entries, contacts)"""
        ...

    def position(self) -> int:
        """How far in the log the index had come at its last commit."""
        ...

    def latest(self) -> Entry | None:
        """The entry that was added last."""
        ...

    def entries(self) -> Iterator[Entry]:
        """All of them, as stored."""
        ...

    def all_contacts(self) -> Iterator[ContactRecord]: ...


@dataclass(frozen=True, slots=True)
class Pointer:
    """The index that serves; not complete while it is still being built from the log."""

    name: str
    complete: bool


@dataclass(frozen=True, slots=True)
class Unfinished:
    """An index that a rebuild which was killed has left, and when that had begun."""

    name: str
    begun_at: datetime


@dataclass(frozen=True, slots=True)
class EngineHealth:
    """Which engine it is, and how it is."""

    engine: str
    state: EngineState


class IndexSet(Protocol):
    """The indexes of an instance, and which of them serves. Whatever is asked raises IndexAway without the engine."""

    def current(self) -> Pointer | None:
        """The index that serves, None when there is none."""
        ...

    def serve(self, pointer: Pointer) -> None:
        """Let this index serve from now on, in one step. Raises IndexLost when that cannot be written."""
        ...

    def new_name(self) -> str:
        """A name that no index has."""
        ...

    def rebuilding(self) -> AbstractContextManager[None]:
        """One rebuild at a time, else Conflict; what others have left is removed first, also the one that is `kept`.

        But for the last one that was killed over it, if it can be gone on with.
        """
        ...

    def unfinished(self) -> Unfinished | None:
        """For whoever is `rebuilding`: what can be gone on with instead of beginning anew."""
        ...

    def kept(self) -> str | None:
        """The index that served before this one and holds all that had come by then."""
        ...

    def check_writable(self) -> None:
        """Raises IndexLost when nothing can be written: it is not one index that cannot be used."""
        ...

    def has(self, name: str) -> bool: ...

    def writer(self, name: str, on_refusal: OnRefusal = refused_silently) -> IndexWriter:
        """Makes the index when it is not there. Raises IndexBusy while another process writes it, IndexLost.

        What the engine refuses of a record never keeps the others out.
        """
        ...

    def bulk_writer(self, name: str, on_refusal: OnRefusal = refused_silently) -> IndexWriter:
        """The same, for as much as it can take."""
        ...

    def reader(self, name: str) -> IndexReader: ...

    def serving_reader(self, name: str) -> IndexReader:
        """Of the index that serves, which has this name; it may go on with the next one that serves."""
        ...

    def remove(self, name: str) -> None: ...

    def health(self) -> EngineHealth:
        """`away` instead of an error, within about a second."""
        ...

    def stamp(self) -> object | None:
        """Differs when another index serves; None when there is none."""
        ...
