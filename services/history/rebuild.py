"""A new index from the log while the old one serves, and the proof that an index equals the fold of the log."""

import gc
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from typing import NamedTuple

from services.history.index.choice import indexes_of
from services.history.index.port import IndexAway, IndexReader, IndexSet, OnRefusal, refused_silently
from services.history.log import Log, LogPort, windows
from services.history.records import ContactRecord, Entry
from services.history.refusals import park_refused
from services.history.timeline import fold
from shared.errors import NotFound
from shared.messaging import Bus
from shared.mongo import connect
from shared.scratch import scratch_database
from shared.settings import Settings

Progress = Callable[[int, int], None]
"""Called with (position reached, last position)."""
_WINDOWS_A_COMMIT = 100
_MODULUS = 1 << 256


class Checksum(NamedTuple):
    """A checksum over every entry and contact, in whatever order they come, and how many there are."""

    checksum: str
    entries: int
    contacts: int


def rebuild(
    settings: Settings, progress: Progress = lambda done, last: None, name: str = "", bus: Bus | None = None
) -> str:
    """Fold the log into a new index and return its name; it serves once the projector was asked to `SwapIndex`.

    name: of one that is unfinished, to go on with it. bus: where the events go that the search engine refuses.
    """
    log = Log(connect(settings, "history"))
    on_refusal = partial(park_refused, log, bus) if bus else refused_silently
    return rebuild_from(log, indexes_of(settings), progress, name, on_refusal)


def rebuild_from(
    log: LogPort,
    indexes: IndexSet,
    progress: Progress = lambda done, last: None,
    name: str = "",
    on_refusal: OnRefusal = refused_silently,
) -> str:
    name = name or indexes.new_name()
    try:
        _fill(log, indexes, name, progress, on_refusal)
    except IndexAway:  # it can be gone on with
        raise
    except BaseException:
        indexes.remove(name)
        raise
    return name


def log_checksum(settings: Settings) -> Checksum:
    """The checksum over the fold of the log; reads nothing of the index."""
    return checksum_of_log(Log(connect(settings, "history")))


def serving_index(indexes: IndexSet) -> IndexReader:
    """A reader of the index that serves; NotFound when there is none."""
    pointer = indexes.current()
    if pointer is None or not indexes.has(pointer.name):
        raise NotFound("There is no index: start the projector or run `wellheard rebuild`.")
    return indexes.reader(pointer.name)


def index_checksum(settings: Settings) -> Checksum:
    """The checksum over what the serving index has stored; NotFound when there is none."""
    return checksum_of_index(indexes_of(settings))


def checksum_of_index(indexes: IndexSet) -> Checksum:
    reader = serving_index(indexes)
    return _sum(
        (type(each), each.checksum()) for source in (reader.entries(), reader.all_contacts()) for each in source
    )


def checksum_of_log(log: LogPort) -> Checksum:
    """Keeps the newest version of each record in a file of its own: memory stays flat however long the log is."""
    with scratch_database() as database:
        fold_into(database, log)
        rows = database.execute("SELECT kind, checksum FROM newest")
        return _sum((_KINDS[kind], int.from_bytes(checksum, "big")) for kind, checksum in rows)


_KINDS: dict[str, type[Entry | ContactRecord]] = {cls.__name__: cls for cls in (Entry, ContactRecord)}


def fold_into(database: sqlite3.Connection, log: LogPort) -> None:
    """The newest version of each record, by the log alone, as table `newest` (kind, id, version, checksum)."""
    database.execute("CREATE TABLE newest (kind, id, version, checksum, PRIMARY KEY (kind, id)) WITHOUT ROWID")
    keep_newest = (
        "INSERT INTO newest VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE"
        " SET version = excluded.version, checksum = excluded.checksum WHERE excluded.version > version"
    )
    for _, envelopes in windows(log, 0, log.last()):
        database.execute("BEGIN")
        database.executemany(keep_newest, rows_of(record for each in envelopes for record in fold(each) if record))
        database.execute("COMMIT")


def rows_of(records: Iterable[Entry | ContactRecord]) -> Iterator[tuple[str, str, int, bytes]]:
    """(kind, id, version, checksum)"""
    for record in records:
        yield type(record).__name__, record.id, record.version, record.checksum().to_bytes(32, "big")


def _sum(records: Iterable[tuple[type[Entry | ContactRecord], int]]) -> Checksum:
    total, entries, contacts = 0, 0, 0
    for kind, checksum in records:
        total = (total + checksum) % _MODULUS
        entries += kind is Entry
        contacts += kind is ContactRecord
    return Checksum(f"{total:064x}", entries, contacts)


def _fill(
    log: LogPort, indexes: IndexSet, name: str, progress: Progress, on_refusal: OnRefusal = refused_silently
) -> None:
    last = log.last()
    with closing(indexes.bulk_writer(name, on_refusal)) as index, _collecting_seldom():
        for window, (position, envelopes) in enumerate(windows(log, index.position, last), 1):
            index.put([fold(each) for each in envelopes], position)
            if window % _WINDOWS_A_COMMIT == 0:
                index.commit()
                gc.collect()
            progress(position, last)


@contextmanager
def _collecting_seldom() -> Iterator[None]:
    """Folding makes no cycles, yet the collector of cycles would take a fifth of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
