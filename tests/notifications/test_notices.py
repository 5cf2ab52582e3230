"""The contract of old notices, on a real store and on the fakes."""

from datetime import timedelta

from services.notifications import domain
from services.notifications.domain import EMPTIED, Addressee
from services.notifications.notices import AT_A_TIME, KEPT, empty_notices
from services.notifications.port import Release, Settlement
from shared.contracts.base import new_id
from shared.contracts.erasure import Traces
from shared.contracts.notifications import Mailing
from tests.builders import AT, a_mailing_draft
from tests.notifications.test_ledger import NOW, Stored, a_mailing, line, people, stored

__all__ = ["stored"]
OLD = AT + KEPT + timedelta(seconds=1)


def sent(stored: Stored, seconds: float = 0) -> Mailing:
    """A notice to Person 1 that has come to its end."""
    content = a_mailing_draft(subject="Your place", body="Dear Person 1")
    notice = domain.notice(new_id("mlg"), content, AT, "system")
    stored.ledger.add_audience(notice.mailing_id, 0, 0, [people(2)[1]])
    stored.mailings.insert(notice)
    (chunk,) = stored.ledger.waiting(notice.mailing_id, 0, NOW, 1)
    claimed = stored.ledger.claim(chunk, "me", "boot")
    assert claimed is not None
    stored.ledger.settle(claimed, Settlement([line(notice.mailing_id, 1)], [], 1, Release(0, NOW)))
    finished, _ = domain.finish(notice, {"sent": 1}, AT + timedelta(seconds=seconds))
    assert stored.mailings.replace(finished)
    return finished


def test_a_notice_that_ended_long_ago_says_nothing_any_more_and_its_line_proves_it_went(stored: Stored) -> None:
    notice = sent(stored)
    assert empty_notices(stored.mailings, stored.ledger, AT + KEPT) == 0
    assert stored.mailings.find(notice.mailing_id) == notice
    assert empty_notices(stored.mailings, stored.ledger, OLD) == 1
    assert empty_notices(stored.mailings, stored.ledger, OLD) == 0
    left = stored.mailings.find(notice.mailing_id)
    assert left is not None
    assert (left.draft.subject, left.draft.body, left.state) == (EMPTIED, EMPTIED, "sent")
    assert stored.ledger.find_recipient(notice.mailing_id, 0, 0, 0) == Addressee("con_1", "", "", "cns_1")
    assert stored.ledger.list_lines(notice.mailing_id, "sent", 9, None) == [line(notice.mailing_id, 1, name="")]
    assert stored.ledger.progress(notice.mailing_id, 0) == ({"sent": 1}, 0)


def test_what_is_under_way_and_what_is_no_notice_stays(stored: Stored) -> None:
    waits = domain.notice(new_id("mlg"), a_mailing_draft(), AT, "system")
    mailing, _ = domain.freeze(domain.begin(a_mailing(), AT), 1, AT)
    finished, _ = domain.finish(mailing, {"sent": 1}, AT)
    for each in (waits, finished):
        stored.mailings.insert(each)
    assert empty_notices(stored.mailings, stored.ledger, OLD) == 0
    assert stored.mailings.find(waits.mailing_id) == waits
    assert stored.mailings.find(finished.mailing_id) == finished


def test_the_oldest_are_emptied_first_a_bounded_number_at_a_time(stored: Stored) -> None:
    later, first = sent(stored, seconds=2), sent(stored, seconds=1)
    assert stored.mailings.notices_before(AT + timedelta(seconds=2), 9) == [first]
    assert stored.mailings.notices_before(OLD, 1) == [first]
    assert stored.mailings.notices_before(OLD, AT_A_TIME) == [first, later]


def test_what_a_killed_process_left_half_done_is_done_by_the_next_turn(stored: Stored) -> None:
    notice = sent(stored)
    stored.ledger.forget_names(notice.mailing_id, 0)
    assert empty_notices(stored.mailings, stored.ledger, OLD) == 1
    left = stored.mailings.find(notice.mailing_id)
    assert left is not None
    assert left.draft.body == EMPTIED


def test_a_notice_that_was_changed_meanwhile_is_emptied_by_the_next_turn(stored: Stored) -> None:
    notice = sent(stored)
    stored.mailings.replace(notice.model_copy(update={"version": notice.version + 1}))
    assert not stored.mailings.empty(notice)
    assert empty_notices(stored.mailings, stored.ledger, OLD) == 1


def test_whoever_was_erased_stays_that_and_can_still_be_erased_afterwards(stored: Stored) -> None:
    traces = Traces(erasure_id="era_1", contact_ids=("con_1",), emails=("p1@example.org",), names=("Person 1",))
    before = sent(stored)
    stored.mailings.erase(traces, stored.ledger.erase(traces))
    after = sent(stored, seconds=0.5)
    empty_notices(stored.mailings, stored.ledger, OLD)
    stored.mailings.erase(traces, stored.ledger.erase(traces))
    for each in (before, after):
        (kept,) = stored.ledger.list_lines(each.mailing_id, "sent", 9, None)
        assert (kept.name, kept.contact_id) == ("Erased contact", "con_1")
        left = stored.mailings.find(each.mailing_id)
        assert left is not None
        assert left.draft.body == EMPTIED
