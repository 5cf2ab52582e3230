"""Personal links as staff give them and people follow them: who may answer, and whether they have."""

import secrets
from collections.abc import Iterable, Sequence

from services.surveys.anonymity import Anonymity
from services.surveys.desk import SurveyDesk
from services.surveys.repository import Surveys
from shared.contracts.survey_links import GetPersonalForm, PersonalForm
from shared.contracts.surveys import GetForm
from shared.errors import Conflict, NotFound

GONE = "This link does not work any more. Use the one in the latest message that we sent you, or ask us for another."
NOT_OPEN = "People can be asked for their answers while the survey is open. Open it first."


class InvitationDesk:
    """Gives and takes back keys, and shows what whoever has one is asked."""

    def __init__(self, surveys: Surveys, desk: SurveyDesk, anonymity: Anonymity) -> None:
        self._surveys = surveys
        self._anonymity = anonymity
        self._desk = desk

    def give_keys(self, survey_id: str, contact_ids: Sequence[str]) -> dict[str, str]:
        survey = self._desk.standing(survey_id)
        if survey.state != "open":
            raise Conflict(NOT_OPEN)
        links = self._surveys.links
        there = links.keys(survey_id, contact_ids)
        links.add(survey_id, {each: secrets.token_urlsafe(24) for each in contact_ids if each not in there})
        return links.keys(survey_id, contact_ids)

    def revoke(self, survey_id: str, contact_id: str) -> None:
        self._surveys.links.revoke(survey_id, contact_id)

    def answered(self, survey_id: str, contact_ids: Iterable[str]) -> tuple[list[str], bool]:
        """(those of the contacts that have answered, each once; whether the survey is anonymous)

        Whoever has answered as one contact has answered as each that they were merged with.
        """
        people = self._surveys.merges.people(dict.fromkeys(contact_ids))
        everybody = {each for person in people.values() for each in person}
        anonymous = self._desk.standing(survey_id).anonymous
        found = self._anonymity.answered(survey_id, everybody) if anonymous else self._responded(survey_id, everybody)
        answered = set(found)
        return [contact_id for contact_id, person in people.items() if not answered.isdisjoint(person)], anonymous

    def _responded(self, survey_id: str, contact_ids: Iterable[str]) -> list[str]:
        given = self._surveys.given([survey_id], contact_ids)
        return [each.response.contact_id for each in given if each.response.contact_id]

    def form(self, asked: GetPersonalForm) -> PersonalForm:
        link = self._surveys.links.find([asked.key]).get(asked.key)
        if link is None:
            raise NotFound(GONE)
        form = self._desk.form(GetForm(survey_id=link.survey_id, definition_version=asked.definition_version))
        person = self._surveys.merges.people([link.contact_id])[link.contact_id]
        if form.anonymous:
            return PersonalForm(form=form, is_answered=bool(self._anonymity.answered(link.survey_id, person)))
        given = [each.response.received_at for each in self._surveys.given([link.survey_id], person)]
        return PersonalForm(form=form, is_answered=bool(given), answered_at=min(given, default=None))
