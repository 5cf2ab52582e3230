"""What a sender finds when it starts: chunks that were claimed and never given back, and the journals beside them.

A sender keeps its journals in a directory that it holds locked. A directory that nobody holds belongs to a process
that has ended: whoever comes next takes its journals into the ledger and gives its chunks back.
"""

import fcntl
import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from services.notifications.domain import Addressee, Chunk, Outcome
from services.notifications.journal import Account, read_journal
from services.notifications.port import Ledger
from services.notifications.repository import Mailings
from services.notifications.sending import Bookkeeping
from shared.contracts.base import new_id
from shared.logs import get_logger

log = get_logger()
_MOST = 100


class Desk:
    """A directory of journals with the name under which its sender claims; held by one process at a time."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder = folder
        self._lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        name = folder / "name"
        if not name.exists():
            made = folder / "name.new"
            made.write_text(new_id("snd"))
            made.rename(name)
        self.owner = name.read_text()

    def journal(self, chunk: Chunk) -> Path:
        """The journal of one claim: a later claim of the same chunk has another version."""
        return self.folder / f"{chunk.chunk_id}@{chunk.version}.journal"

    def close(self) -> None:
        os.close(self._lock)


def take_desk(folder: Path) -> Desk:
    """The first that nobody holds."""
    for number in range(_MOST):
        try:
            return Desk(folder / str(number))
        except BlockingIOError:
            continue
    raise RuntimeError("a hundred senders share one state directory")


def abandoned_desks(folder: Path) -> Iterator[Desk]:
    """Those whose process has ended and was not started again."""
    for each in sorted(folder.iterdir()) if folder.is_dir() else ():
        try:
            yield Desk(each)
        except BlockingIOError:
            continue


def boot_id() -> str:
    """Another one after each start of the machine."""
    path = Path("/proc/sys/kernel/random/boot_id")
    return path.read_text().strip() if path.exists() else ""


def recover_all(desk: Desk, mailings: Mailings, ledger: Ledger) -> None:
    """Settle what the desk's sender had in hand when it ended. Nobody may be sending from the desk meanwhile."""
    recover(desk, mailings, ledger, ledger.held_by(desk.owner))
    for journal in desk.folder.glob("*.journal"):  # of claims that were given back already
        journal.unlink(missing_ok=True)


def recover(desk: Desk, mailings: Mailings, ledger: Ledger, chunks: Iterable[Chunk]) -> None:
    """Settle chunks that the desk's sender holds and nobody works on."""
    for chunk in chunks:
        # After another boot the end of the journal may be missing.
        _settle(mailings, ledger, chunk, read_journal(desk.journal(chunk)), is_whole=chunk.boot == boot_id())
        desk.journal(chunk).unlink(missing_ok=True)


def release(mailings: Mailings, ledger: Ledger, owner: str) -> int:
    """Settle what a sender holds that never comes back, nor its journals; returns the number of chunks.

    Nobody is sent anything again: whoever has no end state may have been sent, and is uncertain.
    """
    chunks = ledger.held_by(owner)
    for chunk in chunks:
        _settle(mailings, ledger, chunk, Account(), is_whole=False)
    return len(chunks)


def _settle(mailings: Mailings, ledger: Ledger, chunk: Chunk, account: Account, is_whole: bool) -> None:
    """Take what a journal says into the ledger; of one that is not whole, the rest as uncertain."""
    mailing = mailings.find(chunk.mailing_id)
    if mailing is None:
        return
    people = ledger.recipients(chunk)
    known = ledger.settled(chunk.mailing_id, (each.contact_id for each in people))
    # Of what the ledger was told the journal may have lost a part: what is added now comes behind what it still has.
    chunk = replace(chunk, told=min(chunk.told, len(account.outcomes)))
    if not is_whole:
        _add_doubt(account, people, known)
    written = {each.place for each in account.outcomes}
    ended = len([1 for place, each in enumerate(people) if each.contact_id in known and place not in written])
    books = Bookkeeping(ledger, mailing, chunk, people)
    books.tell(account, books.release_of(account, ended, timedelta(0)))
    doubtful = [each for each in account.outcomes if each.state == "uncertain"]
    log.info("chunk_recovered", chunk=chunk.chunk_id, ended=len(account.outcomes), uncertain=len(doubtful))


def _add_doubt(account: Account, people: list[Addressee], known: set[str]) -> None:
    """Whoever has no end state may have been sent."""
    written = {each.place for each in account.outcomes} | account.later
    account.outcomes += [
        Outcome(place, "uncertain")
        for place, each in enumerate(people)
        if each.contact_id not in known and place not in written
    ]
