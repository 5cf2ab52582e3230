"""The tantivy adapter: the contract of the port, and what is its own: crashes, locks, two processes."""

from pathlib import Path

import pytest

from services.history.index.port import IndexBusy, IndexLost
from services.history.index.tantivy import TantivyReader, TantivyWriter
from services.history.records import Folded
from tests.history.index_contract import IndexContract, IndexUnderTest, an_entry


@pytest.fixture
def index(tmp_path: Path) -> IndexUnderTest:
    return IndexUnderTest(TantivyWriter(tmp_path), lambda: TantivyReader(tmp_path))


class TestTantivy(IndexContract):
    pass


def test_there_is_one_writer_at_a_time(tmp_path: Path) -> None:
    writer = TantivyWriter(tmp_path)
    with pytest.raises(IndexBusy):
        TantivyWriter(tmp_path)
    writer.close()
    TantivyWriter(tmp_path)


def test_a_writer_knows_how_far_the_index_had_come(tmp_path: Path) -> None:
    writer = TantivyWriter(tmp_path)
    writer.put([Folded(an_entry("a"))], 7)
    writer.commit()
    writer.put([Folded(an_entry("b"))], 8)
    del writer  # as after kill -9: what was not committed is gone
    assert TantivyWriter(tmp_path).position == 7


def test_an_abandoned_writer_lets_another_in_at_once_without_what_it_had_put(tmp_path: Path) -> None:
    abandoned = TantivyWriter(tmp_path)
    abandoned.put([Folded(an_entry("a"))], 7)
    abandoned.commit()
    abandoned.put([Folded(an_entry("b"))], 8)
    abandoned.abandon()
    assert TantivyWriter(tmp_path).position == 7  # the abandoned one is still referred to
    assert TantivyReader(tmp_path).counts()[0] == 1


def test_a_reader_needs_an_index(tmp_path: Path) -> None:
    with pytest.raises(IndexLost):
        TantivyReader(tmp_path / "nowhere")


def test_while_the_latest_commit_cannot_be_read_what_is_open_still_answers(tmp_path: Path) -> None:
    writer = TantivyWriter(tmp_path)
    writer.put([Folded(an_entry("a"))], 1)
    writer.commit()
    reader = TantivyReader(tmp_path)
    written = (tmp_path / "meta.json").read_text()
    (tmp_path / "meta.json").write_text("{}")
    assert reader.counts()[0] == 1
    (tmp_path / "meta.json").write_text(written)
    writer.put([Folded(an_entry("b"))], 2)
    writer.commit()
    assert reader.counts()[0] == 2


def test_a_broken_index_is_lost_not_an_unknown_error(tmp_path: Path) -> None:
    TantivyWriter(tmp_path).close()
    (tmp_path / "meta.json").write_text("{}")
    with pytest.raises(IndexLost):
        TantivyReader(tmp_path)
    with pytest.raises(IndexLost):
        TantivyWriter(tmp_path)
