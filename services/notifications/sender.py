"""The sender: a process of its own, in ordinary threads, that freezes audiences and hands messages over.

One thread reads what is new and freezes and finishes mailings; one session is kept for urgent notices, the others
send mailings, and notices first. Each session claims a chunk of an audience, works it off, and claims the next.
"""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import ClassVar, TypeVar

from services.notifications import domain
from services.notifications.answered import AskingSurveys, arrives
from services.notifications.audience import Freezing, envelope
from services.notifications.composing import Composer
from services.notifications.dispatch import Dispatcher, ServerAway
from services.notifications.domain import Chunk
from services.notifications.invitations import is_reminder
from services.notifications.ledger import MongoLedger
from services.notifications.port import Ledger
from services.notifications.presence import GREETS
from services.notifications.recovery import abandoned_desks, boot_id, recover, recover_all, take_desk
from services.notifications.repository import Mailings, MongoMailings
from services.notifications.sending import ChunkWork
from services.notifications.smtp import SmtpDispatcher
from services.notifications.watch import EVERY, Watch
from shared import failpoints
from shared.contracts.notifications import Lane, Mailing
from shared.errors import Conflict
from shared.logs import get_logger
from shared.messaging import Bus
from shared.messaging.broker import is_unavailable
from shared.mongo import connect
from shared.settings import Settings

T = TypeVar("T")

log = get_logger()
CONSENTS = "notifications.consents"
"""The queue that withdrawals come by. Others of that service may be behind: an import is an occasion 10,000 times."""
LONGEST_WAIT = 15.0
"""Seconds between two attempts to reach a mail server."""
MOST_LOOKED_AT = 1_000
"""Mailings of which it is remembered that nothing waited."""
IDLE_SECONDS = 5.0
"""A line that had nothing to do for so long is closed."""


