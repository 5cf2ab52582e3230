"""kill -9 of each service at each of its fail points, and two of each service at once."""

import json
from pathlib import Path

from deploy.processes import PROCESSES
from tests.faults.office import office
from tests.faults.polling import poll
from tests.faults.rebuilding import rebuild
from tests.faults.registry import SEEDS_OF_KILLS, scenario
from tests.faults.run import Run, Scenario
from tests.faults.scenarios.outages import recovery

_STORE = ("store.before_insert", "store.mid_bulk", "store.after_insert")
_RPC = ("rpc.before_call", "rpc.before_answer")
_CONSUMER = ("consumer.before_handle", "consumer.before_publish", "consumer.before_ack", "consumer.after_ack")
_RELAY = ("relay.before_publish", "publisher.unconfirmed", "relay.before_forget", "relay.after_forget")

POINTS: dict[str, tuple[str, ...]] = {
    "contacts": (*_RPC, *_CONSUMER, "contacts.after_claim", *_STORE, *_RELAY),
    "events": (*_CONSUMER, "publisher.unconfirmed", *_STORE),
    "history-projector": (
        *_CONSUMER,
        *_STORE,
        "log.after_append",
        "index.mid_put",
        "index.before_commit",
        "index.after_commit",
    ),
    "history-search": _RPC,
    "notifications": (*_RPC, *_CONSUMER, *_STORE, *_RELAY),
    "notifications-sender": (
        "sender.mid_freeze",
        "sender.after_claim",
        "sender.before_dot",
        "sender.after_dot",
        "sender.after_reply",
        "sender.before_ledger",
        "sender.after_ledger",
        "sender.after_settle",
        *_STORE,
    ),
    "surveys": (*_RPC, *_CONSUMER, *_STORE, *_RELAY, "surveys.after_spend"),
    "web": ("web.before_publish", "web.mid_batch", "web.before_answer"),
}
"""Where each process can be ended. (`index.before_serve` is reached by a rebuild: scenario rebuild-killed;
`rules.*` by what a rule sends: tests/broker/test_rules.py.)"""

BY_A_MAILING = ("notifications", "notifications-sender")
"""Partners' load sends no mail: these are killed in scenarios/mail.py."""
BY_A_SURVEY = ("surveys",)
"""Nor does it answer surveys: scenarios/answering.py."""


def _kill(service: str) -> Scenario:
    def play(run: Run) -> None:
        points = POINTS[service]
        point, passes = points[run.seed % len(points)], run.chance.randint(1, 6)
        run.note(f"{point}:{passes}")
        processes = run.system.processes
        processes.stop(service)
        before = len(processes.ends(service))  # what it does while it starts may reach the point already
        processes.start(service, WELLHEARD_FAILPOINT=f"{point}:{passes}")
        run.system.wait_ready(30)
        with run.load():
            # A search is needed to end the search process; it does no harm to the others.
            while not processes.wait_end(service, before, 0.5):
                run.system.get("/api/v1/history?q=said", run.producer.key, timeout=3)
                if run.seconds() > 30:
                    break
            run.healed()
            run.pause(1.0, 2.0)
            run.wait_ready_again()
            run.pause(0.5, 1.0)
        run.expect(processes.ends(service)[before:] == [-9], f"{service} was not killed once, at {point}:{passes}")

    return play


def seeds_of(service: str) -> int:
    """Enough to end it at each of its points twice."""
    return max(SEEDS_OF_KILLS, 2 * len(POINTS[service]))


for _service in (each for each in PROCESSES if each not in (*BY_A_MAILING, *BY_A_SURVEY)):
    scenario(f"kill -9 of {_service} at its fail points", seeds=seeds_of(_service), name=f"kill-{_service}")(
        _kill(_service)
    )


def _race(service: str) -> Scenario:
    def play(run: Run) -> None:
        """A second process of the service, then the first one killed while the second goes on."""
        processes, second = run.system.processes, f"{service}#2"
        processes.start(second, **({"WELLHEARD_PORT": str(run.system.second_port)} if service == "web" else {}))
        with run.load(100):
            run.pause(3.0, 4.0)
            processes.kill(service)
            run.healed()
            run.pause(2.0, 3.0)
            run.wait_ready_again()
        processes.stop(second)

    return play


for _service in PROCESSES:
    scenario(f"two processes of {_service} at once, one killed", name=f"two-{_service}")(_race(_service))


@scenario("no fault: every fail point is reached by the load", seeds=1, fresh=True)
def points_reached(run: Run) -> None:
    processes = run.system.processes
    processes.stop(*PROCESSES)
    processes.start(*PROCESSES, WELLHEARD_FAILPOINT="*")
    run.system.wait_ready(30)
    with run.load():
        run.pause(3)
        run.system.get("/api/v1/history?q=said", run.producer.key)
        rebuild(run).wait(60)
    with office(run) as staff:
        staff.examine(staff.send(), lines_cut=0)
        staff.say_something_else()
        run.settle()
    for anonymous in (False, True):
        with poll(run, anonymous) as asked:
            asked.answer()
            asked.examine()
    for service, points in POINTS.items():
        missed = set(points) - _reached(run.system.folder / f"log/{service}.log")
        run.expect(not missed, f"{service} does not reach {missed}")


def _reached(log: Path) -> set[str]:
    """The points that a process says it has passed."""
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    return {each["point"] for each in lines if each.get("event") == "failpoint"}


def _away(service: str) -> Scenario:
    def play(run: Run) -> None:
        """Partners go on as if nothing were: what they post waits at the broker, and is drained in time."""
        processes = run.system.processes
        with recovery(run):
            processes.remove(service)
            run.pause(run.outage)
            processes.start(service)
        refused = {each.status for each in run.producer.answers} - {202}
        run.expect(not refused, f"partners were answered {refused} while {service} was away")

    return play


for _service in ("contacts", "events", "history-projector"):
    scenario(f"{_service} killed and kept away: a backlog grows", name=f"away-{_service}", long=True)(_away(_service))
