"""Which records the index has otherwise than the fold of the log, by id: each side is read without the other."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain

from services.history.index.choice import indexes_of
from services.history.index.port import IndexSet
from services.history.log import Log, LogPort
from services.history.rebuild import fold_into, rows_of, serving_index
from shared.mongo import connect
from shared.scratch import scratch_database, write_rows
from shared.settings import Settings

_FOUND = {
    "missing": "SELECT kind, id FROM newest LEFT JOIN indexed USING (kind, id) WHERE indexed.times IS NULL",
    "unknown": "SELECT kind, id FROM indexed LEFT JOIN newest USING (kind, id) WHERE newest.version IS NULL",
    "differing": (
        "SELECT kind, id FROM newest JOIN indexed USING (kind, id)"
        " WHERE (newest.version, newest.checksum) IS NOT (indexed.version, indexed.checksum)"
    ),
    "twice": "SELECT kind, id FROM indexed WHERE times > 1",
}


@dataclass
class Differences:
    """Of each kind how many, and the first ones as (kind of record, id)."""

    counts: dict[str, int] = field(default_factory=dict)
    first: dict[str, list[tuple[str, str]]] = field(default_factory=dict)


def index_differences(settings: Settings, shown: int) -> Differences:
    """Compares the index that serves with the log; NotFound when there is none. Memory stays flat."""
    return differences(Log(connect(settings, "history")), indexes_of(settings), shown)


def differences(log: LogPort, indexes: IndexSet, shown: int) -> Differences:
    """`missing` from the index, `unknown` to the log, `differing` in version or content, `twice` in the index."""
    reader = serving_index(indexes)
    with scratch_database() as database:
        fold_into(database, log)
        _write_indexed(database, rows_of(chain(reader.entries(), reader.all_contacts())))
        found = Differences()
        for name, query in _FOUND.items():
            found.counts[name] = database.execute(f"SELECT count(*) FROM ({query})").fetchone()[0]
            found.first[name] = database.execute(f"{query} ORDER BY kind, id LIMIT ?", (shown,)).fetchall()
        return found


def _write_indexed(database: sqlite3.Connection, rows: Iterator[tuple[str, str, int, bytes]]) -> None:
    database.execute(
        "CREATE TABLE indexed (kind, id, version, checksum, times DEFAULT 1, PRIMARY KEY (kind, id)) WITHOUT ROWID"
    )
    values = "INSERT INTO indexed (kind, id, version, checksum) VALUES (?, ?, ?, ?)"
    insert = f"{values} ON CONFLICT DO UPDATE SET times = times + 1"
    write_rows(database, insert, rows)
