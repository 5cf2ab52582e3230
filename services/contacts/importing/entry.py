"""The entry points of imports, a part of the contacts service."""

from services.contacts.importing.desk import ImportDesk
from services.contacts.importing.work import ImportWork
from shared.contracts.base import Done
from shared.contracts.imports import (
    AddImportRows,
    BeginImport,
    CancelImport,
    CompleteUpload,
    GetImport,
    Import,
    ImportList,
    JudgeImport,
    ListImportRows,
    ListImports,
    RevertImport,
    RowPage,
    RunImport,
)
from shared.messaging import every, rpc


class ImportEntry:
    """What staff ask of imports; whoever inherits makes the desk and the work."""

    _imports: ImportDesk
    _import_work: ImportWork

    @rpc
    def begin_import(self, request: BeginImport) -> Import:
        return self._imports.begin(request)

    @rpc
    def add_import_rows(self, request: AddImportRows) -> Done:
        return self._imports.add_rows(request)

    @rpc
    def complete_upload(self, request: CompleteUpload) -> Import:
        return self._imports.complete(request)

    @rpc
    def judge_import(self, request: JudgeImport) -> Import:
        return self._imports.judge(request)

    @rpc
    def run_import(self, request: RunImport) -> Import:
        return self._imports.run(request)

    @rpc
    def cancel_import(self, request: CancelImport) -> Import:
        return self._imports.cancel(request)

    @rpc
    def revert_import(self, request: RevertImport) -> Import:
        return self._imports.revert(request)

    @rpc
    def get_import(self, request: GetImport) -> Import:
        return self._imports.get(request.import_id)

    @rpc
    def list_imports(self, request: ListImports) -> ImportList:
        return ImportList(imports=self._imports.recent(request.limit))

    @rpc
    def list_import_rows(self, request: ListImportRows) -> RowPage:
        return self._imports.rows(request)

    @every(0.5)
    def work_on_imports(self) -> None:
        """Dry runs, runs and the way back, some windows at a time."""
        self._import_work.work()

    def close(self) -> None:
        self._import_work.close()
