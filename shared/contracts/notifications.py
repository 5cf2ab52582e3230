"""Mailings, their recipients and what became of each message. Owned by services/notifications."""

from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, Field

from shared.contracts.base import Event, Personal, Request, Value
from shared.contracts.consent import Purpose

MailingState = Literal["draft", "scheduled", "sending", "paused", "sent", "cancelled"]
EndState = Literal["sent", "bounced", "suppressed", "failed", "uncertain"]
"""What became of a message. `uncertain`: the connection or the process ended between the message's final dot and the
mail server's answer; it is never sent again by itself."""
Lane = Literal["urgent", "bulk"]
Counts = dict[EndState, int]


class MailingDraft(Value):
    """What a communications officer writes. `{name}` and other merge fields are filled in for each recipient."""

    subject: Annotated[str, Field(min_length=1, max_length=200)]
    body: Annotated[str, Field(min_length=1, max_length=100_000)]
    """Markdown."""
    purpose: Purpose = "newsletter"
    segment_id: Annotated[str, Field(min_length=1, max_length=100)]
    segment_name: Annotated[str, Field(max_length=200)] = ""
    public: bool = False
    """Everybody may read it in the archive once it is being sent."""
    template_id: Annotated[str, Field(max_length=100)] = ""
    """The template it began from, and which version of it: what stands in the mailing is its own."""
    template_version: int = 0
    survey_id: Annotated[str, Field(max_length=100)] = ""
    """The survey it invites to: `{survey_link}` in its text is each recipient's own link to it."""
    survey_title: Annotated[str, Field(max_length=1000)] = ""
    """As it was called when the mailing was saved."""
    unanswered_only: bool = False
    """A reminder: only to those of the segment who have not answered the survey."""
    reminder_of: Annotated[str, Field(max_length=100)] = ""
    """Of a reminder: the invitation that they were sent; empty: whoever is in the segment, invited or not."""


class Mailing(Value):
    """A mailing as it stands at `version`."""

    mailing_id: str
    version: int
    state: MailingState
    draft: MailingDraft
    lane: Lane = "bulk"
    scheduled_at: AwareDatetime | None = None
    started_at: AwareDatetime | None = None
    frozen_at: AwareDatetime | None = None
    """When the audience stood complete; from then on nobody is added."""
    finished_at: AwareDatetime | None = None
    """When every recipient had an end state."""
    audience: int = 0
    """Which freezing of the audience counts: one that was interrupted is begun anew under the next number."""
    recipients: int | None = None
    newsletter_id: str = ""
    """The newsletter that this is an issue of, and of which period; both are empty for a mailing of its own."""
    period: str = ""
    rule_id: str = ""
    """The rule whose messages these are: no mailing that somebody wrote."""
    outcome_of: str = ""
    """The consultation of which its messages say what came of it."""
    problem: str = ""
    """Why it came back as a draft instead of being sent."""
    created_by: str
    created_at: AwareDatetime
    changed_at: AwareDatetime


class MailingProgress(Value):
    """A mailing and how far it has come."""

    mailing: Mailing
    counts: Counts
    """Recipients with an end state, by state."""
    waiting: int = 0
    """Recipients without one."""


class MailingList(Value):
    items: tuple[Mailing, ...]
    next_cursor: str | None = None


class LedgerLine(Value):
    """What became of one recipient of one mailing."""

    mailing_id: str
    contact_id: str
    name: Annotated[str, Personal]
    state: EndState
    rule: str = ""
    """Why it was suppressed: `no_consent`, `withdrawn`, `no_address`, `suppression_list`, `cancelled`; of a rule also
    `not_in_segment`, `unknown`; of an invitation `no_link`, of a reminder `answered`."""
    reason: str = ""
    """Why it failed, in the mail server's words; without addresses. Of one that bounced: the status."""
    was: EndState | None = None
    """What it was before it bounced."""
    consent_id: str | None = None
    at: AwareDatetime


class LedgerPage(Value):
    items: tuple[LedgerLine, ...]
    next_cursor: str | None = None


# -- events -----------------------------------------------------------------------------------------


class MailingStarted(Event):
    """Published when a mailing's audience has been frozen and sending begins."""

    type: ClassVar[str] = "wellheard.mailing.started.v1"
    mailing: Mailing


class MailingFinished(Event):
    """Published when every recipient of a mailing has an end state, also of one that was cancelled."""

    type: ClassVar[str] = "wellheard.mailing.finished.v1"
    mailing: Mailing
    counts: Counts


