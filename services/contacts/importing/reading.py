"""What a row of a spreadsheet says of a contact, with every fault in plain words. Pure."""

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from uk_postcodes_parsing import ukpostcode

from shared.contracts.consent import ConsentChannel, Purpose
from shared.contracts.contacts import ContactKind, Identifier, Reference
from shared.contracts.imports import ImportRow, ImportSettings
from shared.identifiers import InvalidIdentifierError, compared

LONDON = ZoneInfo("Europe/London")
_YES = {"yes", "y", "true", "1", "x", "✓", "✔", "opted in", "opt in", "opt-in", "agreed", "consented", "given"}
_NO = {"no", "n", "false", "0", "opted out", "opt out", "opt-out", "declined", "refused", "withdrawn"}
_DATES = ("%d/%m/%Y", "%Y-%m-%d", "%d.%m.%Y", "%d-%m-%Y", "%d %B %Y", "%d %b %Y", "%d/%m/%y")
_EARLIEST = date(1900, 1, 1)


class SaidConsent(NamedTuple):
    purpose: Purpose
    channel: ConsentChannel
    given: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class ReadRow:
    """A row as it was understood; with faults nothing is done about it."""

    number: int
    kind: ContactKind
    name: str
    fields: dict[str, Any]
    """locality, practice, postcode: those that are filled in."""
    groups: tuple[str, ...]
    identifiers: tuple[Identifier, ...]
    consents: tuple[SaidConsent, ...]
    faults: tuple[str, ...]


