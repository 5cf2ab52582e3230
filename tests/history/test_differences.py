"""A deep check names each record that the index has otherwise than the fold of the log."""

from dataclasses import replace
from pathlib import Path

import pytest

from services.history.differences import differences
from services.history.index.directory import Indexes, Pointer
from services.history.log import FakeLog
from services.history.records import Folded
from services.history.timeline import fold
from shared.errors import NotFound
from tests.builders import recorded, registered


@pytest.fixture
def indexes(tmp_path: Path) -> Indexes:
    return Indexes(tmp_path)


def serve(indexes: Indexes, *folded: Folded) -> None:
    name = indexes.new_name()
    writer = indexes.writer(name)
    writer.put(folded, 1)
    writer.close()
    indexes.serve(Pointer(name, complete=True))


def test_an_index_that_is_the_fold_of_the_log_has_no_differences(indexes: Indexes) -> None:
    log, events = FakeLog(), [recorded(), registered()]
    log.append(events, after=0)
    serve(indexes, *map(fold, events))
    assert set(differences(log, indexes, 20).counts.values()) == {0}


def test_what_is_missing_unknown_or_different_is_named(indexes: Indexes) -> None:
    log, same, lost, changed = FakeLog(), recorded(), recorded(), registered()
    log.append([same, lost, changed], after=0)
    folded = fold(changed)
    assert folded.contact is not None
    strange = fold(recorded())
    serve(indexes, fold(same), replace(folded, contact=replace(folded.contact, name="Somebody Else")), strange)
    found = differences(log, indexes, 20)
    assert found.first["missing"] == [("Entry", lost.data.engagement.engagement_id)]
    assert strange.entry is not None
    assert found.first["unknown"] == [("Entry", strange.entry.id)]
    assert found.first["differing"] == [("ContactRecord", folded.contact.id)]
    assert found.first["twice"] == []


def test_of_many_only_the_first_are_named_and_all_are_counted(indexes: Indexes) -> None:
    log = FakeLog()
    log.append([recorded() for _ in range(50)], after=0)
    serve(indexes)
    found = differences(log, indexes, 20)
    assert found.counts["missing"] == 50
    assert len(found.first["missing"]) == 20


def test_without_an_index_there_is_nothing_to_compare(indexes: Indexes) -> None:
    with pytest.raises(NotFound):
        differences(FakeLog(), indexes, 20)
