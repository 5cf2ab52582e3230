"""How a case goes from taken on to done with. Pure: time is passed in; what changes something returns its event."""

from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from services.events.casework.working_days import add_working_days
from shared.contracts.case_lists import CaseList, CaseSummary
from shared.contracts.cases import (
    HANDLED,
    Answer,
    AnswerCase,
    AssignCase,
    Case,
    CaseAnswered,
    CaseAssigned,
    CaseClosed,
    CaseLeftUnanswered,
    CaseNoted,
    CaseOpened,
    CaseReopened,
    CloseCase,
    FollowUp,
    NoteFollowUp,
    OpenCase,
    Outcome,
    ReopenCase,
    Reopening,
    Told,
    When,
)
from shared.contracts.events import Engagement
from shared.errors import Conflict, Invalid

LONDON = ZoneInfo("Europe/London")
WORKING_DAYS = {
    "enquiry": 3,  # a PALS enquiry is meant to be settled while it is fresh: three days is what such offices promise
    "story": 5,  # nobody asked for anything, but whoever tells something hears that it has arrived
    "question": 10,  # time to ask whoever knows, and still before the board meets again
    "foi_request": 20,  # Freedom of Information Act 2000, section 10
    "complaint": 25,  # what bodies of the NHS plan for an investigation with a written answer
}
"""Days until an answer is due, by kind; whoever takes a case on may name another day."""
LATE = timedelta(days=7)
"""A case that is open for so long is told of as left unanswered."""
MOST_NOTES, MOST_REQUESTS = 100, 20
MOST_TOLD, MOST_REOPENINGS = 20, 20
WEEK = timedelta(days=7)


def local_day(at: datetime) -> date:
    """The day it is here."""
    return at.astimezone(LONDON).date()


def open_case(engagement: Engagement, asked: OpenCase, at: datetime) -> tuple[Case, CaseOpened]:
    """Invalid for an engagement that nobody expects an answer to."""
    if engagement.kind not in HANDLED:
        raise Invalid("Only enquiries, complaints, questions, stories and requests for information are handled.")
    due_on = asked.due_on or _due_on(engagement, at)
    case = Case(
        engagement_id=engagement.engagement_id,
        version=1,
        state="open",
        owner_id=asked.owner_id,
        owner=asked.owner,
        due_on=due_on,
        opened_at=at,
        opened_by=asked.by,
    )
    return case, CaseOpened(**_about(engagement, at, asked.by), owner=asked.owner, due_on=due_on)


def assign(engagement: Engagement, case: Case, asked: AssignCase, at: datetime) -> tuple[Case, CaseAssigned]:
    _check_not_closed(case)
    changed = {"owner_id": asked.owner_id, "owner": asked.owner, "due_on": asked.due_on}
    event = CaseAssigned(**_about(engagement, at, asked.by), owner=asked.owner, due_on=asked.due_on)
    return _next(case, asked.request_id, **changed), event


def answer(
    engagement: Engagement, case: Case, asked: AnswerCase, at: datetime, before: Told | None = None
) -> tuple[Case, CaseAnswered]:
    """The notice is named after the case's version, so that each answer is sent once.

    before: they were sent the same (`told_before`), and it has not come back.
    """
    _check_not_closed(case)
    mark = mark_of(asked.text)
    known = before is not None if asked.send_to else any(each.mark == mark for each in case.told)
    notice_id = before.notice_id if before else f"answer:{case.engagement_id}:{case.version + 1}"
    said = Answer(
        text=asked.text,
        how="email" if asked.send_to else asked.how,
        to=asked.to,
        sent_to=asked.send_to,
        notice_id=notice_id if asked.send_to else "",
        repeated=known,
        at=at,
        by=asked.by,
    )
    event = CaseAnswered(**_about(engagement, at, asked.by), answer=said)
    told = Told(mark=mark, sent_to=said.sent_to, notice_id=said.notice_id)
    kept = (*(each for each in case.told if each != told), told)[-MOST_TOLD:]
    return _next(case, asked.request_id, state="answered", answer=said, told=kept), event


def told_before(case: Case, asked: AnswerCase) -> Told | None:
    """When the same words were sent to the same person: the latest."""
    mark = mark_of(asked.text)
    same = [each for each in case.told if each.mark == mark and each.sent_to == asked.send_to]
    return same[-1] if same and asked.send_to else None


def mark_of(text: str) -> str:
    """The same for the same words, however they are spaced and written large."""
    return sha256(" ".join(text.split()).casefold().encode()).hexdigest()[:32]


def close(engagement: Engagement, case: Case, asked: CloseCase, at: datetime) -> tuple[Case, CaseClosed]:
    _check_not_closed(case)
    outcome = Outcome(result=asked.result, text=asked.text, at=at, by=asked.by)
    event = CaseClosed(**_about(engagement, at, asked.by), outcome=outcome)
    return _next(case, asked.request_id, state="closed", outcome=outcome), event


