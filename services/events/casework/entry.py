"""The entry points of cases, a part of the events service."""

from datetime import UTC, datetime

from services.events.casework.desk import CaseDesk
from services.events.repository import Engagements
from shared.contracts.case_lists import CaseList, ListCases
from shared.contracts.cases import (
    AnswerCase,
    AssignCase,
    Case,
    CloseCase,
    EndFollowUp,
    GetHandled,
    Handled,
    NoteFollowUp,
    OpenCase,
    ReopenCase,
)
from shared.contracts.waiting import CountWaiting, Pile, Waiting, waiting
from shared.messaging import every, rpc


class CaseEntry:
    """What staff decide about cases; whoever inherits makes the desk."""

    _repository: Engagements
    _cases: CaseDesk

    @rpc
    def get_handled(self, request: GetHandled) -> Handled:
        return self._cases.handled(request.engagement_id, request.sensitive)

    @rpc
    def open_case(self, request: OpenCase) -> Case:
        return self._cases.open(request, _now())

    @rpc
    def assign_case(self, request: AssignCase) -> Case:
        return self._cases.assign(request, _now())

    @rpc
    def answer_case(self, request: AnswerCase) -> Case:
        return self._cases.answer(request, _now())

    @rpc
    def close_case(self, request: CloseCase) -> Case:
        return self._cases.close(request, _now())

    @rpc
    def reopen_case(self, request: ReopenCase) -> Case:
        return self._cases.reopen(request, _now())

    @rpc
    def note_follow_up(self, request: NoteFollowUp) -> Case:
        return self._cases.note(request, _now())

    @rpc
    def end_follow_up(self, request: EndFollowUp) -> Case:
        return self._cases.end_note(request, _now())

    @rpc
    def list_cases(self, request: ListCases) -> CaseList:
        return self._cases.page(request, _now())

    @rpc
    def count_waiting(self, request: CountWaiting) -> Waiting:
        """What is in quarantine, and what cases wait for."""
        quarantined = Pile(sort="quarantine", count=self._repository.count_held("open", None))
        return waiting(quarantined, *self._cases.piles(_now()))

    @every(600.0)
    def tell_of_late_cases(self) -> None:
        """Who was not answered within seven days is told of, once."""
        self._cases.tell_late(_now())


def _now() -> datetime:
    return datetime.now(UTC)
