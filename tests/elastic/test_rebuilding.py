"""A rebuild in Elasticsearch: killed, gone on with, and the proof that the index is the fold of the log."""

import time
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest

from services.history.index import elastic_mapping, elastic_writer
from services.history.index.elastic import ElasticIndexes
from services.history.index.elastic_client import connect_search
from services.history.index.port import Pointer
from services.history.index.queries import EntryQuery
from services.history.log import FakeLog
from services.history.projector import HistoryProjector
from services.history.rebuild import checksum_of_index, checksum_of_log, rebuild_from
from services.history.search import HistorySearch
from shared.contracts.base import Envelope, Event
from shared.contracts.history import GetHistoryStatus, SwapIndex
from shared.errors import Unavailable
from shared.messaging.testbus import TestBus
from shared.settings import Settings
from shared.system.gather import WAIT_SECONDS
from tests.builders import recorded, registered
from tests.history.rebuild_contract import RebuildContract, Rebuilding

pytestmark = pytest.mark.timeout(400)


@dataclass
class History:
    """A log, and a projector that keeps an index of it in Elasticsearch."""

    log: FakeLog
    indexes: ElasticIndexes
    projector: HistoryProjector
    bus: TestBus

    def receive(self, count: int) -> None:
        self.receive_all(*(recorded() for _ in range(count)), registered())

    def receive_all(self, *events: Envelope[Event]) -> None:
        self.projector.add_to_timeline(events)
        self.projector.follow_log()

    def found(self, word: str) -> int:
        return self.indexes.serving_reader("").search(EntryQuery(q=word)).total

    def is_whole(self) -> bool:
        return checksum_of_index(self.indexes) == checksum_of_log(self.log)


@pytest.fixture
def history(indexes: ElasticIndexes) -> History:
    log, bus = FakeLog(), TestBus()
    return History(log, indexes, HistoryProjector(log, indexes, bus), bus)


def test_what_is_in_the_log_is_in_the_index(history: History) -> None:
    history.receive(3)
    history.receive(2)
    assert history.indexes.current() == Pointer("v1", complete=True)
    assert history.is_whole()


def test_the_status_names_the_engine_its_state_and_how_far_it_has_come(history: History) -> None:
    history.receive(3)
    status = HistorySearch(history.indexes).get_history_status(GetHistoryStatus())
    assert (status.engine, status.state, status.rebuilding) == ("elasticsearch", "green", False)
    assert (status.entries, status.contacts, status.position) == (4, 1, 4)


def test_the_status_of_a_cluster_that_is_away_says_so_in_time(tmp_path: Path) -> None:
    nowhere = ElasticIndexes(connect_search(Settings(search_url="http://127.0.0.1:9")), "x", tmp_path)
    began = time.monotonic()
    status = HistorySearch(nowhere).get_history_status(GetHistoryStatus())
    assert (status.state, status.entries) == ("away", None)
    assert time.monotonic() - began < WAIT_SECONDS


def test_an_index_that_is_deleted_is_built_again_from_the_log(history: History) -> None:
    history.receive(3)
    history.indexes._client.indices.delete(index=history.indexes._names.both("v1"))
    history.receive(1)
    history.projector.follow_log()
    assert history.indexes.current() == Pointer("v2", complete=True)
    assert history.is_whole()


def test_a_refused_event_is_parked_alone_and_stands_in_the_index_when_it_is_put_back(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    strange, other = recorded(title="Strange"), recorded(title="Usual")
    known = elastic_mapping._fields
    with monkeypatch.context() as patched:
        patched.setattr(
            elastic_mapping,
            "_fields",
            lambda record: known(record) | ({"unknown": "x"} if "Strange" in record.to_json().decode() else {}),
        )
        history.receive_all(strange, other)
    ((parked, reason),) = history.bus.parked["history.timeline"]
    assert orjson.loads(parked.body) == strange.content
    assert reason.startswith("the search engine refuses it: ")
    assert history.found("usual") == 1
    assert history.found("strange") == 0
    assert history.is_whole()  # without its words it stands on its timeline
    history.receive_all(strange)
    assert history.found("strange") == 1


def test_while_nothing_can_be_parked_the_position_stays_and_all_is_tried_again(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise Unavailable("The message broker does not answer.")

    known = elastic_mapping._fields
    with monkeypatch.context() as patched:
        patched.setattr(elastic_mapping, "_fields", lambda record: known(record) | {"unknown": "x"})
        patched.setattr(history.bus, "park", away)
        history.receive_all(recorded())
        assert history.indexes._states.get("v1")["_source"]["position"] == 0
    history.projector._not_before = 0
    history.projector.follow_log()
    assert history.indexes._states.get("v1")["_source"]["position"] == 1
    assert history.is_whole()


def test_another_index_comes_to_serve_with_what_came_meanwhile(history: History) -> None:
    history.receive(3)
    with history.indexes.rebuilding():
        name = rebuild_from(history.log, history.indexes).name
        history.receive(2)
        assert history.projector.swap_index(SwapIndex(name=name)).entries == 7
    assert (history.indexes.current(), history.indexes.kept()) == (Pointer(name, complete=True), "v1")
    assert history.is_whole()


@pytest.fixture
def county(indexes: ElasticIndexes, monkeypatch: pytest.MonkeyPatch) -> Rebuilding:
    """Each window of the log is a part of its own, so that one is under way while the next is folded."""
    monkeypatch.setattr(elastic_writer, "BULK_ITEMS", 100)
    return Rebuilding.of(indexes)


class TestElasticsearch(RebuildContract):
    pass
