"""Takes an uploaded spreadsheet to the contacts service, in windows that fit into messages."""

import asyncio
import os
from collections.abc import Iterator
from typing import BinaryIO

from services.web.spreadsheets import Row, Table, read_table
from shared.contracts.imports import (
    MAX_ROWS,
    WINDOW,
    WINDOW_BYTES,
    AddImportRows,
    BeginImport,
    CompleteUpload,
    Import,
    ImportRow,
)
from shared.errors import Invalid
from shared.messaging import AsyncBus

AT_ONCE = 2
"""Files that are parsed at a time in one process: each may hold the strings of a workbook in memory."""
_places = asyncio.Semaphore(AT_ONCE)


async def take(bus: AsyncBus, file: BinaryIO, file_name: str, request_id: str, by: str) -> Import:
    """The import as a draft. Raises Invalid for a file that cannot be used; what had arrived of it expires."""
    async with _places:
        table = await asyncio.to_thread(read_table, file)
        windows = _windows(table)
        # The first is read before anything is sent: most files that are no tables break there.
        rows = await asyncio.to_thread(next, windows, None)
        if rows is None:
            raise Invalid("The file has headings and no rows.")
        name = os.path.basename(file_name.replace("\\", "/"))[:200] or "file"
        begun = await bus.call(BeginImport(request_id=request_id, file_name=name, headings=table.headings, by=by))
        if begun.state != "uploading":  # the form was sent twice
            return begun
        number, count = 0, 0
        while rows:
            await bus.call(AddImportRows(import_id=begun.import_id, window=number, rows=rows))
            number, count = number + 1, count + len(rows)
            rows = await asyncio.to_thread(next, windows, None)
        if count > MAX_ROWS:
            raise Invalid(f"The file has more than {MAX_ROWS:,} rows. Split it.")
        return await bus.call(CompleteUpload(import_id=begun.import_id, windows=number, rows=count))


def _windows(table: Table) -> Iterator[tuple[ImportRow, ...]]:
    window: list[ImportRow] = []
    size = 0
    for row in table.rows:
        weight = _weight(row)
        if window and (len(window) == WINDOW or size + weight > WINDOW_BYTES):
            yield tuple(window)
            window, size = [], 0
        window.append(ImportRow(number=row.number, cells=row.cells))
        size += weight
    if window:
        yield tuple(window)


def _weight(row: Row) -> int:
    return sum(len(cell) for cell in row.cells)
