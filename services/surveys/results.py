"""What has been answered, in figures; what it costs to count is bounded, however many answer and look.

Each response is read once for figures that are kept until the next response comes. When counting takes long, the
figures stand for ten times as long, so that it never takes more than a tenth of the service's time.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

from services.surveys.analysis import analyse
from services.surveys.desk import SurveyDesk
from services.surveys.repository import Surveys
from shared.contracts.surveys import QuestionResult, Results, SurveySummary
from shared.surveys.definition import Definition

MOST = 100_000
"""Responses that are counted for one survey."""
LONG = 0.2
"""Seconds of counting after which the figures stand for a while, whoever answers meanwhile."""
STANDS = 10
"""Times as long as they took."""
REMEMBERED = 50
"""Surveys whose figures are kept."""


@dataclass(frozen=True, slots=True)
class _Figures:
    version: int
    """Of the survey: when it is changed its questions may be others."""
    responses: int
    questions: tuple[QuestionResult, ...]
    at: datetime
    seconds: float
    """That it took to count them."""
    until: float
    """The moment of the clock from which they are counted again if there are more responses."""

    def stand(self, survey: SurveySummary, now: float) -> bool:
        is_same = self.responses == survey.responses or (self.seconds > LONG and now < self.until)
        return is_same and self.version == survey.version


class ResultsDesk:
    """Counts responses. `clock`: seconds that only grow."""

    def __init__(self, surveys: Surveys, desk: SurveyDesk, clock: Callable[[], float] = time.monotonic) -> None:
        self._surveys = surveys
        self._desk = desk
        self._clock = clock
        self._figures: OrderedDict[str, _Figures] = OrderedDict()

    def of(self, survey_id: str) -> Results:
        """NotFound when there is no such survey."""
        survey, numbers = self._desk.summary(survey_id)
        found = self._figures.get(survey_id)
        if found is None or not found.stand(survey, self._clock()):
            found = self._figures[survey_id] = self._count(survey)
        self._figures.move_to_end(survey_id)
        while len(self._figures) > REMEMBERED:
            self._figures.popitem(last=False)
        return Results(
            survey=survey,
            refused=numbers.refused,
            questions=found.questions,
            uncounted=max(0, survey.responses - MOST),
            counted_at=found.at,
        )

    def _count(self, survey: SurveySummary) -> _Figures:
        began = self._clock()
        asked = self._surveys.definitions(survey.survey_id)
        definitions = {version: Definition.model_validate(each) for version, each in asked.items()}
        questions = analyse(definitions, islice(self._surveys.counted(survey.survey_id), MOST))
        seconds = self._clock() - began
        until = began + seconds * (1 + STANDS)
        return _Figures(survey.version, survey.responses, questions, datetime.now(UTC), seconds, until)
