"""What stands of an engagement besides itself is restricted as it is, in whatever order the events arrive."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.history.rebuild import checksum_of_index, checksum_of_log
from services.history.restricting import differing, engagement_of, told_by
from shared.contracts.base import Envelope, Event
from shared.contracts.contributions import RESPONSE
from shared.contracts.history import Reader, SearchHistory
from shared.errors import Unavailable
from tests.history.about_engagements import corrected, marked, taken_on
from tests.history.test_search import History

TOLD = ("cases", "surveys")


def found(*events: Envelope[Event]) -> dict[str, bool]:
    return differing([told_by(engagement_of(each.data), each.content) for each in events])


def test_the_latest_correction_decides_and_only_what_says_otherwise_changes() -> None:
    step, mark, right, elsewhere = (
        taken_on("eng_1"),
        marked("eng_1"),
        taken_on("eng_1", sensitive=True),
        taken_on("eng_2"),
    )
    corrections = [corrected("eng_1", 3, sensitive=True), corrected("eng_1", 2)]
    assert found(step, *corrections, mark, right, elsewhere) == {step.id: True, mark.id: True}
    assert found(*corrections, corrected("eng_1", 4), right, step) == {right.id: False}


def test_without_a_correction_everything_stays_as_it_was_said() -> None:
    assert found(taken_on("eng_1"), taken_on("eng_1", sensitive=True), marked("eng_1")) == {}


def test_of_a_response_no_engagement_decides(tmp_path: Path) -> None:
    history = History(tmp_path / "index")
    history.publish(marked("eng_1", kind=RESPONSE), corrected("eng_1", 2, sensitive=True))
    assert seen(history, Reader()) == 1


def test_while_the_index_is_caught_up_with_the_log_it_is_not_acknowledged_and_done_when_it_comes_again(
    tmp_path: Path,
) -> None:
    history, events = History(tmp_path / "index"), [taken_on("eng_1"), corrected("eng_1", 2, sensitive=True)]
    with pytest.raises(Unavailable, match="caught up"):
        history.publish(*events)
    history.bus.tick()
    assert seen(history, Reader()) == 1
    history.publish(*events)
    assert (seen(history, Reader()), seen(history, Reader(sensitive=True))) == (0, 1)


def seen(history: History, reader: Reader) -> int:
    """How many lines tell of the engagement."""
    return history.bus.call(SearchHistory(source=TOLD, reader=reader)).total


@settings(max_examples=25, deadline=None)
@given(st.permutations(["step", "mark", "late step", "restricts", "opens"]), st.booleans(), st.integers(1, 5))
def test_in_whatever_order_and_batches_they_arrive_it_comes_to_the_same(
    order: list[str], ends_restricted: bool, size: int
) -> None:
    events = {
        "step": taken_on("eng_1"),
        "mark": marked("eng_1"),
        "late step": taken_on("eng_1", sensitive=True),
        "restricts": corrected("eng_1", 3 if ends_restricted else 2, sensitive=True),
        "opens": corrected("eng_1", 2 if ends_restricted else 3),
    }
    with TemporaryDirectory() as directory:
        history = History(Path(directory) / "index")
        history.bus.tick()
        for start in range(0, len(order), size):
            history.publish(*(events[each] for each in order[start : start + size]))
        assert seen(history, Reader()) == (0 if ends_restricted else 3)
        assert seen(history, Reader(sensitive=True)) == 3
        assert checksum_of_index(history.indexes) == checksum_of_log(history.log)
