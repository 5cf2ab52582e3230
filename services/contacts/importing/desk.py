"""What staff do with imports: open, fill, map, judge, run, cancel, take back. The work itself is done in `work`."""

from collections.abc import Iterator
from datetime import timedelta

from services.contacts.envelopes import now
from services.contacts.importing.mapping import check_settings, guess
from services.contacts.importing.store import Glance, Held, Imports, Window
from shared.contracts.base import Done
from shared.contracts.imports import (
    WINDOW_BYTES,
    AddImportRows,
    BeginImport,
    CancelImport,
    CompleteUpload,
    Import,
    ImportAct,
    ImportColumn,
    ImportRow,
    ImportState,
    JudgeImport,
    ListImportRows,
    RevertImport,
    RowPage,
    RowResult,
    RunImport,
)
from shared.errors import Conflict, Invalid, NotFound

KEPT_DRAFT = timedelta(hours=24)
KEPT_DONE = timedelta(days=30)
EXAMPLES = 3
_EXAMPLE_LENGTH = 60
_PAGE_BYTES = 2 * 1024 * 1024
CHANGED_MEANWHILE = "Somebody else did something with this import in the meantime. Look at it again, then decide."


class ImportDesk:
    """Commands and questions about imports."""

    def __init__(self, imports: Imports) -> None:
        self._imports = imports

    def begin(self, request: BeginImport) -> Import:
        guesses = guess(request.headings)
        columns = tuple(
            ImportColumn(heading=heading, guess=use) for heading, use in zip(request.headings, guesses, strict=True)
        )
        made = Import(
            import_id=f"imp_{request.request_id}",
            version=1,
            file_name=request.file_name,
            state="uploading",
            columns=columns,
            counts={},
            acts=(ImportAct(what="uploaded", by=request.by, at=now()),),
            expires_at=now() + KEPT_DRAFT,
        )
        self._imports.insert(Held(made))
        return self.get(made.import_id)

    def add_rows(self, request: AddImportRows) -> Done:
        if self.get(request.import_id).state != "uploading":
            raise Conflict("This import takes no more rows.")
        if sum(len(cell) for row in request.rows for cell in row.cells) > WINDOW_BYTES:
            raise Invalid("A window of rows holds 1 MB at most.")
        self._imports.add_window(request.import_id, Window(request.window, request.rows))
        return Done()

    def complete(self, request: CompleteUpload) -> Import:
        held = self._held(request.import_id)
        if held.import_.state != "uploading":
            return held.import_
        first = self._imports.window(request.import_id, 0)
        there = [each.number for each in self._imports.glances(request.import_id)]
        if first is None or there != list(range(request.windows)):
            raise Conflict("Not all rows have arrived. Upload the file again.")
        columns = _with_examples(held.import_.columns, first.rows)
        return self._replace(held, state="draft", windows=request.windows, rows=request.rows, columns=columns)

    def judge(self, request: JudgeImport) -> Import:
        held = self._at(request.import_id, request.version, "draft", "judged")
        check_settings(request.settings, len(held.import_.columns), now().date())
        return self._act(held, "judging", "asked for a dry run", request.by, settings=request.settings)

    def run(self, request: RunImport) -> Import:
        if begun := self._begun(request, "ran"):
            return begun
        held = self._at(request.import_id, request.version, "judged")
        return self._act(held, "running", "ran", request.by)

    def revert(self, request: RevertImport) -> Import:
        if begun := self._begun(request, "took back"):
            return begun
        held = self._at(request.import_id, request.version, "finished", "cancelled")
        if held.import_.rows_removed:
            raise Conflict("The rows of this import have been removed after 30 days: it cannot be taken back any more.")
        return self._act(held, "reverting", "took back", request.by, **_counted(held.import_))

    def cancel(self, request: CancelImport) -> Import:
        """Of what has not run nothing stays; what is running stops after the window in hand."""
        held = self._held(request.import_id)
        if held.import_.state == "running":
            place = {"done_windows": held.import_.done_windows}
            return self._act(held, "cancelled", "stopped", request.by, **_counted(held.import_), **place)
        if held.import_.state in ("finished", "cancelled", "reverting", "reverted", "discarded"):
            raise Conflict("This import has run; it can be taken back, not cancelled.")
        gone = self._act(held, "discarded", "discarded", request.by, rows_removed=True)
        self._imports.remove_windows(request.import_id)
        return gone

    def get(self, import_id: str) -> Import:
        return self._held(import_id).import_

    def recent(self, limit: int) -> tuple[Import, ...]:
        return tuple(self._imports.recent(limit))

    def rows(self, request: ListImportRows) -> RowPage:
        """Windows that hold nothing of what was asked for are not read."""
        self.get(request.import_id)
        results: list[RowResult] = []
        size = 0
        for glance in self._imports.glances(request.import_id):
            if glance.last <= request.after or not _holds(glance, request):
                continue
            for result in self._results(request, glance.number):
                results.append(result)
                size += len(result.model_dump_json())
                if len(results) == request.limit or size > _PAGE_BYTES:
                    return RowPage(results=tuple(results), next=result.row.number)
        return RowPage(results=tuple(results), next=None)

    def _results(self, request: ListImportRows, number: int) -> Iterator[RowResult]:
        window = self._imports.window(request.import_id, number)
        if window is None:
            return
        for row, planned in zip(window.rows, window.planned, strict=False):
            if row.number <= request.after or (request.kept and not planned.kept):
                continue
            if not request.verdicts or planned.verdict in request.verdicts:
                yield RowResult(
                    row=row,
                    verdict=planned.verdict,
                    name=planned.name,
                    contact_id=planned.contact_id,
                    reasons=planned.reasons,
                    changes=planned.changes,
                    consents=len(planned.statements),
                    done=window.stage in ("done", "reverted"),
                    kept=planned.kept,
                )

    def _held(self, import_id: str) -> Held:
        held = self._imports.find(import_id)
        if held is None:
            raise NotFound("There is no such import. A file that was not run is removed after a day.")
        return held

    def _at(self, import_id: str, version: int, *states: ImportState) -> Held:
        held = self._held(import_id)
        if held.import_.version != version or held.import_.state not in states:
            raise Conflict(CHANGED_MEANWHILE)
        return held

    def _begun(self, request: RunImport | RevertImport, what: str) -> Import | None:
        """How it stands, when the same was asked before: the answer was lost."""
        standing = self._held(request.import_id).import_
        asked = (what, request.by, request.version)
        return standing if any((each.what, each.by, each.of) == asked for each in standing.acts) else None

    def _act(self, held: Held, state: ImportState, what: str, by: str, **fields: object) -> Import:
        """The import in another state, from the beginning unless `fields` say otherwise."""
        act = ImportAct(what=what, by=by, at=now(), of=held.import_.version)
        keep = KEPT_DRAFT if state in ("judging", "discarded") else KEPT_DONE
        begun = {"done_windows": 0, "counts": {}, "consents": 0, "expires_at": now() + keep} | fields
        return self._replace(held, state=state, acts=(*held.import_.acts, act)[-50:], **begun)

    def _replace(self, held: Held, **fields: object) -> Import:
        following = held.import_.model_copy(update={**fields, "version": held.import_.version + 1})
        if not self._imports.replace(Held(following)):
            raise Conflict(CHANGED_MEANWHILE)
        return following


def _counted(standing: Import) -> dict[str, object]:
    return {"counts": standing.counts, "consents": standing.consents}


def _holds(glance: Glance, request: ListImportRows) -> bool:
    if request.kept:
        return glance.kept > 0
    return not request.verdicts or any(glance.counts.get(each) for each in request.verdicts)


def _with_examples(columns: tuple[ImportColumn, ...], rows: tuple[ImportRow, ...]) -> tuple[ImportColumn, ...]:
    def examples(place: int) -> tuple[str, ...]:
        found = (row.cells[place].strip() for row in rows if place < len(row.cells) and row.cells[place].strip())
        return tuple(dict.fromkeys(each[:_EXAMPLE_LENGTH] for each in found))[:EXAMPLES]

    return tuple(each.model_copy(update={"examples": examples(place)}) for place, each in enumerate(columns))
