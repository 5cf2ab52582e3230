"""What a sender held whose machine is gone for good is settled without sending anything to anybody twice."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.notifications.domain import Chunk, Outcome
from services.notifications.journal import Account, Journal
from services.notifications.port import Settlement
from services.notifications.recovery import Desk, recover_all
from services.notifications.sending import Bookkeeping
from shared.contracts.claims import ListClaims, ReleaseClaims
from shared.contracts.notifications import ScheduleMailing
from shared.errors import Conflict, NotFound
from tests.flows.test_mailings import Office, people

ELSEWHERE = "snd_elsewhere"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path)
    made.contacts.members = people(range(50))
    yield made
    made.sink.close()


def frozen(office: Office) -> str:
    mailing = office.draft()
    office.bus.call(ScheduleMailing(mailing_id=mailing.mailing_id, version=1))
    office.sender.watch.refresh()
    office.sender.direct()
    return mailing.mailing_id


def claim(office: Office, mailing_id: str, owner: str, boot: str = "another boot") -> Chunk:
    chunk = office.ledger.waiting(mailing_id, 1, datetime.now(UTC), 5)[0]
    claimed = office.ledger.claim(chunk, owner, boot)
    assert claimed is not None
    return claimed


def tell(office: Office, chunk: Chunk, places: range) -> None:
    """The sender says of so many that they were sent, and goes on."""
    mailing = office.mailings.find(chunk.mailing_id)
    assert mailing is not None
    account = Account([Outcome(place, "sent") for place in places])
    Bookkeeping(office.ledger, mailing, chunk, office.ledger.recipients(chunk)).tell(account)


def test_a_machine_that_is_gone_leaves_its_part_in_doubt_and_the_others_are_sent(office: Office) -> None:
    mailing_id = frozen(office)
    chunk = claim(office, mailing_id, ELSEWHERE)
    tell(office, chunk, range(5))
    office.work()
    assert office.progress(mailing_id).mailing.state == "sending"
    (held,) = office.bus.call(ListClaims()).items
    assert (held.sender, held.parts, held.recipients, held.seen_at) == (ELSEWHERE, 1, chunk.size, None)
    office.bus.call(ReleaseClaims(sender=ELSEWHERE))
    office.work()
    progress = office.progress(mailing_id)
    assert progress.mailing.state == "sent"
    assert progress.counts == {"sent": 50 - chunk.size + 5, "uncertain": chunk.size - 5}
    assert len(office.sink.got) == len(set(office.sink.got)) == 50 - chunk.size
    assert {line.name for line in office.lines(mailing_id, "uncertain")} == {
        each.name for each in office.ledger.recipients(chunk)[5:]
    }
    assert office.bus.call(ListClaims()).items == ()


def test_a_sender_that_comes_back_after_all_sends_and_tells_nothing_more(office: Office, tmp_path: Path) -> None:
    mailing_id = frozen(office)
    desk = Desk(tmp_path / "elsewhere")
    chunk = claim(office, mailing_id, desk.owner)
    journal = Journal(desk.journal(chunk))
    journal.begin(0)
    journal.end(Outcome(0, "sent"))
    office.bus.call(ReleaseClaims(sender=desk.owner))
    with pytest.raises(Conflict):
        office.ledger.settle(chunk, Settlement([], [], 1))
    recover_all(desk, office.mailings, office.ledger)
    office.work()
    assert office.progress(mailing_id).counts["uncertain"] == chunk.size
    assert len(office.sink.got) == 50 - chunk.size


def test_what_a_sender_holds_that_may_be_alive_is_not_taken_away(office: Office) -> None:
    mailing_id = frozen(office)
    claim(office, mailing_id, ELSEWHERE)
    office.mailings.senders.greet(ELSEWHERE, datetime.now(UTC) - timedelta(minutes=14))
    with pytest.raises(Conflict, match="alive"):
        office.bus.call(ReleaseClaims(sender=ELSEWHERE))
    office.mailings.senders.greet(ELSEWHERE, datetime.now(UTC) - timedelta(minutes=16))
    assert office.bus.call(ReleaseClaims(sender=ELSEWHERE)).items[0].parts == 1


def test_a_sender_that_looks_says_that_it_is_alive(office: Office) -> None:
    office.sender._look()
    assert datetime.now(UTC) - office.mailings.senders.seen()[office.sender._desk.owner] < timedelta(seconds=5)


def test_a_name_that_holds_nothing_is_not_found(office: Office) -> None:
    with pytest.raises(NotFound):
        office.bus.call(ReleaseClaims(sender="snd_none"))


def test_after_a_power_cut_that_took_a_journal_the_ledger_still_accounts_for_everyone(
    office: Office, tmp_path: Path
) -> None:
    """What the ledger was told stays as it is; everybody else of the part is in doubt, nobody is left out."""
    mailing_id = frozen(office)
    desk = Desk(tmp_path / "lost-power")
    chunk = claim(office, mailing_id, desk.owner)
    tell(office, chunk, range(5))
    recover_all(desk, office.mailings, office.ledger)  # with no journal left
    office.work()
    progress = office.progress(mailing_id)
    assert sum(progress.counts.values()) == 50
    assert progress.counts["uncertain"] == chunk.size - 5
    assert len(office.lines(mailing_id, "uncertain")) == chunk.size - 5
