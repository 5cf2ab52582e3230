"""How the Elasticsearch adapter writes: crashes, claims, and an engine that takes nothing more."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from services.history.index import elastic_client, elastic_writer
from services.history.index.elastic import ElasticIndexes
from services.history.index.elastic_client import connect_search
from services.history.index.port import IndexAway, IndexBusy, IndexLost, Pointer
from services.history.index.queries import EntryQuery
from services.history.records import Folded
from shared.errors import Conflict, Unavailable, known
from shared.settings import Settings
from tests.elastic.front import Busy, Front
from tests.elastic.node import Node
from tests.elastic.writing import put
from tests.history.index_contract import an_entry

pytestmark = pytest.mark.timeout(400)


def elsewhere(indexes: ElasticIndexes, directory: Path) -> ElasticIndexes:
    """The same indexes, as another machine has them."""
    return ElasticIndexes(indexes._client, indexes._names.prefix, directory)


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elastic_client, "TRIES", 2)


def test_a_writer_knows_how_far_the_index_had_come(indexes: ElasticIndexes) -> None:
    writer = put(indexes, "v1", "a", "b")
    writer.put([Folded(an_entry("c"))], 3)
    writer._release()  # as after kill -9: what was not committed is gone
    assert indexes.writer("v1").position == 2


def test_a_rebuild_shows_what_it_has_sent_in_small_steps(
    indexes: ElasticIndexes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(elastic_writer, "BULK_ITEMS", 2)
    monkeypatch.setattr(elastic_writer, "REFRESHED_ITEMS", 4)
    writer, shown = indexes.bulk_writer("v1"), []
    for number in range(1, 10):
        writer.put([Folded(an_entry(f"{number}"))], number)
        writer._wait()  # type: ignore[attr-defined]
        shown.append(indexes.reader("v1").counts()[0])
    assert shown == [0, 0, 0, 4, 4, 4, 4, 8, 8]
    writer.close()
    assert indexes.reader("v1").counts() == (9, 0)


def test_who_reads_contacts_of_an_index_that_is_gone_is_told_so(indexes: ElasticIndexes) -> None:
    put(indexes, "v1", "a").close()
    indexes.serve(Pointer("v1", complete=True))
    readers = (indexes.reader("v1"), indexes.serving_reader("v1"))
    assert [each.contacts(["con_1"]) for each in readers] == [{}, {}]
    indexes.remove("v1")
    for each in readers:
        with pytest.raises(IndexLost):
            each.contacts(["con_1"])


def test_there_is_one_writer_at_a_time(indexes: ElasticIndexes) -> None:
    writer = put(indexes, "v1", "a")
    with pytest.raises(IndexBusy):
        indexes.writer("v1")
    writer.close()
    indexes.writer("v1")


def test_a_writer_elsewhere_is_waited_for_until_it_ends_or_is_silent(
    indexes: ElasticIndexes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = elsewhere(indexes, tmp_path / "other")
    writer = put(indexes, "v1", "a")
    with pytest.raises(IndexBusy):
        other.writer("v1")
    writer.close()
    taken = other.writer("v1")
    with pytest.raises(IndexBusy):
        indexes.writer("v1")
    monkeypatch.setattr("services.history.index.elastic.SILENT_SECONDS", 0.0)
    assert indexes.writer("v1").position == 1
    taken.put([Folded(an_entry("b"))], 2)
    with pytest.raises(IndexLost):  # who was taken for dead has not come so far after all
        taken.commit()


def test_an_abandoned_writer_lets_another_in_at_once_without_what_it_had_put(indexes: ElasticIndexes) -> None:
    abandoned = put(indexes, "v1", "a")
    abandoned.put([Folded(an_entry("b"))], 2)
    abandoned.abandon()
    assert indexes.writer("v1").position == 1
    assert indexes.reader("v1").counts()[0] == 1


def test_an_index_that_somebody_deletes_is_lost_and_not_made_anew_by_a_write(
    indexes: ElasticIndexes, client: Elasticsearch
) -> None:
    writer = put(indexes, "v1", "a")
    client.indices.delete(index=indexes._names.timeline("v1"))
    writer.put([Folded(an_entry("b"))], 2)
    with pytest.raises(IndexLost) as lost:
        writer.commit()
    assert not isinstance(lost.value, IndexAway)
    assert not indexes.has("v1")
    writer.abandon()
    with pytest.raises(IndexLost):
        indexes.writer("v1")


def test_an_index_of_another_version_is_lost(indexes: ElasticIndexes, client: Elasticsearch) -> None:
    put(indexes, "v1", "a").close()
    client.indices.put_mapping(index=indexes._names.timeline("v1"), meta={"schema": "another"})
    with pytest.raises(IndexLost, match="another version"):
        indexes.writer("v1")


def test_an_engine_whose_disk_is_full_is_waited_for(
    indexes: ElasticIndexes, client: Elasticsearch, hurried: None
) -> None:
    writer, index = put(indexes, "v1", "a"), indexes._names.timeline("v1")
    client.indices.put_settings(index=index, settings={"index.blocks.read_only_allow_delete": True})
    writer.put([Folded(an_entry("b"))], 2)
    with pytest.raises(IndexAway):
        writer.commit()
    with pytest.raises(IndexLost):  # what was put is not in: nothing may go on as if it were
        writer.commit()
    writer.abandon()
    client.indices.put_settings(index=index, settings={"index.blocks.read_only_allow_delete": None})
    again = indexes.writer("v1")
    assert again.position == 1
    again.put([Folded(an_entry("b"))], 2)
    again.commit()
    assert indexes.reader("v1").counts()[0] == 2


def test_an_engine_that_is_too_busy_is_asked_again(indexes: ElasticIndexes, client: Elasticsearch) -> None:
    writer, index = put(indexes, "v1", "a"), indexes._names.timeline("v1")
    client.indices.put_settings(index=index, settings={"index.blocks.read_only_allow_delete": True})
    free = {"index.blocks.read_only_allow_delete": None}
    later = threading.Timer(0.6, lambda: client.indices.put_settings(index=index, settings=free))
    later.start()
    writer.put([Folded(an_entry("b"))], 2)
    writer.commit()
    later.join()
    assert indexes.reader("v1").counts()[0] == 2


@pytest.fixture
def busy(elastic: Node, indexes: ElasticIndexes, tmp_path: Path) -> Iterator[tuple[Busy, ElasticIndexes]]:
    """A front that is too busy when it is told, and the same indexes behind it."""
    busy = Busy()
    with Front(elastic.port, busy).serving() as front:
        client = connect_search(Settings(search_url=front.url))
        yield busy, ElasticIndexes(client, indexes._names.prefix, tmp_path / "search")


def test_an_engine_that_is_too_busy_for_a_whole_request_is_asked_again(busy: tuple[Busy, ElasticIndexes]) -> None:
    engine, indexes = busy
    writer = indexes.writer("v1")
    engine.left = 3
    writer.put([Folded(an_entry("a"))], 1)
    writer.commit()
    assert engine.left == 0
    assert indexes.reader("v1").counts()[0] == 1


def test_an_engine_that_stays_too_busy_is_waited_for(busy: tuple[Busy, ElasticIndexes], hurried: None) -> None:
    engine, indexes = busy
    writer = indexes.writer("v1")
    engine.left = 99
    writer.put([Folded(an_entry("a"))], 1)
    with pytest.raises(IndexAway, match="429"):
        writer.commit()
    writer.abandon()
    engine.left = 0
    assert indexes.writer("v1").position == 0


def test_what_serves_moves_in_one_step_and_no_search_notices(indexes: ElasticIndexes) -> None:
    for name in ("v1", "v2"):
        put(indexes, name, "a", "b").close()
    indexes.serve(Pointer("v1", complete=False))
    assert indexes.current() == Pointer("v1", complete=False)
    reader, ended, seen = indexes.serving_reader("v1"), threading.Event(), list[object]()

    def search() -> None:
        while not ended.is_set():
            try:
                seen.append(reader.search(EntryQuery(facets=True)).total)
            except Exception as error:
                seen.append(error)

    searching = threading.Thread(target=search)
    searching.start()
    for name, old in (("v2", "v1"), ("v1", "v2")):
        put(indexes, name, *([] if indexes.has(name) else ["a", "b"])).close()
        indexes.serve(Pointer(name, complete=True))
        indexes.remove(old)
    ended.set()
    searching.join()
    assert set(seen) == {2}
    assert indexes.current() == Pointer("v1", complete=True)


def test_there_is_one_rebuild_at_a_time_and_the_next_removes_what_is_left_over_but_the_last(
    indexes: ElasticIndexes, tmp_path: Path
) -> None:
    put(indexes, "v1", "a")
    indexes.serve(Pointer("v1", complete=True))
    for _ in ("v2", "v3"):
        put(indexes, indexes.new_name(), "a")._release()  # killed
    other = elsewhere(indexes, tmp_path / "other")
    with indexes.rebuilding():
        assert set(indexes._all()) == {"v1", "v3"}
        unfinished = indexes.unfinished()
        assert unfinished is not None
        assert unfinished.name == "v3"
        indexes.remove("v3")
        held = put(indexes, indexes.new_name(), "a")
        with pytest.raises(Conflict), indexes.rebuilding():
            pass
        with pytest.raises(Conflict), other.rebuilding():
            pass
    with other.rebuilding():
        assert set(indexes._all()) == {"v1", held._name}


def test_names_are_taken_once(indexes: ElasticIndexes) -> None:
    assert [indexes.new_name(), indexes.new_name()] == ["v1", "v2"]


def test_nothing_answers_at_a_port_where_nobody_is(tmp_path: Path) -> None:
    nowhere = ElasticIndexes(elastic_client.connect_search(Settings(search_url="http://127.0.0.1:9")), "x", tmp_path)
    for ask in (nowhere.current, nowhere.stamp, nowhere.new_name, nowhere.check_writable, lambda: nowhere.has("v1")):
        with pytest.raises(IndexAway, match="does not answer"):
            ask()


def test_settings_name_the_nodes_the_key_and_the_authority(tmp_path: Path) -> None:
    url = "https://reader:p%40ss@one.example:9243,two.example/county"
    settings = Settings(search_url=url)
    assert settings.search_hosts == ["https://one.example:9243", "https://two.example:9200"]
    assert (settings.search_login, settings.search_prefix) == (("reader", "p@ss"), "county")
    plain = Settings(search_url="http://127.0.0.1:9200")
    assert (plain.search_hosts, plain.search_login, plain.search_prefix) == (
        ["http://127.0.0.1:9200"],
        None,
        "wellheard",
    )
    assert Settings(search_url="tantivy:///var/index").search_hosts == Settings().search_hosts == []


def test_callers_know_an_engine_that_is_away_as_something_unavailable() -> None:
    error = known(IndexAway("the cluster is red"))
    assert type(error) is Unavailable
    assert error.detail == "the cluster is red"
    assert known(Conflict("x")).detail == "x"
