"""The contract of what is kept of messages that came back, on a real store and on the fakes."""

from datetime import timedelta

from services.notifications.bounces import Returned, hash_of
from services.notifications.ledger import chunk_id
from services.notifications.port import Settlement
from shared.contracts.notifications import MailingStarted
from tests.builders import an_envelope
from tests.notifications.test_ledger import NOW, Stored, a_mailing, line, people, stored

__all__ = ["stored"]


def a_report(number: int, **fields: object) -> Returned:
    said = {"mailing_id": "mlg_1", "subject": "News", "contact_id": f"con_{number}", "status": "4.2.2"}
    about = {"address_hash": hash_of("a@example.org"), "kind": "temporary", "outcome": "noted"}
    key = f"mlg_1:1:0:{number}"
    return Returned(**{"key": key, "at": NOW + timedelta(seconds=number)} | said | about | fields)  # type: ignore[arg-type]


def test_a_report_is_kept_once_and_the_newest_comes_first(stored: Stored) -> None:
    bounces = stored.mailings.bounces
    first, second = a_report(1), a_report(2)
    for each in (first, second, a_report(1, outcome="bounced")):
        bounces.insert(each)
    found = bounces.find(first.key)
    assert found is not None
    assert (found.outcome, abs(found.at - first.at) < timedelta(milliseconds=1)) == ("noted", True)
    assert bounces.find("none") is None
    assert [each.key for each in bounces.latest(5, None)] == [second.key, first.key]
    assert [each.key for each in bounces.latest(5, bounces.latest(1, None)[0].order)] == [first.key]


def test_failures_for_now_are_counted_by_address_and_time(stored: Stored) -> None:
    bounces = stored.mailings.bounces
    old = a_report(3, at=NOW - timedelta(days=40))
    other = a_report(4, address_hash=hash_of("b@example.org"))
    for each in (a_report(1), a_report(2), old, other, a_report(5, kind="complaint")):
        bounces.insert(each)
    assert bounces.count_temporary(hash_of("a@example.org"), NOW - timedelta(days=30)) == 2


def test_what_came_back_from_somebody_who_is_erased_tells_the_address_no_more(stored: Stored) -> None:
    bounces = stored.mailings.bounces
    for each in (a_report(1), a_report(2, address_hash=hash_of("b@example.org"))):
        bounces.insert(each)
    bounces.forget(["a@example.org"])
    assert [each.address_hash for each in bounces.latest(5, None)] == [hash_of("b@example.org"), ""]
    assert bounces.count_temporary(hash_of("a@example.org"), NOW - timedelta(days=1)) == 0


def test_what_was_refused_is_only_counted(stored: Stored) -> None:
    bounces = stored.mailings.bounces
    for days in (0, 0, 3, 40):
        bounces.count_refused(NOW - timedelta(days=days))
    assert bounces.refused_since(NOW - timedelta(days=30)) == 3
    assert bounces.latest(5, None) == []


def test_a_line_that_bounced_says_what_it_was_and_the_chunk_moves_its_counts_once(stored: Stored) -> None:
    stored.ledger.add_audience("mlg_1", 1, 0, people(2))
    claimed = stored.ledger.claim(stored.ledger.waiting("mlg_1", 1, NOW, 5)[0], "snd_1", "boot")
    assert claimed is not None
    stored.ledger.settle(claimed, Settlement([line("mlg_1", 0), line("mlg_1", 1)], [], 2))
    found = stored.ledger.find_lines([("mlg_1", "con_0"), ("mlg_1", "con_9")])
    assert found.keys() == {("mlg_1", "con_0")}
    stored.ledger.mark_bounced(found["mlg_1", "con_0"], "5.1.1")
    (bounced,) = stored.ledger.list_lines("mlg_1", "bounced", 5, None)
    assert (bounced.contact_id, bounced.was, bounced.reason) == ("con_0", "sent", "5.1.1")
    event, chunk = an_envelope(MailingStarted(mailing=a_mailing())), chunk_id("mlg_1", 1, 0)
    moved = {"sent": -1, "bounced": 1}
    assert stored.ledger.remark(chunk, "permanent:0", moved, event)  # type: ignore[arg-type]
    assert not stored.ledger.remark(chunk, "permanent:0", moved, event)  # type: ignore[arg-type]
    assert stored.ledger.remark(chunk, "complaint:0", {}, None)
    assert not stored.ledger.remark("none", "permanent:0", {}, None)
    assert stored.ledger.progress("mlg_1", 1) == ({"sent": 1, "bounced": 1}, 1)
    assert len(stored.mailings.outbox.pending(5)) == 1
