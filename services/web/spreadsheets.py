"""Files that people upload, read as rows of text, and tables that people download: never trusted, never evaluated.

CSV in UTF-8 (with or without its mark), UTF-16 or Windows-1252, separated by comma, semicolon, tab or bar; XLSX. A
formula is the text that it is.
"""

import codecs
import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import date, datetime, time
from typing import Any, BinaryIO, NamedTuple

from charset_normalizer import from_bytes

from shared.contracts.imports import MAX_CELL, MAX_COLUMNS, MAX_ROWS
from shared.errors import Invalid

MAX_BYTES = 20 * 1024 * 1024
_MAX_UNPACKED = 150 * 1024 * 1024
_MAX_STRINGS = 60 * 1024 * 1024
_MAX_PARTS = 2_000
_SAMPLE = 64 * 1024
_SEPARATORS = ",;\t|"
_LOOKS_LIKE_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_LEGACY = ("cp1252", "mac_roman", "cp1250")
UNREADABLE = "This file cannot be read. Save it as CSV or as an Excel workbook (.xlsx) and upload that."


class Row(NamedTuple):
    """Cells of one row; `number` is what a spreadsheet shows beside it."""

    number: int
    cells: tuple[str, ...]


class Table(NamedTuple):
    headings: tuple[str, ...]
    rows: Iterator[Row]
    """Read as they are asked for. Raises Invalid where the file breaks a limit."""


def read_table(file: BinaryIO) -> Table:
    """The first row that holds something is the headings. Raises Invalid with a sentence for whoever uploaded it."""
    head = file.read(8)
    file.seek(0)
    if head.startswith(b"PK\x03\x04"):
        rows = _xlsx_rows(file)
    elif head.startswith(b"\xd0\xcf\x11\xe0"):
        raise Invalid("This is an old Excel file (.xls), or one with a password. Save it as .xlsx or CSV.")
    else:
        rows = _csv_rows(file)
    checked = _checked(rows)
    headings = next(checked, None)
    if headings is None:
        raise Invalid("The file is empty.")
    return Table(_named(headings.cells), checked)


def safe_cell(text: str) -> str:
    """A cell that no spreadsheet runs: what looks like a formula gets an apostrophe."""
    return f"'{text}" if text.startswith(_LOOKS_LIKE_FORMULA) else text


def safe_csv(rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    """CSV that a spreadsheet opens without running anything in it."""
    yield codecs.BOM_UTF8
    for row in rows:
        line = io.StringIO()
        csv.writer(line).writerow([safe_cell(each) for each in row])
        yield line.getvalue().encode("utf-8", "replace")


def _checked(rows: Iterator[Row]) -> Iterator[Row]:
    """Rows within the limits; empty ones are left out, and empty cells at the end of a row."""
    count = 0
    while True:
        try:
            number, cells = next(rows)
        except StopIteration:
            return
        except (csv.Error, UnicodeError) as error:
            raise Invalid(f"{UNREADABLE} (Row {count + 1}: {error})") from None
        while cells and not cells[-1].strip():
            cells = cells[:-1]
        if not cells:
            continue
        count += 1
        if count > MAX_ROWS + 1:
            raise Invalid(f"The file has more than {MAX_ROWS:,} rows. Split it.")
        if len(cells) > MAX_COLUMNS:
            raise Invalid(f"Row {number} has more than {MAX_COLUMNS} cells.")
        if any(len(cell) > MAX_CELL for cell in cells):
            raise Invalid(f"A cell in row {number} is longer than {MAX_CELL:,} characters.")
        yield Row(number, cells)


def _named(headings: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(each.strip()[:200] or f"Column {place}" for place, each in enumerate(headings, 1))


# -- CSV ---------------------------------------------------------------------------------------------


def _csv_rows(file: BinaryIO) -> Iterator[Row]:
    encoding = _encoding(file)
    text = io.TextIOWrapper(file, encoding, errors="replace", newline="")
    separator = _separator(text.read(_SAMPLE))
    text.seek(0)
    csv.field_size_limit(MAX_CELL * 4)
    try:
        for number, cells in enumerate(csv.reader(text, delimiter=separator), 1):
            yield Row(number, tuple(_plain(cell) for cell in cells))
    finally:
        with suppress(ValueError):  # closed by whoever opened it, to whom it belongs
            text.detach()


def _encoding(file: BinaryIO) -> str:
    """By its mark, else UTF-8 if all of it is, else what old spreadsheets write."""
    head = file.read(_SAMPLE)
    file.seek(0)
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if b"\0" in head:
        return "utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be"
    if _is_utf8(file):
        return "utf-8"
    # Bytes alone hardly tell these apart, and nearly every such file here is from Windows: another must be better.
    found = from_bytes(head, cp_isolation=list(_LEGACY))
    windows = next((each for each in found if each.encoding == "cp1252"), None)
    best = found.best()
    if best is None or windows is None or windows.chaos <= best.chaos + 0.1:
        return "cp1252"
    return best.encoding


def _is_utf8(file: BinaryIO) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while chunk := file.read(_SAMPLE):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    finally:
        file.seek(0)
    return True


def _separator(sample: str) -> str:
    """The one that makes the most of the headings, then the most rows of that width."""

    def fit(separator: str) -> tuple[int, int]:
        try:
            rows = [row for row in csv.reader(io.StringIO(sample, newline=""), delimiter=separator) if any(row)][:20]
        except csv.Error:
            return 0, 0
        width = len(rows[0]) if rows else 0
        return (sum(1 for row in rows if len(row) == width), width) if width > 1 else (0, 0)

    return max(_SEPARATORS, key=fit)


def _plain(text: str) -> str:
    """Without NUL, which no store of text takes, and without halves of characters."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


# -- XLSX --------------------------------------------------------------------------------------------


def _xlsx_rows(file: BinaryIO) -> Iterator[Row]:
    """The first sheet. Formulas come as their text: nothing is calculated, and nothing else of the file is opened."""
    from openpyxl import load_workbook  # a tenth of the web's start, and only an upload needs it

    _check_parts(file)
    try:
        book = load_workbook(file, read_only=True, data_only=False, keep_links=False)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # what the file says of its size is not believed
        rows = sheet.iter_rows(values_only=True)
        for number, cells in enumerate(rows, 1):
            if number > MAX_ROWS * 10:
                raise Invalid(f"The file has more than {MAX_ROWS:,} rows. Split it.")
            yield Row(number, tuple(_plain(_text(each)) for each in cells[: MAX_COLUMNS * 2]))
    except Invalid:
        raise
    except Exception as error:  # openpyxl raises whatever it stumbles over
        raise Invalid(f"{UNREADABLE} ({type(error).__name__})") from None


def _check_parts(file: BinaryIO) -> None:
    """A few bytes can unpack to more than memory holds: what the parts come to is looked at before any is opened."""
    try:
        parts = zipfile.ZipFile(file).infolist()
    except (zipfile.BadZipFile, OSError, ValueError, EOFError):
        raise Invalid(UNREADABLE) from None
    finally:
        file.seek(0)
    strings = sum(each.file_size for each in parts if "sharedstrings" in each.filename.lower())
    if len(parts) > _MAX_PARTS or sum(each.file_size for each in parts) > _MAX_UNPACKED or strings > _MAX_STRINGS:
        raise Invalid("This workbook unpacks to more than can be read. Save the sheet as CSV and upload that.")


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "minutes")
        case date():
            return value.isoformat()
        case float() if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
    return str(getattr(value, "text", value))  # array formulas hold their text
