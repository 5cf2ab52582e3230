"""Imports of contacts from a spreadsheet: a dry run, a run, and the way back. Owned by services/contacts."""

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, Field

from shared.contracts.base import Done, Personal, Request, Value
from shared.contracts.consent import ConsentChannel, Method, Purpose

MAX_ROWS = 100_000
MAX_COLUMNS = 100
MAX_CELL = 5_000
WINDOW = 500
"""Rows that travel, are judged, run and taken back together."""
WINDOW_BYTES = 1024 * 1024

ColumnMeaning = Literal[
    "ignore",
    "name",
    "first_name",
    "surname",
    "organisation",
    "email",
    "phone",
    "postcode",
    "locality",
    "practice",
    "groups",
    "reference",
    "consent",
    "consented_on",
]
ImportState = Literal[
    "uploading", "draft", "judging", "judged", "running", "finished", "cancelled", "reverting", "reverted", "discarded"
]
Verdict = Literal["new", "unchanged", "changed", "duplicate", "faulty"]
"""`duplicate`: the row means a contact that is known already, and nothing is done about it."""
DuplicatePolicy = Literal["refuse", "update", "separate"]
"""Of rows whose identifiers are known: leave them out; add to the known contact; or register another contact that
shares the identifier, for a person to merge."""


class ColumnUse(Value):
    """What a column holds; `purpose` and `channel` are of a consent."""

    meaning: ColumnMeaning = "ignore"
    purpose: Purpose | None = None
    channel: ConsentChannel | None = None


class ImportColumn(Value):
    """A column of the file with the first values in it, and what its heading seems to mean."""

    heading: Annotated[str, Personal]
    examples: Annotated[tuple[str, ...], Personal] = ()
    guess: ColumnUse = ColumnUse()


class ImportSettings(Value):
    """What staff say of a file: the meaning of each column, what to do about who is known, how consent was given."""

    uses: Annotated[tuple[ColumnUse, ...], Field(max_length=MAX_COLUMNS)]
    duplicates: DuplicatePolicy = "update"
    list_name: Annotated[str, Field(max_length=100)] = ""
    """Whose numbers the references are: they identify a contact within this list only."""
    wording: Annotated[str, Field(max_length=2_000)] = ""
    """What people were asked, word for word."""
    method: Method = "paper_form"
    evidence: Annotated[str, Personal, Field(max_length=200)] = ""
    consented_on: date | None = None
    """Where no column says so."""


class ImportAct(Value):
    """What somebody did with an import."""

    what: str
    by: str
    at: AwareDatetime
    of: int = 0
    """The version that it was decided on; 0: before this was noted."""


class Import(Value):
    """An import as it stands at `version`. `counts` are of verdicts while it is judged, of outcomes once it has run."""

    import_id: str
    version: int
    file_name: Annotated[str, Personal]
    state: ImportState
    columns: tuple[ImportColumn, ...] = ()
    rows: int = 0
    windows: int = 0
    done_windows: int = 0
    """How far the work of the present state has come."""
    settings: ImportSettings | None = None
    counts: Annotated[dict[Verdict, int], Field(default_factory=dict)]
    consents: int = 0
    kept: int = 0
    """After a way back: what could not be taken back."""
    acts: tuple[ImportAct, ...] = ()
    expires_at: AwareDatetime
    """Then its rows are removed, and with them the way back; of a draft nothing stays."""
    rows_removed: bool = False


class ImportRow(Value):
    """A row as it stands in the file; `number` is the one that a spreadsheet shows."""

    number: Annotated[int, Field(ge=1)]
    cells: Annotated[tuple[Annotated[str, Field(max_length=MAX_CELL)], ...], Personal, Field(max_length=MAX_COLUMNS)]


class RowChange(Value):
    """One field of a known contact, as it is shown."""

    field: str
    before: Annotated[str, Personal] = ""
    after: Annotated[str, Personal] = ""


