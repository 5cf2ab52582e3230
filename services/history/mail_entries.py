"""What messages add to the timeline: sent, not delivered, come back, and the mailing that they belong to. Pure."""

from datetime import UTC

from services.history.mail_sentences import (
    bounced_sentence,
    junked_sentence,
    mailing_sentence,
    sent_sentence,
    undelivered_sentence,
)
from services.history.records import Entry
from shared.contracts.base import Envelope, Event
from shared.contracts.bounces import MessageBounced, MessageJunked
from shared.contracts.notifications import MailingFinished, MessagesFailed, MessagesSent

SOURCE = "notifications"


def messages_entry(envelope: Envelope[Event], event: MessagesSent | MessagesFailed) -> Entry:
    """One entry for up to 500 recipients: it is found on the timeline of each."""
    if isinstance(event, MessagesSent):
        kind, at, contact_ids = "message_sent", event.sent_at, event.contact_ids
        sentence = sent_sentence(event.subject, len(contact_ids), event.survey_title, event.is_reminder)
    else:
        kind, at, contact_ids = "message_failed", event.at, tuple(each.contact_id for each in event.messages)
        sentence = undelivered_sentence(event.subject, [each.state for each in event.messages])
    return Entry(
        id=envelope.id,
        version=1,
        source=SOURCE,
        kind=kind,
        title=event.subject,
        sentence=sentence,
        about=_about(event.outcome_of, event.survey_id) if isinstance(event, MessagesSent) else (),
        occurred_at=at.astimezone(UTC),
        recorded_at=at.astimezone(UTC),
        channel=event.channel,
        contact_ids=contact_ids,
        direction="outbound",
    )


def returned_entry(envelope: Envelope[Event], event: MessageBounced | MessageJunked) -> Entry:
    """A message that came back, or was marked as junk, on the timeline of its recipient."""
    if isinstance(event, MessageBounced):
        kind, sentence = "message_bounced", bounced_sentence(event.subject, event.status, event.kind == "permanent")
    else:
        kind, sentence = "message_junked", junked_sentence(event.subject)
    return Entry(
        id=envelope.id,
        version=1,
        source=SOURCE,
        kind=kind,
        title=event.subject,
        sentence=sentence,
        occurred_at=event.at.astimezone(UTC),
        recorded_at=event.at.astimezone(UTC),
        channel=event.channel,
        contact_ids=(event.contact_id,),
        direction="inbound",
    )


def mailing_entry(envelope: Envelope[Event], event: MailingFinished) -> Entry:
    """The one line of a mailing itself."""
    at = event.mailing.finished_at or event.mailing.changed_at
    return Entry(
        id=envelope.id,
        version=1,
        source=SOURCE,
        kind="mailing_finished",
        title=event.mailing.draft.subject,
        sentence=mailing_sentence(event.mailing, event.counts),
        about=_about(event.mailing.outcome_of, event.mailing.draft.survey_id),
        occurred_at=at.astimezone(UTC),
        recorded_at=at.astimezone(UTC),
        channel="email",
        direction="outbound",
    )


def _about(*keys: str) -> tuple[str, ...]:
    """The consultation whose outcome was told, and the survey that it invited to or reminded of, if there is one."""
    return tuple(filter(None, keys))
