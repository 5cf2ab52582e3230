"""Of a record that Elasticsearch refuses what can be is kept, and whoever writes is told; the others are whole."""

from collections.abc import Callable, Sequence

import pytest
from elasticsearch import Elasticsearch

from services.history.index import elastic_mapping
from services.history.index.elastic import ElasticIndexes
from services.history.index.elastic_writer import ALIKE
from services.history.index.fields import Record, entry_fields
from services.history.index.port import IndexAway, Refusal
from services.history.index.queries import EntryQuery
from services.history.records import Folded
from shared.contracts.history import Reader
from tests.elastic.writing import put
from tests.history.index_contract import an_entry

pytestmark = pytest.mark.timeout(400)


def test_of_a_record_that_is_refused_what_can_be_is_kept_and_the_others_are_whole(
    indexes: ElasticIndexes, client: Elasticsearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = put(indexes, "v1", "a")
    strange = an_entry("strange", body="flu", sensitive=True, contact_ids=("con_1",))

    # A field that the mapping does not have, in one of them.
    def unknown(entry):
        return entry_fields(entry) | ({"unknown": "x"} if entry.id == "strange" else {})

    monkeypatch.setattr("services.history.index.elastic_mapping.entry_fields", unknown)
    writer.put([Folded(strange), Folded(an_entry("b", body="flu"))], 3)
    writer.commit()
    reader = indexes.reader("v1")
    assert [entry.id for entry, _ in reader.search(EntryQuery(q="flu")).hits] == ["b"]
    assert [entry.id for entry, _ in reader.search(EntryQuery(contact_ids=("con_1",))).hits] == ["strange"]
    assert reader.entry("strange", Reader()) is None
    assert {each.id: each for each in reader.entries()}["strange"] == strange


def refusing(monkeypatch: pytest.MonkeyPatch, *ids: str, altogether: bool = False) -> None:
    """The engine meets a field that its mapping does not have, in these records."""

    def with_unknown(fields: Callable[[Record], dict[str, object]]) -> Callable[[Record], dict[str, object]]:
        return lambda record: fields(record) | ({"unknown": "x"} if record.id in ids else {})

    for name in ("_fields", "_plain_fields") if altogether else ("_fields",):
        monkeypatch.setattr(elastic_mapping, name, with_unknown(getattr(elastic_mapping, name)))


def state(indexes: ElasticIndexes) -> int:
    """How far the index is said to have come."""
    return int(indexes._states.get("v1")["_source"]["position"])


@pytest.mark.parametrize("altogether", [False, True])
def test_whoever_writes_is_told_of_a_refused_record_before_the_position_beyond_it_is_noted(
    indexes: ElasticIndexes, monkeypatch: pytest.MonkeyPatch, altogether: bool
) -> None:
    told: list[tuple[str, str, int]] = []

    def tell(refusals: Sequence[Refusal]) -> None:
        told.extend((each.key, each.event_id, state(indexes)) for each in refusals)

    writer = indexes.writer("v1", tell)
    refusing(monkeypatch, "strange", altogether=altogether)
    writer.put([Folded(an_entry("strange"), event_id="evt_1"), Folded(an_entry("b"), event_id="evt_2")], 2)
    writer.commit()
    assert told == [("Entry:strange", "evt_1", 0)]
    assert state(indexes) == 2
    assert {each.id for each in indexes.reader("v1").entries()} == ({"b"} if altogether else {"b", "strange"})


def test_a_record_that_was_refused_is_whole_when_it_is_put_again_and_taken(
    indexes: ElasticIndexes, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = indexes.writer("v1")
    with monkeypatch.context() as patched:
        refusing(patched, "strange")
        writer.put([Folded(an_entry("strange", body="flu"))], 1)
        writer.commit()
    assert indexes.reader("v1").search(EntryQuery(q="flu")).total == 0
    writer.put([Folded(an_entry("strange", body="flu"))], 1)
    writer.commit()
    assert indexes.reader("v1").search(EntryQuery(q="flu")).total == 1


def test_what_an_erasure_puts_again_takes_the_place_of_the_whole_even_without_its_words(
    indexes: ElasticIndexes, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = put(indexes, "v1", "strange")
    refusing(monkeypatch, "strange")
    writer.put_again([Folded(an_entry("strange", title="[removed]"))])
    writer.commit()
    assert [each.title for each in indexes.reader("v1").entries()] == ["[removed]"]


def test_when_everything_is_refused_it_is_not_the_records_fault_and_none_is_told_of(
    indexes: ElasticIndexes, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Refusal] = []
    writer, ids = indexes.writer("v1", told.extend), [f"strange_{number}" for number in range(ALIKE)]
    refusing(monkeypatch, *ids)
    writer.put([Folded(an_entry(each)) for each in ids], ALIKE)
    with pytest.raises(IndexAway, match="refuses all"):
        writer.commit()
    assert told == []