class MailSender:
    """`run` until `stop`; what it had in hand is in the ledger then."""

    name: ClassVar[str] = "notifications_sender"

    def __init__(
        self,
        mailings: Mailings,
        ledger: Ledger,
        bus: Bus,
        settings: Settings,
        dispatcher: Callable[[], Dispatcher],
    ) -> None:
        self._mailings = mailings
        self._ledger = ledger
        self._bus = bus
        self._folder = settings.state_dir.absolute() / "senders"
        self._sessions = settings.mail_sessions
        self._dispatcher = dispatcher
        self._composer = Composer(settings)
        self._freezing = Freezing(mailings, ledger, bus, self._sessions)
        self._stopping = threading.Event()
        self._away: dict[str, str] = {}
        self._news = ""
        self._greeted = 0.0
        self._failed = False
        self._in_doubt: set[str] = set()
        """Sessions whose last claim failed: the store may have taken it, and nobody works on it."""
        self.watch = Watch(mailings, lambda: arrives(bus, "notifications", CONSENTS))
        self._surveys = AskingSurveys(bus)
        self._nothing: dict[str, float] = {}
        """By mailing, when nothing of it waited for a session."""
        self._desk = take_desk(self._folder)

    def run(self) -> None:
        """Blocks until `stop` was called and every session has put down what it had in hand."""
        self._until_it_works(self._recover_all)
        lanes: list[Lane] = ["urgent", *["bulk"] * self._sessions]  # type: ignore[list-item]
        threads = [
            threading.Thread(target=self._part, args=(self._session, lane, number), name=f"session-{number}")
            for number, lane in enumerate(lanes)
        ]
        threads.append(threading.Thread(target=self._part, args=(self._direct,), name="director"))
        for thread in threads:
            thread.start()
        self._part(self._watch)
        for thread in threads:
            thread.join()
        if self._failed:
            raise SystemExit(1)

    def _part(self, work: Callable[..., None], *of: object) -> None:
        """A part that fails takes the process with it, in good order: it is started again."""
        try:
            work(*of)
        except Exception as error:
            log.error("part_failed", exc_info=error)
            self._failed = True
            self._stopping.set()

    def _watch(self) -> None:
        while not self._stopping.wait(EVERY):
            self._look()

    def stop(self) -> None:
        self._stopping.set()

    def reason(self) -> str:
        """Why mail waits at this moment; empty when none does."""
        return self._news or next(iter(self._away.values()), "")

    def run_until_idle(self) -> None:
        """Everything that is to be done now, in the caller's thread: for tests of stories."""
        while True:
            self.watch.refresh()
            done = self.direct()
            self.watch.refresh()
            for lane in ("urgent", "bulk"):
                line = self._dispatcher()
                while self._work_once(lane, line):
                    done = True
                    self.watch.refresh()
                line.close()
            if not done:
                return

    # -- what is new ------------------------------------------------------------------------------

    def _look(self) -> None:
        try:
            self.watch.refresh()
            if time.monotonic() - self._greeted > GREETS:
                self._mailings.senders.greet(self._desk.owner, datetime.now(UTC))
                self._greeted = time.monotonic()
            self._news = ""
        except Exception as error:
            if not is_unavailable(error):
                raise
            self._news = f"the store does not answer ({type(error).__name__})"

    # -- freezing and finishing -------------------------------------------------------------------

    def _direct(self) -> None:
        while not self._stopping.wait(EVERY):
            self._until_it_works(self.direct)

    def direct(self) -> bool:
        """Freeze what is due, finish what is complete; True when something was done.

        What one mailing needs and is away (surveys, of an invitation) keeps back no other.
        """
        done, away = False, None
        for mailing in self.watch.unfinished:
            try:
                done |= self._direct_one(mailing)
            except Exception as error:
                if not is_unavailable(error):
                    raise
                away = error
        if away is not None:
            raise away
        return done

    def _direct_one(self, mailing: Mailing) -> bool:
        if domain.is_due(mailing, datetime.now(UTC)):
            return self._freezing.freeze(mailing)
        if mailing.frozen_at and mailing.state in ("sending", "cancelled"):
            return self._finish(mailing)
        return False

    def _finish(self, mailing: Mailing) -> bool:
        if self._ledger.has_open_chunks(mailing.mailing_id, mailing.audience):
            return False
        counts, _ = self._ledger.progress(mailing.mailing_id, mailing.audience)
        finished, event = domain.finish(mailing, counts, datetime.now(UTC))
        return self._mailings.replace(finished, envelope(event, finished) if domain.is_announced(mailing) else None)

    # -- sending ----------------------------------------------------------------------------------

    def _session(self, lane: Lane, number: int) -> None:
        line, used, pause = self._dispatcher(), time.monotonic(), 0.5
        while not self._stopping.is_set():
            try:
                worked = self._work_once(lane, line, number)
                self._away.pop(f"{number}", None)
                pause = 0.5
            except ServerAway as error:
                self._away[f"{number}"] = str(error)
                log.warning("mail_waits", reason=str(error))
                self._stopping.wait(pause)
                pause = min(LONGEST_WAIT, pause * 2)
                continue
            if worked:
                used = time.monotonic()
                continue
            if time.monotonic() - used > IDLE_SECONDS:
                line.close()
            self._stopping.wait(0.1)
        line.close()

    def _work_once(self, lane: Lane, line: Dispatcher, number: int = 0) -> bool:
        """Work off one chunk; False when there was none. What a store that is away interrupts is taken up again."""
        found = self._until_it_works(lambda: self._claim(lane, number))
        if found is None:
            return False
        mailing, chunk = found
        failpoints.reach("sender.after_claim")
        try:
            work = ChunkWork(
                mailing,
                chunk,
                self._ledger,
                self.watch,
                self._surveys,
                self._composer,
                self._desk.journal(chunk),
                self._stopping.is_set,
            )
            work.run(line)
        except ServerAway:
            raise
        except Exception as error:
            if not is_unavailable(error) and not isinstance(error, Conflict):
                raise
            log.warning("ledger_waits", chunk=chunk.chunk_id, error=type(error).__name__)
            self._until_it_works(lambda: recover(self._desk, self._mailings, self._ledger, [chunk]))
        return True

    def _claim(self, lane: Lane, number: int) -> tuple[Mailing, Chunk] | None:
        session = f"{lane}-{number}"
        if session in self._in_doubt:
            held = [each for each in self._ledger.held_by(self._desk.owner) if each.session == session]
            recover(self._desk, self._mailings, self._ledger, held)
            self._in_doubt.discard(session)
        self._in_doubt.add(session)
        found = self._claim_next(lane, number, session)
        self._in_doubt.discard(session)
        return found

    def _claim_next(self, lane: Lane, number: int, session: str) -> tuple[Mailing, Chunk] | None:
        mailings = self.watch.active("urgent") + (self.watch.active("bulk") if lane == "bulk" else [])
        # Of a hundred notices most are sent and not finished yet: those in which nothing waited come last.
        for mailing in sorted(mailings, key=lambda each: self._nothing.get(each.mailing_id, 0.0)):
            if is_reminder(mailing) and self._surveys.is_silent():
                continue
            waiting = self._ledger.waiting(mailing.mailing_id, mailing.audience, datetime.now(UTC), 2 * self._sessions)
            for place in range(len(waiting)):
                chunk = waiting[(place + number) % len(waiting)]  # each session begins at another
                claimed = self._ledger.claim(chunk, self._desk.owner, boot_id(), session)
                if claimed is not None:
                    self.watch.refresh()
                    return mailing, claimed
            if len(self._nothing) > MOST_LOOKED_AT:
                self._nothing.clear()
            self._nothing[mailing.mailing_id] = time.monotonic()
        return None

    # -- recovery ---------------------------------------------------------------------------------

    def _recover_all(self) -> None:
        recover_all(self._desk, self._mailings, self._ledger)
        for desk in abandoned_desks(self._folder):
            recover_all(desk, self._mailings, self._ledger)
            desk.close()

    def _until_it_works(self, act: Callable[[], T]) -> T | None:
        """The result, however long store and broker are away; None when the sender is to stop meanwhile."""
        pause = 0.2
        while True:
            try:
                return act()
            except Exception as error:
                if not is_unavailable(error):
                    raise
                log.warning("sender_waits", error=type(error).__name__)
            if self._stopping.wait(pause):
                return None
            pause = min(4.0, pause * 2)


def build(settings: Settings, bus: Bus) -> MailSender:
    database = connect(settings, "notifications")
    mailings = MongoMailings(database)
    return MailSender(
        mailings, MongoLedger(database), bus, settings, lambda: SmtpDispatcher(settings.smtp_url, settings.mail_host)
    )
