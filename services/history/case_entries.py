"""What cases add to the timeline: each step of what became of a question or a complaint is a line. Pure."""

from datetime import UTC
from zoneinfo import ZoneInfo

from services.history.records import Entry
from services.history.sentences import (
    answered_sentence,
    case_closed_sentence,
    case_opened_sentence,
    case_reopened_sentence,
    follow_up_sentence,
    unanswered_sentence,
)
from shared.contracts.base import Envelope, Event
from shared.contracts.cases import (
    CaseAnswered,
    CaseAssigned,
    CaseClosed,
    CaseLeftUnanswered,
    CaseNoted,
    CaseOpened,
    CaseReopened,
)

SOURCE = "cases"
LONDON = ZoneInfo("Europe/London")
CASE_EVENTS = (CaseOpened, CaseAssigned, CaseAnswered, CaseClosed, CaseReopened, CaseNoted, CaseLeftUnanswered)
CaseEvent = CaseOpened | CaseAssigned | CaseAnswered | CaseClosed | CaseReopened | CaseNoted | CaseLeftUnanswered


def case_entry(envelope: Envelope[Event], event: CaseEvent) -> Entry:
    """On the timelines of those who took part; restricted as the engagement is."""
    kind, word, sentence, body = _said(event)
    return Entry(
        id=envelope.id,
        version=1,
        engagement_id=event.engagement_id,
        about=(event.consultation_id,) if event.consultation_id else (),
        source=SOURCE,
        kind=kind,
        title=f"{word}: {event.title}",
        sentence=sentence,
        body=body,
        occurred_at=event.at.astimezone(UTC),
        recorded_at=event.at.astimezone(UTC),
        contact_ids=event.contact_ids,
        topics=tuple(dict.fromkeys(event.topics)),
        locality=event.locality,
        sensitive=event.sensitive,
        direction="outbound" if isinstance(event, CaseAnswered) else None,
    )


def _said(event: CaseEvent) -> tuple[str, str, str, str]:
    """(kind, first word of the title, sentence, body)"""
    match event:
        case CaseAssigned():
            return "case_assigned", "Given on", case_opened_sentence(event.kind, event.due_on, event.owner), ""
        case CaseAnswered():
            said = event.answer
            return "case_answered", "Answered", answered_sentence(event.kind, said.how, said.to), said.text
        case CaseClosed():
            is_changed = event.outcome.result == "we_did"
            word = "We did" if is_changed else "Closed"
            return "case_closed", word, case_closed_sentence(event.kind, is_changed), event.outcome.text
        case CaseReopened():
            again = event.reopening
            return "case_reopened", "Opened again", case_reopened_sentence(event.kind, again.due_on), again.reason
        case CaseNoted():
            noted = event.follow_up
            return "case_noted", "To be done", follow_up_sentence(noted.due_on, noted.by), noted.note
        case CaseLeftUnanswered():
            opened = event.opened_at.astimezone(LONDON).date()
            return "case_late", "Not answered yet", unanswered_sentence(event.kind, opened), ""
    return "case_opened", "Taken on", case_opened_sentence(event.kind, event.due_on, event.owner), ""
