"""An invitation to the survey of the demo, answers over the links in it, and a reminder for the others."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from random import Random

from deploy.seed.county import County
from services.web.invitation_words import suggested
from shared.contracts.notifications import (
    DraftMailing,
    GetMailing,
    ListLedger,
    Mailing,
    MailingDraft,
    ScheduleMailing,
)
from shared.contracts.segments import Segment
from shared.contracts.survey_links import GiveSurveyKeys
from shared.contracts.surveys import SentResponse, Survey
from shared.messaging import Bus

SECONDS = 60.0
BY = "demo"
SHARE = 0.4
"""Of those who were invited, so many answer before the reminder."""


def add_invitation(bus: Bus, county: County, survey: Survey, segment: Segment) -> Mailing:
    """To everybody in the segment. Repeatable."""
    return _send(bus, f"demo-{county.seed}-invitation", _draft(survey, segment.segment_id, segment.name))


def add_reminder(
    bus: Bus, county: County, survey: Survey, invitation: Mailing, post: Callable[[list[bytes]], None]
) -> None:
    """Once the invitation has gone out some have answered, and the others are reminded. Repeatable."""
    give_up = time.monotonic() + SECONDS
    asked = GetMailing(mailing_id=invitation.mailing_id)
    while bus.call(asked).mailing.finished_at is None and time.monotonic() < give_up:
        time.sleep(0.2)
    sent = bus.call(ListLedger(mailing_id=invitation.mailing_id, state="sent", limit=100)).items
    post([each.model_dump_json().encode() for each in _answers(bus, county, survey, [one.contact_id for one in sent])])
    before = invitation.draft
    draft = _draft(survey, before.segment_id, before.segment_name, reminder_of=invitation.mailing_id)
    _send(bus, f"demo-{county.seed}-reminder", draft)


def _answers(bus: Bus, county: County, survey: Survey, invited: list[str]) -> Iterator[SentResponse]:
    chance, now = Random(f"{county.seed}:invited"), datetime.now(UTC)
    some = tuple(each for each in invited if chance.random() < SHARE)
    keys = bus.call(GiveSurveyKeys(survey_id=survey.survey_id, contact_ids=some)).keys if some else {}
    for number, contact_id in enumerate(some):
        yield SentResponse(
            request_id=f"demo-{county.seed}-invited-{number}",
            survey_id=survey.survey_id,
            definition_version=survey.definition_version,
            answers={"travel": chance.choice(("by_car", "by_bus", "on_foot")), "ease": chance.randint(1, 5)},
            begun_at=now,
            received_at=now,
            link_key=keys[contact_id],
        )


def _draft(survey: Survey, segment_id: str, segment_name: str, reminder_of: str = "") -> MailingDraft:
    is_reminder = bool(reminder_of)
    return MailingDraft(
        **suggested(survey, is_reminder),
        purpose="survey",
        segment_id=segment_id,
        segment_name=segment_name,
        survey_id=survey.survey_id,
        survey_title=survey.title,
        unanswered_only=is_reminder,
        reminder_of=reminder_of,
    )


def _send(bus: Bus, request_id: str, draft: MailingDraft) -> Mailing:
    mailing = bus.call(DraftMailing(request_id=request_id, draft=draft, by=BY))
    if mailing.state == "draft":
        mailing = bus.call(ScheduleMailing(mailing_id=mailing.mailing_id, version=mailing.version, by=BY))
    return mailing
