"""Which events are an occasion for a rule, and what each says to it. Pure.

A new occasion is a name in the contract, an event in FOLLOWED, a case in `occasions_of` and its words in the web. That
is all when the event names its contacts (a question answered). For one that names none (a consultation opened) its
audience is asked for, and becomes a line for each contact (announcing.py): from there on it is like any other.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from shared.contracts.base import Envelope, Event
from shared.contracts.cases import CaseAnswered, CaseLeftUnanswered
from shared.contracts.consent import ConsentChanged
from shared.contracts.consultations import ConsultationOpened, OutcomePublished
from shared.contracts.contacts import ContactRegistered
from shared.contracts.rules import Occasion
from shared.contracts.segments import SegmentsEntered

FOLLOWED = (
    ContactRegistered,
    ConsentChanged,
    SegmentsEntered,
    CaseAnswered,
    CaseLeftUnanswered,
    ConsultationOpened,
    OutcomePublished,
)


@dataclass(frozen=True, slots=True)
class Cause:
    """An occasion that has come to one contact."""

    occasion: Occasion
    event_id: str
    contact_id: str
    at: datetime
    """When the event was made; of an import also what is older was made now."""
    is_import: bool = False
    purpose: str = ""
    segment_id: str = ""


def occasions_of(envelope: Envelope[Event]) -> Iterator[Cause]:
    """What an event is an occasion for."""
    event, of = envelope.data, (envelope.id,)
    if isinstance(event, ContactRegistered):
        if event.contact.kind == "person":
            yield Cause("contact_registered", *of, event.contact.contact_id, envelope.time, bool(event.through))
    elif isinstance(event, ConsentChanged):
        said = event.consent
        if said.given and said.channel == "email":
            is_import = said.method == "import"
            yield Cause("consent_given", *of, said.contact_id, envelope.time, is_import, purpose=said.purpose)
    elif isinstance(event, SegmentsEntered):
        for each in event.segments:
            yield Cause("segment_entered", *of, event.contact_id, envelope.time, segment_id=each.segment_id)
    elif isinstance(event, CaseAnswered | CaseLeftUnanswered):
        yield from _of_case(event, envelope)


def _of_case(event: CaseAnswered | CaseLeftUnanswered, envelope: Envelope[Event]) -> Iterator[Cause]:
    """Nothing for what is restricted or known; and an answer that goes by e-mail is the message itself."""
    is_answer = isinstance(event, CaseAnswered)
    if event.sensitive or (isinstance(event, CaseAnswered) and (event.answer.notice_id or event.answer.repeated)):
        return
    for contact_id in event.contact_ids:
        yield Cause("case_answered" if is_answer else "case_late", envelope.id, contact_id, envelope.time)
