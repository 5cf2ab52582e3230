"""The entry points of consultations, a part of the surveys service."""

from datetime import UTC, datetime

from services.surveys.consultations.contribution import FOLLOWED
from services.surveys.consultations.desk import ConsultationDesk
from services.surveys.consultations.listening import Listening
from services.surveys.consultations.showing import Showing
from shared.contracts.base import Envelope, Event
from shared.contracts.consultations import (
    AddTheme,
    ChangeConsultation,
    CloseConsultation,
    Consultation,
    ConsultationDetail,
    ConsultationList,
    CreateConsultation,
    GetConsultation,
    ListConsultations,
    OpenConsultation,
    PublishOutcome,
    WriteOutcome,
)
from shared.contracts.contributions import (
    Changed,
    ContributionPage,
    ContributorPage,
    GetPublicConsultation,
    GiveTheme,
    ListContributions,
    ListContributors,
    ListPublicConsultations,
    MarkAnswered,
    PublicConsultation,
    PublicList,
)
from shared.messaging import every, on_batch, rpc


class ConsultationEntry:
    """What staff decide about consultations, and what their days bring; whoever inherits makes the parts."""

    _consultations: ConsultationDesk
    _listening: Listening
    _showing: Showing

    @on_batch("surveys.contributions", FOLLOWED, size=500, linger=0.2)
    def keep_contributions(self, batch: list[Envelope[Event]]) -> list[Envelope[Event]]:
        """What people say in consultations, whichever way it comes."""
        self._listening.take(batch)
        return []

    @rpc
    def create_consultation(self, request: CreateConsultation) -> Consultation:
        return self._consultations.create(request, _now())

    @rpc
    def change_consultation(self, request: ChangeConsultation) -> Consultation:
        return self._consultations.change(request, _now())

    @rpc
    def open_consultation(self, request: OpenConsultation) -> Consultation:
        return self._consultations.open(request.consultation_id, request.version, _now(), request.by)

    @rpc
    def close_consultation(self, request: CloseConsultation) -> Consultation:
        return self._consultations.close(request.consultation_id, request.version, _now(), request.by)

    @rpc
    def get_consultation(self, request: GetConsultation) -> ConsultationDetail:
        return self._consultations.detail(request.consultation_id, _now())

    @rpc
    def list_consultations(self, request: ListConsultations) -> ConsultationList:
        return self._consultations.list(request)

    @rpc
    def write_outcome(self, request: WriteOutcome) -> Consultation:
        return self._consultations.write_outcome(request, _now())

    @rpc
    def add_theme(self, request: AddTheme) -> Consultation:
        return self._consultations.add_theme(request, _now())

    @rpc
    def publish_outcome(self, request: PublishOutcome) -> Consultation:
        return self._consultations.publish(request.consultation_id, request.version, _now(), request.by)

    @rpc
    def list_contributions(self, request: ListContributions) -> ContributionPage:
        return self._listening.list(request)

    @rpc
    def give_theme(self, request: GiveTheme) -> Changed:
        return self._listening.give_theme(request)

    @rpc
    def mark_answered(self, request: MarkAnswered) -> Changed:
        return self._listening.mark_answered(request, _now())

    @rpc
    def list_contributors(self, request: ListContributors) -> ContributorPage:
        return self._listening.contributors(request)

    @rpc
    def get_public_consultation(self, request: GetPublicConsultation) -> PublicConsultation:
        return self._showing.get(request)

    @rpc
    def list_public_consultations(self, request: ListPublicConsultations) -> PublicList:
        return self._showing.list(request)

    @every(20.0)
    def keep_to_days(self) -> None:
        """Consultations open and close by themselves on their days."""
        self._consultations.turn(_now())


def _now() -> datetime:
    return datetime.now(UTC)
