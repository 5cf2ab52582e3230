"""Writes, opens and closes surveys, and says what each asks."""

from datetime import datetime

from services.surveys import domain
from services.surveys.repository import Numbers, Surveys
from shared.contracts.base import Envelope, Event, id_of
from shared.contracts.surveys import (
    ChangeSurvey,
    CreateSurvey,
    GetForm,
    Survey,
    SurveyClosed,
    SurveyForm,
    SurveyList,
    SurveyOpened,
    SurveySummary,
)
from shared.errors import Conflict, NotFound
from shared.logs import correlation_id

SOURCE = "/services/surveys"
CHANGED_MEANWHILE = "Somebody else changed this survey in the meantime. Look at it again, then decide."


class SurveyDesk:
    """Surveys as staff see them."""

    def __init__(self, surveys: Surveys) -> None:
        self._surveys = surveys

    def create(self, asked: CreateSurvey, at: datetime) -> Survey:
        made = domain.draft(
            id_of("srv", asked.request_id), domain.checked(asked.definition), at, asked.by, asked.anonymous
        )
        self._surveys.insert(made)
        return self.get(made.survey_id)

    def change(self, asked: ChangeSurvey, at: datetime) -> Survey:
        standing = self._at(asked.survey_id, asked.version)
        following = domain.change(standing, domain.checked(asked.definition), at, asked.by, asked.anonymous)
        is_new = following.definition_version > standing.definition_version
        return self._replace(following, before=standing if is_new else None)

    def open(self, survey_id: str, version: int, at: datetime, by: str) -> Survey:
        return self._replace(*domain.open_survey(self._at(survey_id, version), at, by))

    def close(self, survey_id: str, version: int, at: datetime, by: str) -> Survey:
        return self._replace(*domain.close_survey(self._at(survey_id, version), at, by))

    def get(self, survey_id: str) -> Survey:
        found = self.standing(survey_id)
        return found.model_copy(update={"responses": self._surveys.numbers([survey_id])[survey_id].counted})

    def list(self, limit: int, cursor: str | None) -> SurveyList:
        found = self._surveys.latest(limit, cursor)
        numbers = self._surveys.numbers([survey.survey_id for _, survey in found])
        more = found[-1][0] if len(found) == limit else None
        listed = tuple(_summary(survey, numbers[survey.survey_id].counted) for _, survey in found)
        return SurveyList(surveys=listed, next_cursor=more)

    def form(self, asked: GetForm) -> SurveyForm:
        found = self.standing(asked.survey_id)
        version = asked.definition_version or found.definition_version
        is_now = version == found.definition_version
        definition = found.definition if is_now else self._surveys.definitions(asked.survey_id).get(version)
        if definition is None:
            raise NotFound("This survey has never asked that. Open it again by its link.")
        return SurveyForm(
            survey_id=found.survey_id,
            state=found.state,
            title=str(definition["title"]),
            definition=definition,
            definition_version=version,
            anonymous=found.anonymous,
            closed_at=found.closed_at,
        )

    def summary(self, survey_id: str) -> tuple[SurveySummary, Numbers]:
        """The survey without what it asks, and how many have answered it. NotFound when there is none."""
        survey, numbers = self.standing(survey_id), self._surveys.numbers([survey_id])[survey_id]
        return _summary(survey, numbers.counted), numbers

    def standing(self, survey_id: str) -> Survey:
        """The survey, without counting who has answered it. NotFound when there is none."""
        found = self._surveys.find(survey_id)
        if found is None:
            raise NotFound("There is no such survey.")
        return found

    def _at(self, survey_id: str, version: int) -> Survey:
        """At that version: whoever decides about a survey has seen it as it is."""
        found = self.standing(survey_id)
        if found.version != version:
            raise Conflict(CHANGED_MEANWHILE)
        return found

    def _replace(
        self, following: Survey, event: SurveyOpened | SurveyClosed | None = None, before: Survey | None = None
    ) -> Survey:
        envelope: Envelope[Event] | None = None
        if event is not None:
            envelope = Envelope(event, SOURCE, following.survey_id, following.version, correlation_id())
        if not self._surveys.replace(following, envelope, before):
            raise Conflict(CHANGED_MEANWHILE)
        return self.get(following.survey_id)


def _summary(survey: Survey, responses: int) -> SurveySummary:
    return SurveySummary.model_validate(survey.model_dump(exclude={"definition"}) | {"responses": responses})
