"""A consultation is closed and opened again while surveys is killed: its survey follows, and nobody is told twice."""

from collections import Counter
from contextlib import closing
from datetime import UTC, datetime

from shared.contracts.base import JSON, Event, new_id
from shared.contracts.consultations import ConsultationClosed, ConsultationOpened
from shared.contracts.surveys import (
    RESPONSES,
    GetResults,
    GetSurvey,
    Results,
    SentResponse,
    State,
    SurveyClosed,
    SurveyOpened,
)
from shared.messaging.broker import Outgoing, Publisher
from shared.mongo import connect
from tests.faults.hearing import PEOPLE, Hearing, hearing
from tests.faults.office import ask
from tests.faults.polling import ASKED
from tests.faults.registry import scenario
from tests.faults.run import Run
from tests.faults.scenarios.telling import RELAY, expect_killed, kill_at
from tests.faults.waiting import wait_until

SURVEYS = "surveys"
STEPS = ("rpc.before_call", "rpc.before_answer", *RELAY)
EVENTS: dict[type[Event], int] = {ConsultationOpened: 2, ConsultationClosed: 1, SurveyOpened: 2, SurveyClosed: 1}
"""What the history has of the consultation and its survey in the end, and how often."""
FORMS = 3
TURN = 45.0
"""Seconds within which a survey has followed that an interrupted command left behind: the next turn is 20 s away."""


@scenario(
    "kill -9 of surveys while a consultation with a survey is closed, or opened again",
    seeds=2 * len(STEPS),
    name="kill-reopening",
)
def reopening_killed(run: Run) -> None:
    """At each point once while it closes and once while it opens again."""
    point, is_late = STEPS[run.seed % len(STEPS)], run.seed >= len(STEPS)
    passes = 1 if point in RELAY else run.chance.randint(1, 3)
    with hearing(run, ASKED) as hall:
        hall.open()
        hall.wait_told(PEOPLE)
        _wait_survey(hall, "open")
        before = 0 if is_late else kill_at(run, SURVEYS, point, passes)
        hall.shut()
        _wait_survey(hall, "closed")
        _send(run, hall.survey_ids[0], 1)
        refused = wait_until(lambda: _results(hall).refused == 1, 30, 0.3)
        run.expect(refused, "a form that came while the survey was closed was not kept as refused")
        before = kill_at(run, SURVEYS, point, passes) if is_late else before
        hall.open()
        _wait_survey(hall, "open")
        expect_killed(run, SURVEYS, before)
        run.healed()
        _send(run, hall.survey_ids[0], FORMS)
        _examine(run, hall)


def _examine(run: Run, hall: Hearing) -> None:
    """Each step stands in the history once, forms count that came while it was open, each was told of it once."""
    counted = wait_until(lambda: _results(hall).survey.responses == FORMS, 30, 0.3)
    found = _results(hall)
    run.expect(counted and found.refused == 1, f"{found.survey.responses} forms count, {found.refused} do not")
    run.settle()
    log = connect(run.system.settings, "history")["log"]
    subjects = {"$in": [hall.consultation_id, *hall.survey_ids]}
    told = Counter(each["event"]["type"] for each in log.find({"event.subject": subjects}))
    wrong = {kind.type: told[kind.type] for kind, times in EVENTS.items() if told[kind.type] != times}
    run.expect(not wrong, f"steps stand in the history so often: {wrong}")
    taken = hall.taken()
    run.expect(sum(taken.values()) == len(taken) == PEOPLE, f"{sum(taken.values())} were told, of {PEOPLE}")


def _wait_survey(hall: Hearing, state: State) -> None:
    def follows() -> bool:
        return ask(hall.bus, GetSurvey(survey_id=hall.survey_ids[0])).state == state

    hall.run.expect(wait_until(follows, TURN, 0.3), f"the survey is not {state} {TURN:.0f} s later")


def _results(hall: Hearing) -> Results:
    return ask(hall.bus, GetResults(survey_id=hall.survey_ids[0]))


def _send(run: Run, survey_id: str, forms: int) -> None:
    """Each is put into the queue twice, as if it had been delivered again."""
    with closing(Publisher(run.system.settings.amqp_url)) as publisher:
        for _ in range(forms):
            now = datetime.now(UTC)
            sent = SentResponse(
                request_id=new_id(),
                survey_id=survey_id,
                definition_version=1,
                answers={"easy": True},
                begun_at=now,
                received_at=now,
            )
            publisher.publish([Outgoing("", RESPONSES, sent.model_dump_json().encode(), JSON)] * 2)
