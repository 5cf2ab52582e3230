"""Forms that came on paper, entered by staff: each number is one response, and each contact has one."""

from collections.abc import Sequence
from datetime import datetime
from typing import NoReturn

from services.surveys import domain
from services.surveys.anonymity import Anonymity
from services.surveys.desk import SOURCE, SurveyDesk
from services.surveys.repository import Kept, Surveys
from shared.contracts.base import Envelope
from shared.contracts.responses import EnterPaper, PaperEntered
from shared.errors import Conflict
from shared.logs import correlation_id

ANSWERED = "This contact has answered this survey already. Enter the form without the contact, or leave it out."


class PaperDesk:
    """Enters forms on paper."""

    def __init__(self, surveys: Surveys, desk: SurveyDesk, anonymity: Anonymity) -> None:
        self._surveys = surveys
        self._anonymity = anonymity
        self._desk = desk

    def enter(self, asked: EnterPaper, at: datetime) -> PaperEntered:
        survey = self._desk.standing(asked.survey_id)
        definition = self._surveys.definitions(asked.survey_id).get(asked.definition_version)
        response = domain.paper_response(asked, survey, definition, at)
        if survey.anonymous:
            return PaperEntered(response_id=response.form_id, is_new=self._anonymity.enter(response))
        person: tuple[str, ...] = ()
        if response.contact_id:
            person = self._surveys.merges.people([response.contact_id])[response.contact_id]
            response = domain.given_by(response, person)
        owner = self._claim(response)
        if owner != response.response_id:
            return PaperEntered(response_id=owner, is_new=False)
        self._check_first(response, person)
        event = domain.receive(response, survey)
        envelope = Envelope(event, SOURCE, response.response_id, 1, correlation_id())
        if self._surveys.insert_responses([Kept(response, envelope)], outbox=True):
            self._check_same(response)
            return PaperEntered(response_id=response.response_id, is_new=False)
        return PaperEntered(response_id=response.response_id, is_new=True)

    def _claim(self, response: domain.Response) -> str:
        """Which response the form is. A claim of an entry that died before anything was stored is taken over."""
        owner = self._surveys.claim_paper(response.form_id, response.response_id)
        if owner != response.response_id and owner not in self._surveys.find_responses([owner]):
            owner = self._surveys.claim_paper(response.form_id, response.response_id, instead_of=owner)
        return owner

    def _check_first(self, response: domain.Response, person: Sequence[str]) -> None:
        """Raises Conflict when the person has given another response, perhaps as a contact they were merged with."""
        given = {each.response.form_id for each in self._surveys.given([response.survey_id], person)}
        if given and response.form_id not in given:
            self._refuse(response)

    def _check_same(self, response: domain.Response) -> None:
        """Raises Conflict when the contact's response came over their link or from another form."""
        stored = self._surveys.find_responses([response.response_id])[response.response_id]
        if stored.response.form_id != response.form_id:
            self._refuse(response)

    def _refuse(self, response: domain.Response) -> NoReturn:
        self._surveys.release_paper(response.form_id, response.response_id)
        raise Conflict(ANSWERED)
