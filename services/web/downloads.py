"""Tables that are downloaded while they are read: row by row, never all of it in memory, and no cell a formula."""

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from tempfile import TemporaryFile
from typing import IO, Any, Literal

from anyio import to_thread
from starlette.responses import Response, StreamingResponse

from services.web.spreadsheets import safe_cell, safe_csv

Rows = AsyncIterator[Sequence[Sequence[str]]]
"""Rows in windows, as they arrive; the first is the headings."""
_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_CHUNK = 256 * 1024
_NO_XML = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f]")
"""Characters that no workbook can hold."""


async def as_file(name: str, ending: Literal["csv", "xlsx"], windows: Rows) -> Response:
    """The table as a file of that name and ending."""
    content = csv_of(windows) if ending == "csv" else await xlsx_of(windows)
    headers = {"Content-Disposition": f'attachment; filename="{name}.{ending}"'}
    return StreamingResponse(content, media_type=_TYPES[ending], headers=headers)


async def csv_of(windows: Rows) -> AsyncIterator[bytes]:
    """The table as CSV in UTF-8, whose mark stands once."""
    is_first = True
    async for rows in windows:
        lines = safe_csv(rows)
        if not is_first:
            next(lines)
        is_first = False
        for line in lines:
            yield line


async def xlsx_of(windows: Rows) -> Iterator[bytes]:
    """The table as a workbook of one sheet; it is written to a file that goes when the download ends."""
    from openpyxl import Workbook  # a tenth of the web's start, and only a download needs it

    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    async for rows in windows:
        await to_thread.run_sync(_append, sheet, rows)
    file = TemporaryFile()  # noqa: SIM115 - whoever reads it closes it
    await to_thread.run_sync(book.save, file)
    return _chunks(file)


def _append(sheet: Any, rows: Sequence[Sequence[str]]) -> None:
    for row in rows:
        sheet.append([_NO_XML.sub("", safe_cell(each)) for each in row])


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        file.seek(0)
        while chunk := file.read(_CHUNK):
            yield chunk