def reopen(engagement: Engagement, case: Case, asked: ReopenCase, at: datetime) -> tuple[Case, CaseReopened]:
    """It waits for an answer again. What it was closed with is kept with the reason."""
    if case.state != "closed":
        raise Conflict("This case is not closed.")
    due_on = asked.due_on or _due_on(engagement, at)
    again = Reopening(reason=asked.reason, due_on=due_on, at=at, by=asked.by, closed_with=case.outcome)
    kept = (*case.reopenings, again)[-MOST_REOPENINGS:]
    event = CaseReopened(**_about(engagement, at, asked.by), reopening=again)
    changed = {"state": "open", "outcome": None, "due_on": due_on, "reopenings": kept, "told_late_at": None}
    return _next(case, asked.request_id, **changed), event


def note(engagement: Engagement, case: Case, asked: NoteFollowUp, at: datetime) -> tuple[Case, CaseNoted]:
    if len(case.follow_ups) >= MOST_NOTES:
        raise Invalid(f"A case has up to {MOST_NOTES} notes. Log what has happened since as an engagement of its own.")
    number = len(case.follow_ups) + 1
    noted = FollowUp(number=number, note=asked.note, due_on=asked.due_on, at=at, by=asked.by)
    event = CaseNoted(**_about(engagement, at, asked.by), follow_up=noted)
    return _next(case, asked.request_id, follow_ups=(*case.follow_ups, noted)), event


def end_note(case: Case, request_id: str, number: int, at: datetime) -> Case:
    """Nobody has to be told: the note was to oneself."""
    left = tuple(
        each.model_copy(update={"done_at": each.done_at or at}) if each.number == number else each
        for each in case.follow_ups
    )
    return _next(case, request_id, follow_ups=left)


def is_late(case: Case, at: datetime) -> bool:
    """Whether it is to be told of as left unanswered."""
    return case.state == "open" and case.told_late_at is None and case.waits_since() <= at - LATE


def tell_late(engagement: Engagement, case: Case, at: datetime) -> tuple[Case, CaseLeftUnanswered]:
    event = CaseLeftUnanswered(**_about(engagement, at, "system"), opened_at=case.waits_since())
    return _next(case, "", told_late_at=at), event


# -- lists ------------------------------------------------------------------------------------------


def summary(engagement: Engagement, case: Case, today: date) -> CaseSummary:
    """A case as lists show it on a day."""
    return CaseSummary(
        engagement_id=case.engagement_id,
        kind=engagement.kind,
        title=engagement.title,
        who=next((each.name for each in engagement.participants if each.name), ""),
        sensitive=engagement.sensitive,
        state=case.state,
        owner_id=case.owner_id,
        owner=case.owner,
        due_on=case.due_on,
        opened_at=case.opened_at,
        answered_at=case.answer.at if case.answer else None,
        closed_at=case.outcome.at if case.outcome else None,
        follow_up_on=case.follow_up_due(),
        is_overdue=case.state == "open" and case.due_on < today,
    )


def fits(each: CaseSummary, when: When, today: date) -> bool:
    """Whether a case that is not closed stands in that list."""
    match when:
        case "overdue":
            return each.is_overdue
        case "week":
            return each.state == "open" and today <= each.due_on < today + WEEK
        case "unanswered":
            return each.state == "open"
        case "answered":
            return each.state == "answered"
        case "unowned":
            return not each.owner_id
        case "follow_up":
            return each.follow_up_on is not None and each.follow_up_on <= today
    return True


LISTS: tuple[When, ...] = ("", "overdue", "week", "unanswered", "answered", "unowned", "follow_up")


def listed(found: list[CaseSummary], when: When, today: date, is_least: bool) -> CaseList:
    """Those of the list, and how many stand in each of the others."""
    counts = {each: sum(fits(one, each, today) for one in found) for each in LISTS}
    items = tuple(each for each in found if fits(each, when, today))
    return CaseList(items=items, counts=counts, is_least=is_least)


def _due_on(engagement: Engagement, at: datetime) -> date:
    return add_working_days(local_day(at), WORKING_DAYS[engagement.kind])


def _about(engagement: Engagement, at: datetime, by: str) -> dict[str, Any]:
    return {
        "engagement_id": engagement.engagement_id,
        "kind": engagement.kind,
        "title": engagement.title,
        "contact_ids": engagement.contact_ids(),
        "locality": engagement.locality,
        "topics": engagement.topics,
        "sensitive": engagement.sensitive,
        "consultation_id": engagement.consultation_id,
        "at": at,
        "by": by,
    }


def _next(case: Case, request_id: str, **changed: object) -> Case:
    requests = (*case.requests, request_id)[-MOST_REQUESTS:] if request_id else case.requests
    return case.model_copy(update={"version": case.version + 1, "requests": requests, **changed})


def _check_not_closed(case: Case) -> None:
    if case.state == "closed":
        raise Conflict("This case is closed. Open it again, or note what is still to be done as a follow-up.")
