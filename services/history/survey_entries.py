"""What surveys add to the timeline: that one was opened or closed, and that a contact has answered. Pure."""

from datetime import UTC

from services.history.records import Entry
from services.history.sentences import response_sentence, survey_sentence
from shared.contracts.base import Envelope, Event
from shared.contracts.surveys import ResponseReceived, SurveyClosed, SurveyOpened

SOURCE = "surveys"


def survey_entry(envelope: Envelope[Event], event: SurveyOpened | SurveyClosed) -> Entry:
    """It concerns nobody in particular, and is found among everything that happened."""
    is_open = isinstance(event, SurveyOpened)
    return Entry(
        id=envelope.id,
        version=1,
        about=(event.survey_id,),
        source=SOURCE,
        kind="survey_opened" if is_open else "survey_closed",
        title=event.title,
        sentence=survey_sentence(event.title, is_open),
        occurred_at=event.at.astimezone(UTC),
        recorded_at=event.at.astimezone(UTC),
    )


def response_entry(envelope: Envelope[Event], event: ResponseReceived, contact_id: str) -> Entry:
    """On the timeline of whoever answered; what was answered stays with the survey."""
    return Entry(
        id=event.response_id,
        version=envelope.sequence,
        about=(event.survey_id,),
        source=SOURCE,
        kind="response_received",
        title=event.title,
        sentence=response_sentence(event.title, event.channel),
        occurred_at=event.received_at.astimezone(UTC),
        recorded_at=envelope.time.astimezone(UTC),
        contact_ids=(contact_id,),
        channel="paper form" if event.channel == "paper" else "online",
        direction="inbound",
    )
