"""What an operator reads: one plain sentence for each trouble, and none that only follows from another."""

from datetime import UTC, datetime
from typing import Any

import pytest

from deploy import topology
from deploy.processes import PROCESSES
from shared.contracts.base import ConsumerHealth, Health
from shared.messaging.declare import declarations
from shared.system.durations import in_words
from shared.system.gather import state_of
from shared.system.parts import PARTS
from shared.system.report import (
    IndexState,
    OutboxState,
    Process,
    QuarantineState,
    RestingQueue,
    SystemReport,
    WorkingQueue,
)
from shared.system.troubles import find_troubles

PROCESS_NAMES = ("web", *(part.process for part in PARTS))
INBOUND = WorkingQueue(name="events.inbound", process="events", depth=0, retrying=0, consumers=2, state="running")
WELL = SystemReport(
    at=datetime.now(UTC),
    broker="ok",
    store="ok",
    processes=tuple(Process(name=name, state="ok", version="1.0") for name in PROCESS_NAMES),
    queues=(INBOUND,),
    outboxes=(OutboxState(process="events", depth=0),),
    parked=(RestingQueue(name="events.inbound.parked", depth=0),),
    unrouted=RestingQueue(name="wellheard.unrouted", depth=0),
    quarantine=QuarantineState(open=4, oldest_seconds=60),
    index=IndexState(engine="elasticsearch", state="yellow", entries=9, contacts=3, position=12, rebuilding=False),
)


def troubles(**changes: Any) -> list[str]:
    return list(find_troubles(WELL.model_copy(update=changes)))


def inbound(**changes: Any) -> tuple[WorkingQueue, ...]:
    return (INBOUND.model_copy(update=changes),)


def test_when_all_is_well_there_is_nothing_to_do() -> None:
    assert troubles() == []


def test_a_queue_that_nobody_consumes_names_the_process_to_start() -> None:
    assert troubles(queues=inbound(state="no consumer", consumers=0)) == [
        "events.inbound: nobody consumes it. Start the events process."
    ]


def test_a_process_that_is_down_is_told_once_though_its_queue_has_no_consumer() -> None:
    down = (Process(name="events", state="no answer"), Process(name="contacts", state="no answer"))
    found = troubles(processes=down, queues=inbound(state="no consumer", consumers=0))
    assert found == [
        "contacts does not answer. Start it, or see why it ends in its log.",
        "events.inbound: nobody consumes it. Start the events process.",
    ]


def test_a_paused_consumer_is_told_with_its_reason_and_that_nothing_is_lost() -> None:
    (found,) = troubles(queues=inbound(state="paused", reason="the last 20 messages all failed with TypeError"))
    assert "the last 20 messages all failed with TypeError" in found
    assert "Nothing is lost" in found


def test_parked_messages_name_the_command_that_shows_them() -> None:
    parked = (
        RestingQueue(name="history.timeline.parked", depth=3),
        RestingQueue(name="events.inbound.parked", depth=1),
    )
    assert troubles(parked=parked) == [
        "3 messages are parked in history.timeline.parked; look with `wellheard parked list`.",
        "1 message is parked in events.inbound.parked; look with `wellheard parked list`.",
    ]


def test_old_messages_old_outboxes_and_old_decisions_are_told_with_their_age() -> None:
    assert "12 minutes" in troubles(queues=inbound(oldest_seconds=720, depth=5))[0]
    assert "3 hours" in troubles(outboxes=(OutboxState(process="contacts", depth=2, oldest_seconds=10_900),))[0]
    assert "10,000 wait there" in troubles(outboxes=(OutboxState(process="contacts", depth=10_000),))[0]
    assert "4 days" in troubles(quarantine=QuarantineState(open=2, oldest_seconds=4 * 86_400))[0]
    assert "wellheard.unrouted" in troubles(unrouted=RestingQueue(name="wellheard.unrouted", depth=2))[0]
    assert "no index" in troubles(index=None)[0]


@pytest.mark.parametrize(
    ("index", "told"),
    [
        (IndexState(engine="elasticsearch", state="away", rebuilding=True), "Elasticsearch does not answer"),
        (IndexState(engine="elasticsearch", state="green", rebuilding=True), "there is no index yet"),
        (IndexState(engine="tantivy", state="away", rebuilding=True), "there is no index yet"),
        (IndexState(engine="elasticsearch", state="red", entries=9, contacts=3, rebuilding=False), "is red"),
    ],
)
def test_what_is_wrong_with_the_search_engine_is_told(index: IndexState, told: str) -> None:
    (found,) = troubles(index=index)
    assert told in found


def test_while_the_broker_is_away_only_that_is_told() -> None:
    silent = tuple(Process(name=name, state="no answer") for name in PROCESS_NAMES)
    (found,) = troubles(broker="no answer", processes=silent, queues=(), index=None, quarantine=None)
    assert found.startswith("The message broker does not answer.")


def test_processes_of_different_versions_are_told() -> None:
    mixed = (Process(name="web", state="ok", version="1.1"), Process(name="events", state="ok", version="1.0"))
    assert "events runs 1.0, web runs 1.1" in troubles(processes=mixed)[0]


def test_a_service_is_as_well_as_its_worst_consumer() -> None:
    running, waiting, paused = (
        ConsumerHealth(queue="q", state=state, reason=f"why {state}") for state in ("running", "waiting", "paused")
    )
    assert state_of(None) == ("no answer", "")
    assert state_of(Health(ok=True, consumers=(running,))) == ("ok", "")
    assert state_of(Health(ok=False, consumers=(running, waiting, paused))) == ("paused", "q: why paused")
    assert state_of(Health(ok=False, consumers=(running, waiting))) == ("waiting", "q: why waiting")
    assert state_of(Health(ok=False, reason="its store does not answer")) == ("waiting", "its store does not answer")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 seconds"), (1, "1 second"), (60, "1 minute"), (3600, "60 minutes"), (7200, "2 hours"), (172_800, "2 days")],
)
def test_ages_are_said_in_words(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


def test_the_parts_are_the_services_and_queues_that_the_code_declares() -> None:
    services = topology.services()
    assert {part.service for part in PARTS} == {service.name for service in services}
    assert {part.process for part in PARTS} | {"web"} == set(PROCESSES)
    queues = {service.name: {each.queue for each in declarations(service) if each.queue} for service in services}
    assert {part.service: set(part.queues) for part in PARTS} == queues