class MessagesSent(Event):
    """Published for up to 500 recipients at a time, once the ledger says that the mail server took their messages."""

    type: ClassVar[str] = "wellheard.message.sent.v1"
    mailing_id: str
    subject: Annotated[str, Personal]
    """As written; merge fields are not filled in."""
    purpose: str
    channel: str
    sent_at: AwareDatetime
    contact_ids: tuple[str, ...]
    consent_ids: tuple[str | None, ...]
    """The statement that allowed each, in the same order."""
    outcome_of: str = ""
    """The consultation of which they say what came of it."""
    survey_id: str = ""
    """The survey that they invite to, and what it was called."""
    survey_title: str = ""
    is_reminder: bool = False
    """Whether they went only to those who had not answered it."""


class UndeliveredMessage(Value):
    contact_id: str
    state: Literal["bounced", "failed", "uncertain"]
    reason: str = ""


class MessagesFailed(Event):
    """Published for up to 500 recipients at a time whose message failed, bounced, or may or may not have arrived."""

    type: ClassVar[str] = "wellheard.message.failed.v1"
    mailing_id: str
    subject: Annotated[str, Personal]
    purpose: str
    channel: str
    at: AwareDatetime
    messages: tuple[UndeliveredMessage, ...]


# -- requests ---------------------------------------------------------------------------------------


class DraftMailing(Request[Mailing]):
    """Begin a mailing. The same `request_id` again is the same mailing."""

    service: ClassVar[str] = "notifications"
    reply: ClassVar = Mailing
    request_id: str
    draft: MailingDraft
    by: str = "staff"


class ChangeMailing(Request[Mailing]):
    """Replace what a draft says, if nobody changed it since `version` (else Conflict)."""

    service: ClassVar[str] = "notifications"
    reply: ClassVar = Mailing
    mailing_id: str
    version: int
    draft: MailingDraft
    by: str = "staff"


class ScheduleMailing(Request[Mailing]):
    """Send a draft at a time, or now without one."""

    service: ClassVar[str] = "notifications"
    reply: ClassVar = Mailing
    mailing_id: str
    version: int
    at: AwareDatetime | None = None
    by: str = "staff"


class _Steer(Request[Mailing]):
    service: ClassVar[str] = "notifications"
    reply: ClassVar = Mailing
    mailing_id: str
    by: str = "staff"


class PauseMailing(_Steer):
    """Stop sending for now: a message whose content is on its way is finished, no other is begun."""


class ResumeMailing(_Steer):
    """Go on with a mailing that was paused."""


class CancelMailing(_Steer):
    """Send to nobody any more. Who was not reached is suppressed by the rule `cancelled`."""


class GetMailing(Request[MailingProgress]):
    service: ClassVar[str] = "notifications"
    reply: ClassVar = MailingProgress
    mailing_id: str


class ListMailings(Request[MailingList]):
    """Newest first."""

    service: ClassVar[str] = "notifications"
    reply: ClassVar = MailingList
    limit: Annotated[int, Field(ge=1, le=100)] = 25
    cursor: str | None = None


class ListLedger(Request[LedgerPage]):
    """The recipients of a mailing that came to one end state."""

    service: ClassVar[str] = "notifications"
    reply: ClassVar = LedgerPage
    mailing_id: str
    state: EndState
    limit: Annotated[int, Field(ge=1, le=100)] = 50
    cursor: str | None = None


class SendNotice(Request[Mailing]):
    """Hand one message to the mail server before all mailings: something a person asked for and waits for.

    It needs no consent and is not kept back by one; the suppression list holds. The same `request_id` again is the
    same notice.
    """

    service: ClassVar[str] = "notifications"
    reply: ClassVar = Mailing
    request_id: str
    contact_id: str = ""
    name: Annotated[str, Personal] = ""
    address: Annotated[str, Personal, Field(min_length=3, max_length=320)]
    subject: Annotated[str, Personal, Field(min_length=1, max_length=200)]
    body: Annotated[str, Personal, Field(min_length=1, max_length=20_000)]
    by: str = "system"


class Preview(Value):
    """A message as one person would get it."""

    subject: Annotated[str, Personal]
    html: Annotated[str, Personal]
    text: Annotated[str, Personal]
    fields: tuple[str, ...]
    """Merge fields that nobody fills in: they stay empty, or show their default."""


class PreviewMailing(Request[Preview]):
    """What a draft or a mailing looks like to somebody of this name."""

    service: ClassVar[str] = "notifications"
    reply: ClassVar = Preview
    mailing_id: str
    name: Annotated[str, Personal, Field(max_length=200)] = "Mary Okafor"


class SendTest(Request[Mailing]):
    """Send a mailing to one address to see it arrive. The same `request_id` again is the same message."""

    service: ClassVar[str] = "notifications"
    reply: ClassVar = Mailing
    request_id: str
    mailing_id: str
    address: Annotated[str, Personal, Field(min_length=3, max_length=320)]
    by: str = "staff"
