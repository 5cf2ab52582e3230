"""Elasticsearch is away, or takes less than it is sent; what it refuses, a front before it refuses."""

import json
import urllib.request
from collections.abc import Callable

from deploy.queues import depths, replay
from tests.faults.registry import ELASTIC, scenario
from tests.faults.run import Run
from tests.faults.scenarios.index import search, still_taken, without_search
from tests.faults.searching import Search
from tests.faults.waiting import wait_until

PARKED = "history.timeline.parked"
PATIENCE = 60.0
"""Seconds in which the backlog is gone: whoever waits for an engine asks it after growing pauses."""


def _engine(run: Run) -> Search:
    assert run.system.search is not None
    return run.system.search


@scenario("Elasticsearch killed, and started again after the outage", long=True, engine=ELASTIC)
def elastic_killed(run: Run) -> None:
    _without_engine(run, _engine(run).node.kill, _engine(run).node.start)


@scenario("Elasticsearch stopped in order, and started again after the outage", engine=ELASTIC)
def elastic_restarted(run: Run) -> None:
    _without_engine(run, _engine(run).node.stop, _engine(run).node.start)


@scenario("Elasticsearch hears and says nothing (SIGSTOP)", long=True, engine=ELASTIC)
def elastic_frozen(run: Run) -> None:
    _without_engine(run, _engine(run).node.halt, _engine(run).node.go_on)


def _without_engine(run: Run, take_away: Callable[[], object], bring_back: Callable[[], object]) -> None:
    without_search(run, take_away, bring_back, PATIENCE)
    run.settle()
    run.expect(search(run) == 200, "the search does not answer again")


@scenario("Elasticsearch answers 429 to everything that is written", long=True, engine=ELASTIC)
def elastic_busy(run: Run) -> None:
    _refusing(run, _engine(run).refuse_all)


@scenario("Elasticsearch answers 429 for half of what it is sent, another half each time", engine=ELASTIC)
def elastic_half_busy(run: Run) -> None:
    _refusing(run, lambda: _engine(run).refuse_some(run.chance))


def _refusing(run: Run, begin: Callable[[], object]) -> None:
    engine, before = _engine(run), _engine(run).refused
    _taking_nothing(run, begin, engine.take_all)
    run.expect(engine.refused > before, "nothing was refused")


def _taking_nothing(run: Run, begin: Callable[[], object], end: Callable[[], object]) -> None:
    """Nothing is parked, what is indexed can be searched, and all is found afterwards."""
    run.drain_limit = PATIENCE
    with run.load():
        run.pause(1, 3)
        begin()
        try:
            still_taken(run)
            run.pause(run.outage)
            run.expect(search(run) == 200, "what was indexed before cannot be searched")
        finally:
            end()
        run.healed()
        run.pause(2)
        run.wait_ready_again()
    run.settle()


@scenario("Elasticsearch refuses one document: it alone is parked, and put back when it is taken", engine=ELASTIC)
def elastic_refuses_one(run: Run) -> None:
    event = run.producer.new_event(title=f"Not to be read {run.prefix}")
    with run.load():
        run.pause(1, 2)
        _engine(run).refuse_titled(f"Not to be read {run.prefix}")
        run.expect(run.producer.post([event]) == 202, "the event was not taken")
        parked = wait_until(lambda: depths(run.system.settings).get(PARKED, 0) == 1, 30)
        run.expect(parked, f"parked: {depths(run.system.settings).get(PARKED, 0)}, not the one alone")
        run.pause(2)
        run.expect(depths(run.system.settings).get(PARKED, 0) == 1, "others were parked with it")
        _engine(run).take_all()
        run.expect(replay(run.system.settings, lambda _: True) == 1, "what is parked cannot be put back")
        run.healed()
    run.settle()


@scenario("the indexes may only be read, as when a disk is at its flood stage", engine=ELASTIC)
def elastic_flooded(run: Run) -> None:
    _taking_nothing(run, lambda: _block(run, True), lambda: _block(run, None))


def _block(run: Run, blocked: bool | None) -> None:
    """What the cluster does to every index with a part on a disk that is too full, and undoes when there is room."""
    address = f"{_engine(run).direct}/{run.system.settings.search_prefix}-*/_settings"
    body = json.dumps({"index.blocks.read_only_allow_delete": blocked}).encode()
    asked = urllib.request.Request(address, body, {"Content-Type": "application/json"}, method="PUT")
    with urllib.request.urlopen(asked, timeout=30) as answer:
        answer.read()
