"""The surveys service: surveys and the responses to them. Entry points only; the rules are in domain.py."""

from datetime import UTC, datetime
from typing import ClassVar

from services.surveys.anonymity import Anonymity
from services.surveys.consultations.desk import ConsultationDesk
from services.surveys.consultations.entry import ConsultationEntry
from services.surveys.consultations.listening import Listening
from services.surveys.consultations.repository import Consultations, MongoConsultations
from services.surveys.consultations.showing import Showing
from services.surveys.consultations.waiting_entry import WaitingEntry
from services.surveys.desk import SurveyDesk
from services.surveys.inviting import InvitationDesk
from services.surveys.link_entry import LinkEntry
from services.surveys.paper import PaperDesk
from services.surveys.reading import ResponseReader
from services.surveys.reception import Reception, read_sent
from services.surveys.repository import MongoSurveys, Surveys
from services.surveys.results import ResultsDesk
from shared.contracts.base import Envelope, Event
from shared.contracts.responses import EnterPaper, ListResponses, PaperEntered, ResponsePage
from shared.contracts.surveys import (
    RESPONSES,
    ChangeSurvey,
    CloseSurvey,
    CreateSurvey,
    GetForm,
    GetResults,
    GetSurvey,
    ListSurveys,
    OpenSurvey,
    Results,
    SentResponse,
    Survey,
    SurveyForm,
    SurveyList,
)
from shared.messaging import Bus, on_batch, rpc
from shared.messaging.outboxes import Outboxes
from shared.mongo import connect
from shared.settings import Settings


class SurveysService(ConsultationEntry, WaitingEntry, LinkEntry):
    """What commands publish waits in the surveys' own documents; responses are told of before they are acknowledged."""

    name: ClassVar[str] = "surveys"

    def __init__(self, surveys: Surveys, consultations: Consultations, secret: str, bus: Bus) -> None:
        self._surveys = surveys
        anonymity = Anonymity(surveys.anonymous, secret)
        self._desk = SurveyDesk(surveys)
        self._reader = ResponseReader(surveys, self._desk)
        self._invitations = InvitationDesk(surveys, self._desk, anonymity)
        self._papers = PaperDesk(surveys, self._desk, anonymity)
        self._results = ResultsDesk(surveys, self._desk)
        self._reception = Reception(surveys, anonymity)
        self._consultations = ConsultationDesk(consultations, self._desk, surveys.merges)
        self._listening = Listening(consultations, surveys, bus)
        self._showing = Showing(consultations, surveys)
        self.outbox = Outboxes(surveys.outbox, consultations.outbox)

    @on_batch(RESPONSES, read=read_sent, exchange="", size=500, linger=0.2)
    def receive_responses(self, batch: list[SentResponse]) -> list[Envelope[Event]]:
        """What respondents sent, over the web."""
        return self._reception.receive(batch)

    @rpc
    def create_survey(self, request: CreateSurvey) -> Survey:
        return self._desk.create(request, _now())

    @rpc
    def change_survey(self, request: ChangeSurvey) -> Survey:
        return self._desk.change(request, _now())

    @rpc
    def open_survey(self, request: OpenSurvey) -> Survey:
        return self._desk.open(request.survey_id, request.version, _now(), request.by)

    @rpc
    def close_survey(self, request: CloseSurvey) -> Survey:
        return self._desk.close(request.survey_id, request.version, _now(), request.by)

    @rpc
    def get_survey(self, request: GetSurvey) -> Survey:
        return self._desk.get(request.survey_id)

    @rpc
    def list_surveys(self, request: ListSurveys) -> SurveyList:
        return self._desk.list(request.limit, request.cursor)

    @rpc
    def get_form(self, request: GetForm) -> SurveyForm:
        return self._desk.form(request)

    @rpc
    def enter_paper(self, request: EnterPaper) -> PaperEntered:
        return self._papers.enter(request, _now())

    @rpc
    def list_responses(self, request: ListResponses) -> ResponsePage:
        return self._reader.page(request)

    @rpc
    def get_results(self, request: GetResults) -> Results:
        return self._results.of(request.survey_id)


def build(settings: Settings, bus: Bus) -> SurveysService:
    """The surveys service of this instance."""
    database = connect(settings, "surveys")
    return SurveysService(MongoSurveys(database), MongoConsultations(database), settings.secret, bus)


def _now() -> datetime:
    return datetime.now(UTC)
