"""What makes a mailing an invitation to a survey, or a reminder of one. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from services.notifications.domain import Addressee
from services.notifications.skeleton import fields
from shared.contracts.notifications import LedgerLine, Mailing, MailingDraft
from shared.errors import Conflict, Invalid

LINK = "survey_link"
"""The merge field that is each recipient's own link."""
ANSWERED = "answered"
"""The rule that keeps a reminder back."""
FEWEST = 5
"""So many must have answered an anonymous survey before a reminder of it tells who has not."""
NO_SURVEY = (
    "The text has {survey_link}, and no survey is chosen. Choose the survey that it invites to, or take that out."
)
NO_FIELD = (
    "The text has no {survey_link}, so nobody could answer. Write it where each recipient’s own link is to stand."
)
IN_SUBJECT = "A link cannot stand in the subject. Write {survey_link} in the text instead."
NOT_TO_ALL = "An invitation cannot stand in the archive: its link is each reader’s own."
NOTHING_TO_REMIND_OF = "Choose the survey that it reminds of."
NOT_OPEN = "The survey “{title}” is not open. Open it first, or send the mailing later."
TOO_FEW = (
    "Fewer than five people have answered this anonymous survey since the last reminder, and whoever gets no reminder "
    "could be connected with their answers. Wait until more have answered, or send the invitation to everybody again."
)


def check(draft: MailingDraft) -> None:
    """Raises Invalid, with what to do, when text and survey do not fit together."""
    if LINK in fields(draft.subject):
        raise Invalid(IN_SUBJECT)
    if draft.survey_id and LINK not in fields(draft.body):
        raise Invalid(NO_FIELD)
    if draft.survey_id and draft.public:
        raise Invalid(NOT_TO_ALL)
    if not draft.survey_id and LINK in fields(draft.body):
        raise Invalid(NO_SURVEY)
    if not draft.survey_id and (draft.unanswered_only or draft.reminder_of):
        raise Invalid(NOTHING_TO_REMIND_OF)


def is_reminder(mailing: Mailing) -> bool:
    """Whether nobody who has answered may get it; a test of one goes to whoever it is sent to."""
    return mailing.draft.unanswered_only and mailing.lane == "bulk"


def sample_link(public_url: str, survey_id: str) -> str:
    """What stands for somebody's own link in previews and tests: staff see the survey there, and cannot answer it."""
    return f"{public_url}/surveys/{survey_id}/preview"


def link(who: Addressee, key: str | None, has_answered: bool) -> Addressee:
    """The recipient with a key of their own, or with what keeps the message back."""
    if who.rule:
        return who
    if has_answered:
        return replace(who, rule=ANSWERED)
    return replace(who, key=key) if key else replace(who, rule="no_link")


def was_reached(line: LedgerLine | None) -> bool:
    """Whether the recipient has the message, or may have it."""
    return line is not None and (line.state in ("sent", "uncertain") or line.was is not None)


def answered_since(
    answered: Iterable[str], lines: Mapping[tuple[str, str], LedgerLine], earlier: list[str]
) -> Counter[str]:
    """How many have answered since each earlier reminder that reached them last, or before any did.

    answered: contacts; lines: of the earlier reminders, which come in their order. Whoever an earlier reminder left out
    had answered by then.
    """
    found = Counter[str]()
    for contact_id in answered:
        theirs = [(each, lines[each, contact_id]) for each in earlier if (each, contact_id) in lines]
        if not any(line.rule == ANSWERED for _, line in theirs):
            found[next((each for each, line in reversed(theirs) if was_reached(line)), "")] += 1
    return found


def check_enough(since: Counter[str]) -> None:
    """Raises Conflict when a reminder of an anonymous survey would set apart fewer than five who have answered."""
    if min(since.values(), default=0) < FEWEST:
        raise Conflict(TOO_FEW)
