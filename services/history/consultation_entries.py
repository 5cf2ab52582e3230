"""What consultations add to the timeline: that one was opened or closed, that its outcome can be read, and which of the
contributions staff have answered themselves. Pure."""

from datetime import UTC

from services.history.records import Entry
from services.history.sentences import consultation_sentence, marked_sentence
from shared.contracts.base import Envelope, Event
from shared.contracts.consultations import ConsultationClosed, ConsultationOpened, OutcomePublished
from shared.contracts.contributions import RESPONSE, ContributionMarked

SOURCE = "surveys"
ANSWERED = "contribution_answered"


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


def marked_entry(envelope: Envelope[Event], event: ContributionMarked) -> Entry:
    """One line for a contribution, on the timelines of those who made it: answered or not, as staff said last."""
    return Entry(
        id=envelope.subject,
        version=envelope.sequence,
        engagement_id=event.contribution_id if event.kind != RESPONSE else None,
        about=(event.consultation_id,),
        source=SOURCE,
        kind=ANSWERED if event.answered else "contribution_unanswered",
        title=f"{'Answered' if event.answered else 'Not answered'}: {event.title}",
        sentence=marked_sentence(event.title, event.answered),
        occurred_at=event.at.astimezone(UTC),
        recorded_at=event.at.astimezone(UTC),
        contact_ids=event.contact_ids,
        sensitive=event.sensitive,
        direction="outbound" if event.answered else None,
    )
