"""Imports in memory, for tests of stories; it passes the same contract test as the real store."""

from collections.abc import Sequence
from datetime import datetime

from services.contacts.importing.judging import Planned
from services.contacts.importing.store import AT_WORK, Glance, Held, Window, counts_of, redacted_rows
from shared.contracts.erasure import Traces
from shared.contracts.imports import Import, ImportRow


class FakeImports:
    """Imports in memory."""

    def __init__(self) -> None:
        self._imports: dict[str, Held] = {}
        self._windows: dict[tuple[str, int], Window] = {}

    def insert(self, held: Held) -> bool:
        return self._imports.setdefault(held.import_.import_id, held) is held

    def find(self, import_id: str) -> Held | None:
        return self._imports.get(import_id)

    def replace(self, held: Held) -> bool:
        standing = self._imports.get(held.import_.import_id)
        if standing is None or standing.import_.version != held.import_.version - 1:
            return False
        self._imports[held.import_.import_id] = held
        return True

    def recent(self, limit: int) -> list[Import]:
        return [self._imports[key].import_ for key in sorted(self._imports, reverse=True)[:limit]]

    def at_work(self) -> list[Held]:
        return [each for each in self._imports.values() if each.import_.state in AT_WORK]

    def expired(self, at: datetime) -> list[Import]:
        found = [each.import_ for each in self._imports.values()]
        return [each for each in found if each.expires_at < at and not each.rows_removed and each.state not in AT_WORK]

    def remove(self, import_id: str) -> None:
        self._imports.pop(import_id, None)

    def add_window(self, import_id: str, window: Window) -> None:
        self._windows.setdefault((import_id, window.number), Window(window.number, window.rows))

    def window(self, import_id: str, number: int) -> Window | None:
        return self._windows.get((import_id, number))

    def keep_window(self, import_id: str, window: Window, stages: Sequence[str]) -> bool:
        standing = self._windows.get((import_id, window.number))
        if standing is None or standing.stage not in stages:
            return False
        self._windows[import_id, window.number] = standing._replace(planned=window.planned, stage=window.stage)
        return True

    def glances(self, import_id: str) -> list[Glance]:
        found = [each for (key, _), each in sorted(self._windows.items()) if key == import_id]
        return [
            Glance(
                each.number,
                each.rows[-1].number,
                counts_of(each.planned),
                sum(1 for one in each.planned if one.kept),
            )
            for each in found
        ]

    def remove_windows(self, import_id: str) -> None:
        for key in [each for each in self._windows if each[0] == import_id]:
            del self._windows[key]

    def redact(self, traces: Traces) -> None:
        for key, each in self._windows.items():
            rows, planned = ([one.model_dump(mode="json") for one in part] for part in (each.rows, each.planned))
            rows, planned = redacted_rows(rows, planned, traces)
            self._windows[key] = each._replace(
                rows=tuple(map(ImportRow.model_validate, rows)), planned=tuple(map(Planned.model_validate, planned))
            )
