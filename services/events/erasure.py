"""Takes the traces of people who are erased out of engagements and of the quarantine."""

from services.events.calendar.desk import Calendar
from services.events.ingestion import SOURCE
from services.events.repository import Engagements, redacted_case
from shared.contracts.base import Envelope, Event
from shared.contracts.erasure import (
    ContactErased,
    EngagementRedacted,
    GetTraces,
    Redacted,
    RedactEngagements,
    ReportErasure,
    Traces,
)
from shared.contracts.events import Engagement
from shared.errors import Unavailable
from shared.logs import correlation_id
from shared.messaging import Bus, on, rpc
from shared.redaction import redact, takes_part

ATTEMPTS = 5


class ErasureEntry:
    """The entry points of erasure, a part of the events service; which engagements it is about the history knows."""

    _repository: Engagements
    _bus: Bus
    _calendar: Calendar

    @on("events.erasures", ContactErased)
    def erase_from_quarantine(self, envelope: Envelope[ContactErased]) -> None:
        erasure_id = envelope.data.erasure_id
        traces = self._bus.call(GetTraces(erasure_id=erasure_id))
        self._repository.redact_held(traces)
        self._calendar.redact(traces.emails)
        self._bus.call(ReportErasure(erasure_id=erasure_id, by_service="events"))

    @rpc
    def redact_engagements(self, request: RedactEngagements) -> Redacted:
        traces = self._bus.call(GetTraces(erasure_id=request.erasure_id))
        changed = [self._redact(each, traces, request.names) for each in request.engagement_ids]
        return Redacted(changed=sum(changed))

    def _redact(self, engagement_id: str, traces: Traces, names: bool) -> bool:
        for _ in range(ATTEMPTS):
            standing = self._repository.find([engagement_id]).get(engagement_id)
            if standing is None:
                return False
            if takes_part(standing.engagement.contact_ids(), traces):
                self._repository.photographs.forget(engagement_id)
            now, recorded = standing.engagement.model_dump(mode="json"), standing.recorded.content
            left = redact(now, traces, names)
            is_same = left == now and redact(recorded, traces, names) == recorded
            if is_same and not self._is_in_case(standing.engagement, traces, names):
                return False
            engagement = Engagement.model_validate(left | {"version": standing.engagement.version + 1})
            event: Event = EngagementRedacted(engagement=engagement, erasure_id=traces.erasure_id)
            envelope = Envelope(event, SOURCE, engagement_id, engagement.version, correlation_id())
            if self._repository.redact(engagement, envelope, traces, names):
                return True
        raise Unavailable("This engagement is being changed elsewhere just now. Ask again.")

    def _is_in_case(self, engagement: Engagement, traces: Traces, names: bool) -> bool:
        case = self._repository.cases.find(engagement.engagement_id)
        if case is None:
            return False
        content = case.model_dump(mode="json")
        return redacted_case(content, engagement, traces, names) != content | {"version": case.version + 1}
