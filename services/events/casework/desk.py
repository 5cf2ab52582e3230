"""Carries out what staff decide about cases, and lists them."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from services.events.casework import domain
from services.events.casework.store import Cases, Place
from services.events.ingestion import SOURCE
from services.events.repository import Engagements
from shared.contracts.base import Envelope, Event
from shared.contracts.case_lists import CaseList, CaseSummary, ListCases
from shared.contracts.cases import (
    HANDLED,
    AnswerCase,
    AssignCase,
    Case,
    CloseCase,
    EndFollowUp,
    Handled,
    NoteFollowUp,
    OpenCase,
    ReopenCase,
    Told,
    When,
)
from shared.contracts.contacts import GetContact
from shared.contracts.deliveries import GetDelivery
from shared.contracts.events import WEBSITE, Engagement, EngagementRecorded
from shared.contracts.waiting import Pile
from shared.errors import Conflict, Invalid, NotFound, Unavailable
from shared.logs import correlation_id
from shared.messaging import Bus

NO_ENGAGEMENT = "There is no such engagement, or your role does not let you see it."
NO_CASE = "Nobody has taken this on yet. Open its page and take it on first."
CHANGED_MEANWHILE = "Somebody else changed this case in the meantime. Look at it again, then decide."
NO_ADDRESS = "We have no e-mail address of this person. Answer in another way, and say below how."
LOST = ("bounced", "suppressed", "failed")
"""States of a message that did not reach anybody."""
COUNTED = 1_000
"""Cases that are not closed and are looked through, the first to be due first."""
WINDOW = 100
WINDOWS = 20
"""Windows of closed cases that one page is looked for in."""
PILES: dict[str, When] = {"overdue": "overdue", "due": "week", "follow_ups": "follow_up"}
"""What waits for an owner: the sort of a pile, and the list that it is."""
Step = Callable[[Engagement, Case], tuple[Case, Event | None]]


class CaseDesk:
    """Cases as staff see them. `bus` reaches contacts and notifications."""

    def __init__(self, repository: Engagements, bus: Bus) -> None:
        self._repository = repository
        self._bus = bus

    @property
    def _cases(self) -> Cases:
        return self._repository.cases

    def handled(self, engagement_id: str, sensitive: bool) -> Handled:
        engagement = self._engagement(engagement_id, sensitive)
        case = self._cases.find(engagement_id)
        photographs = tuple(self._repository.photographs.of(engagement_id))
        handled = Handled(engagement=engagement, case=case, photographs=photographs)
        if case is None or case.answer is None or not case.answer.notice_id:
            return handled
        try:
            asked = GetDelivery(request_id=case.answer.notice_id, contact_id=case.answer.sent_to)
            found = self._bus.call(asked)
        except Unavailable:
            return handled.model_copy(update={"delivery": "unknown"})
        state = "waiting" if found.state == "unknown" else found.state
        return handled.model_copy(update={"delivery": state, "delivery_reason": found.reason})

    def open(self, asked: OpenCase, at: datetime) -> Case:
        engagement = self._engagement(asked.engagement_id, asked.sensitive)
        standing = self._cases.find(asked.engagement_id)
        if standing is None:
            case, event = domain.open_case(engagement, asked, at)
            self._cases.open(case, _envelope(case, event))
            standing = self._cases.find(asked.engagement_id)
        if standing is None:
            raise NotFound(NO_ENGAGEMENT)
        return standing

    def open_from_website(self, recorded: Sequence[Envelope[Event]]) -> None:
        """What people send with our public forms waits for an answer at once; the same again changes nothing."""
        for each in recorded:
            if isinstance(each.data, EngagementRecorded) and each.data.engagement.partner == WEBSITE:
                engagement = each.data.engagement
                if engagement.kind in HANDLED:
                    asked = OpenCase(engagement_id=engagement.engagement_id, by="website")
                    case, event = domain.open_case(engagement, asked, engagement.recorded_at)
                    self._cases.open(case, _envelope(case, event))

    def assign(self, asked: AssignCase, at: datetime) -> Case:
        return self._step(asked, lambda engagement, case: domain.assign(engagement, case, asked, at))

    def answer(self, asked: AnswerCase, at: datetime) -> Case:
        def step(engagement: Engagement, case: Case) -> tuple[Case, Event]:
            if not asked.send_to:
                return domain.answer(engagement, case, asked, at)
            name = self._name_of_reachable(engagement, asked.send_to)
            named = asked.model_copy(update={"to": asked.to or name[:200]})
            return domain.answer(engagement, case, named, at, self._arrived(domain.told_before(case, asked)))

        return self._step(asked, step)

    def close(self, asked: CloseCase, at: datetime) -> Case:
        return self._step(asked, lambda engagement, case: domain.close(engagement, case, asked, at))

    def reopen(self, asked: ReopenCase, at: datetime) -> Case:
        return self._step(asked, lambda engagement, case: domain.reopen(engagement, case, asked, at))

    def note(self, asked: NoteFollowUp, at: datetime) -> Case:
        return self._step(asked, lambda engagement, case: domain.note(engagement, case, asked, at))

    def end_note(self, asked: EndFollowUp, at: datetime) -> Case:
        return self._step(asked, lambda _, case: (domain.end_note(case, asked.request_id, asked.number, at), None))

    def page(self, asked: ListCases, at: datetime) -> CaseList:
        if asked.when == "closed":
            return self._closed(asked, at)
        today, places = domain.local_day(at), self._cases.live(COUNTED)
        found = [domain.summary(each.engagement, each.case, today) for each in places if _is_asked(each, asked)]
        page = domain.listed(found, asked.when, today, len(places) == COUNTED)
        left = [each for each in page.items if not asked.cursor or _cursor(each) > asked.cursor]
        more = _cursor(left[asked.limit - 1]) if len(left) > asked.limit else None
        return page.model_copy(update={"items": tuple(left[: asked.limit]), "next_cursor": more})

    def piles(self, at: datetime) -> list[Pile]:
        """What waits: of each owner, and what nobody has taken on yet."""
        today = domain.local_day(at)
        found = [domain.summary(each.engagement, each.case, today) for each in self._cases.live(COUNTED)]
        piles = [
            _pile(sort, [each for each in found if each.owner_id == owner and domain.fits(each, when, today)], owner)
            for owner in sorted({each.owner_id for each in found if each.owner_id})
            for sort, when in PILES.items()
        ]
        unowned = [each for each in found if not each.owner_id]
        piles.append(_pile("unowned", [each for each in unowned if not each.sensitive]))
        return [*piles, _pile("unowned_restricted", [each for each in unowned if each.sensitive])]

    def tell_late(self, at: datetime) -> None:
        """Each case that was left unanswered is told of once; whoever else is faster tells of it."""
        for each in self._cases.live(COUNTED):
            if domain.is_late(each.case, at):
                following, event = domain.tell_late(each.engagement, each.case, at)
                self._cases.replace(following, _envelope(following, event))

    def _closed(self, asked: ListCases, at: datetime) -> CaseList:
        today, found = domain.local_day(at), list[CaseSummary]()
        cursor = asked.cursor
        for _ in range(WINDOWS):
            window = self._cases.closed(WINDOW, cursor)
            for each in window:
                if len(found) == asked.limit:
                    return CaseList(items=tuple(found), counts={}, next_cursor=cursor)
                cursor = each.order
                if _is_asked(each, asked):
                    found.append(domain.summary(each.engagement, each.case, today))
            if len(window) < WINDOW:
                return CaseList(items=tuple(found), counts={})
        return CaseList(items=tuple(found), counts={}, next_cursor=cursor)

    def _step(self, asked: Any, step: Step) -> Case:
        engagement = self._engagement(asked.engagement_id, asked.sensitive)
        standing = self._cases.find(asked.engagement_id)
        if standing is None:
            raise NotFound(NO_CASE)
        if asked.request_id in standing.requests:
            return standing
        if asked.version != standing.version:
            raise Conflict(CHANGED_MEANWHILE)
        following, event = step(engagement, standing)
        if not self._cases.replace(following, _envelope(following, event) if event else None):
            raise Conflict(CHANGED_MEANWHILE)
        return following

    def _engagement(self, engagement_id: str, sensitive: bool) -> Engagement:
        known = self._repository.find([engagement_id]).get(engagement_id)
        if known is None or (known.engagement.sensitive and not sensitive):
            raise NotFound(NO_ENGAGEMENT)
        return known.engagement

    def _arrived(self, told: Told | None) -> Told | None:
        """What they were sent, unless it is known not to have reached them: then it may be sent again."""
        if told is None:
            return None
        try:
            found = self._bus.call(GetDelivery(request_id=told.notice_id, contact_id=told.sent_to))
        except Unavailable:
            return told
        return None if found.state in LOST else told

    def _name_of_reachable(self, engagement: Engagement, contact_id: str) -> str:
        if contact_id not in engagement.contact_ids():
            raise Invalid("Only somebody who took part can be answered from here.")
        contact = self._bus.call(GetContact(contact_id=contact_id))
        if not any(each.scheme == "email" for each in contact.identifiers):
            raise Invalid(NO_ADDRESS)
        return contact.name


def _envelope(case: Case, event: Event) -> Envelope[Event]:
    return Envelope(event, SOURCE, case.engagement_id, case.version, correlation_id())


def _is_asked(place: Place, asked: ListCases) -> bool:
    if place.engagement.sensitive and not asked.sensitive:
        return False
    if asked.owner_id and place.case.owner_id != asked.owner_id:
        return False
    return not asked.kind or place.engagement.kind in asked.kind


def _cursor(each: CaseSummary) -> str:
    return f"{each.due_on}:{each.engagement_id}"


def _pile(sort: str, found: list[CaseSummary], owner: str = "") -> Pile:
    only = found[0].engagement_id if len(found) == 1 else ""
    return Pile(sort=sort, count=len(found), only=only, owner=owner)
