"""A rebuild in Elasticsearch: killed, gone on with, and the proof that the index is the fold of the log."""

from dataclasses import dataclass

import pytest

from services.history.index.elastic import ElasticIndexes
from services.history.index.port import Pointer
from services.history.log import FakeLog
from services.history.projector import HistoryProjector
from services.history.rebuild import _fill, checksum_of_index, checksum_of_log, rebuild_from
from shared.contracts.history import SwapIndex
from shared.messaging.testbus import TestBus
from tests.builders import recorded, registered

pytestmark = pytest.mark.timeout(400)


@dataclass
class History:
    """A log, and a projector that keeps an index of it in Elasticsearch."""

    log: FakeLog
    indexes: ElasticIndexes
    projector: HistoryProjector

    def receive(self, count: int) -> None:
        events = [recorded() for _ in range(count)]
        self.projector.add_to_timeline([*events, registered()])
        self.projector.follow_log()

    def is_whole(self) -> bool:
        return checksum_of_index(self.indexes) == checksum_of_log(self.log)


@pytest.fixture
def history(indexes: ElasticIndexes) -> History:
    log = FakeLog()
    return History(log, indexes, HistoryProjector(log, indexes, TestBus()))


def test_what_is_in_the_log_is_in_the_index(history: History) -> None:
    history.receive(3)
    history.receive(2)
    assert history.indexes.current() == Pointer("v1", complete=True)
    assert history.is_whole()


def test_an_index_that_is_deleted_is_built_again_from_the_log(history: History) -> None:
    history.receive(3)
    history.indexes._client.indices.delete(index=history.indexes._names.both("v1"))
    history.receive(1)
    history.projector.follow_log()
    assert history.indexes.current() == Pointer("v2", complete=True)
    assert history.is_whole()


def test_another_index_comes_to_serve_with_what_came_meanwhile(history: History) -> None:
    history.receive(3)
    with history.indexes.rebuilding():
        name = rebuild_from(history.log, history.indexes)
        history.receive(2)
        assert history.projector.swap_index(SwapIndex(name=name)).entries == 7
    assert history.indexes._all() == [name]
    assert history.is_whole()


def test_a_rebuild_that_was_killed_is_gone_on_with(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.history.rebuild._WINDOWS_A_COMMIT", 1)
    for _ in range(3):
        history.receive(450)
    killed = history.indexes.new_name()

    class Killed(BaseException):
        pass

    def kill(done: int, last: int) -> None:
        if done >= 500:
            raise Killed

    with pytest.raises(Killed):
        _fill(history.log, history.indexes, killed, kill)
    done: list[int] = []
    with history.indexes.rebuilding():
        unfinished = history.indexes.unfinished()
        assert unfinished is not None
        name = rebuild_from(history.log, history.indexes, lambda reached, last: done.append(reached), unfinished.name)
        history.projector.swap_index(SwapIndex(name=name, begun_at=unfinished.begun_at))
    assert name == killed
    assert min(done) > 500
    assert history.is_whole()
