"""The one writer of the history: events go to the log first, then into the index, which follows the log.

Everything that can go wrong with the index has one answer: open it (or another), catch up from the log, go on.
"""

import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from threading import Lock
from typing import Any, ClassVar, cast

from services.history.erasing import HistoryEraser, redacted_on_arrival
from services.history.index.choice import indexes_of
from services.history.index.port import IndexAway, IndexBusy, IndexLost, IndexSet, IndexWriter, Pointer, Refusal
from services.history.log import Log, LogPort, to_envelope, windows
from services.history.rebuild import CLOCKS_DIFFER, forget_kept
from services.history.refusals import TIMELINE, park_refused
from services.history.restricting import differing, engagement_of, restricted
from services.history.timeline import LOGGED_EVENTS, fold
from shared import failpoints
from shared.contracts.base import Envelope, Event
from shared.contracts.erasure import ContactErased, ErasureDecided
from shared.contracts.history import IndexSwapped, SwapIndex
from shared.errors import NotFound, Unavailable
from shared.logs import get_logger
from shared.messaging import Bus, every, on, on_batch, rpc
from shared.mongo import connect
from shared.settings import Settings

log = get_logger()
COMMIT_SECONDS = 0.5
_LONGEST_PAUSE = 4.0
"""Seconds between two attempts while the search engine is away."""
_WINDOWS_A_COMMIT = 40
_EVER = datetime.min.replace(tzinfo=UTC)


