"""A mailing while something is killed, taken away or restarted: each person gets it once, and each doubt has a name."""

from collections.abc import Callable

from tests.faults.office import PEOPLE, SESSIONS, Office, office
from tests.faults.proxy import Fault, Proxy
from tests.faults.registry import SEEDS_OF_KILLS, scenario
from tests.faults.run import Run, Scenario
from tests.faults.scenarios.kills import POINTS, seeds_of
from tests.faults.waiting import wait_until

SENDER = "notifications-sender"
FOR_EACH_MESSAGE = ("sender.before_dot", "sender.after_dot", "sender.after_reply")


def _passes(run: Run, point: str) -> int:
    """The pass at which the process ends: there is one for each message, part of the audience, or round of a relay."""
    if point.startswith("relay."):
        return 1
    return run.chance.randint(1, PEOPLE * 2 // 3 if point in FOR_EACH_MESSAGE else 3)


def _kill(service: str) -> Scenario:
    def play(run: Run) -> None:
        points, processes = POINTS[service], run.system.processes
        point = points[run.seed % len(points)]
        passes = _passes(run, point)
        run.note(f"{point}:{passes}")
        with office(run) as staff:
            processes.stop(service)
            before = len(processes.ends(service))
            processes.start(service, WELLHEARD_FAILPOINT=f"{point}:{passes}")
            mailing_id = staff.send()
            staff.say_something_else()
            # Looking is needed to reach the points of calls; it does no harm to the others.
            killed = wait_until(lambda: staff.glance(mailing_id) or len(processes.ends(service)) > before, 30)
            run.healed()
            staff.examine(mailing_id, lines_cut=SESSIONS if service == SENDER else 0)
            run.expect(killed and processes.ends(service)[before:] == [-9], f"{service} was not killed once")

    return play


for _service in ("notifications", SENDER):
    scenario(
        f"kill -9 of {_service} at its fail points during a mailing", seeds=seeds_of(_service), name=f"kill-{_service}"
    )(_kill(_service))


def away(run: Run, link: Proxy) -> None:
    link.set(Fault(refuse=True))
    link.reset()
    run.pause(run.outage)
    link.heal()


def _broker_away(run: Run, _: Office) -> None:
    away(run, run.system.broker_link)


def _store_away(run: Run, _: Office) -> None:
    away(run, run.system.store_link)


def _mail_server_away(run: Run, staff: Office) -> None:
    staff.close_mail_server()
    run.pause(run.outage)
    staff.open_mail_server()


def _restarted(run: Run, _: Office) -> None:
    for service in (SENDER, "notifications", "contacts"):
        run.system.processes.restart(service)


def _killed_again(run: Run, _: Office) -> None:
    for _ in range(2):
        run.system.processes.kill(SENDER)
        run.pause(1.2, 2.0)


TROUBLES: tuple[tuple[str, Callable[[Run, Office], None], int], ...] = (
    ("mail server away", _mail_server_away, SESSIONS),
    ("broker away", _broker_away, 0),
    ("store away", _store_away, 0),
    ("plain restart", _restarted, 0),
    ("sender killed twice", _killed_again, 2 * SESSIONS),
)
"""What happens in the middle of the mailing, and how many SMTP sessions that cuts."""


@scenario("a mailing, and in its middle: mail server, broker or store away, a restart, kills", seeds=SEEDS_OF_KILLS)
def mailing_interrupted(run: Run) -> None:
    name, happen, lines_cut = TROUBLES[run.seed % len(TROUBLES)]
    run.note(name)
    with office(run) as staff:
        mailing_id = staff.send()
        begun = staff.wait_taken(run.chance.randint(1, PEOPLE // 2))
        happen(run, staff)
        run.healed()
        staff.examine(mailing_id, lines_cut)
        run.expect(begun, "the mailing had not begun")
