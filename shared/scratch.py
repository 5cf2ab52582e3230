"""A database in a temporary file, for sorting and comparing more than memory should hold."""

import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from itertools import islice
from typing import Any

_ROWS_AT_A_TIME = 1_000


@contextmanager
def scratch_database() -> Iterator[sqlite3.Connection]:
    """An empty SQLite database in autocommit mode; its file goes with it. Nothing of it survives a crash."""
    with (
        tempfile.NamedTemporaryFile(suffix=".sqlite") as file,
        closing(sqlite3.connect(file.name, isolation_level=None)) as database,
    ):
        database.execute("PRAGMA synchronous = OFF")
        database.execute("PRAGMA journal_mode = OFF")
        yield database


def write_rows(database: sqlite3.Connection, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """Run the statement for each row; never more than a thousand rows are in memory."""
    left = iter(rows)
    while batch := list(islice(left, _ROWS_AT_A_TIME)):
        database.execute("BEGIN")
        database.executemany(statement, batch)
        database.execute("COMMIT")
