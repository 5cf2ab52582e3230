"""The projector and the rebuild: what is in the log is in the index, whatever happens to the index."""

import random
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.history.index.directory import Indexes, Pointer
from services.history.index.port import IndexLost
from services.history.log import FakeLog
from services.history.projector import HistoryProjector
from services.history.rebuild import Checksum, checksum_of_index, checksum_of_log, rebuild_from
from shared.contracts.base import Envelope, Event
from shared.contracts.contacts import ContactChanged
from shared.contracts.events import EngagementQuarantined
from shared.contracts.history import SwapIndex
from shared.errors import Unavailable
from shared.messaging.testbus import TestBus
from tests.builders import a_contact, an_envelope, recorded, registered
from tests.history.about_engagements import corrected


class History:
    """A log, a directory of indexes and a projector over both."""

    def __init__(self, root: Path, log: FakeLog | None = None) -> None:
        self.root = root
        self.log = log or FakeLog()
        self.indexes = Indexes(root)
        self.bus = TestBus()
        self.projector = HistoryProjector(self.log, self.indexes, self.bus)

    def receive(self, *events: Envelope[Event]) -> None:
        """Events arrive, and the next tick commits them."""
        self.projector.add_to_timeline(events)
        self.projector.follow_log()

    def started_again(self) -> "History":
        """The projector after kill -9."""
        self.projector._index = None  # what the dead process held: the lock
        return History(self.root, self.log)

    @property
    def serving(self) -> Pointer:
        pointer = self.indexes.current()
        assert pointer is not None
        return pointer

    def in_index(self) -> Checksum:
        return checksum_of_index(self.indexes)

    def in_log(self) -> Checksum:
        return checksum_of_log(self.log)


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path / "index")


def delete(directory: Path) -> None:
    """`rm -rf`, as often as it takes: the engine may write a file in between."""
    while directory.exists():
        shutil.rmtree(directory, ignore_errors=True)


def test_an_index_with_the_fields_of_an_earlier_version_is_built_again_from_the_log(history: History) -> None:
    history.receive(recorded(), recorded())
    earlier, again = history.serving.name, history.started_again()
    meta = history.root / earlier / "meta.json"
    meta.write_text(meta.read_text().replace('"about"', '"something_else"'))
    again.receive(recorded())
    assert again.serving.name != earlier
    assert again.serving.complete
    assert again.in_index() == again.in_log()
    assert again.in_index().entries == 3


def changed(contact_id: str, version: int, name: str) -> Envelope[Event]:
    contact = a_contact(contact_id=contact_id, version=version, name=name)
    event = ContactChanged(contact=contact, changes=(), changed_by="staff")
    return an_envelope(event, subject=contact_id, sequence=version)


def test_events_are_in_the_log_and_after_a_tick_in_the_index(history: History) -> None:
    history.receive(recorded(), registered())
    assert history.in_index() == history.in_log()
    assert history.in_index()[1:] == (2, 1)
    assert history.serving.complete


def test_a_quarantined_event_is_in_the_log_and_no_entry(history: History) -> None:
    event = EngagementQuarantined(
        quarantine_id="qua_1", partner="St Agnes", source="/s", external_id="1", reasons=("kind: is required",)
    )
    history.receive(an_envelope(event, subject="qua_1"))
    assert history.log.last() == 1
    assert history.in_index() == history.in_log()
    assert history.in_log().entries == 0


class FailingLog(FakeLog):
    """Stores the first event of a batch and then goes away, when it is told to."""

    fails = False

    def append(self, envelopes: Sequence[Envelope[Event]], after: int) -> int:
        if self.fails:
            super().append(envelopes[:1], after)
            raise ConnectionError("the store is away")
        return super().append(envelopes, after)


def test_a_batch_of_which_a_part_was_logged_before_the_store_went_away_is_whole_afterwards(tmp_path: Path) -> None:
    log = FailingLog()
    history = History(tmp_path / "index", log)
    history.receive(recorded())
    first, second, third = recorded(), recorded(), recorded()
    log.fails = True
    with pytest.raises(ConnectionError):
        history.projector.add_to_timeline([first, second])
    log.fails = False
    history.receive(third)  # the others come again later, in other batches
    history.receive(second)
    again = history.started_again()
    again.receive(first)
    again.projector.follow_log()
    assert again.in_index() == again.in_log()
    assert again.in_log().entries == 4


def test_a_store_that_went_away_does_not_leave_the_index_locked_by_the_failed_attempt(tmp_path: Path) -> None:
    log = FailingLog()
    history = History(tmp_path / "index", log)
    history.receive(recorded())
    log.fails = True
    with pytest.raises(ConnectionError) as kept:  # as a traceback that is not collected yet holds the writer
        history.receive(recorded())
    log.fails = False
    history.receive(recorded())
    assert kept.value
    assert history.in_index() == history.in_log()


def test_an_index_that_was_lost_gives_back_its_lock_at_once(history: History) -> None:
    history.receive(recorded())
    held = history.projector._index
    history.projector._lost(held, IndexLost("the disk is full"))
    history.receive(recorded())
    assert held is not history.projector._index
    assert history.in_index() == history.in_log()


