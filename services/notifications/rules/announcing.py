"""Occasions that name nobody: a consultation has opened, its outcome is published. Who is told, and in which words."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from services.notifications.rules.occasions import Cause
from shared.contracts.base import Envelope, Event
from shared.contracts.consultations import (
    Consultation,
    ConsultationOpened,
    GetConsultation,
    ListConsultations,
    OutcomePublished,
    State,
)
from shared.contracts.contributions import ListContributors
from shared.contracts.rules import ANNOUNCED, Announced, RuleSettings
from shared.contracts.segments import ListSegmentMembers
from shared.contracts.templates import Template
from shared.messaging import Bus

PAGE = 1_000
LINK = "{link}"
"""Where a template has the address of the consultation; at its end when it does not say."""
_MARKDOWN = re.compile(r"([\\`*_\[\]<>#|])")


@dataclass(frozen=True, slots=True)
class Announcement:
    """What everybody of an audience is told once, however often the consultation is opened."""

    occasion: Announced
    consultation_id: str
    at: datetime

    def cause(self, contact_id: str) -> Cause:
        return Cause(self.occasion, f"{self.occasion}:{self.consultation_id}", contact_id, self.at)


def announcement_of(envelope: Envelope[Event]) -> Announcement | None:
    event = envelope.data
    if isinstance(event, ConsultationOpened):
        return Announcement("consultation_opened", event.consultation_id, envelope.time)
    if isinstance(event, OutcomePublished):
        return Announcement("outcome_published", event.consultation_id, envelope.time)
    return None


def outcome_of(event_id: str) -> str:
    """The consultation whose outcome is told; empty when something else is."""
    occasion, _, consultation_id = event_id.partition(":")
    return consultation_id if occasion == "outcome_published" else ""


class Announcing:
    """Asks who is in the audience, and what the consultation is called."""

    def __init__(self, bus: Bus, public_url: str) -> None:
        self._bus = bus
        self._public_url = public_url

    def audience(self, settings: RuleSettings, consultation_id: str) -> Iterator[tuple[str, ...]]:
        """Ids of contacts, page by page: members of the segment, or whoever took part."""
        after: str | None = None
        while True:
            if settings.occasion == "consultation_opened":
                members = self._bus.call(ListSegmentMembers(segment_id=settings.segment_id, after=after, limit=PAGE))
                ids, after = tuple(each.contact_id for each in members.members), members.next
            else:
                took_part = self._bus.call(ListContributors(consultation_id=consultation_id, after=after, limit=PAGE))
                ids, after = took_part.contact_ids, took_part.next
            yield ids
            if after is None:
                return

    def latest(self, settings: RuleSettings) -> tuple[str, ...]:
        """Whom the rule would have told last, up to a page of them."""
        if settings.occasion == "consultation_opened":
            return next(self.audience(settings, ""))
        states: tuple[State, ...] = ("published", "closed")
        for state in states:
            found = self._bus.call(ListConsultations(state=state, limit=1)).consultations
            if found:
                return next(self.audience(settings, found[0].consultation_id))
        return ()

    def filled(self, template: Template, event_id: str) -> Template:
        """The template with the name, the address and the last day of the consultation that it is about."""
        consultation_id = event_id.partition(":")[2]
        found = self._bus.call(GetConsultation(consultation_id=consultation_id)).consultation
        text = template.text
        body = text.body if LINK in text.body else f"{text.body}\n\n{LINK}"
        link = f"{self._public_url}/consultations/{found.slug or consultation_id}"
        title = found.plan.title.replace("{", "(").replace("}", ")")
        words = {LINK: link, "{last_day}": _last_day(found)}
        subject = _replaced(text.subject, words | {"{consultation}": title})[:200]
        body = _replaced(body, words | {"{consultation}": _MARKDOWN.sub(r"\\\1", title)})
        return template.model_copy(update={"text": text.model_copy(update={"subject": subject, "body": body})})


def is_announced(settings: RuleSettings) -> bool:
    return settings.occasion in ANNOUNCED


def _last_day(found: Consultation) -> str:
    day = found.plan.closes_on
    return f"{day.day} {day:%B %Y}" if day else ""


def _replaced(text: str, words: dict[str, str]) -> str:
    for field, word in words.items():
        text = text.replace(field, word)
    return text
