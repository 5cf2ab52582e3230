"""The contract of what is kept of senders, on a real store and on the fakes."""

from datetime import timedelta

from tests.notifications.test_ledger import NOW, Stored, people, stored

__all__ = ["stored"]


def test_a_sender_was_alive_when_it_said_so_last(stored: Stored) -> None:
    for seconds in (0, 5):
        stored.mailings.senders.greet("snd_1", NOW + timedelta(seconds=seconds))
    (seen,) = stored.mailings.senders.seen().values()
    assert abs(seen - NOW - timedelta(seconds=5)) < timedelta(milliseconds=1)


def test_what_anybody_holds_is_known_with_its_owner(stored: Stored) -> None:
    for number in range(2):
        stored.ledger.add_audience("mlg_1", 1, number, people(3))
    assert stored.ledger.held_by() == []
    claimed = stored.ledger.claim(stored.ledger.waiting("mlg_1", 1, NOW, 5)[0], "snd_1", "boot")
    assert stored.ledger.held_by() == [claimed]
