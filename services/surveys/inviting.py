"""Personal links as staff give them and people follow them: who may answer, and whether they have."""

import secrets
from collections.abc import Iterable, Sequence

from services.surveys import domain
from services.surveys.desk import SurveyDesk
from services.surveys.repository import Surveys
from shared.contracts.survey_links import GetPersonalForm, PersonalForm
from shared.contracts.surveys import GetForm
from shared.errors import Conflict, NotFound

GONE = "This link does not work any more. Use the one in the latest message that we sent you, or ask us for another."
NOT_OPEN = "People can be asked for their answers while the survey is open. Open it first."


class InvitationDesk:
    """Gives and takes back keys, and shows what whoever has one is asked."""

    def __init__(self, surveys: Surveys, desk: SurveyDesk) -> None:
        self._surveys = surveys
        self._desk = desk

    def give_keys(self, survey_id: str, contact_ids: Sequence[str]) -> dict[str, str]:
        survey, _ = self._desk.summary(survey_id)
        if survey.state != "open":
            raise Conflict(NOT_OPEN)
        links = self._surveys.links
        there = links.keys(survey_id, contact_ids)
        links.add(survey_id, {each: secrets.token_urlsafe(24) for each in contact_ids if each not in there})
        return links.keys(survey_id, contact_ids)

    def revoke(self, survey_id: str, contact_id: str) -> None:
        self._surveys.links.revoke(survey_id, contact_id)

    def answered(self, survey_id: str, contact_ids: Iterable[str]) -> list[str]:
        """Those of the contacts that have answered, each once."""
        ids = {domain.personal_id(survey_id, each): each for each in contact_ids}
        found = self._surveys.find_responses(ids)
        return [contact_id for response_id, contact_id in ids.items() if response_id in found]

    def form(self, asked: GetPersonalForm) -> PersonalForm:
        link = self._surveys.links.find([asked.key]).get(asked.key)
        if link is None:
            raise NotFound(GONE)
        question = GetForm(survey_id=link.survey_id, definition_version=asked.definition_version)
        response_id = domain.personal_id(link.survey_id, link.contact_id)
        answered = self._surveys.find_responses([response_id]).get(response_id)
        at = answered.response.received_at if answered else None
        return PersonalForm(form=self._desk.form(question), is_answered=answered is not None, answered_at=at)
