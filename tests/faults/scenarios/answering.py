"""Surveys are answered while the service behind them is killed: every form counts, and counts once."""

from tests.faults.polling import poll
from tests.faults.registry import scenario
from tests.faults.run import Run
from tests.faults.scenarios.kills import POINTS, seeds_of

SURVEYS = "surveys"


@scenario(
    "kill -9 of surveys at its fail points while a survey and personal links to it are answered",
    seeds=seeds_of(SURVEYS),
    name="kill-surveys",
)
def surveys_killed(run: Run) -> None:
    """One survey tells who answered over a link, the other keeps nobody's name: of both each link is one response."""
    points, processes = POINTS[SURVEYS], run.system.processes
    point, passes = points[run.seed % len(points)], run.chance.randint(1, 3)
    run.note(f"{point}:{passes}")
    with poll(run) as named, poll(run, anonymous=True) as anonymous:
        processes.stop(SURVEYS)
        before = len(processes.ends(SURVEYS))
        processes.start(SURVEYS, WELLHEARD_FAILPOINT=f"{point}:{passes}")
        for _ in range(10):
            named.answer()
            anonymous.answer()
            if len(processes.ends(SURVEYS)) > before:
                break
        run.healed()
        named.examine()
        anonymous.examine()
        run.expect(processes.ends(SURVEYS)[before:] == [-9], f"surveys was not killed once, at {point}:{passes}")