class RowReader:
    """Reads the rows of one import; made once for all of them."""

    def __init__(self, settings: ImportSettings, reference: Reference, today: date) -> None:
        self._settings = settings
        self._today = today
        self._places = {
            "locality": _codes((each.code, each.name) for each in reference.localities),
            "practice": _codes((each.code, each.name) for each in reference.practices),
        }
        self._names = {each.code: each.name for each in (*reference.localities, *reference.practices)}
        self._names |= {each.code: each.name for each in reference.groups}
        self._groups = _codes((each.code, each.name) for each in reference.groups)

    def read(self, row: ImportRow) -> ReadRow:
        faults: list[str] = []
        uses = self._settings.uses
        values: dict[str, list[str]] = {}
        for use, cell in zip(uses, row.cells, strict=False):
            if value := unquoted(cell):
                values.setdefault(use.meaning, []).append(value)
        if any(cell.strip() for cell in row.cells[len(uses) :]):
            faults.append("The row has more cells than there are headings: look for a separator inside a cell.")
        kind, name = self._name(values, faults)
        return ReadRow(
            number=row.number,
            kind=kind,
            name=name,
            fields=self._fields(values, faults),
            groups=self._read_groups(values.get("groups", ()), faults),
            identifiers=self._identifiers(values, faults),
            consents=self._consents(row, values, faults),
            faults=tuple(faults),
        )

    def _name(self, values: dict[str, list[str]], faults: list[str]) -> tuple[ContactKind, str]:
        parts = [*values.get("name", ())] or [*values.get("first_name", ()), *values.get("surname", ())]
        organisation = " ".join(values.get("organisation", ()))
        name = " ".join(" ".join(parts or [organisation]).split())
        if not name:
            faults.append("There is no name.")
        elif name.startswith("="):
            faults.append("The name is a formula. Save the sheet with values in place of formulas.")
        elif len(name) > 200:
            faults.append("The name is longer than 200 characters.")
        return ("person" if parts or not organisation else "organisation"), name[:200]

    def _fields(self, values: dict[str, list[str]], faults: list[str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for kind, codes in self._places.items():
            for value in values.get(kind, ()):
                if code := codes.get(_folded(value)):
                    found[kind] = code
                else:
                    faults.append(self._unknown(f"The {kind}", value, codes))
        for value in values.get("postcode", ()):
            # `is_valid` first: for what is not valid the library writes the value into the log.
            read = ukpostcode.parse(value, attempt_fix=False) if ukpostcode.is_valid(value) else None
            if read is None:
                faults.append(f"“{value[:20]}” is not a postcode.")
            else:
                found["postcode"] = read.postcode
        return found

    def _read_groups(self, cells: Sequence[str], faults: list[str]) -> tuple[str, ...]:
        found = []
        for cell in cells:
            for value in _split(cell, self._groups):
                if code := self._groups.get(_folded(value)):
                    found.append(code)
                else:
                    faults.append(self._unknown("The group", value, self._groups))
        return tuple(dict.fromkeys(found))

    def _unknown(self, what: str, value: str, codes: dict[str, str]) -> str:
        near = difflib.get_close_matches(_folded(value), codes, n=1, cutoff=0.6)
        hint = f" Did you mean “{self._names[codes[near[0]]]}”?" if near else ""
        return f"{what} “{value[:60]}” is not known.{hint}"

    def _identifiers(self, values: dict[str, list[str]], faults: list[str]) -> tuple[Identifier, ...]:
        found = [
            Identifier.model_validate(
                {"scheme": "partner", "value": value, "partner": self._settings.list_name.strip()}
            )
            for value in values.get("reference", ())
            if len(value) <= 320
        ]
        for scheme, what in (("email", "e-mail address"), ("phone", "phone number")):
            for value in (each for cell in values.get(scheme, ()) for each in _several(scheme, cell)):
                try:
                    found.append(Identifier.model_validate({"scheme": scheme, "value": compared(scheme, value)}))
                except (InvalidIdentifierError, ValueError):
                    faults.append(f"“{value[:60]}” is not {'an' if what[0] == 'e' else 'a'} {what}.")
        return tuple(dict.fromkeys(found))

    def _consents(self, row: ImportRow, values: dict[str, list[str]], faults: list[str]) -> tuple[SaidConsent, ...]:
        said = []
        for use, cell in zip(self._settings.uses, row.cells, strict=False):
            value = _folded(unquoted(cell))
            if use.meaning != "consent" or not value:
                continue
            if value not in _YES | _NO:
                faults.append(f"“{cell[:30]}” is neither yes nor no.")
            elif use.purpose and use.channel:
                said.append((use.purpose, use.channel, value in _YES))
        day = self._consented_on(values, faults) if said else None
        if day is None:
            return ()
        at = datetime.combine(day, time(), LONDON).astimezone(UTC)
        return tuple(SaidConsent(*each, at) for each in said)

    def _consented_on(self, values: dict[str, list[str]], faults: list[str]) -> date | None:
        written = next(iter(values.get("consented_on", ())), "")
        day = read_date(written) if written else self._settings.consented_on
        if day is None:
            faults.append(f"“{written[:30]}” is not a date." if written else "There is no date of the consent.")
        elif not _EARLIEST <= day <= self._today:
            faults.append("The date of the consent is in the future, or before 1900.")
            return None
        return day


def unquoted(cell: str) -> str:
    """A cell without the spaces around it, and without the apostrophe that keeps a formula from being one."""
    value = cell.replace("\0", "").strip()
    return value[1:].strip() if value[:1] == "'" and value[1:2] in tuple("=+-@") else value


def read_date(text: str) -> date | None:
    """A day as people in Britain write it, or as a spreadsheet gives it."""
    text = text.strip().split("T")[0].removesuffix(" 00:00:00")
    for form in _DATES:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC).date()
        except ValueError:
            continue
    return None


def _several(scheme: str, cell: str) -> list[str]:
    """The addresses or numbers of a cell; most hold one."""
    try:
        compared(scheme, cell)
    except (InvalidIdentifierError, ValueError):
        return [part for part in re.split(r"[;,\n/]| or | and ", cell) if part.strip()] or [cell]
    return [cell]


def _split(cell: str, known: dict[str, str]) -> list[str]:
    if _folded(cell) in known:
        return [cell]
    parts = [part.strip() for part in re.split(r"[;|\n]", cell) if part.strip()]
    return [
        each.strip()
        for part in parts
        for each in ([part] if _folded(part) in known else part.split(","))
        if each.strip()
    ]


def _codes(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    return {_folded(word): code for code, name in pairs for word in (code, name)}


def _folded(text: str) -> str:
    return " ".join(text.casefold().replace("’", "'").split())
