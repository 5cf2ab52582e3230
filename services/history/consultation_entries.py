"""What consultations add to the timeline: that one was opened or closed, and that its outcome can be read. Pure."""

from datetime import UTC

from services.history.records import Entry
from services.history.sentences import consultation_sentence
from shared.contracts.base import Envelope, Event
from shared.contracts.consultations import ConsultationClosed, ConsultationOpened, OutcomePublished

SOURCE = "surveys"


def consultation_entry(
    envelope: Envelope[Event], event: ConsultationOpened | ConsultationClosed | OutcomePublished
) -> Entry:
    """It concerns nobody in particular, and is found among everything that happened. Its id leads to its page.

    What came of it is found by its words: in them stands what was said, also by whoever is not known.
    """
    kinds = {ConsultationOpened: "consultation_opened", ConsultationClosed: "consultation_closed"}
    return Entry(
        id=f"{event.consultation_id}.{envelope.sequence}",
        version=1,
        about=(event.consultation_id,),
        source=SOURCE,
        kind=kinds.get(type(event), "outcome_published"),
        title=event.title,
        sentence=consultation_sentence(event),
        body=event.outcome if isinstance(event, OutcomePublished) else "",
        occurred_at=event.at.astimezone(UTC),
        recorded_at=event.at.astimezone(UTC),
        localities=event.localities,
    )
