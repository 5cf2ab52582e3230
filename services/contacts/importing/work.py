"""The background work of imports, window by window: dry runs, runs, taking back, and removing what has expired.

A process leases an import for some seconds and renews it with each window. Two that work on one window at once do no
harm: what a window is to do is stored once, and doing it twice is doing it once.
"""

import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import timedelta
from sqlite3 import Connection

from services.contacts import domain
from services.contacts.envelopes import now
from services.contacts.importing.doing import Doer
from services.contacts.importing.judging import Planned, Rules, judge
from services.contacts.importing.known import KnownContacts
from services.contacts.importing.reading import RowReader
from services.contacts.importing.revert import Reverter
from services.contacts.importing.store import Held, Imports, Window, counts_of
from services.contacts.reference import REFERENCE
from services.contacts.repository import Contacts
from shared import failpoints
from shared.contracts.imports import Import, ImportRow, ImportState
from shared.errors import WellheardError
from shared.logs import get_logger
from shared.scratch import scratch_database

log = get_logger()
LEASE = timedelta(seconds=10)
BUDGET = 4.0
"""Seconds of one turn: a process that is told to stop waits for no more than this."""
_ENDS: dict[str, ImportState] = {"judging": "judged", "running": "finished", "reverting": "reverted"}


class ImportWork:
    """Moves every import that is at work on by some windows."""

    def __init__(self, imports: Imports, contacts: Contacts) -> None:
        self._imports = imports
        self._contacts = contacts
        self._reverter = Reverter(contacts)
        self._me = os.urandom(8).hex()
        self._dry: tuple[str, Connection] | None = None
        self._stack = ExitStack()
        self._swept = 0.0

    def work(self) -> None:
        """One turn. Does nothing when nothing is to be done, which costs one small query."""
        ends = time.monotonic() + BUDGET
        for held in self._imports.at_work():
            leased = self._lease(held)
            while leased is not None and time.monotonic() < ends:
                leased = self._step(leased)
                time.sleep(0)  # calls and heartbeats have their turn
        if time.monotonic() > self._swept:
            self._swept = time.monotonic() + 600
            self._sweep()

    def close(self) -> None:
        self._stack.close()
        self._dry = None

    def _lease(self, held: Held) -> Held | None:
        if held.worker not in ("", self._me) and held.until and held.until > now():
            return None
        return self._move(held)

    def _move(self, held: Held, **fields: object) -> Held | None:
        """The import with other fields and a fresh lease; None when somebody else was faster."""
        following = held.import_.model_copy(update={**fields, "version": held.import_.version + 1})
        moved = Held(following, self._me, now() + LEASE)
        return moved if self._imports.replace(moved) else None

    def _step(self, held: Held) -> Held | None:
        """One window more; None when there is nothing more to do, or not for us."""
        current = held.import_
        if current.done_windows >= current.windows:
            self._end(held)
            return None
        steps: dict[str, Callable[[Import], Window]] = {
            "judging": self._judge, "running": self._run, "reverting": self._revert,
        }  # fmt: skip
        if current.state == "judging" and current.done_windows and not self._has_scratch(current):
            # What the windows before would have done went with the process that judged them: begin again.
            return self._move(held, done_windows=0, counts={}, consents=0)
        try:
            window = steps[current.state](current)
        except WellheardError as error:
            log.warning("import_waits", import_id=current.import_id, reason=error.detail)
            return None
        failpoints.reach("import.after_done")
        moved = self._move(held, **_progress(current, window))
        if moved is None:
            self._count_last(current, window)
        return moved

    def _count_last(self, current: Import, window: Window) -> None:
        """Somebody stopped the import while its last window was in hand: that one counts too."""
        held = self._imports.find(current.import_id)
        if held and held.import_.state == "cancelled" and held.import_.done_windows == current.done_windows:
            self._move(held, **_progress(held.import_, window))

    def _end(self, held: Held) -> None:
        self.close()
        self._imports.replace(
            Held(held.import_.model_copy(update={
                "state": _ENDS[held.import_.state], "version": held.import_.version + 1,
            }))
        )  # fmt: skip

    def _judge(self, current: Import) -> Window:
        window = self._window(current, current.done_windows)
        known_rows = self._judged(current, window.rows, self._scratch(current))
        judged = window._replace(planned=known_rows, stage="judged")
        self._imports.keep_window(current.import_id, judged, ("rows", "judged"))
        return judged

    def _run(self, current: Import) -> Window:
        window = self._window(current, current.done_windows)
        if window.stage == "done":  # we ended between noting this and moving on
            return window
        if window.stage != "planned":
            fresh = window._replace(planned=self._judged(current, window.rows), stage="planned")
            self._imports.keep_window(current.import_id, fresh, ("rows", "judged"))
            failpoints.reach("import.after_plan")
            window = self._window(current, window.number)  # another process may have planned it before us

        def again(overtaken: Sequence[Planned]) -> list[Planned]:
            numbers = {each.number for each in overtaken}
            return list(self._judged(current, tuple(each for each in window.rows if each.number in numbers)))

        outcome = Doer(self._contacts, again).do(window.planned, _rules(current), _by(current))
        failpoints.reach("import.before_done")
        done = window._replace(planned=outcome, stage="done")
        self._imports.keep_window(current.import_id, done, ("planned",))
        return done

    def _revert(self, current: Import) -> Window:
        """From the last window to the first."""
        window = self._window(current, current.windows - 1 - current.done_windows)
        if window.stage not in ("done", "planned"):
            return window
        kept = self._reverter.revert(window.number, window.planned, _rules(current), _by(current))
        reverted = window._replace(planned=kept, stage="reverted")
        self._imports.keep_window(current.import_id, reverted, ("done", "planned"))
        return reverted

    def _judged(
        self, current: Import, rows: tuple[ImportRow, ...], scratch: Connection | None = None
    ) -> tuple[Planned, ...]:
        assert current.settings is not None, "an import is judged once its columns are told"
        reader = RowReader(current.settings, REFERENCE, now().date())
        read = [reader.read(each) for each in rows]
        known = KnownContacts(
            self._contacts, (domain.key_of(one) for each in read for one in each.identifiers), scratch
        )
        at = now().replace(microsecond=0)
        planned = tuple(judge(each, known, _rules(current), at) for each in read)
        known.remember()
        return planned

    def _window(self, current: Import, number: int) -> Window:
        window = self._imports.window(current.import_id, number)
        if window is None:
            raise LookupError("a window of this import is missing")
        return window

    def _has_scratch(self, current: Import) -> bool:
        return self._dry is not None and self._dry[0] == _round(current)

    def _scratch(self, current: Import) -> Connection:
        if self._dry is None or self._dry[0] != _round(current):
            self.close()
            self._dry = (_round(current), self._stack.enter_context(scratch_database()))
        return self._dry[1]

    def _sweep(self) -> None:
        """Rows are personal data: of a draft nothing stays, of what has run the counts and who did it."""
        for each in self._imports.expired(now()):
            self._imports.remove_windows(each.import_id)
            if each.state in ("finished", "cancelled", "reverted"):
                gone = each.model_copy(update={"rows_removed": True, "columns": (), "version": each.version + 1})
                self._imports.replace(Held(gone))
            else:
                self._imports.remove(each.import_id)


def _progress(current: Import, window: Window) -> dict[str, object]:
    done: dict[str, object] = {"done_windows": current.done_windows + 1}
    if current.state == "reverting":
        return done | {"kept": current.kept + sum(1 for each in window.planned if each.kept)}
    counts = Counter[str](current.counts) + Counter(counts_of(window.planned))
    consents = current.consents + sum(len(each.statements) for each in window.planned)
    return done | {"counts": dict(counts), "consents": consents}


def _rules(current: Import) -> Rules:
    assert current.settings is not None
    return Rules(current.import_id, current.file_name, current.settings)


def _by(current: Import) -> str:
    """Who asked for what is being done."""
    return current.acts[-1].by


def _round(current: Import) -> str:
    """Another dry run begins with another act."""
    return f"{current.import_id}:{len(current.acts)}"
