"""Sends one claimed chunk over one session: journal before the dot and after the reply, then ledger, then release."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from services.notifications import domain
from services.notifications.answered import SILENT_SECONDS, Answered, AskingSurveys
from services.notifications.audience import envelope
from services.notifications.composing import Composer
from services.notifications.dispatch import Dispatcher, LineLost, Outbound
from services.notifications.domain import Addressee, Chunk, Outcome
from services.notifications.invitations import ANSWERED
from services.notifications.journal import Account, Journal
from services.notifications.port import Ledger, Release, Settlement
from services.notifications.smtp import reason
from services.notifications.watch import Watch
from shared import failpoints
from shared.contracts.notifications import LedgerLine, Mailing
from shared.logs import get_logger

log = get_logger()
TELL_SECONDS = 2.0
"""How often the ledger hears of a chunk that takes longer."""
NEWS_SECONDS = 3.0
"""How long a session waits, with its line open, to learn who has withdrawn."""
LINES_LOST = 3
"""Connections lost within one chunk before it is given back for a while."""


class Bookkeeping:
    """Takes what a journal says into the ledger, each line once, and gives the chunk back."""

    def __init__(self, ledger: Ledger, mailing: Mailing, chunk: Chunk, people: list[Addressee]) -> None:
        self._ledger = ledger
        self._mailing = mailing
        self._chunk = chunk
        self._people = people
        self._told = chunk.told

    def tell(self, account: Account, release: Release | None = None) -> None:
        """The outcomes that the ledger has not heard of yet."""
        at = datetime.now(UTC)
        new = [(self._people[each.place], each) for each in account.outcomes[self._told :]]
        failpoints.reach("sender.before_ledger")
        events = [envelope(each, self._mailing) for each in domain.tell(self._mailing, new, at) if each is not None]
        lines = [self._line(who, outcome, at) for who, outcome in new]
        self._ledger.settle(self._chunk, Settlement(lines, events, len(account.outcomes), release))
        self._told = len(account.outcomes)
        failpoints.reach("sender.after_settle")

    def release_of(self, account: Account, ended: int, wait: timedelta = timedelta(0)) -> Release:
        """Give back whoever has no end state. ended: how many had one before the chunk was claimed."""
        now = datetime.now(UTC)
        tries = dict(self._chunk.tries)
        for place in account.later:
            tries[place] = tries.get(place, 0) + 1
        left = self._chunk.size - ended - len(account.outcomes)
        if left and left == len(account.later):  # all that is left is to be tried again later
            wait = max(wait, *(domain.next_try(tries[place]) or timedelta(0) for place in account.later))
        return Release(left, now + wait, {place: n for place, n in tries.items() if left})

    def _line(self, who: Addressee, outcome: Outcome, at: datetime) -> LedgerLine:
        is_suppressed = outcome.state == "suppressed"
        return LedgerLine(
            mailing_id=self._mailing.mailing_id,
            contact_id=who.contact_id,
            name=who.name,
            state=outcome.state,
            rule=outcome.detail if is_suppressed else "",
            reason="" if is_suppressed else outcome.detail,
            consent_id=who.consent_id,
            at=at,
        )


class ChunkWork:
    """One chunk on its way, used by one thread; the Delivery of its dispatcher."""

    def __init__(
        self,
        mailing: Mailing,
        chunk: Chunk,
        ledger: Ledger,
        watch: Watch,
        surveys: AskingSurveys,
        composer: Composer,
        journal: Path,
        is_stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._mailing = mailing
        self._chunk = chunk
        self._watch = watch
        self._composer = composer
        self._is_stopping = is_stopping
        self._people = ledger.recipients(chunk)
        ended = (
            set() if chunk.is_fresh else ledger.settled(chunk.mailing_id, (each.contact_id for each in self._people))
        )
        self._ended = len([each for each in self._people if each.contact_id in ended])
        self._left = [n for n, each in enumerate(self._people) if each.contact_id not in ended]
        self._left.reverse()
        # Of the lists, not of this object: in a circle they would wait for the collector, and 50,000 mails with them.
        people, left = self._people, self._left
        self._answered = Answered(surveys, mailing, lambda: [people[n].contact_id for n in left])
        self._doubtful: int | None = None
        self._aborted = False
        self._journal = Journal(journal)
        self._books = Bookkeeping(ledger, mailing, chunk, self._people)
        self._told_at = time.monotonic()

    def run(self, dispatcher: Dispatcher) -> None:
        """Until everybody has an end state or waits for another try, or sending has to stop. Raises ServerAway."""
        wait, lost = timedelta(0), 0
        try:
            while self._left and not self._must_stop():
                try:
                    dispatcher.deliver(self._messages(), self)
                except LineLost as error:
                    aborted, self._aborted = self._aborted, False
                    self._end_doubt()
                    lost += not aborted
                    log.info("line_lost", chunk=self._chunk.chunk_id, error=str(error))
                    if lost >= LINES_LOST:
                        wait = timedelta(seconds=5)
                        break
            if self._answered.is_silent():
                wait = timedelta(seconds=SILENT_SECONDS)
        finally:
            self._end_doubt()
            account = self._journal.account
            try:
                self._books.tell(account, self._books.release_of(account, self._ended, wait))
            except BaseException:
                self._journal.close()  # what it says stands in the file
                raise
            self._journal.remove()

    # -- the dispatcher asks and tells ------------------------------------------------------------

    def may_go(self, message: Outbound) -> bool:
        must_stop = self._must_stop()  # learns first who has answered
        if rule := self._rule_against(self._people[message.place]):
            self._end(Outcome(message.place, "suppressed", rule))
            self._aborted = True
            return False
        if must_stop:
            self._aborted = True
            return False
        return True

    def begins(self, message: Outbound) -> None:
        self._journal.begin(message.place)
        self._doubtful = message.place
        failpoints.reach("sender.before_dot")

    def replied(self, message: Outbound, code: int, text: str) -> None:
        failpoints.reach("sender.after_dot")
        place, self._doubtful = message.place, None
        verdict = domain.verdict(code)
        if verdict == "sent":
            self._end(Outcome(place, "sent"))
        elif verdict == "failed" or domain.next_try(self._chunk.tries.get(place, 0) + 1) is None:
            self._end(Outcome(place, "failed", reason(code, text)))
        else:
            self._journal.defer(place)
            self._forget(place)
        failpoints.reach("sender.after_reply")

    # -- what is left -----------------------------------------------------------------------------

    def _messages(self) -> Iterator[Outbound]:
        """Those that are left, each composed when its turn comes; who may not get one is settled on the way."""
        for place in reversed(self._left.copy()):
            if self._must_stop():
                return
            who = self._people[place]
            if rule := self._rule_against(who):
                self._end(Outcome(place, "suppressed", rule))
            else:
                yield self._composer.compose(self._mailing, self._chunk, place, who)
            self._tell_sometimes()

    def _rule_against(self, who: Addressee) -> str:
        return self._watch.rule_against(self._mailing, who) or (ANSWERED if who.contact_id in self._answered else "")

    def _must_stop(self) -> bool:
        """Waits a moment for news when what is known is too old to send by."""
        give_up = time.monotonic() + NEWS_SECONDS
        while not self._is_stopping() and self._watch.is_running(self._mailing):
            if self._watch.is_current(self._mailing) and self._answered.is_current():
                return False
            if time.monotonic() > give_up or self._answered.is_silent():
                return True
            time.sleep(0.02)
        return True

    def _end(self, outcome: Outcome) -> None:
        self._journal.end(outcome)
        self._forget(outcome.place)

    def _forget(self, place: int) -> None:
        """It is the last of those left, or (with the next message opened already) stands near the end."""
        if self._left and self._left[-1] == place:
            self._left.pop()
        else:
            self._left.remove(place)

    def _end_doubt(self) -> None:
        if self._doubtful is not None:
            place, self._doubtful = self._doubtful, None
            self._end(Outcome(place, "uncertain"))

    def _tell_sometimes(self) -> None:
        if time.monotonic() - self._told_at > TELL_SECONDS:
            self._books.tell(self._journal.account)
            self._told_at = time.monotonic()