class RowResult(Value):
    """What a row would do, or has done."""

    row: ImportRow
    verdict: Verdict
    name: Annotated[str, Personal] = ""
    contact_id: str | None = None
    """The contact that the row means; one that is not registered yet has no page."""
    reasons: Annotated[tuple[str, ...], Personal] = ()
    changes: Annotated[tuple[RowChange, ...], Personal] = ()
    consents: int = 0
    done: bool = False
    kept: Annotated[tuple[str, ...], Personal] = ()
    """Why something could not be taken back."""


class RowPage(Value):
    results: tuple[RowResult, ...]
    next: int | None
    """The number of the row to go on after; None at the end."""


class ImportList(Value):
    imports: tuple[Import, ...]


# -- requests ---------------------------------------------------------------------------------------


class BeginImport(Request[Import]):
    """Open an import that rows are then added to. The same `request_id` again is the same import."""

    service: ClassVar[str] = "contacts"
    reply: ClassVar = Import
    request_id: Annotated[str, Field(min_length=1, max_length=100)]
    file_name: Annotated[str, Personal, Field(max_length=200)]
    headings: Annotated[tuple[Annotated[str, Field(max_length=200)], ...], Personal, Field(max_length=MAX_COLUMNS)]
    by: str = "staff"


class AddImportRows(Request[Done]):
    """Add a window of up to 500 rows and 1 MB, numbered from 0. The same window again changes nothing."""

    service: ClassVar[str] = "contacts"
    reply: ClassVar = Done
    import_id: str
    window: Annotated[int, Field(ge=0, lt=MAX_ROWS)]
    rows: Annotated[tuple[ImportRow, ...], Field(min_length=1, max_length=WINDOW)]


class CompleteUpload(Request[Import]):
    """All windows have been added: the import is a draft whose columns can be told what they mean."""

    service: ClassVar[str] = "contacts"
    reply: ClassVar = Import
    import_id: str
    windows: Annotated[int, Field(ge=1, le=MAX_ROWS)]
    rows: Annotated[int, Field(ge=1, le=MAX_ROWS)]


class JudgeImport(Request[Import]):
    """Begin the dry run: what would each row do? Invalid when the settings cannot be used, saying why."""

    service: ClassVar[str] = "contacts"
    reply: ClassVar = Import
    import_id: str
    version: int
    settings: ImportSettings
    by: str = "staff"


class RunImport(Request[Import]):
    """Begin to register and change contacts, window by window, in the background."""

    service: ClassVar[str] = "contacts"
    reply: ClassVar = Import
    import_id: str
    version: int
    by: str = "staff"


class CancelImport(Request[Import]):
    """Stop where it is: what has run can be taken back. Of a draft nothing stays."""

    service: ClassVar[str] = "contacts"
    reply: ClassVar = Import
    import_id: str
    by: str = "staff"


class RevertImport(Request[Import]):
    """Begin to take back what the import did, as far as nobody has touched it since."""

    service: ClassVar[str] = "contacts"
    reply: ClassVar = Import
    import_id: str
    version: int
    by: str = "staff"


class GetImport(Request[Import]):
    service: ClassVar[str] = "contacts"
    reply: ClassVar = Import
    import_id: str


class ListImports(Request[ImportList]):
    """The imports that were opened last."""

    service: ClassVar[str] = "contacts"
    reply: ClassVar = ImportList
    limit: Annotated[int, Field(ge=1, le=100)] = 30


class ListImportRows(Request[RowPage]):
    """Rows with what each would do or has done, in the order of the file; a page may end before its limit."""

    service: ClassVar[str] = "contacts"
    reply: ClassVar = RowPage
    import_id: str
    verdicts: tuple[Verdict, ...] = ()
    """Empty: all."""
    kept: bool = False
    """Only those of which something could not be taken back."""
    after: int = 0
    limit: Annotated[int, Field(ge=1, le=500)] = 50
