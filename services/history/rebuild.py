"""A new index from the log while the old one serves, and the proof that an index equals the fold of the log."""

import gc
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import NamedTuple

from services.history.index.choice import indexes_of
from services.history.index.port import IndexAway, IndexReader, IndexSet, OnRefusal, Refusal, refused_silently
from services.history.log import Log, LogPort, windows
from services.history.records import ContactRecord, Entry
from services.history.timeline import fold
from shared.errors import NotFound
from shared.mongo import connect
from shared.scratch import scratch_database
from shared.settings import Settings

Progress = Callable[[int, int], None]
"""Called with (position reached, last position)."""
_WINDOWS_A_COMMIT = 200
"""Nothing is folded during a commit; what a kill -9 costs is folded again in a quarter of a minute."""
_MODULUS = 1 << 256
CLOCKS_DIFFER = timedelta(hours=1)
"""Between two machines, at the very most; what is put again needlessly does no harm."""


class Checksum(NamedTuple):
    """A checksum over every entry and contact, in whatever order they come, and how many there are."""

    checksum: str
    entries: int
    contacts: int


class Built(NamedTuple):
    """A new index: up to which position it was folded, and the keys of records that the engine would not take."""

    name: str
    upto: int
    left_out: set[str]

    def noting(self, on_refusal: OnRefusal) -> OnRefusal:
        """Tells this one, and remembers what was left out."""

        def note(refusals: Sequence[Refusal]) -> None:
            self.left_out.update(each.key for each in refusals if each.left_out)
            on_refusal(refusals)

        return note


def rebuild(settings: Settings) -> str:
    """Fold the log into a new index and return its name; it serves once the projector was asked to `SwapIndex`."""
    return rebuild_from(Log(connect(settings, "history")), indexes_of(settings)).name


def rebuild_from(
    log: LogPort,
    indexes: IndexSet,
    progress: Progress = lambda done, last: None,
    name: str = "",
    on_refusal: OnRefusal = refused_silently,
) -> Built:
    """The new index holds all that the log held when this began; one that cannot be made is removed.

    name: of one that is unfinished, to go on with it. on_refusal: told of what the search engine refuses.
    """
    built = Built(name or indexes.new_name(), log.last(), set())
    try:
        _fill(log, indexes, built, progress, built.noting(on_refusal))
    except IndexAway:  # it can be gone on with
        raise
    except BaseException:
        indexes.remove(built.name)
        raise
    return built


def forget_kept(indexes: IndexSet) -> bool:
    """Remove the index that one could have gone back to; whether there was one."""
    found = False
    while (name := indexes.kept()) is not None:
        indexes.remove(name)
        found = True
    return found


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
    return checksum_of(serving_index(indexes))


def checksum_of(reader: IndexReader) -> Checksum:
    """Over what an index has stored."""
    return _sum(
        (type(each), each.checksum()) for source in (reader.entries(), reader.all_contacts()) for each in source
    )


def checksum_of_log(
    log: LogPort,
    upto: int | None = None,
    without: Collection[str] = (),
    progress: Progress = lambda done, last: None,
) -> Checksum:
    """Keeps the newest version of each record in a file of its own: memory stays flat however long the log is.

    upto: the last position that counts. without: keys of records that do not.
    """
    with scratch_database() as database:
        fold_into(database, log, upto, progress)
        rows = database.execute("SELECT kind, id, checksum FROM newest")
        return _sum(
            (_KINDS[kind], int.from_bytes(checksum, "big"))
            for kind, key, checksum in rows
            if f"{kind}:{key}" not in without
        )


_KINDS: dict[str, type[Entry | ContactRecord]] = {cls.__name__: cls for cls in (Entry, ContactRecord)}


def fold_into(
    database: sqlite3.Connection,
    log: LogPort,
    upto: int | None = None,
    progress: Progress = lambda done, last: None,
) -> None:
    """The newest version of each record, by the log alone, as table `newest` (kind, id, version, checksum)."""
    database.execute("CREATE TABLE newest (kind, id, version, checksum, PRIMARY KEY (kind, id)) WITHOUT ROWID")
    keep_newest = (
        "INSERT INTO newest VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE"
        " SET version = excluded.version, checksum = excluded.checksum WHERE excluded.version > version"
    )
    last = log.last() if upto is None else upto
    for position, envelopes in windows(log, 0, last):
        database.execute("BEGIN")
        database.executemany(keep_newest, rows_of(record for each in envelopes for record in fold(each) if record))
        database.execute("COMMIT")
        progress(position, last)


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


def _fill(log: LogPort, indexes: IndexSet, built: Built, progress: Progress, on_refusal: OnRefusal) -> None:
    last = built.upto
    with closing(indexes.bulk_writer(built.name, on_refusal)) as index, _collecting_seldom():
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
