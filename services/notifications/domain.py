"""How a mailing goes from draft to sent, and what the answer of a mail server means. Pure: time is passed in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.notifications.skeleton import told_to_all
from shared.contracts.consent import Recipient
from shared.contracts.contacts import ERASED_NAME
from shared.contracts.erasure import Traces
from shared.contracts.notifications import (
    Counts,
    EndState,
    Mailing,
    MailingDraft,
    MailingFinished,
    MailingStarted,
    MessagesFailed,
    MessagesSent,
    UndeliveredMessage,
)
from shared.errors import Conflict, Invalid

CHUNK = 500
"""Recipients that are claimed, journaled and put into the ledger together, at most."""
SMALLEST_CHUNK = 20
TRY_AGAIN = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=20), timedelta(hours=1), timedelta(hours=4))
"""Waits after a mail server's “not now” (4xx); after the last the message has failed."""
CHANNEL = "email"
CANCELLED = "cancelled"


# -- mailings ---------------------------------------------------------------------------------------


def draft(mailing_id: str, content: MailingDraft, at: datetime, by: str) -> Mailing:
    return Mailing(
        mailing_id=mailing_id, version=1, state="draft", draft=content, created_by=by, created_at=at, changed_at=at
    )


def change(mailing: Mailing, content: MailingDraft, at: datetime) -> Mailing:
    """The draft with other content; what is on its way cannot be changed any more."""
    _check_state(mailing, "changed", "draft")
    return _next(mailing, at, draft=content)


def schedule(mailing: Mailing, when: datetime | None, at: datetime) -> Mailing:
    """To be sent at `when`, or now."""
    _check_state(mailing, "sent", "draft", "scheduled")
    if when is not None and when < at - timedelta(minutes=5):
        raise Invalid("The time to send is in the past. Choose a later one, or send it now.")
    return _next(mailing, at, state="scheduled", scheduled_at=when or at, problem="")


def is_due(mailing: Mailing, at: datetime) -> bool:
    """Whether its audience is to be frozen: its time has come, or a freezing was interrupted."""
    if mailing.state == "sending":
        return mailing.frozen_at is None
    return mailing.state == "scheduled" and mailing.scheduled_at is not None and mailing.scheduled_at <= at


def begin(mailing: Mailing, at: datetime) -> Mailing:
    """The audience is being frozen, under a number of its own."""
    return _next(
        mailing, at, state="sending", started_at=mailing.started_at or at, audience=mailing.audience + 1, frozen_at=None
    )


def freeze(mailing: Mailing, recipients: int, at: datetime) -> tuple[Mailing, MailingStarted]:
    """The audience stands; sending begins."""
    frozen = _next(mailing, at, frozen_at=at, recipients=recipients)
    return frozen, MailingStarted(mailing=frozen)


def give_back(mailing: Mailing, problem: str, at: datetime) -> Mailing:
    """It cannot be sent as it stands, for a reason that somebody has to see to: a draft again, with the reason."""
    return _next(mailing, at, state="draft", scheduled_at=None, started_at=None, problem=problem)


def pause(mailing: Mailing, at: datetime) -> Mailing:
    _check_state(mailing, "paused", "sending")
    if mailing.frozen_at is None:
        raise Conflict("Its recipients are being looked up at this moment. Try again in a minute.")
    return _next(mailing, at, state="paused")


def resume(mailing: Mailing, at: datetime) -> Mailing:
    _check_state(mailing, "resumed", "paused")
    return _next(mailing, at, state="sending")


def cancel(mailing: Mailing, at: datetime) -> Mailing:
    """Nobody is sent anything any more. One that has an audience is finished when each recipient has an end state."""
    _check_state(mailing, "cancelled", "draft", "scheduled", "sending", "paused")
    has_audience = mailing.frozen_at is not None
    return _next(mailing, at, state="cancelled", **({} if has_audience else {"finished_at": at, "recipients": 0}))


def is_archived(mailing: Mailing) -> bool:
    """Whether everybody may read it: whoever gets it can follow its link to the archive from the first minute."""
    return mailing.draft.public and mailing.frozen_at is not None and mailing.lane == "bulk"


def show_in_archive(mailing: Mailing, shown: bool, at: datetime) -> Mailing:
    if mailing.frozen_at is None or mailing.lane != "bulk":
        raise Conflict("Only what is being sent or was sent stands in the archive.")
    return _next(mailing, at, draft=mailing.draft.model_copy(update={"public": shown}))


def finish(mailing: Mailing, counts: Counts, at: datetime) -> tuple[Mailing, MailingFinished]:
    """Every recipient has an end state."""
    state = "cancelled" if mailing.state == "cancelled" else "sent"
    finished = _next(mailing, at, state=state, finished_at=at)
    return finished, MailingFinished(mailing=finished, counts=counts)


def notice(mailing_id: str, content: MailingDraft, at: datetime, by: str) -> Mailing:
    """A message to one person, with an audience from the start."""
    return Mailing(
        mailing_id=mailing_id,
        version=1,
        state="sending",
        draft=content,
        lane="urgent",
        scheduled_at=at,
        started_at=at,
        frozen_at=at,
        recipients=1,
        created_by=by,
        created_at=at,
        changed_at=at,
    )


EMPTIED = "(no longer kept)"
"""Subject and text of a notice that is long over."""


def says_something(mailing: Mailing) -> bool:
    """Whether it is a notice that has come to its end, and is still kept with what it said."""
    return mailing.lane == "urgent" and mailing.finished_at is not None and mailing.draft.body != EMPTIED


