"""What has been answered, in figures; what it costs to count is bounded, however many answer and look.

Each response is read once for figures that are kept until the next response comes, or longer when counting took long.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

from services.surveys.analysis import analyse
from services.surveys.desk import SurveyDesk
from services.surveys.repository import Surveys
from shared.contracts.surveys import QuestionResult, Results, SurveySummary
from shared.standing import Standing
from shared.surveys.definition import Definition

MOST = 100_000
"""Responses that are counted for one survey."""


@dataclass(frozen=True, slots=True)
class _Figures:
    responses: int
    questions: tuple[QuestionResult, ...]
    at: datetime


class ResultsDesk:
    """Counts responses. `clock`: seconds that only grow."""

    def __init__(self, surveys: Surveys, desk: SurveyDesk, clock: Callable[[], float] = time.monotonic) -> None:
        self._surveys = surveys
        self._desk = desk
        self._figures = Standing[tuple[str, int], _Figures](clock)
        """By survey and version: when it is changed its questions may be others."""

    def of(self, survey_id: str) -> Results:
        """NotFound when there is no such survey."""
        survey, numbers = self._desk.summary(survey_id)
        found = self._figures.of(
            (survey_id, survey.version),
            lambda: self._count(survey),
            lambda figures: figures.responses == survey.responses,
        )
        return Results(
            survey=survey,
            refused=numbers.refused,
            questions=found.questions,
            uncounted=max(0, survey.responses - MOST),
            counted_at=found.at,
        )

    def _count(self, survey: SurveySummary) -> _Figures:
        asked = self._surveys.definitions(survey.survey_id)
        definitions = {version: Definition.model_validate(each) for version, each in asked.items()}
        questions = analyse(definitions, islice(self._surveys.counted(survey.survey_id), MOST))
        return _Figures(survey.responses, questions, datetime.now(UTC))
