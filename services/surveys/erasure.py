"""Takes people who are erased out of responses: theirs are nobody's any more, and no text holds their addresses."""

from services.surveys.repository import Surveys
from shared.contracts.base import Envelope
from shared.contracts.erasure import ContactErased, GetTraces, ReportErasure
from shared.messaging import Bus, on


class ErasureEntry:
    """The entry point of erasure, a part of the surveys service."""

    _surveys: Surveys
    _bus: Bus

    @on("surveys.erasures", ContactErased)
    def erase_from_responses(self, envelope: Envelope[ContactErased]) -> None:
        """The links go first: what still comes over them is refused, and is nobody's."""
        erasure_id = envelope.data.erasure_id
        traces = self._bus.call(GetTraces(erasure_id=erasure_id))
        self._surveys.links.forget(traces.contact_ids)
        self._surveys.redact(traces)
        self._bus.call(ReportErasure(erasure_id=erasure_id, by_service="surveys"))
