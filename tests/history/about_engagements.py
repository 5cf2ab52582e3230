"""Events about an engagement: that it was corrected, taken on as a case, marked as a contribution."""

from datetime import date
from typing import Any

from shared.contracts.base import Envelope, Event
from shared.contracts.cases import CaseOpened
from shared.contracts.contributions import ContributionMarked
from shared.contracts.events import EngagementCorrected
from tests.builders import AT, an_engagement, an_envelope


def corrected(engagement_id: str, version: int, **fields: Any) -> Envelope[Event]:
    engagement = an_engagement(engagement_id=engagement_id, version=version, **fields)
    event = EngagementCorrected(engagement=engagement, corrected_by="Kim")
    return an_envelope(event, subject=engagement_id, sequence=version)


def taken_on(engagement_id: str, **fields: Any) -> Envelope[Event]:
    about = {"engagement_id": engagement_id, "kind": "question", "title": "Why?", "contact_ids": ("con_1",)}
    event = CaseOpened.model_validate(about | {"at": AT, "by": "Kim", "due_on": date(2014, 4, 1)} | fields)
    return an_envelope(event, source="/services/events", subject=engagement_id)


def marked(contribution_id: str, sequence: int = 1, **fields: Any) -> Envelope[Event]:
    about = {"contribution_id": contribution_id, "kind": "letter", "consultation_id": "cns_1", "title": "Urgent care"}
    event = ContributionMarked.model_validate(about | {"answered": True, "at": AT, "by": "Kim"} | fields)
    return an_envelope(event, subject=f"{contribution_id}.cns_1", sequence=sequence)
