"""What needs somebody today: counted by the services that own it, told to whoever may see to it."""

import asyncio
import time
from dataclasses import dataclass
from typing import NamedTuple

from services.web.words import counted
from shared.contracts.waiting import CountWaiting, Pile
from shared.messaging import AsyncBus
from shared.system.gather import Reporter, answer_of

SERVICES = ("contacts", "events", "notifications", "surveys")
KEEP_SECONDS = 2.0
"""Counts are good for so long, however many ask."""


class Sort(NamedTuple):
    """Work of one sort: who may do it, where, and how it is said of one and of many."""

    permission: str
    href: str
    one: str
    many: str
    only_href: str = ""
    """Where the one leads that is the only one of its sort."""
    is_news: bool = False
    """It goes on by itself: good to know, and nothing to do."""


SORTS = {
    "erasures": Sort("contacts:erase", "/erasures", "person asks to be erased", "people ask to be erased"),
    "paused": Sort("mailings:send", "/mailings", "mailing is paused", "mailings are paused", "/mailings/{}"),
    "quarantine": Sort(
        "quarantine:write",
        "/quarantine",
        "event of partners could not be recorded and waits for a decision",
        "events of partners could not be recorded and wait for a decision",
    ),
    "overdue": Sort(
        "cases:write",
        "/cases?when=overdue",
        "question or complaint of yours is overdue",
        "questions and complaints of yours are overdue",
        "/engagements/{}#case",
    ),
    "unowned": Sort(
        "cases:write",
        "/cases?owner=all&when=unowned",
        "question or complaint has nobody who sees to it",
        "questions and complaints have nobody who sees to them",
        "/engagements/{}#case",
    ),
    "unowned_restricted": Sort(
        "history:sensitive",
        "/cases?owner=all&when=unowned",
        "restricted case has nobody who sees to it",
        "restricted cases have nobody who sees to them",
        "/engagements/{}#case",
    ),
    "due": Sort(
        "cases:write",
        "/cases?when=week",
        "question or complaint of yours is due within a week",
        "questions and complaints of yours are due within a week",
        "/engagements/{}#case",
    ),
    "follow_ups": Sort(
        "cases:write",
        "/cases?when=follow_up",
        "note of yours is due",
        "notes of yours are due",
        "/engagements/{}#case",
    ),
    "parked": Sort(
        "system:read",
        "/status",
        "message could not be dealt with and is parked",
        "messages could not be dealt with and are parked",
    ),
    "imports": Sort(
        "contacts:import", "/imports", "import is to be checked", "imports are to be checked", "/imports/{}"
    ),
    "unheard": Sort(
        "consultations:write",
        "/consultations/desk?state=open",
        "open consultation in which somebody is missing",
        "open consultations in which somebody is missing",
        "/consultations/desk/{}",
    ),
    "unanswered": Sort(
        "consultations:write",
        "/consultations/desk?state=published",
        "consultation has contributions that were never answered",
        "consultations have contributions that were never answered",
        "/consultations/desk/{}/contributions?answered=no",
    ),
    "duplicates": Sort(
        "contacts:write",
        "/contacts/duplicates",
        "pair of contacts may be the same",
        "pairs of contacts may be the same",
    ),
    "approvals": Sort(
        "mailings:send",
        "/mailings",
        "issue of a newsletter waits for approval",
        "issues of newsletters wait for approval",
        "/mailings/{}",
    ),
    "drafts": Sort("mailings:write", "/mailings", "mailing is a draft", "mailings are drafts", "/mailings/{}"),
    "sending": Sort(
        "mailings:read", "/mailings", "mailing is being sent", "mailings are being sent", "/mailings/{}", is_news=True
    ),
    "scheduled": Sort(
        "mailings:read", "/mailings", "mailing is scheduled", "mailings are scheduled", "/mailings/{}", is_news=True
    ),
    "asked": Sort(
        "consultations:read",
        "/consultations/desk?state=open",
        "consultation is open",
        "consultations are open",
        "/consultations/desk/{}",
        is_news=True,
    ),
}
"""Every sort of work, what hurries most first."""


@dataclass(frozen=True, slots=True)
class Task:
    """One line of the first page."""

    href: str
    number: str
    words: str
    is_news: bool


class Board:
    """Asks the services together, at most once in `KEEP_SECONDS`; one that does not answer is named."""

    def __init__(self, bus: AsyncBus, reporter: Reporter) -> None:
        self._bus = bus
        self._reporter = reporter
        self._lock = asyncio.Lock()
        self._piles: dict[tuple[str, str], Pile] = {}
        self._silent: tuple[str, ...] = ()
        self._until = 0.0

    async def tasks(self, permissions: frozenset[str], own: str = "") -> tuple[list[Task], tuple[str, ...]]:
        """(what waits for somebody who may do this and has that account, services that cannot be asked)"""
        async with self._lock:
            if time.monotonic() > self._until:
                await self._count()
                self._until = time.monotonic() + KEEP_SECONDS
        piles = {sort: pile for (sort, owner), pile in self._piles.items() if owner in ("", own)}
        if "system:read" in permissions:
            parked = sum(each.depth for each in (await self._reporter.report()).parked)
            piles |= {"parked": Pile(sort="parked", count=parked)} if parked else {}
        mine = {each.permission for each in SORTS.values()} & permissions
        found = [_task(sort, piles[name]) for name, sort in SORTS.items() if name in piles and sort.permission in mine]
        return found, self._silent

    async def _count(self) -> None:
        answers = await asyncio.gather(*(answer_of(self._bus.call(CountWaiting(service=each))) for each in SERVICES))
        self._silent = tuple(name for name, answer in zip(SERVICES, answers, strict=True) if answer is None)
        piles = [pile for answer in answers if answer is not None for pile in answer.piles]
        self._piles = {(pile.sort, pile.owner): pile for pile in piles}


def _task(sort: Sort, pile: Pile) -> Task:
    number, _, words = counted(pile.count, sort.one, sort.many).partition(" ")
    href = sort.only_href.format(pile.only) if pile.only and sort.only_href else sort.href
    return Task(href, f"{number} or more" if pile.is_least else number, words, sort.is_news)
