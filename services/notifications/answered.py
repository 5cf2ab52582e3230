"""What a sender must know before each reminder: who has answered the survey since.

Surveys is asked before a message whenever what it said is older than a quarter of a second; named and anonymous surveys
alike, for of the latter nothing is published. While it does not answer, or forms wait for it, nobody is reminded.
"""

import time
from collections.abc import Callable, Iterable

from services.notifications.invitations import is_reminder
from services.notifications.watch import CURRENT, EVERY
from shared.contracts.base import CheckHealth
from shared.contracts.notifications import Mailing
from shared.contracts.survey_links import FindAnswered
from shared.contracts.surveys import RESPONSES
from shared.errors import WellheardError
from shared.logs import get_logger
from shared.messaging import Bus

log = get_logger()
BEHIND_SECONDS = 2.0
"""What waits longer than that for its consumer keeps mailings back."""
SILENT_SECONDS = 2.0
"""How long reminders are let be, for other mailings, after surveys did not answer."""


def arrives(bus: Bus, service: str, queue: str) -> bool:
    """Whether what comes by a queue is stored by now, but for the last two seconds."""
    try:
        health = bus.call(CheckHealth(service=service), timeout=1.0)
    except WellheardError:
        return False
    mine = [each for each in health.consumers if each.queue == queue]
    return all(each.state == "running" and (each.oldest_seconds or 0) < BEHIND_SECONDS for each in mine)


class AskingSurveys:
    """Used by every session of a sender."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._silent_until = 0.0

    def is_silent(self) -> bool:
        """Whether it did not answer a moment ago."""
        return time.monotonic() < self._silent_until

    def answered(self, survey_id: str, contact_ids: Iterable[str]) -> tuple[str, ...] | None:
        """Those of up to 1,000 contacts who have answered; None when nobody can say so."""
        try:
            if arrives(self._bus, "surveys", RESPONSES):
                asked = FindAnswered(survey_id=survey_id, contact_ids=tuple(contact_ids))
                return self._bus.call(asked, timeout=1.0).contact_ids
        except WellheardError as error:
            log.warning("reminders_wait", error=type(error).__name__)
        self._silent_until = time.monotonic() + SILENT_SECONDS
        return None


class Answered:
    """Who of one chunk has answered. left: the contacts of those who are still to be sent something."""

    def __init__(self, surveys: AskingSurveys, mailing: Mailing, left: Callable[[], Iterable[str]]) -> None:
        self._surveys = surveys
        self._survey_id = mailing.draft.survey_id if is_reminder(mailing) else ""
        self._left = left
        self._known: set[str] = set()
        self._at = float("-inf")

    def is_current(self) -> bool:
        """Whether what is known is new enough to send by; asks when it is not."""
        if not self._survey_id:
            return True
        began = time.monotonic()
        if began - self._at > EVERY and (found := self._surveys.answered(self._survey_id, self._left())) is not None:
            self._known.update(found)
            self._at = began
        return time.monotonic() - self._at < CURRENT

    def is_silent(self) -> bool:
        """Whether nothing can be sent because surveys does not answer."""
        return bool(self._survey_id) and self._surveys.is_silent()

    def __contains__(self, contact_id: str) -> bool:
        return contact_id in self._known
