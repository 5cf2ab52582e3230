"""A spreadsheet of people of whom some are known, imported step by step."""

from collections.abc import Callable
from typing import Any

from services.contacts.importing.mapping import guess
from shared.contracts.base import new_id
from shared.contracts.contacts import NewContact, RegisterContacts
from shared.contracts.imports import (
    AddImportRows,
    BeginImport,
    CompleteUpload,
    GetImport,
    Import,
    ImportRow,
    ImportSettings,
    JudgeImport,
)
from tests.faults.waiting import wait_until

IN_A_RUN = ("import.after_plan", "import.after_contacts", "import.before_done", "import.after_done")
ROWS, KNOWN, WINDOW = 90, 30, 30
_HEADINGS = ("Name", "E-mail", "Phone", "Newsletter by e-mail")
Ask = Callable[[Any], Any]


def judged(ask: Ask, prefix: str = "p", area: int = 0) -> Import:
    """90 people in three windows: 30 of them are known and get a phone number, all allow the newsletter.

    prefix, area: of their addresses and numbers, so that another spreadsheet names others.
    """
    known = tuple(NewContact(name=f"{prefix} {n}", email=(f"{prefix}{n}@x.org",)) for n in range(KNOWN))
    ask(RegisterContacts(contacts=known, request_ids=tuple(f"{prefix}{n}" for n in range(KNOWN))))
    begun = ask(BeginImport(request_id=new_id(), file_name="panel.csv", headings=_HEADINGS))
    # Known and new people take turns, so that each window has both.
    order = [*range(0, ROWS, 3), *range(1, ROWS, 3), *range(2, ROWS, 3)]
    rows = [
        ImportRow(number=n + 2, cells=(f"{prefix} {n}", f"{prefix}{n}@x.org", f"0113 4{area:02} {n:04}", "yes"))
        for n in order
    ]
    for window in range(ROWS // WINDOW):
        part = tuple(rows[window * WINDOW : (window + 1) * WINDOW])
        ask(AddImportRows(import_id=begun.import_id, window=window, rows=part))
    draft = ask(CompleteUpload(import_id=begun.import_id, windows=ROWS // WINDOW, rows=ROWS))
    settings = ImportSettings.model_validate(
        {"uses": guess(_HEADINGS), "wording": "May we?", "evidence": "Forms", "consented_on": "2014-03-12"}
    )
    ask(JudgeImport(import_id=draft.import_id, version=draft.version, settings=settings))
    return wait(ask, draft, "judged")


def wait(ask: Ask, import_: Import, state: str) -> Import:
    """The import once it is that far."""
    found: list[Import] = [import_]

    def is_there() -> bool:
        found.append(ask(GetImport(import_id=import_.import_id)))
        return found[-1].state == state

    assert wait_until(is_there, 60), f"it stays {found[-1].state} at {found[-1].done_windows}"
    return found[-1]
