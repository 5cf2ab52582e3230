"""Keeps imports and their rows, window by window: the rows of a window, what they are to do and what became of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol

import orjson

from services.contacts.importing.judging import Planned
from shared.contracts.erasure import Traces
from shared.contracts.imports import Import, ImportRow
from shared.mongo import Documents, insert_new, rewrite
from shared.redaction import redact

AT_WORK = ("judging", "running", "reverting")


class Held(NamedTuple):
    """An import, and which process works on it until when."""

    import_: Import
    worker: str = ""
    until: datetime | None = None


class Window(NamedTuple):
    """Rows that are judged and run together. `stage`: `rows`, `judged`, `planned`, `done` or `reverted`."""

    number: int
    rows: tuple[ImportRow, ...]
    planned: tuple[Planned, ...] = ()
    stage: str = "rows"


class Glance(NamedTuple):
    """What is in a window without its rows."""

    number: int
    last: int
    """The number of its last row."""
    counts: dict[str, int]
    kept: int


class Imports(Protocol):
    """The store as the rest sees it; the Mongo one and the fake pass the same contract tests."""

    def insert(self, held: Held) -> bool:
        """False when an import of this id is there; it stays as it is."""
        ...

    def find(self, import_id: str) -> Held | None: ...

    def replace(self, held: Held) -> bool:
        """Store the next version; False when somebody was faster."""
        ...

    def recent(self, limit: int) -> list[Import]:
        """The newest first."""
        ...

    def at_work(self) -> list[Held]: ...

    def expired(self, at: datetime) -> list[Import]:
        """Those whose rows are still there after their time."""
        ...

    def remove(self, import_id: str) -> None: ...

    def add_window(self, import_id: str, window: Window) -> None:
        """What is there stays as it is."""
        ...

    def window(self, import_id: str, number: int) -> Window | None: ...

    def keep_window(self, import_id: str, window: Window, stages: Sequence[str]) -> bool:
        """Store what its rows are to do or have done, if it is at one of the stages."""
        ...

    def glances(self, import_id: str) -> list[Glance]:
        """Every window, in order."""
        ...

    def remove_windows(self, import_id: str) -> None: ...

    def redact(self, traces: Traces) -> None:
        """Take the traces of somebody who is erased out of every row, and out of what the row did."""
        ...


class MongoImports:
    """Collections `imports` and `import_windows`."""

    def __init__(self, database: Documents) -> None:
        self._imports = database["imports"]
        self._windows = database["import_windows"]
        self._imports.create_index("import.state")
        self._windows.create_index("import_id")

    def insert(self, held: Held) -> bool:
        return not insert_new(self._imports, [{"_id": held.import_.import_id, **_fields(held)}])

    def find(self, import_id: str) -> Held | None:
        found = self._imports.find_one({"_id": import_id})
        return _held(found) if found else None

    def replace(self, held: Held) -> bool:
        asked = {"_id": held.import_.import_id, "import.version": held.import_.version - 1}
        return self._imports.update_one(asked, {"$set": _fields(held)}).modified_count == 1

    def recent(self, limit: int) -> list[Import]:
        return [_held(each).import_ for each in self._imports.find().sort("_id", -1).limit(limit)]

    def at_work(self) -> list[Held]:
        return [_held(each) for each in self._imports.find({"import.state": {"$in": list(AT_WORK)}})]

    def expired(self, at: datetime) -> list[Import]:
        asked = {"expires_at": {"$lt": at}, "import.rows_removed": False}
        return [each for found in self._imports.find(asked) if (each := _held(found).import_).state not in AT_WORK]

    def remove(self, import_id: str) -> None:
        self._imports.delete_one({"_id": import_id})

    def add_window(self, import_id: str, window: Window) -> None:
        rows = [each.model_dump(mode="json") for each in window.rows]
        first = {"import_id": import_id, "number": window.number, "last": window.rows[-1].number}
        content = {"rows": rows, "planned": [], "stage": "rows", "counts": {}, "kept": 0}
        insert_new(self._windows, [{"_id": _key(import_id, window.number), **first, **content}])

    def window(self, import_id: str, number: int) -> Window | None:
        found = self._windows.find_one({"_id": _key(import_id, number)})
        if found is None:
            return None
        rows = tuple(ImportRow.model_validate(each) for each in found["rows"])
        planned = tuple(Planned.model_validate(each) for each in found["planned"])
        return Window(number, rows, planned, found["stage"])

    def keep_window(self, import_id: str, window: Window, stages: Sequence[str]) -> bool:
        kept = {
            "planned": [orjson.loads(each.model_dump_json()) for each in window.planned],
            "stage": window.stage,
            "counts": counts_of(window.planned),
            "kept": sum(1 for each in window.planned if each.kept),
        }
        asked = {"_id": _key(import_id, window.number), "stage": {"$in": list(stages)}}
        return self._windows.update_one(asked, {"$set": kept}).matched_count == 1

    def glances(self, import_id: str) -> list[Glance]:
        wanted = {"number": 1, "last": 1, "counts": 1, "kept": 1}
        found = self._windows.find({"import_id": import_id}, wanted)
        return sorted(Glance(each["number"], each["last"], each["counts"], each["kept"]) for each in found)

    def remove_windows(self, import_id: str) -> None:
        self._windows.delete_many({"import_id": import_id})

    def redact(self, traces: Traces) -> None:
        def without(window: dict[str, Any]) -> dict[str, Any]:
            rows, planned = redacted_rows(window["rows"], window["planned"], traces)
            return {"rows": rows, "planned": planned}

        rewrite(self._windows, without)


def redacted_rows(rows: list[Any], planned: list[Any], traces: Traces) -> tuple[list[Any], list[Any]]:
    """Rows and plans without the traces: a row that means the person loses all of its cells."""
    theirs = {each["number"] for each in planned if each.get("contact_id") in traces.contact_ids}
    emptied = [each | {"cells": [""] * len(each["cells"])} if each["number"] in theirs else each for each in rows]
    return redact(emptied, traces, names=True), redact(planned, traces, names=True)


def counts_of(planned: Sequence[Planned]) -> dict[str, int]:
    """How many rows came to each verdict."""
    counts: dict[str, int] = {}
    for each in planned:
        counts[each.verdict] = counts.get(each.verdict, 0) + 1
    return counts


def _key(import_id: str, window: int) -> str:
    return f"{import_id}:{window:06}"


def _fields(held: Held) -> dict[str, Any]:
    content = orjson.loads(held.import_.model_dump_json())
    return {"import": content, "worker": held.worker, "until": held.until, "expires_at": held.import_.expires_at}


def _held(document: dict[str, Any]) -> Held:
    return Held(Import.model_validate(document["import"], extra="ignore"), document["worker"], document["until"])