def test_an_event_redelivered_is_one_entry(history: History) -> None:
    event = recorded()
    history.receive(event, event)
    history.receive(event)
    assert history.in_index() == history.in_log()
    assert history.in_index().entries == 1


def test_the_latest_correction_stands_whatever_came_first(history: History) -> None:
    history.receive(corrected("eng_1", 3, title="Third"), corrected("eng_1", 2, title="Second"))
    history.receive(recorded(engagement_id="eng_1", title="First"))
    reader = history.indexes.reader(history.serving.name)
    assert [each.title for each in reader.entries()] == ["Third"]
    assert history.in_index() == history.in_log()


def test_after_a_kill_the_index_catches_up_from_the_log(history: History) -> None:
    history.receive(*(recorded() for _ in range(5)))
    history.projector.add_to_timeline([recorded() for _ in range(7)])  # in the log, never committed to the index
    again = history.started_again()
    again.projector.follow_log()
    assert again.in_index() == again.in_log()
    assert again.in_index().entries == 12
    assert again.serving == history.serving


def test_events_that_arrive_before_the_first_tick_are_not_lost(history: History) -> None:
    history.receive(recorded())
    again = history.started_again()
    again.projector.add_to_timeline([recorded()])
    again.projector.follow_log()
    assert again.in_index().entries == 2


def test_a_clean_stop_leaves_a_complete_index(history: History) -> None:
    history.receive(recorded())
    history.projector.add_to_timeline([recorded()])
    history.projector.close()
    assert history.in_index() == history.in_log()


def test_a_deleted_index_is_built_again_by_itself(history: History) -> None:
    history.receive(*(recorded() for _ in range(3)), registered())
    before = history.in_index()
    delete(history.root)
    history.projector.follow_log()
    assert history.in_index() == before


def test_events_that_arrive_while_the_index_is_gone_are_kept(history: History) -> None:
    history.receive(recorded())
    delete(history.root)
    history.receive(recorded(), recorded())
    assert history.in_index() == history.in_log()
    assert history.in_index().entries == 3


def test_an_index_deleted_with_uncommitted_entries_loses_nothing(history: History) -> None:
    history.receive(recorded())
    history.projector.add_to_timeline([recorded()])
    delete(history.root)
    history.projector.follow_log()
    assert history.in_index().entries == 2


def test_a_broken_index_is_replaced_at_start(history: History) -> None:
    history.receive(recorded(), recorded())
    broken = history.serving.name
    (history.root / broken / "meta.json").write_text("not an index")
    again = history.started_again()
    again.projector.follow_log()
    assert again.in_index() == again.in_log()
    assert again.serving.name != broken


def test_an_index_on_a_disk_that_cannot_be_written_is_left_alone(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    history.receive(recorded())
    serving = history.serving.name
    again = history.started_again()
    (history.root / serving / "meta.json").write_text("{}")  # it cannot be opened, as if nothing could be read

    def full() -> None:
        raise IndexLost("no space left on device")

    monkeypatch.setattr(again.indexes, "check_writable", full)
    with pytest.raises(Unavailable, match="no space left"):
        again.projector.add_to_timeline([recorded()])
    assert history.indexes.has(serving)


def test_a_second_projector_waits_and_takes_no_events(history: History) -> None:
    history.receive(recorded())
    second = History(history.root, history.log)
    second.projector.follow_log()
    with pytest.raises(Unavailable, match="Another projector"):
        second.projector.add_to_timeline([recorded()])
    assert history.log.last() == 1


def test_an_index_that_has_ended_can_be_lost_again(history: History) -> None:
    history.receive(recorded())
    held = history.projector._index
    assert held is not None
    held.close()
    history.projector._lost(held, IndexLost("its directory is gone"))
    history.receive(recorded())
    assert history.in_index() == history.in_log()


events = st.one_of(
    st.tuples(st.just("engagement"), st.integers(1, 4), st.integers(1, 5)),
    st.tuples(st.just("contact"), st.integers(1, 3), st.integers(1, 4)),
)


@pytest.mark.thorough
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(events, min_size=1, max_size=25, unique=True), st.integers(), st.integers(1, 8))
def test_any_order_any_batches_any_redelivery_come_to_the_same_index(
    tmp_path_factory: pytest.TempPathFactory, keys: list[tuple[str, int, int]], seed: int, size: int
) -> None:
    made = [_event(*key) for key in keys]
    arriving = random.Random(seed).sample(made * 2, len(made) * 2)
    live, tidy = (History(tmp_path_factory.mktemp("index")) for _ in range(2))
    for start in range(0, len(arriving), size):
        live.receive(*arriving[start : start + size])
    tidy.receive(*made)
    assert live.in_index() == tidy.in_index() == live.in_log()
    name = rebuild_from(live.log, live.indexes).name
    live.projector.swap_index(SwapIndex(name=name))
    assert live.in_index() == tidy.in_index()


def _event(noun: str, number: int, version: int) -> Envelope[Event]:
    if noun == "contact":
        return changed(f"con_{number}", version, f"Name {version}")
    if version == 1:
        return recorded(engagement_id=f"eng_{number}")
    return corrected(f"eng_{number}", version, title=f"Version {version}")
