"""Questions are restricted after they were answered, while services are killed: what tells of them follows."""

from contextlib import closing, suppress

from services.history.index.choice import indexes_of
from services.history.rebuild import serving_index
from shared.contracts.cases import AnswerCase, OpenCase
from shared.contracts.events import CorrectEngagement, RecordEngagement
from shared.errors import Conflict
from shared.messaging.client import RpcClient
from tests.builders import a_report
from tests.faults.office import ask
from tests.faults.registry import scenario
from tests.faults.run import Run
from tests.faults.scenarios.telling import RELAY, expect_killed, kill_at

PLACES = (
    *(("history-projector", each) for each in ("rewriting.before_commit", "rewriting.before_log", "log.after_append")),
    *(("events", each) for each in ("rpc.before_answer", *RELAY)),
)
QUESTIONS = 12
STEPS = 2
"""Of each case: it is taken on and answered."""


@scenario(
    "kill -9 of events or of the history while questions are restricted that were answered before",
    seeds=2 * len(PLACES),
    name="kill-restricting",
)
def restricting_killed(run: Run) -> None:
    """The later half is restricted in the middle of its case: what is told of it comes before and after."""
    service, point = PLACES[run.seed % len(PLACES)]
    with closing(RpcClient(run.system.settings)) as bus, run.load(40):
        run.pause(1.0)
        asked = [_asked(bus, f"{run.prefix}-{number}") for number in range(QUESTIONS)]
        for each in asked[: QUESTIONS // 2]:
            _answer(bus, each)
        run.pause(1.0, 2.0)
        before = kill_at(run, service, point, 1)  # what is restricted meanwhile travels together
        for number, each in enumerate(asked):
            _restrict(bus, each)
            if number >= QUESTIONS // 2:
                _answer(bus, each)
        expect_killed(run, service, before)
        run.healed()
        run.wait_ready_again()
    run.settle()
    index = serving_index(indexes_of(run.system.settings))
    told = [each for each in index.entries() if each.source == "cases" and each.engagement_id in asked]
    run.expect(len(told) == STEPS * QUESTIONS, f"{len(told)} lines tell of {QUESTIONS} cases")
    seen = [each.id for each in told if not each.sensitive]
    run.expect(not seen, f"{len(seen)} lines of restricted questions are open to everybody: {seen[:3]}")


def _asked(bus: RpcClient, name: str) -> str:
    """The id of a question that somebody has taken on."""
    said = RecordEngagement(request_id=name, reported=a_report(title=name, kind="question"))
    engagement_id = ask(bus, said).engagement_id
    ask(bus, OpenCase(engagement_id=engagement_id))
    return engagement_id


def _answer(bus: RpcClient, engagement_id: str) -> None:
    about = {"engagement_id": engagement_id, "version": 1, "request_id": engagement_id, "sensitive": True}
    ask(bus, AnswerCase.model_validate(about | {"text": "In May.", "how": "phone"}))


def _restrict(bus: RpcClient, engagement_id: str) -> None:
    report = a_report(title="Restricted", kind="question", sensitive=True)
    with suppress(Conflict):  # it was done, and events was killed before it could say so
        ask(bus, CorrectEngagement(engagement_id=engagement_id, version=1, sensitive=True, reported=report))
