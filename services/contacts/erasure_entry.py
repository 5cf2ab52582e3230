"""The entry points of erasure, a part of the contacts service."""

from services.contacts.eraser import Eraser
from shared.contracts.erasure import (
    DecideMention,
    EraseContact,
    Erasure,
    Erasures,
    GetErasure,
    GetTraces,
    ListErasures,
    ReportErasure,
    Traces,
)
from shared.messaging import every, rpc


class ErasureEntry:
    """Erasing contacts, and the register of it; whoever inherits makes the eraser."""

    _eraser: Eraser

    @rpc
    def erase_contact(self, request: EraseContact) -> Erasure:
        return self._eraser.erase(request.contact_id, request.by)

    @rpc
    def get_erasure(self, request: GetErasure) -> Erasure:
        return self._eraser.get(request.erasure_id).erasure

    @rpc
    def list_erasures(self, request: ListErasures) -> Erasures:
        return self._eraser.page(request)

    @rpc
    def get_traces(self, request: GetTraces) -> Traces:
        return self._eraser.get(request.erasure_id).traces

    @rpc
    def report_erasure(self, request: ReportErasure) -> Erasure:
        return self._eraser.report(request)

    @rpc
    def decide_mention(self, request: DecideMention) -> Erasure:
        return self._eraser.decide(request)

    @every(5.0)
    def settle_erasures(self) -> None:
        """Takes the last steps of erasures that a process left when it died."""
        self._eraser.settle()
