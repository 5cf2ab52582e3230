"""An officer with a spreadsheet, and the contacts service that it is imported into."""

from typing import Any

from services.contacts.fake import FakeContacts, FakePreferences
from services.contacts.importing.fake import FakeImports
from services.contacts.importing.mapping import guess
from services.contacts.service import ContactsService
from shared.contracts.base import new_id
from shared.contracts.contacts import Contact, RegisterContact
from shared.contracts.imports import (
    AddImportRows,
    BeginImport,
    CompleteUpload,
    GetImport,
    Import,
    ImportRow,
    ImportSettings,
    JudgeImport,
    ListImportRows,
    RevertImport,
    RowResult,
    RunImport,
)
from shared.messaging.testbus import TestBus
from tests.builders import a_new_contact

HEADINGS = ("Name", "E-mail", "Phone", "Locality", "Groups", "Newsletter by e-mail", "Date of consent")
CONSENT = {"wording": "May we send you our newsletter?", "evidence": "Paper forms, box 12", "method": "paper_form"}


class Officer:
    """Imports files window by window."""

    def __init__(self, bus: TestBus | None = None) -> None:
        self.bus = bus or TestBus()
        self.contacts = FakeContacts()
        if bus is None:
            self.bus.add(ContactsService(self.contacts, FakeImports(), FakePreferences()))

    def upload(self, *rows: tuple[str, ...], headings: tuple[str, ...] = HEADINGS, window: int = 500) -> Import:
        begun = self.bus.call(BeginImport(request_id=new_id(), file_name="panel.csv", headings=headings, by="anna"))
        numbered = [ImportRow(number=number, cells=cells) for number, cells in enumerate(rows, 2)]
        pieces = [numbered[start : start + window] for start in range(0, len(numbered), window)]
        for number, piece in enumerate(pieces):
            self.bus.call(AddImportRows(import_id=begun.import_id, window=number, rows=tuple(piece)))
        done = CompleteUpload(import_id=begun.import_id, windows=len(pieces), rows=len(rows))
        return self.bus.call(done)

    def judge(self, draft: Import, **settings: Any) -> Import:
        uses = guess([each.heading for each in draft.columns])
        given = ImportSettings.model_validate({"uses": uses, **CONSENT, **settings})
        asked = JudgeImport(import_id=draft.import_id, version=draft.version, settings=given, by="anna")
        self.bus.call(asked)
        return self.wait(draft)

    def run(self, judged: Import) -> Import:
        self.bus.call(RunImport(import_id=judged.import_id, version=judged.version, by="anna"))
        return self.wait(judged)

    def revert(self, finished: Import) -> Import:
        self.bus.call(RevertImport(import_id=finished.import_id, version=finished.version, by="anna"))
        return self.wait(finished)

    def wait(self, import_: Import) -> Import:
        self.bus.tick()
        return self.bus.call(GetImport(import_id=import_.import_id))

    def imported(self, *rows: tuple[str, ...], **settings: Any) -> Import:
        return self.run(self.judge(self.upload(*rows), **settings))

    def results(self, import_: Import, *verdicts: Any, **asked: Any) -> tuple[RowResult, ...]:
        question = ListImportRows(import_id=import_.import_id, verdicts=verdicts, **asked)
        return self.bus.call(question).results

    def knows(self, name: str = "Mary Okafor", **fields: Any) -> Contact:
        return self.bus.call(RegisterContact(request_id=new_id(), contact=a_new_contact(name, **fields)))

    def contact(self, contact_id: str | None) -> Contact:
        return self.contacts.find([contact_id or ""])[contact_id or ""]

    def owner(self, email: str) -> Contact:
        (owner,) = self.contacts.owners([f"email:{email}"])[f"email:{email}"]
        return self.contact(owner)


def row(name: str, email: str = "", phone: str = "", **cells: str) -> tuple[str, ...]:
    """A row under HEADINGS."""
    return (
        name, email, phone, cells.get("locality", ""), cells.get("groups", ""), cells.get("newsletter", ""),
        cells.get("on", ""),
    )  # fmt: skip
