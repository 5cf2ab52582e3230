"""Takes people who are erased out of what surveys keeps: theirs is nobody's any more, no text holds their addresses."""

from services.surveys.consultations.contributions import Contributions
from services.surveys.repository import Surveys
from shared.contracts.erasure import ContactErased, GetTraces, ReportErasure
from shared.messaging import Bus


class Eraser:
    """Erases what is there when it is asked, and says so; asked again it changes nothing."""

    def __init__(self, surveys: Surveys, contributions: Contributions, bus: Bus) -> None:
        self._surveys = surveys
        self._contributions = contributions
        self._bus = bus

    def erase(self, erased: ContactErased) -> None:
        """The links go first: what still comes over them is refused, and is nobody's. The report comes last."""
        traces = self._bus.call(GetTraces(erasure_id=erased.erasure_id))
        self._surveys.links.forget(traces.contact_ids)
        self._surveys.redact(traces)
        self._contributions.forget(traces.contact_ids)
        self._bus.call(ReportErasure(erasure_id=erased.erasure_id, by_service="surveys"))
