"""People are invited to a survey and reminded while something is killed or away: nobody who answered is reminded."""

from collections.abc import Callable
from contextlib import nullcontext

from tests.faults.campaign import Campaign, campaign, is_anonymous
from tests.faults.office import PEOPLE, SESSIONS
from tests.faults.registry import SEEDS_OF_KILLS, scenario
from tests.faults.run import Run, Scenario
from tests.faults.scenarios import kills
from tests.faults.scenarios.mail import FOR_EACH_MESSAGE, SENDER, away
from tests.faults.waiting import wait_until

SURVEYS = "surveys"
POINTS = ("sender.after_keys",)
"""Reached by invitations only."""
KILLED_AT = {
    SENDER: (*POINTS, *kills.POINTS[SENDER]),
    SURVEYS: ("rpc.before_call", "rpc.before_answer", "store.before_insert", "store.mid_bulk", "store.after_insert"),
}
"""Of surveys: while keys are asked for, or somebody answers."""


def _point(service: str, seed: int) -> str:
    """Where this run ends the process. An answer to an anonymous survey inserts nothing: it is killed in its middle."""
    point = KILLED_AT[service][seed // 2 % len(KILLED_AT[service])]
    is_answer = service == SURVEYS and seed % 2 == 1 and point.startswith("store.")
    return "surveys.after_spend" if is_answer and is_anonymous(seed) else point


def _passes(run: Run, point: str, is_reminder: bool) -> int:
    """The pass at which the process ends. An invitation asks surveys whether it is open, then for the keys."""
    if point in FOR_EACH_MESSAGE:
        return run.chance.randint(1, PEOPLE // 3)
    if point.startswith("rpc."):
        return run.chance.randint(1, 6) if is_reminder else 2
    return 1


def _kill(service: str) -> Scenario:
    """In every second run it is the reminder that is interrupted, and people answer meanwhile."""

    def play(run: Run) -> None:
        processes, is_reminder = run.system.processes, run.seed % 2 == 1
        point = _point(service, run.seed)
        passes = _passes(run, point, is_reminder)
        run.note(f"{point}:{passes} while people are {'reminded' if is_reminder else 'invited'}")
        cut = SESSIONS if service == SENDER else 0
        with campaign(run) as made:
            if is_reminder:
                made.staff.examine(made.invite(), lines_cut=0)
                made.answer_early()
            processes.stop(service)
            before = len(processes.ends(service))
            processes.start(service, WELLHEARD_FAILPOINT=f"{point}:{passes}")
            with made.answering() if is_reminder else nullcontext():
                mailing_id = made.remind() if is_reminder else made.invite()
                killed = wait_until(lambda: len(processes.ends(service)) > before, 30)
                run.healed()
                _examine(made, mailing_id, is_reminder, cut)
            if not is_reminder:
                made.answer_early()
                made.examine_reminder(made.remind(), lines_cut=0)
            run.expect(killed and processes.ends(service)[before:] == [-9], f"{service} was not killed once")

    return play


def _examine(made: Campaign, mailing_id: str, is_reminder: bool, cut: int) -> None:
    if is_reminder:
        made.examine_reminder(mailing_id, cut)
    else:
        made.staff.examine(mailing_id, cut)
        made.examine_links(mailing_id)


for _service, _points in KILLED_AT.items():
    scenario(
        f"kill -9 of {_service} while people are invited to a survey, or reminded and answering",
        seeds=max(SEEDS_OF_KILLS, 2 * len(_points)),
        name=f"kill-inviting-{_service}",
    )(_kill(_service))


def _broker_away(run: Run) -> None:
    away(run, run.system.broker_link)


def _store_away(run: Run) -> None:
    away(run, run.system.store_link)


def _surveys_killed_again(run: Run) -> None:
    for _ in range(2):
        run.system.processes.kill(SURVEYS)
        run.pause(1.2, 2.0)


def _sender_killed_again(run: Run) -> None:
    for _ in range(2):
        run.system.processes.kill(SENDER)
        run.pause(1.2, 2.0)


TROUBLES: tuple[tuple[str, Callable[[Run], None], int], ...] = (
    ("store away", _store_away, 0),
    ("broker away", _broker_away, 0),
    ("surveys killed twice", _surveys_killed_again, 0),
    ("sender killed twice", _sender_killed_again, 2 * SESSIONS),
)
"""What happens in the middle of the reminder, and how many SMTP sessions that cuts."""


@scenario("a reminder that people answer, and in its middle: broker or store away, kills", seeds=SEEDS_OF_KILLS)
def reminder_interrupted(run: Run) -> None:
    name, happen, lines_cut = TROUBLES[run.seed % len(TROUBLES)]
    run.note(name)
    with campaign(run) as made:
        made.staff.examine(made.invite(), lines_cut=0)
        made.answer_early()
        with made.answering():
            mailing_id = made.remind()
            begun = made.wait_reminded(run.chance.randint(1, PEOPLE // 3))
            happen(run)
            run.healed()
            made.examine_reminder(mailing_id, lines_cut)
        run.expect(begun, "the reminder had not begun")
