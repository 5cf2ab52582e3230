"""Erasures, rebuilds and swaps: another index comes to serve, or another log, and both still agree."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from services.history.index.directory import Pointer
from services.history.log import FakeLog
from services.history.rebuild import rebuild_from
from shared.contracts.base import Envelope, Event
from shared.contracts.history import SwapIndex
from shared.errors import Conflict, NotFound
from tests.builders import recorded
from tests.history.test_projector import History, delete, history

__all__ = ["history"]


def test_an_index_that_was_rebuilt_serves_after_the_swap_with_all_that_came_meanwhile(history: History) -> None:
    history.receive(*(recorded() for _ in range(4)))
    old = history.serving.name
    name = rebuild_from(history.log, history.indexes).name
    history.receive(recorded())
    answer = history.projector.swap_index(SwapIndex(name=name))
    assert (answer.name, answer.entries) == (name, 5)
    assert history.serving == Pointer(name, complete=True)
    assert history.indexes.kept() == old
    history.receive(recorded())
    assert history.in_index() == history.in_log()
    assert history.in_index().entries == 6


class Killed(Exception):
    """The end of a process."""


def without_title(content: dict[str, Any]) -> dict[str, Any]:
    """As an erasure leaves the event of an engagement."""
    return {**content, "data": {"engagement": {**content["data"]["engagement"], "title": "[removed]"}}}


@pytest.mark.parametrize("point", ["rewriting.before_commit", "rewriting.before_log"])
def test_an_erasure_that_is_killed_between_index_and_log_finds_the_log_as_it_was_and_is_done_again(
    history: History, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    history.receive(recorded(title="Of Mary"))
    (content,) = history.log.contents(0, 1)

    def reach(name: str) -> None:
        if name == point:
            raise Killed

    monkeypatch.setattr("services.history.projector.failpoints.reach", reach)
    with pytest.raises(Killed):
        history.projector._replace([without_title(content)])
    monkeypatch.undo()
    again = history.started_again()
    again.projector.follow_log()
    assert again.log.contents(0, 1) == [content]
    again.projector._replace([without_title(content)])
    assert again.in_index() == again.in_log()
    assert [each.title for each in again.indexes.reader(again.serving.name).entries()] == ["[removed]"]


@pytest.mark.parametrize("tells_when", [True, False])
def test_an_index_that_was_built_before_an_erasure_serves_without_the_person(
    history: History, tells_when: bool
) -> None:
    history.receive(recorded(title="Of Mary"), recorded(title="Of Ben"))
    begun_at = datetime.now(UTC) if tells_when else None
    name = rebuild_from(history.log, history.indexes).name
    history.projector._replace([without_title(history.log.contents(0, 1)[0])])
    history.projector.swap_index(SwapIndex(name=name, begun_at=begun_at))
    assert history.serving.name == name
    assert history.in_index() == history.in_log()
    assert {each.title for each in history.indexes.reader(name).entries()} == {"[removed]", "Of Ben"}


class SlowLog(FakeLog):
    """Lets a test do something while it is being read."""

    def __init__(self) -> None:
        super().__init__()
        self.while_reading: Callable[[], None] = lambda: None

    def read(self, after: int, upto: int) -> Iterator[Envelope[Event]]:
        self.while_reading()
        return super().read(after, upto)


def test_a_swap_while_a_tick_still_catches_up_serves_the_new_index(tmp_path: Path) -> None:
    log = SlowLog()
    history = History(tmp_path / "index", log)
    history.receive(recorded(), recorded())
    name = rebuild_from(log, history.indexes).name
    delete(tmp_path / "index" / history.serving.name)  # so the next tick builds another, and reads the log for it
    swapping: list[threading.Thread] = []

    def swap_meanwhile() -> None:
        if not swapping:
            swapping.append(threading.Thread(target=history.projector.swap_index, args=(SwapIndex(name=name),)))
            swapping[0].start()
            swapping[0].join(0.5)

    log.while_reading = swap_meanwhile
    history.projector.follow_log()
    swapping[0].join(10)
    assert history.serving == Pointer(name, complete=True)
    history.receive(recorded())
    assert history.in_index() == history.in_log()


def test_a_swap_asked_for_twice_is_done_once(history: History) -> None:
    history.receive(recorded())
    name = rebuild_from(history.log, history.indexes).name
    assert history.projector.swap_index(SwapIndex(name=name)) == history.projector.swap_index(SwapIndex(name=name))


def test_an_index_that_is_not_there_cannot_be_swapped_in(history: History) -> None:
    history.receive(recorded())
    with pytest.raises(NotFound):
        history.projector.swap_index(SwapIndex(name="index_none"))


def test_a_rebuild_that_fails_leaves_nothing_behind(history: History) -> None:
    history.receive(recorded())

    def fail(done: int, last: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rebuild_from(history.log, history.indexes, fail)
    assert sorted(each.name for each in history.root.iterdir()) == sorted(["current", history.serving.name])


def test_what_a_killed_rebuild_left_is_removed_by_the_next_and_nothing_that_is_in_use(history: History) -> None:
    history.receive(recorded())
    left, being_written = history.indexes.new_name(), history.indexes.new_name()
    history.indexes.bulk_writer(left).close()
    writer = history.indexes.bulk_writer(being_written)
    with history.indexes.rebuilding(), pytest.raises(Conflict), history.indexes.rebuilding():
        pass
    assert not history.indexes.has(left)
    assert history.indexes.has(being_written)
    assert history.indexes.has(history.serving.name)
    writer.close()


def test_a_rebuild_tells_how_far_it_is(history: History) -> None:
    history.receive(*(recorded() for _ in range(501)))
    seen: list[tuple[int, int]] = []
    rebuild_from(history.log, history.indexes, lambda done, last: seen.append((done, last)))
    assert seen == [(500, 501), (501, 501)]
