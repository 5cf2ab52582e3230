"""Queues declared are queues consumed, and the file that every process declares is what the code says."""

from pathlib import Path

from deploy import topology
from deploy.processes import PROCESSES
from shared.contracts.publish import all_events
from shared.messaging.topology import UNROUTED, parked, working_queues

ROOT = Path(__file__).parents[2]
# Events that no queue takes, each with the reason why that is right.
NOBODY_LISTENS: dict[str, str] = {}


def test_the_definitions_file_is_what_the_code_declares() -> None:
    """If not: `wellheard topology --write`."""
    assert topology.load_definitions() == topology.derive_definitions()


def test_every_queue_that_fills_is_emptied_by_exactly_one_handler() -> None:
    consumed = [each.queue for each in topology.entrypoints() if each.how == "batch"]
    assert sorted(consumed) == working_queues(topology.derive_definitions())


def test_every_working_queue_has_its_parked_queue() -> None:
    names = {queue["name"] for queue in topology.load_definitions()["queues"]}
    assert UNROUTED in names
    assert {parked(queue) for queue in working_queues(topology.load_definitions())} <= names


def test_every_event_has_a_listener_or_a_written_reason() -> None:
    heard = {event.type for each in topology.entrypoints() for event in each.events}
    silent = {event.type for event in all_events()} - heard
    assert silent == NOBODY_LISTENS.keys()


def test_queues_survive_the_broker_and_refuse_rather_than_drop() -> None:
    for queue in topology.load_definitions()["queues"]:
        assert queue["durable"]
        assert queue["arguments"]["x-queue-type"] == "quorum"
        assert queue["arguments"]["x-overflow"] == "reject-publish"


def test_every_service_has_a_process_of_its_own() -> None:
    names = [service.name for service in topology.services()]
    assert len(names) == len(set(names)) == len(PROCESSES) - 1