def empty(notice: Mailing) -> Mailing:
    """The notice without what it said; by which template, and of which survey, stays."""
    draft = notice.draft.model_copy(update={"subject": EMPTIED, "body": EMPTIED})
    return notice.model_copy(update={"version": notice.version + 1, "draft": draft})


def is_announced(mailing: Mailing) -> bool:
    """Whether it is a mailing that somebody wrote: not a notice, and not what a rule has sent."""
    return mailing.lane == "bulk" and not mailing.rule_id


def _next(mailing: Mailing, at: datetime, **fields: object) -> Mailing:
    return mailing.model_copy(update={"version": mailing.version + 1, "changed_at": at, **fields})


def _check_state(mailing: Mailing, what: str, *states: str) -> None:
    if mailing.state not in states:
        raise Conflict(f"This mailing is {mailing.state}: it cannot be {what}.")


# -- audience ---------------------------------------------------------------------------------------


def chunk_size(recipients: int, sessions: int) -> int:
    """So many recipients to a chunk that a small audience keeps every session at work too."""
    return max(SMALLEST_CHUNK, min(CHUNK, -(-recipients // max(1, sessions))))


HELD = "A sender is at work on a part of an audience that the person is in. The erasure goes on when it is done."


@dataclass(frozen=True, slots=True)
class Addressee:
    """One recipient in a frozen audience."""

    contact_id: str
    name: str
    address: str
    consent_id: str | None = None
    rule: str = ""
    """Why nothing is sent to it; empty when something is."""
    key: str = field(default="", repr=False)
    """Of the recipient's own link to the survey that the mailing invites to."""


def addressee(recipient: Recipient, suppressed: frozenset[str] | set[str]) -> Addressee:
    """A member of the segment with the rule that keeps its message back, if one does. The strictest wins."""
    address = recipient.address or ""
    rule = recipient.reason or ("" if recipient.consent_id else "no_consent")
    if not rule and not address:
        rule = "no_address"
    if not rule and address in suppressed:
        rule = "suppression_list"
    return Addressee(recipient.contact_id, recipient.name, address, recipient.consent_id, rule)


def without(who: Addressee, traces: Traces) -> Addressee:
    """A recipient without name and address, if it is somebody who is erased."""
    if who.contact_id in traces.contact_ids or who.address in traces.emails:
        return Addressee(who.contact_id, ERASED_NAME, "", who.consent_id, who.rule or "erased")
    return who


def nameless(who: Addressee) -> Addressee:
    """Which contact a message went to, and why it might; not under which name and address."""
    return Addressee(who.contact_id, who.name if who.name == ERASED_NAME else "", "", who.consent_id, who.rule)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A part of an audience as a sender claims it."""

    chunk_id: str
    mailing_id: str
    number: int
    version: int
    size: int
    owner: str = ""
    session: str = ""
    """Of the owner: it works on one chunk at a time."""
    boot: str = ""
    """Of the machine when it was claimed: after another boot the journal may lack what was not on the disk."""
    told: int = 0
    """Lines of the journal whose end states stand in the ledger and whose events wait to be published."""
    tries: Mapping[int, int] = field(default_factory=dict)
    """Place in the chunk -> how often the mail server said “not now”."""
    is_fresh: bool = True
    """False: it was claimed before, so the ledger may know some of its recipients."""


# -- outcomes ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the recipient at `place` of a chunk."""

    place: int
    state: EndState
    detail: str = ""
    """The rule of one that is suppressed, the reason of one that failed."""


def verdict(code: int) -> str:
    """What a reply means for the message: `sent`, `later` or `failed`."""
    if 200 <= code < 300:
        return "sent"
    return "failed" if 500 <= code < 600 else "later"


def next_try(tries: int) -> timedelta | None:
    """How long to wait after the given number of tries; None when there will be no other."""
    return TRY_AGAIN[tries - 1] if tries <= len(TRY_AGAIN) else None


def about(mailing: Mailing) -> dict[str, str]:
    """What every event about messages of a mailing says of it."""
    return {
        "mailing_id": mailing.mailing_id,
        "subject": told_to_all(mailing.draft.subject),
        "purpose": "notice" if mailing.lane == "urgent" else mailing.draft.purpose,
        "channel": CHANNEL,
    }


def tell(
    mailing: Mailing, settled: list[tuple[Addressee, Outcome]], at: datetime
) -> tuple[MessagesSent | None, MessagesFailed | None]:
    """The events of outcomes that the ledger holds; what was suppressed is in the ledger only."""
    sent = [who for who, outcome in settled if outcome.state == "sent" and who.contact_id]
    failed = [
        UndeliveredMessage(contact_id=who.contact_id, state=outcome.state, reason=outcome.detail)
        for who, outcome in settled
        if (outcome.state in ("failed", "bounced", "uncertain")) and who.contact_id
    ]
    said = about(mailing)
    return (
        MessagesSent(
            **said,
            sent_at=at,
            contact_ids=tuple(who.contact_id for who in sent),
            consent_ids=tuple(who.consent_id for who in sent),
            outcome_of=mailing.outcome_of,
            survey_id=mailing.draft.survey_id,
            survey_title=mailing.draft.survey_title,
            is_reminder=mailing.draft.unanswered_only,
        )
        if sent
        else None,
        MessagesFailed(**said, at=at, messages=tuple(failed)) if failed else None,
    )