class HistoryProjector:
    """`live` means that the index holds the whole log; until then events go to the log only and a tick catches up."""

    name: ClassVar[str] = "history_projector"

    def __init__(self, event_log: LogPort, indexes: IndexSet, bus: Bus) -> None:
        self._log, self._bus = event_log, bus
        self._erased: set[str] | None = None
        self._changing = Lock()
        """Held while a part of the log is read and rewritten: else an erasure and a restriction undo each other."""
        self._eraser = HistoryEraser(event_log, bus, partial(self._replace, erases=True), self._changing)
        self._indexes = indexes
        self._index: IndexWriter | None = None
        self._serving = Pointer("", complete=False)
        self._last = 0
        self._knows_last = True
        self._live = False
        self._not_before, self._pause = 0.0, COMMIT_SECONDS
        self._lock = Lock()
        """Held by the handler, and by whoever changes what it works on."""
        self._turn = Lock()
        """Held for longer, by one tick or one swap: else a tick that catches up would end by serving the old index."""

    @on_batch(TIMELINE, LOGGED_EVENTS, size=500, linger=0.05)
    def add_to_timeline(self, envelopes: Sequence[Envelope[Event]]) -> None:
        """Acknowledged once the events are in the log: from there the index can always be made."""
        with self._lock:
            index = self._opened()
            envelopes = self._without_erased(envelopes)
            self._last = self._append(envelopes)
            failpoints.reach("log.after_append")
            if self._live:
                self._put(index, envelopes)
        self._restrict_alike(envelopes)

    @on("history.erasures", ContactErased, ErasureDecided)
    def erase(self, envelope: Envelope[Event]) -> None:
        """Acknowledged once the log and the index are without the person, and the others have been told."""
        forget_kept(self._indexes)  # nobody goes back to an index with somebody who was erased
        if isinstance(envelope.data, ErasureDecided):
            self._eraser.finish(envelope.data)
        else:
            self._eraser.erase(cast(Envelope[ContactErased], envelope))

    @every(COMMIT_SECONDS)
    def follow_log(self) -> None:
        """Commit what was put; catch up when the index is new, was lost, or the process has just started."""
        with self._turn:
            if time.monotonic() < self._not_before:
                return
            try:
                with self._lock:
                    index = self._opened()
            except Unavailable as error:
                log.warning("projector_waits", reason=error.detail)
                if isinstance(error, IndexAway):
                    self._pause = min(self._pause * 2, _LONGEST_PAUSE)
                    self._not_before = time.monotonic() + self._pause
                return
            self._pause = COMMIT_SECONDS
            try:
                if not self._live:
                    pointer = Pointer(self._serving.name, complete=True)
                    # What was built for another engine may have been built before an erasure.
                    self._go_live(index, pointer, None if self._serving.complete else _EVER)
                index.commit()
            except IndexLost as error:
                self._lost(index, error)

    @rpc
    def swap_index(self, request: SwapIndex) -> IndexSwapped:
        """Let an index that was built beside this one serve, once it holds the whole log; this one is kept, or not."""
        if not self._indexes.has(request.name):
            raise NotFound("There is no index of that name: build it with `wellheard rebuild`.")
        with self._turn:
            if request.name != self._serving.name:  # else the caller asks again because an answer was late
                self._swap(request.name, request.begun_at, request.keep)
        return IndexSwapped(name=request.name, entries=self._indexes.reader(request.name).counts()[0])

    def close(self) -> None:
        """Leave a committed index behind; what is not committed would be caught up from the log."""
        if self._index is not None:
            self._close(self._index)

    def _without_erased(self, envelopes: Sequence[Envelope[Event]]) -> Sequence[Envelope[Event]]:
        """What comes late about somebody who is erased brings nothing back."""
        if self._erased is None:
            self._erased = self._log.erased()
        spoken = [each.data for each in envelopes]
        new = {key for each in spoken if isinstance(each, ContactErased) for key in each.contact_ids}
        if new:
            self._log.add_erased(new)
            self._erased |= new
        return redacted_on_arrival(envelopes, self._erased) if self._erased else envelopes

    def _restrict_alike(self, envelopes: Sequence[Envelope[Event]]) -> None:
        """Before this is acknowledged: it is done again when the process dies meanwhile."""
        if keys := {key for each in envelopes if (key := engagement_of(each.data))}:
            with self._changing:
                if changed := differing(self._log.about(keys)):
                    self._replace([restricted(each, changed[each["id"]]) for each in self._log.stored(changed.keys())])

    def _replace(self, contents: Sequence[dict[str, Any]], erases: bool = False) -> None:
        """What was rewritten replaces what the index holds of it, and then what the log does.

        In this order, and committed: whoever is killed in between finds the log as it was, and does it again. No other
        index comes to serve meanwhile. One that is kept is put right when it serves; with who is erased it is removed.
        """
        with self._turn:
            with self._lock:
                index = self._opened()
                if not self._live:
                    raise Unavailable(
                        "The index is being caught up with the log. What stands there changes afterwards."
                    )
                if erases:
                    forget_kept(self._indexes)  # another may have come to serve since the erasure began
                self._put_again(index, contents)
            self._log.rewrite(contents)

    def _put_again(self, index: IndexWriter, contents: Sequence[dict[str, Any]]) -> None:
        try:
            index.put_again([fold(to_envelope(each)) for each in contents])
            failpoints.reach("rewriting.before_commit")
            index.commit()
        except IndexLost as error:
            self._lost(index, error)
            raise Unavailable("The index was lost and is being built again. What stands there changes then.") from error
        failpoints.reach("rewriting.before_log")

    def _append(self, envelopes: Sequence[Envelope[Event]]) -> int:
        try:
            return self._log.append(envelopes, after=self._last)
        except Exception:
            # A part of the batch may stand in the log: where the log ends is to be seen, the rest is caught up with.
            self._knows_last = self._live = False
            raise

    def _put(self, index: IndexWriter, envelopes: Sequence[Envelope[Event]]) -> None:
        try:
            index.put([fold(each) for each in envelopes], self._last)
        except IndexLost as error:
            self._lost(index, error)

    def _swap(self, name: str, begun_at: datetime | None, keep: bool) -> None:
        try:
            with self._lock:
                old, old_name = self._opened(), self._serving.name
            since = begun_at - CLOCKS_DIFFER if begun_at else _EVER
            self._go_live(self._indexes.writer(name, self._park), Pointer(name, complete=True), since)
        except (IndexBusy, IndexLost) as error:
            raise Unavailable(f"The index cannot be used: {error}.") from error
        self._close(old)
        if not keep:
            self._indexes.remove(old_name)
        log.info("index_swapped", index=name)

    def _go_live(self, index: IndexWriter, pointer: Pointer, built_since: datetime | None = None) -> None:
        """Catch up beside the handler, then, while it waits, with the rest; from here on the handler puts.

        built_since: from when on an erasure may have rewritten what the index had read of the log by then.
        """
        self._catch_up(index)
        if built_since is not None:
            for envelopes in self._log.rewritten(built_since):
                index.put_again([fold(each) for each in envelopes])
        with self._lock:
            self._catch_up(index)
            failpoints.reach("index.before_serve")
            if pointer != self._indexes.current():
                self._indexes.serve(pointer)
            self._index, self._serving, self._live = index, pointer, True

    def _catch_up(self, index: IndexWriter) -> None:
        """Fold the log into the index, up to the last event that was appended."""
        for window, (position, envelopes) in enumerate(windows(self._log, index.position, self._last), 1):
            index.put([fold(each) for each in envelopes], position)
            if window % _WINDOWS_A_COMMIT == 0:
                index.commit()
            time.sleep(0)  # heartbeats and the handler have their turn
        index.commit()

    def _opened(self) -> IndexWriter:
        """The index that serves; another one, empty, when it is missing or broken. Unavailable when not ours."""
        if self._index is not None and self._indexes.has(self._serving.name):
            if not self._knows_last:
                self._look_up_last(self._index)
            return self._index
        if self._index is not None:
            self._lost(self._index, IndexLost("the directory of the index is gone"))
        try:
            index, pointer = self._open_or_make()
        except IndexBusy:
            raise Unavailable("Another projector writes the index; this one waits until it has ended.") from None
        except IndexAway:
            raise
        except IndexLost as error:
            raise Unavailable(f"The index cannot be written: {error}.") from error
        self._look_up_last(index)
        self._index, self._serving = index, pointer
        return index

    def _look_up_last(self, index: IndexWriter) -> None:
        self._last = self._log.last(after=max(self._last, index.position))
        self._knows_last = True

    def _open_or_make(self) -> tuple[IndexWriter, Pointer]:
        pointer = self._indexes.current()
        if pointer is not None and self._indexes.has(pointer.name):
            try:
                return self._indexes.writer(pointer.name, self._park), pointer
            except IndexAway:  # it is all there, and found again when the engine answers
                raise
            except IndexLost as error:
                self._indexes.check_writable()  # else it is the disk that cannot be used, and not the index
                log.warning("index_unusable", index=pointer.name, reason=str(error))
                self._indexes.remove(pointer.name)
        new = Pointer(self._indexes.new_name(), complete=False)
        index = self._indexes.writer(new.name, self._park)
        self._indexes.serve(new)
        log.info("index_building", index=new.name)
        return index, new

    def _park(self, refusals: Sequence[Refusal]) -> None:
        """What the engine refuses is for staff to see and to put back; the log holds it, and the others go on."""
        try:
            park_refused(self._log, self._bus, refusals)
        except Unavailable as error:
            raise IndexAway(error.detail) from error

    @staticmethod
    def _close(index: IndexWriter) -> None:
        with suppress(IndexLost):  # it is not needed any more
            index.close()

    def _lost(self, index: IndexWriter, error: IndexLost) -> None:
        log.warning(
            "index_away" if isinstance(error, IndexAway) else "index_lost", index=self._serving.name, reason=str(error)
        )
        if self._index is index:  # another may serve by now
            self._index, self._live = None, False
        index.abandon()  # at once: until it has given back the lock, nobody else can open this index


def build(settings: Settings, bus: Bus) -> HistoryProjector:
    """The projector of this instance."""
    event_log = Log(connect(settings, "history"))
    event_log.prepare()
    return HistoryProjector(event_log, indexes_of(settings), bus)
