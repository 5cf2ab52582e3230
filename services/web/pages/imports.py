"""Importing contacts from a spreadsheet: upload, what columns mean, the dry run, the run, and taking it back."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

from fastapi import APIRouter, Request
from starlette.datastructures import FormData, UploadFile
from starlette.responses import RedirectResponse, Response, StreamingResponse

from services.web.access import Caller, staff
from services.web.addresses import with_query
from services.web.backend import Backend, backend
from services.web.pages.forms import Form, as_sent, given, number, text
from services.web.pages.search import is_partial
from services.web.refusals import TooLarge
from services.web.rendering import render
from services.web.spreadsheets import MAX_BYTES, safe_csv
from services.web.uploads import take
from shared.contracts.base import Request as Question
from shared.contracts.imports import (
    CancelImport,
    GetImport,
    Import,
    ImportSettings,
    JudgeImport,
    ListImportRows,
    ListImports,
    RevertImport,
    RowResult,
    RunImport,
    Verdict,
)

AT_WORK = ("judging", "running", "reverting")
PAGE = 50
VERDICTS: Mapping[Verdict, str] = {
    "new": "New contacts",
    "changed": "Changes to known contacts",
    "unchanged": "Known, nothing to change",
    "duplicate": "Known, left out",
    "faulty": "With faults, left out",
}
SENTENCES = {
    "consented_on": "Enter the day as day, month and year",
    "wording": "What people were asked can have up to 2,000 characters",
    "evidence": "Where the proof is can have up to 200 characters",
    "list_name": "The name of the list can have up to 100 characters",
    "method": "Choose how people gave their consent",
    "duplicates": "Choose what to do about contacts that are known",
}
router = APIRouter(prefix="/imports", include_in_schema=False)
MAY_IMPORT: Any = staff("contacts:import")


@router.get("", dependencies=[MAY_IMPORT])
async def list_imports(request: Request) -> Response:
    found = await backend(request).call(ListImports())
    return render(request, "imports.html", imports=found.imports)


@router.get("/new", dependencies=[MAY_IMPORT])
async def new_import(request: Request) -> Response:
    return render(request, "import_new.html", form=Form({}))


@router.post("/new")
async def upload(request: Request, caller: Caller = MAY_IMPORT) -> Response:
    sent = await request.form()
    form, file = as_sent(sent, {}), sent.get("file")
    draft = None
    if not isinstance(file, UploadFile) or not file.size:
        form.errors["file"], form.status = "Choose a file", 422
    elif file.size > MAX_BYTES:
        raise TooLarge("A file can have up to 20 MB. Save only the columns that are needed, or split it.")
    else:
        taking = take(backend(request).bus, file.file, file.filename or "", form.request_id, caller.name)
        draft = await form.attempt(taking)
    if draft is None:
        # A file that broke a rule may have arrived in part: the corrected one is another import.
        form.request_id = Form({}).request_id
        return render(request, "import_new.html", status=form.status, form=form)
    return _to_page(draft)


@router.get("/{import_id}", dependencies=[MAY_IMPORT])
async def show_import(request: Request, import_id: str) -> Response:
    params, behind = request.query_params, backend(request)
    asked = params.get("verdict", "")
    after = params.get("after", "")
    question = ListImportRows(
        import_id=import_id,
        verdicts=(asked,) if asked in VERDICTS else (),
        kept=asked == "kept",
        after=int(after) if after.isdecimal() and len(after) < 9 else 0,
        limit=PAGE,
    )
    current, page = await asyncio.gather(behind.call(GetImport(import_id=import_id)), behind.call(question))
    if current.state == "draft":
        return await _show_mapping(request, current, _of_import(current))
    if is_partial(request):
        return _progress(request, current)
    next_url = with_query(request.url.path, params, [("after", str(page.next or ""))])
    return render(
        request, "import.html", current=current, page=page, verdicts=VERDICTS, asked=asked, next_url=next_url,
        at_work=current.state in AT_WORK,
    )  # fmt: skip


@router.get("/{import_id}/mapping", dependencies=[MAY_IMPORT])
async def show_mapping(request: Request, import_id: str) -> Response:
    current = await backend(request).call(GetImport(import_id=import_id))
    return await _show_mapping(request, current, _of_import(current))


@router.post("/{import_id}/mapping")
async def judge(request: Request, import_id: str, caller: Caller = MAY_IMPORT) -> Response:
    form, behind = _typed(await request.form()), backend(request)
    settings = form.check(ImportSettings, _data(form), SENTENCES)
    if settings is not None:
        version = form.values["version"]
        question = JudgeImport(import_id=import_id, version=version, settings=settings, by=caller.name)
        if judged := await form.attempt(behind.call(question)):
            return _to_page(judged)
    return await _show_mapping(request, await behind.call(GetImport(import_id=import_id)), form)


@router.post("/{import_id}/run")
async def run(request: Request, import_id: str, caller: Caller = MAY_IMPORT) -> Response:
    version = number(await request.form(), "version")
    return await _decide(request, RunImport(import_id=import_id, version=version, by=caller.name))


@router.post("/{import_id}/cancel")
async def cancel(request: Request, import_id: str, caller: Caller = MAY_IMPORT) -> Response:
    return await _decide(request, CancelImport(import_id=import_id, by=caller.name))


@router.post("/{import_id}/revert")
async def revert(request: Request, import_id: str, caller: Caller = MAY_IMPORT) -> Response:
    version = number(await request.form(), "version")
    return await _decide(request, RevertImport(import_id=import_id, version=version, by=caller.name))


@router.get("/{import_id}/left-out.csv", dependencies=[MAY_IMPORT])
async def left_out(request: Request, import_id: str) -> Response:
    """The rows that were left out as they stand in the file, each with its reasons: to be mended and imported again."""
    behind = backend(request)
    current = await behind.call(GetImport(import_id=import_id))
    headers = {"Content-Disposition": 'attachment; filename="left-out.csv"'}
    return StreamingResponse(_left_out(behind, current), media_type="text/csv; charset=utf-8", headers=headers)


async def _left_out(behind: Backend, current: Import) -> AsyncIterator[bytes]:
    headings = [each.heading for each in current.columns]
    for line in safe_csv([[*headings, "Row", "Why it was left out"]]):
        yield line
    after: int | None = 0
    while after is not None:
        question = ListImportRows(
            import_id=current.import_id, verdicts=("faulty", "duplicate"), after=after, limit=500
        )  # fmt: skip
        page = await behind.call(question)
        lines = safe_csv(_with_reasons(each, len(headings)) for each in page.results)
        next(lines)  # the mark of the encoding stands once
        for line in lines:
            yield line
        after = page.next


def _with_reasons(result: RowResult, width: int) -> list[str]:
    cells = [*result.row.cells, *[""] * width][: max(width, len(result.row.cells))]
    return [*cells, str(result.row.number), " ".join(result.reasons)]


async def _decide(request: Request, question: Question[Import]) -> Response:
    return _to_page(await backend(request).call(question))


def _progress(request: Request, current: Import) -> Response:
    response = render(request, "import_progress.html", current=current, at_work=current.state in AT_WORK)
    if current.state not in AT_WORK:
        response.headers["HX-Refresh"] = "true"  # another page now
    return response


async def _show_mapping(request: Request, current: Import, form: Form) -> Response:
    return render(request, "import_mapping.html", status=form.status, current=current, form=form)


def _of_import(current: Import) -> Form:
    settings = current.settings
    uses = settings.uses if settings else [each.guess for each in current.columns]
    values: dict[str, Any] = {"uses": [_use_value(each) for each in uses], "version": current.version}
    for name in ("duplicates", "list_name", "wording", "method", "evidence"):
        values[name] = getattr(settings, name) if settings else ImportSettings.model_fields[name].default
    day = settings.consented_on if settings else None
    return Form(values | {"consented_on": day.isoformat() if day else ""})


def _use_value(use: Any) -> str:
    return f"consent:{use.purpose}:{use.channel}" if use.meaning == "consent" else use.meaning


def _typed(sent: FormData) -> Form:
    names = ("duplicates", "list_name", "wording", "method", "evidence", "consented_on")
    values: dict[str, Any] = {name: text(sent, name) for name in names}
    places = sorted(int(name[4:]) for name in sent if name.startswith("use-") and name[4:].isdecimal())
    return Form(values | {"version": number(sent, "version"), "uses": [text(sent, f"use-{place}") for place in places]})


def _data(form: Form) -> dict[str, Any]:
    names = ("duplicates", "list_name", "wording", "method", "evidence", "consented_on")
    return given({name: form.values[name] for name in names}) | {"uses": [_use(each) for each in form.values["uses"]]}


def _use(value: str) -> dict[str, str]:
    meaning, _, rest = value.partition(":")
    purpose, _, channel = rest.partition(":")
    return given({"meaning": meaning, "purpose": purpose, "channel": channel})


def _to_page(current: Import) -> Response:
    return RedirectResponse(f"/imports/{current.import_id}", 303)
