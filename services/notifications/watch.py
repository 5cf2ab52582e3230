"""What a sender must know before each message: which mailings run, and who has withdrawn since.

It is read anew four times a second. When that fails, or when the service that consumes withdrawals is not up to date,
the sender knows too little to send anything: it waits.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from services.notifications.domain import CANCELLED, CHANNEL, Addressee
from services.notifications.repository import OVERLAP, Mailings, Withdrawal
from shared.contracts.notifications import Mailing
from shared.logs import get_logger

log = get_logger()
EVERY = 0.25
"""Seconds between two looks."""
CURRENT = 0.6
"""Seconds after which what was read is too old to send a mailing by."""
_LONG_AGO = timedelta(minutes=10)


class Watch:
    """Read by the sessions before each message. `is_current_elsewhere`: whether withdrawals arrive in the store."""

    def __init__(self, mailings: Mailings, is_current_elsewhere: Callable[[], bool] = lambda: True) -> None:
        self._mailings = mailings
        self._is_current_elsewhere = is_current_elsewhere
        self._withdrawals: dict[str, list[Withdrawal]] = defaultdict(list)
        self._seen: set[str] = set()
        self._lock = threading.Lock()
        self._suppressed: set[str] = set()
        self._read_until: datetime | None = None
        self._complete_since: datetime | None = None
        self._at = 0.0
        self._current_elsewhere_at = 0.0
        self.unfinished: list[Mailing] = []
        self._by_id: dict[str, Mailing] = {}

    def refresh(self) -> None:
        """Read what is new. Raises when the store does not answer."""
        with self._lock:
            self._refresh()

    def _refresh(self) -> None:
        began, now = time.monotonic(), datetime.now(UTC)
        unfinished = self._mailings.unfinished()
        if unfinished:
            self._read(self._begin(_oldest(unfinished, now)))
        else:
            self._forget(now)
        self._read_until = now
        self.unfinished, self._by_id = unfinished, {each.mailing_id: each for each in unfinished}
        self._at = began
        if any(each.lane == "bulk" and each.state == "sending" for each in unfinished):
            self._look_elsewhere(began)

    def _read(self, since: datetime) -> None:
        for each in self._mailings.withdrawals_since(since):
            if each.consent_id not in self._seen:
                self._seen.add(each.consent_id)
                self._withdrawals[each.contact_id].append(each)
        self._suppressed.update(self._mailings.suppressions_since(since))

    def _begin(self, oldest: datetime) -> datetime:
        """Since when to read: what is new, or longer back for a mailing that is older than what is remembered."""
        if self._read_until and self._complete_since and oldest >= self._complete_since:
            return self._read_until - OVERLAP
        self._complete_since = oldest
        return oldest

    def active(self, lane: str) -> list[Mailing]:
        """Mailings with recipients to be dealt with: those that are being sent, and cancelled ones to be settled."""
        return [
            each
            for each in self.unfinished
            if each.lane == lane and each.frozen_at and each.state in ("sending", "cancelled")
        ]

    def is_running(self, mailing: Mailing) -> bool:
        """Whether recipients of the mailing are still to be dealt with."""
        now = self._by_id.get(mailing.mailing_id)
        return now is not None and now.state in ("sending", "cancelled")

    def is_current(self, mailing: Mailing) -> bool:
        """Whether what is known is new enough to send by; a notice is not kept back by a withdrawal."""
        oldest = time.monotonic() - CURRENT
        return mailing.lane == "urgent" or (self._at > oldest and self._current_elsewhere_at > oldest)

    def rule_against(self, mailing: Mailing, who: Addressee) -> str:
        """Why a message must not be sent now; empty when it may."""
        if who.rule:
            return who.rule
        if who.address in self._suppressed:
            return "suppression_list"
        if mailing.lane == "urgent":
            return ""
        now = self._by_id.get(mailing.mailing_id)
        if now is not None and now.state == "cancelled":
            return CANCELLED
        withdrawn = self._withdrawals.get(who.contact_id)
        return "withdrawn" if withdrawn and any(_stands_against(each, mailing) for each in withdrawn) else ""

    def _look_elsewhere(self, at: float) -> None:
        if self._is_current_elsewhere():
            self._current_elsewhere_at = at

    def _forget(self, now: datetime) -> None:
        """Nothing is under way: who withdrew before is known to whoever freezes the next audience."""
        for contact_id in [key for key, each in self._withdrawals.items() if each[-1].known_at < now - _LONG_AGO]:
            self._seen -= {each.consent_id for each in self._withdrawals.pop(contact_id)}
        self._suppressed.clear()
        self._complete_since = now


def _stands_against(withdrawal: Withdrawal, mailing: Mailing) -> bool:
    """What was withdrawn before the audience was looked up has been heeded there, or was given again."""
    return (
        withdrawal.purpose in (mailing.draft.purpose, "*")
        and withdrawal.channel in (CHANNEL, "*")
        and (mailing.started_at is None or withdrawal.known_at >= mailing.started_at)
    )


def _oldest(unfinished: list[Mailing], now: datetime) -> datetime:
    return min([each.started_at for each in unfinished if each.started_at], default=now) - OVERLAP
