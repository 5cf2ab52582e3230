"""Any bytes are read or refused with a sentence; what was written is read as it was; a download runs nothing."""

import csv
import io
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from services.web.spreadsheets import read_table, safe_csv
from shared.contracts.imports import MAX_ROWS
from shared.errors import Invalid

CELLS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=30)


def workbook(rows: Sequence[Sequence[Any]]) -> bytes:
    book, content = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(content)
    return content.getvalue()


def read(content: bytes) -> list[tuple[str, ...]]:
    """Headings and rows."""
    table = read_table(io.BytesIO(content))
    return [table.headings, *(row.cells for row in table.rows)]


@given(st.binary(max_size=300))
@example(b"PK\x03\x04")
@example(b"\xff\xfe")
@example(b'a,"b')
@example(b"\x81\x8d")
def test_any_bytes_are_read_or_refused_with_a_sentence(content: bytes) -> None:
    with suppress(Invalid):  # any other exception is a fault
        assert all(cell.encode() is not None for row in read(content) for cell in row)


@given(st.binary(max_size=200), st.integers(0, 200))
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=40)
def test_a_broken_workbook_is_read_or_refused_with_a_sentence(noise: bytes, place: int) -> None:
    good = workbook([["Name", "E-mail"], ["Ann", "ann@x.org"]])
    at = len(good) * place // 200
    with suppress(Invalid):
        read(good[:at] + noise + good[at + len(noise) :])


@given(
    st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=8),
    st.sampled_from(",;\t|"),
    st.sampled_from(("utf-8", "utf-8-sig", "utf-16")),
)
def test_what_the_csv_module_wrote_is_read_as_it_was(rows: list[list[str]], separator: str, encoding: str) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator).writerows([["Name", "Place", "Note"], *rows])
    found = read(text.getvalue().encode(encoding))
    wanted = [without_end(row) for row in rows]
    assert found[1:] == [tuple(row) for row in wanted if row]


def without_end(row: list[str]) -> list[str]:
    while row and not row[-1].strip():
        row = row[:-1]
    return row


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_every_usual_encoding_is_told_by_itself(encoding: str) -> None:
    text = "Name;Place\r\nZoë O’Brien – “Café”;Müllerstraße\r\n"
    assert read(text.encode(encoding)) == [("Name", "Place"), ("Zoë O’Brien – “Café”", "Müllerstraße")]


def test_a_workbook_gives_days_numbers_and_formulas_as_text() -> None:
    rows = read(workbook([["A", "B", "C", "D"], [datetime(2014, 3, 12), 7.0, True, "=1+1"], [None, None], ["x"]]))
    assert rows == [("A", "B", "C", "D"), ("2014-03-12", "7", "yes", "=1+1"), ("x",)]


def test_rows_keep_the_number_that_a_spreadsheet_shows() -> None:
    table = read_table(io.BytesIO(b"Name,Place\n\nAnn,x\n,\nBob,y\n"))
    assert [row.number for row in table.rows] == [3, 5]


def test_a_column_without_heading_has_a_name() -> None:
    assert read(b"Name,,Place\na,b,c\n")[0] == ("Name", "Column 2", "Place")


def test_a_file_with_too_many_rows_is_refused() -> None:
    with pytest.raises(Invalid, match="more than 100,000 rows"):
        read(b"Name\n" + b"a\n" * (MAX_ROWS + 1))


def test_a_workbook_that_unpacks_to_too_much_is_never_opened() -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("xl/sharedStrings.xml", b"0" * (61 * 1024 * 1024))
    assert len(content.getvalue()) < 100_000
    with pytest.raises(Invalid, match="unpacks to more"):
        read(content.getvalue())


def test_entities_of_a_workbook_are_not_expanded() -> None:
    good, content = io.BytesIO(workbook([["Name"], ["Ann"]])), io.BytesIO()
    with zipfile.ZipFile(good) as old, zipfile.ZipFile(content, "w") as new:
        for part in old.infolist():
            data = old.read(part)
            if part.filename.endswith("sheet1.xml"):
                laughs = b'<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'
                data = laughs + data.replace(b"<v>0</v>", b"<v>&b;</v>")
            new.writestr(part, data)
    with pytest.raises(Invalid, match="cannot be read"):
        read(content.getvalue())


@given(st.lists(CELLS, min_size=1, max_size=5))
def test_no_cell_of_a_download_is_a_formula(cells: list[str]) -> None:
    content = b"".join(safe_csv([cells])).decode("utf-8-sig")
    (found,) = csv.reader(io.StringIO(content, newline=""))
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in found)
    assert [cell.removeprefix("'") for cell in found] == [cell.removeprefix("'") for cell in cells]
