"""What is left of a response when somebody is erased: pure, so that the store and its fake leave the same."""

from dataclasses import replace

from services.surveys.domain import Response
from shared.contracts.base import Envelope, Event
from shared.contracts.erasure import Traces
from shared.contracts.surveys import ResponseReceived
from shared.redaction import redact


def redacted(response: Response, traces: Traces) -> Response:
    """Their own response has no contact and no name in its words; any other loses their addresses and numbers."""
    is_theirs = response.contact_id in traces.contact_ids
    answers = {name: redact(each, traces, names=is_theirs) for name, each in response.answers.items()}
    return replace(response, answers=answers, contact_id=None if is_theirs else response.contact_id)


def unlinked(envelope: Envelope[Event], traces: Traces) -> Envelope[Event]:
    """The event of a response, without them; published again, it is the same event."""
    event = envelope.data
    if not isinstance(event, ResponseReceived) or event.contact_id not in traces.contact_ids:
        return envelope
    return Envelope(
        event.model_copy(update={"contact_id": None}),
        envelope.source,
        envelope.subject,
        envelope.sequence,
        envelope.correlationid,
        envelope.causationid,
        envelope.id,
        envelope.time,
    )
