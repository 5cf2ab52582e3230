"""Import of contacts: rows a second of a run, beside a bare insert_many of the same rows; memory must stay constant.

One row in ten means a contact that is known and adds a phone number; each row carries a consent. Both write to one
private store, journalled, 500 rows at a time. Ours judges each row, stores its plan, claims two identifiers, registers
or changes the contact with its event, records the consent with its event, and publishes both; bare stores the cells.
"""

import os
import statistics
import time
from collections.abc import Iterator

from bench import harness
from services.contacts.importing.mapping import guess
from shared.contracts.base import Request, new_id
from shared.contracts.contacts import NewContact, RegisterContacts
from shared.contracts.imports import (
    WINDOW,
    AddImportRows,
    BeginImport,
    CompleteUpload,
    GetImport,
    Import,
    ImportRow,
    ImportSettings,
    JudgeImport,
    RunImport,
)
from shared.messaging.client import R, RpcClient
from shared.mongo import connect
from shared.settings import Settings

FIRST = int(os.environ.get("FIRST", "5000"))
ROWS = int(os.environ.get("ROWS", "50000"))
ROUNDS = int(os.environ.get("ROUNDS", "3"))
GOAL = 0.005
"""Measured 0.013: the outbox, whose events are taken out of the documents one by one, sets the pace."""
MEMORY_GOAL = 1.10
HEADINGS = ("Name", "E-mail", "Phone", "Locality", "Newsletter by e-mail", "Date of consent")


class Office:
    """Asks the contacts service, and knows which process it is."""

    def __init__(self, settings: Settings, pid: int) -> None:
        self._client = RpcClient(settings)
        self.pid = pid
        self.dry: list[float] = []

    def call(self, request: Request[R]) -> R:
        return self._client.call(request, timeout=60)

    def round(self, name: str, rows: int) -> float:
        """Rows a second of a run."""
        self._register_known(name, rows)
        draft = self._upload(name, rows)
        settings = ImportSettings(uses=guess(HEADINGS), wording="May we write to you?", evidence="Paper forms")
        judge = JudgeImport(import_id=draft.import_id, version=draft.version, settings=settings)
        began = time.monotonic()
        self.call(judge)
        judged = self._wait(draft, "judged")
        self.dry.append(rows / (time.monotonic() - began))
        began = time.monotonic()
        self.call(RunImport(import_id=judged.import_id, version=judged.version))
        done = self._wait(judged, "finished")
        seconds = time.monotonic() - began
        assert done.counts == {"new": rows - rows // 10, "changed": rows // 10}, done.counts
        return rows / seconds

    def _register_known(self, name: str, rows: int) -> None:
        for start in range(0, rows, 10 * WINDOW):
            known = [each.cells for window in windows(name, rows, start, 10) for each in window][:WINDOW]
            contacts = tuple(NewContact(name=each[0], email=(each[1],)) for each in known)
            ids = tuple(f"{name}-{start}-{number}" for number in range(len(contacts)))
            self.call(RegisterContacts(contacts=contacts, request_ids=ids))

    def _upload(self, name: str, rows: int) -> Import:
        begun = self.call(BeginImport(request_id=new_id(), file_name=f"{name}.csv", headings=HEADINGS))
        number = 0
        for number, window in enumerate(windows(name, rows), 1):
            self.call(AddImportRows(import_id=begun.import_id, window=number - 1, rows=tuple(window)))
        return self.call(CompleteUpload(import_id=begun.import_id, windows=number, rows=rows))

    def _wait(self, import_: Import, state: str) -> Import:
        asked = GetImport(import_id=import_.import_id)
        harness.wait_for(lambda: self.call(asked).state == state, 3_600, 0.2)
        return self.call(asked)


def windows(name: str, rows: int, start: int = 0, step: int = 1) -> Iterator[list[ImportRow]]:
    """Rows of people with invented names, from a generator."""
    window: list[ImportRow] = []
    for number in range(start, rows, step):
        phone = f"+4477{abs(hash_of(name)) % 100:02}{number:06}"
        cells = (f"Person {name} {number}", f"{name}.{number}@example.org", phone, "Eastmere", "yes", "12/03/2014")
        window.append(ImportRow(number=number + 2, cells=cells))
        if len(window) == WINDOW:
            yield window
            window = []
    if window:
        yield window


def hash_of(name: str) -> int:
    return sum(map(ord, name))


def bare_round(settings: Settings, number: int, rows: int) -> float:
    collection = connect(settings, "bench")[f"rows_{number}"]
    began = time.monotonic()
    for window in windows(f"bare{number}", rows):
        documents = [{"_id": each.number, **dict(zip(HEADINGS, each.cells, strict=True))} for each in window]
        collection.insert_many(documents, ordered=False)
    return rows / (time.monotonic() - began)


def main() -> None:
    with harness.private_instance() as instance:
        instance.start()
        instance.wait_ready()
        office = Office(instance.settings, instance.supervisor.pids()["contacts"])
        for name in ("warm", "first"):
            office.round(name, FIRST)
        first = harness.own_mb(office.pid)
        ours, bare = harness.in_turn(
            ROUNDS,
            lambda number: office.round(f"r{number}", ROWS),
            lambda number: bare_round(instance.settings, number, ROWS),
        )
        last = harness.own_mb(office.pid)
    ratio, growth = statistics.median(ours) / statistics.median(bare), last / first
    harness.report(
        "import",
        ratio,
        GOAL,
        ratio >= GOAL and growth <= MEMORY_GOAL,
        rows=ROWS,
        ours_per_second=round(statistics.median(ours)),
        ours_spread=harness.spread(ours),
        dry_run_per_second=round(statistics.median(office.dry[2:])),
        bare_per_second=round(statistics.median(bare)),
        bare_spread=harness.spread(bare),
        own_mb_after_first=round(first, 1),
        own_mb_after_last=round(last, 1),
        memory_growth=round(growth, 3),
        memory_goal=MEMORY_GOAL,
    )


if __name__ == "__main__":
    main()
