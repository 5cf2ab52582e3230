"""The log: one suite, on the fake and on a real store."""

from datetime import UTC, datetime, timedelta

import pytest

from services.history.log import FakeLog, Log, LogPort, windows
from services.history.restricting import Told
from shared.contracts.contributions import RESPONSE
from shared.mongo import connect
from tests.builders import recorded, registered
from tests.history.about_engagements import corrected, marked, taken_on


@pytest.fixture(params=["fake", pytest.param("store", marks=pytest.mark.servers)])
def log(request: pytest.FixtureRequest) -> LogPort:
    if request.param == "fake":
        return FakeLog()
    database = connect(request.getfixturevalue("store"), "history")
    for name in ("log", "erased"):
        database[name].delete_many({})
    real = Log(database)
    real.prepare()
    return real


def test_events_come_back_as_they_were_appended(log: LogPort) -> None:
    events = [recorded(title="مرحبا \u202bשלום\u202c"), registered(name="Zoë")]
    assert log.append(events, after=0) == 2
    assert list(log.read(0, 2)) == events


def test_events_are_found_by_their_ids(log: LogPort) -> None:
    events = [recorded() for _ in range(3)]
    log.append(events, after=0)
    wanted = [events[0].id, events[2].id, "evt_unknown"]
    assert sorted(each.id for each in log.find(wanted)) == sorted(wanted[:2])


def test_corrections_and_what_tells_of_an_engagement_are_found_by_it(log: LogPort) -> None:
    of_one = [corrected("eng_1", 2), taken_on("eng_1"), marked("eng_1"), corrected("eng_1", 3, sensitive=True)]
    others = [recorded(engagement_id="eng_1"), taken_on("eng_2"), marked("rsp_1", kind=RESPONSE), registered()]
    log.append([*of_one, *others], after=0)
    assert sorted(log.about({"eng_1"})) == sorted(
        Told(each.id, "eng_1", version, sensitive)
        for each, version, sensitive in zip(of_one, (2, 0, 0, 3), (False, False, False, True), strict=True)
    )
    assert log.about({"rsp_1", "eng_none"}) == []


def test_positions_go_on_from_batch_to_batch(log: LogPort) -> None:
    first, second = [recorded() for _ in range(3)], [recorded() for _ in range(2)]
    last = log.append(first, after=0)
    assert log.append(second, after=last) == 5
    assert (log.last(), list(log.read(3, 5))) == (5, second)


def test_a_redelivered_event_stands_once_where_it_stood_first(log: LogPort) -> None:
    old, new = recorded(), recorded()
    last = log.append([old], after=0)
    log.append([old, new, new], after=last)
    assert list(log.read(0, 10)) == [old, new]


def test_the_same_batch_again_adds_nothing(log: LogPort) -> None:
    events = [recorded() for _ in range(4)]
    last = log.append(events, after=0)
    log.append(events, after=last)
    assert (list(log.read(0, 100)), log.last()) == (events, 4)


def test_a_batch_that_is_all_there_takes_no_position(log: LogPort) -> None:
    event = recorded()
    log.append([event], after=0)
    assert [log.append([event], after=1) for _ in range(3)] == [1, 1, 1]
    assert log.append([recorded()], after=1) == 2


@pytest.mark.parametrize("count", [1, 499, 500, 501, 1_000, 2_600])
def test_the_last_position_is_found_in_a_log_of_any_length_also_with_gaps(log: LogPort, count: int) -> None:
    last, again = 0, [recorded() for _ in range(300)]
    for start in range(0, count, 200):
        last = log.append([*again, *(recorded() for _ in range(min(200, count - start)))], after=last)
    assert log.last() == log.last(after=last - 1) == last


def test_a_window_is_bounded_on_both_sides(log: LogPort) -> None:
    events = [recorded() for _ in range(9)]
    log.append(events, after=0)
    assert list(log.read(2, 5)) == events[2:5]


def test_an_empty_log_has_nothing(log: LogPort) -> None:
    assert (log.last(), list(log.read(0, 10))) == (0, [])


def test_the_last_position_is_looked_for_beyond_what_is_known(log: LogPort) -> None:
    log.append([recorded() for _ in range(3)], after=0)
    assert (log.last(after=2), log.last(after=3), log.last(after=8)) == (3, 3, 8)


def test_windows_cover_the_log_once(log: LogPort) -> None:
    events = [recorded() for _ in range(1_203)]
    log.append(events, after=0)
    parts = list(windows(log, 0, log.last()))
    assert [position for position, _ in parts] == [500, 1_000, 1_203]
    assert [each for _, part in parts for each in part] == events


def test_an_event_that_is_rewritten_keeps_its_place_and_its_id(log: LogPort) -> None:
    events = [recorded(title="One"), recorded(title="Two")]
    log.append(events, after=0)
    content = log.contents(0, 2)[0]
    other = {**content, "data": {"engagement": {**content["data"]["engagement"], "title": "[removed]"}}}
    began = datetime.now(UTC) - timedelta(seconds=1)
    log.rewrite([other])
    log.rewrite([])
    assert [each.content for part in log.rewritten(began) for each in part] == [other]
    assert not [each for part in log.rewritten(began + timedelta(minutes=1)) for each in part]
    assert log.contents(0, 2) == [other, events[1].content]
    assert log.holds(events[0].id)
    assert not log.holds("evt_none")


def test_who_was_erased_is_remembered_once(log: LogPort) -> None:
    log.add_erased(["con_1"])
    log.add_erased(["con_1", "con_2"])
    assert log.erased() == {"con_1", "con_2"}
