"""Surveys, events and contacts on one bus, and what people say there."""

from typing import Any

from services.contacts.fake import FakeContacts, FakePreferences
from services.contacts.importing.fake import FakeImports
from services.contacts.service import ContactsService
from services.events.fake import FakeEngagements
from services.events.service import EventsService
from services.surveys.consultations.contributions import Asked
from services.surveys.consultations.listening import Listening
from shared.contracts.base import new_id
from shared.contracts.consultations import Consultation, PublishOutcome, WriteOutcome
from shared.contracts.contacts import RegisterContact
from shared.contracts.contributions import (
    ContributionPage,
    GetPublicConsultation,
    ListContributions,
    PublicConsultation,
)
from shared.contracts.events import Engagement, RecordEngagement
from shared.contracts.surveys import RESPONSES, GetSurvey, OpenSurvey, ResponseReceived, Survey
from shared.messaging.declare import RawMessage
from tests.builders import AT, a_new_contact, a_report, an_envelope
from tests.consultations.test_service import Board
from tests.surveys.asking import a_sent


class Hall(Board):
    """Everybody who has a part in a consultation."""

    def __init__(self) -> None:
        super().__init__()
        self.bus.add(ContactsService(FakeContacts(), FakeImports(), FakePreferences()))
        self.bus.add(EventsService(FakeEngagements(), self.bus))
        self.listening = Listening(self.store, self.surveys, self.bus)

    def person(self, **fields: Any) -> str:
        """The id of a new contact."""
        return self.bus.call(RegisterContact(request_id=new_id(), contact=a_new_contact(**fields))).contact_id

    def says(self, *contact_ids: str, to: Consultation | None = None, waits: bool = False, **fields: Any) -> Engagement:
        """Somebody says something in a consultation. `waits`: nobody has heard it yet."""
        of = {"consultation_id": to.consultation_id} if to else {}
        reported = a_report(**(of | {"channel": "event"} | fields))
        made = self.bus.call(RecordEngagement(request_id=new_id(), reported=reported, contact_ids=contact_ids))
        if not waits:
            self.bus.deliver()
        return made

    def answers(self, survey: Survey, **answers: Any) -> None:
        """Somebody answers over the link that is the same for everybody."""
        survey = self.bus.call(GetSurvey(survey_id=survey.survey_id))
        if survey.state == "draft":
            self.bus.call(OpenSurvey(survey_id=survey.survey_id, version=survey.version))
        at = {"begun_at": survey.changed_at, "received_at": survey.changed_at}
        sent = a_sent(survey.survey_id, answers or None, **at)
        self.bus.inject(RESPONSES, RawMessage(sent.model_dump_json().encode(), own=True))
        self.bus.deliver()

    def answered_by(self, contact_id: str, survey: Survey, **fields: Any) -> None:
        """Somebody whom we know answers."""
        about = {"survey_id": survey.survey_id, "title": survey.title, "definition_version": 1, "received_at": AT}
        who = {"response_id": new_id("rsp"), "contact_id": contact_id}
        event = ResponseReceived.model_validate(about | who | fields)
        self.bus.publish(an_envelope(event, subject=event.response_id))
        self.bus.deliver()

    def said(self, to: Consultation, **fields: Any) -> ContributionPage:
        asked = {"consultation_id": to.consultation_id, "limit": 100} | fields
        return self.bus.call(ListContributions.model_validate(asked))

    def titles(self, of: str) -> list[str]:
        """Of what is kept under one id."""
        return [each.title for _, each in self.store.contributions.latest(Asked((of,)), 9, None)]

    def outcome(self, of: Consultation, *themes: dict[str, str], decision: str = "It stays open") -> Consultation:
        """Staff write down what came of it, as it stands now."""
        standing = self.now(of).consultation
        said = [
            {"theme_id": f"thm_{number}", "you_said": "Said", "we_did": "Did"} | each
            for number, each in enumerate(themes)
        ]
        asked = {
            "consultation_id": of.consultation_id,
            "version": standing.version,
            "decision": decision,
            "themes": said,
        }
        return self.bus.call(WriteOutcome.model_validate(asked))

    def published(self, of: Consultation) -> Consultation:
        standing = self.now(of).consultation
        asked = PublishOutcome(consultation_id=of.consultation_id, version=standing.version, by="Jo")
        made = self.bus.call(asked)
        self.bus.deliver()
        return made

    def shown(self, of: Consultation, preview: bool = False) -> PublicConsultation:
        """What everybody can read."""
        return self.bus.call(GetPublicConsultation(consultation_id=of.consultation_id, preview=preview))
