"""The entry points of personal links, a part of the surveys service."""

from services.surveys.inviting import InvitationDesk
from shared.contracts.base import Done
from shared.contracts.survey_links import (
    Answered,
    FindAnswered,
    GetPersonalForm,
    GiveSurveyKeys,
    PersonalForm,
    RevokeSurveyKey,
    SurveyKeys,
)
from shared.messaging import rpc


class LinkEntry:
    """Personal links; whoever inherits makes the desk."""

    _invitations: InvitationDesk

    @rpc
    def give_survey_keys(self, request: GiveSurveyKeys) -> SurveyKeys:
        keys = self._invitations.give_keys(request.survey_id, request.contact_ids)
        answered, anonymous = self._invitations.answered(request.survey_id, keys)
        return SurveyKeys(keys=keys, answered=tuple(answered), anonymous=anonymous)

    @rpc
    def revoke_survey_key(self, request: RevokeSurveyKey) -> Done:
        self._invitations.revoke(request.survey_id, request.contact_id)
        return Done()

    @rpc
    def find_answered(self, request: FindAnswered) -> Answered:
        answered, anonymous = self._invitations.answered(request.survey_id, request.contact_ids)
        return Answered(contact_ids=tuple(answered), anonymous=anonymous)

    @rpc
    def get_personal_form(self, request: GetPersonalForm) -> PersonalForm:
        return self._invitations.form(request)
