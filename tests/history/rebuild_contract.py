"""What every engine does about rebuilds: gone on with after a kill, compared with the log, and the old index kept.

An engine's test module makes a class of `RebuildContract` with a fixture `county` that yields a `Rebuilding`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from services.history import rebuild
from services.history.index.port import IndexReader, IndexSet, Pointer
from services.history.log import FakeLog
from services.history.projector import HistoryProjector
from services.history.rebuild import Built, Checksum, checksum_of_index, checksum_of_log, rebuild_from
from services.history.records import Entry
from services.history.verifying import Differs, verify
from shared.contracts.base import Envelope, Event
from shared.contracts.history import SwapIndex
from shared.messaging.testbus import TestBus
from tests.builders import recorded


@dataclass
class Rebuilding:
    """A log, a projector that keeps an index of it, and the indexes."""

    log: FakeLog
    indexes: IndexSet
    projector: HistoryProjector

    @classmethod
    def of(cls, indexes: IndexSet) -> "Rebuilding":
        log = FakeLog()
        return cls(log, indexes, HistoryProjector(log, indexes, TestBus()))

    def receive(self, *events: Envelope[Event]) -> None:
        self.projector.add_to_timeline(events)
        self.projector.follow_log()

    @property
    def serving(self) -> str:
        pointer = self.indexes.current()
        assert pointer is not None
        assert pointer.complete
        return pointer.name

    def rebuilt(self, keep: bool = True) -> str:
        """The name of the new index, which serves."""
        with self.indexes.rebuilding():
            begun_at = datetime.now(UTC)
            built = rebuild_from(self.log, self.indexes)
            verify(self.log, self.indexes, built, begun_at)
            self.projector.swap_index(SwapIndex(name=built.name, begun_at=begun_at, keep=keep))
        return built.name

    def is_whole(self) -> bool:
        return checksum_of_index(self.indexes) == checksum_of_log(self.log)


class Killed(BaseException):
    """The end of a process."""


def killed_rebuild(county: Rebuilding, monkeypatch: pytest.MonkeyPatch, after: int) -> str:
    """One that had committed a window of 500 and was killed when it had come so far; its name."""
    monkeypatch.setattr("services.history.rebuild._WINDOWS_A_COMMIT", 1)

    def kill(done: int, last: int) -> None:
        if done >= after:
            raise Killed

    name = county.indexes.new_name()
    built = Built(name, county.log.last(), set())
    with monkeypatch.context() as patched:
        patched.setattr(rebuild, "closing", left_open)
        with pytest.raises(Killed):
            rebuild._fill(county.log, county.indexes, built, kill, lambda refusals: None)
    return name


class left_open:  # noqa: N801
    """Instead of `closing`: nothing is finished, only the lock is gone, as after kill -9."""

    def __init__(self, index: Any) -> None:
        self._index = index

    def __enter__(self) -> Any:
        return self._index

    def __exit__(self, *_: object) -> None:
        self._index.abandon()


class RebuildContract:
    """Of the whole of an engine: its indexes, its writer and its reader."""

    def test_a_rebuild_that_was_killed_is_gone_on_with(
        self, county: Rebuilding, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for _ in range(3):
            county.receive(*(recorded() for _ in range(400)))
        killed = killed_rebuild(county, monkeypatch, 1_000)
        done: list[int] = []
        with county.indexes.rebuilding():
            unfinished = county.indexes.unfinished()
            assert unfinished is not None
            assert unfinished.name == killed
            built = rebuild_from(
                county.log, county.indexes, lambda reached, last: done.append(reached), unfinished.name
            )
            verify(county.log, county.indexes, built, unfinished.begun_at)
            county.projector.swap_index(SwapIndex(name=built.name, begun_at=unfinished.begun_at))
        assert county.serving == killed
        assert min(done) > 500
        assert county.is_whole()

    def test_of_a_rebuild_that_was_killed_before_anything_was_done_nothing_is_left(
        self, county: Rebuilding, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        county.receive(*(recorded() for _ in range(3)))
        name = county.indexes.new_name()
        county.indexes.bulk_writer(name).abandon()
        with county.indexes.rebuilding():
            assert county.indexes.unfinished() is None
            assert not county.indexes.has(name)

    def test_what_an_erasure_has_rewritten_is_put_right_in_what_is_gone_on_with(
        self, county: Rebuilding, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        county.receive(recorded(title="Of Mary"), *(recorded() for _ in range(599)))
        killed_rebuild(county, monkeypatch, 600)
        (content,) = county.log.contents(0, 1)
        county.projector._replace([without_title(content)])
        with county.indexes.rebuilding():
            unfinished = county.indexes.unfinished()
            assert unfinished is not None
            built = rebuild_from(county.log, county.indexes, name=unfinished.name)
            verify(county.log, county.indexes, built, unfinished.begun_at)
            assert "Of Mary" not in titles(county.indexes.reader(built.name))

    def test_the_old_index_is_kept_and_serves_again_with_what_has_come_since(self, county: Rebuilding) -> None:
        county.receive(recorded(), recorded())
        old = county.serving
        new = county.rebuilt()
        assert (county.serving, county.indexes.kept()) == (new, old)
        county.receive(recorded())
        county.projector.swap_index(SwapIndex(name=old))
        assert (county.serving, county.indexes.kept()) == (old, new)
        county.receive(recorded())
        assert county.is_whole()
        assert county.indexes.reader(old).counts()[0] == 4

    def test_one_old_index_is_kept_until_the_next_rebuild(self, county: Rebuilding) -> None:
        county.receive(recorded())
        first = county.serving
        second = county.rebuilt()
        county.rebuilt()
        assert not county.indexes.has(first)
        assert county.indexes.kept() == second
        assert rebuild.forget_kept(county.indexes)
        assert not county.indexes.has(second)
        assert not rebuild.forget_kept(county.indexes)
        assert county.is_whole()

    def test_nobody_goes_back_to_an_index_from_before_an_erasure(self, county: Rebuilding) -> None:
        county.receive(recorded())
        county.rebuilt()
        with pytest.raises(AttributeError):  # what it does with the event afterwards is not our matter
            county.projector.erase(None)  # type: ignore[arg-type]
        assert county.indexes.kept() is None

    def test_a_rebuild_that_must_leave_nothing_old_keeps_nothing(self, county: Rebuilding) -> None:
        county.receive(recorded())
        county.rebuilt()
        county.rebuilt(keep=False)
        assert county.indexes.kept() is None

    def test_an_index_that_is_not_what_the_log_says_is_removed_before_it_serves(
        self, county: Rebuilding, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        county.receive(recorded(title="Right"), recorded())
        known = rebuild.fold
        with monkeypatch.context() as patched:
            patched.setattr(rebuild, "fold", lambda envelope: misheard(known(envelope)))
            built = rebuild_from(county.log, county.indexes)
        with pytest.raises(Differs, match="2 entries and 0 contacts, the log 2 and 0"):
            verify(county.log, county.indexes, built, datetime.now(UTC))
        assert not county.indexes.has(built.name)
        assert county.is_whole()

    def test_what_comes_while_it_is_compared_makes_no_difference(self, county: Rebuilding) -> None:
        county.receive(recorded())
        built = rebuild_from(county.log, county.indexes)
        county.receive(recorded(), recorded())
        assert verify(county.log, county.indexes, built, datetime.now(UTC)).entries == 3

    def test_an_erasure_while_it_is_compared_is_compared_again(
        self, county: Rebuilding, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        county.receive(recorded(title="Of Mary"), recorded())
        begun_at = datetime.now(UTC)
        built = rebuild_from(county.log, county.indexes)
        looks: list[Checksum] = []

        def erase_before_the_first_look(*asked: Any) -> Checksum:
            if not looks:
                county.projector._replace([without_title(county.log.contents(0, 1)[0])])
            looks.append(checksum_of_log(*asked))
            return looks[-1]

        with monkeypatch.context() as patched:
            patched.setattr("services.history.verifying.checksum_of_log", erase_before_the_first_look)
            found = verify(county.log, county.indexes, built, begun_at)
        assert len(looks) == 2
        assert found == checksum_of_log(county.log)
        assert "Of Mary" not in titles(county.indexes.reader(built.name))

    def test_an_index_that_was_built_for_another_engine_is_caught_up_also_with_erasures(
        self, county: Rebuilding
    ) -> None:
        county.receive(recorded(title="Of Mary"), recorded())
        built = rebuild_from(county.log, county.indexes)
        county.projector._replace([without_title(county.log.contents(0, 1)[0])])
        county.projector.close()
        county.indexes.serve(Pointer(built.name, complete=False))
        again = replace(county, projector=HistoryProjector(county.log, county.indexes, TestBus()))
        again.receive(recorded())
        assert again.serving == built.name
        assert again.is_whole()
        assert "Of Mary" not in titles(again.indexes.reader(built.name))


def without_title(content: dict[str, Any]) -> dict[str, Any]:
    """As an erasure leaves the event of an engagement."""
    return {**content, "data": {"engagement": {**content["data"]["engagement"], "title": "[removed]"}}}


def misheard(folded: Any) -> Any:
    """One title is another."""
    entry = folded.entry
    return replace(folded, entry=replace(entry, title="Wrong") if entry.title == "Right" else entry)


def titles(reader: IndexReader) -> list[str]:
    entries: Iterator[Entry] = reader.entries()
    return [each.title for each in entries]
