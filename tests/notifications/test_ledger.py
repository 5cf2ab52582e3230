"""The contract of mailings and ledger, on a real store and on the fakes."""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest

from services.notifications import domain
from services.notifications.domain import Addressee
from services.notifications.fake import FakeLedger, FakeMailings
from services.notifications.ledger import MongoLedger
from services.notifications.port import Ledger, Release, Settlement
from services.notifications.repository import Mailings, MongoMailings, Withdrawal
from shared.contracts.base import new_id
from shared.contracts.erasure import Traces
from shared.contracts.notifications import LedgerLine, Mailing, MailingStarted
from shared.contracts.subscriptions import Suppression
from shared.errors import Conflict, Unavailable
from shared.mongo import connect
from tests.builders import AT, a_mailing_draft, an_envelope

NOW = datetime.now(UTC)


class Stored(NamedTuple):
    mailings: Mailings
    ledger: Ledger


@pytest.fixture(params=["fake", pytest.param("mongo", marks=pytest.mark.servers)])
def stored(request: pytest.FixtureRequest) -> Stored:
    if request.param == "fake":
        mailings = FakeMailings()
        return Stored(mailings, FakeLedger(mailings.outbox))
    database = connect(request.getfixturevalue("store"), f"notifications_{os.urandom(4).hex()}")
    return Stored(MongoMailings(database), MongoLedger(database))


def a_mailing() -> Mailing:
    return domain.draft(new_id("mlg"), a_mailing_draft(), AT, "staff")


def people(number: int) -> list[Addressee]:
    return [Addressee(f"con_{n}", f"Person {n}", f"p{n}@example.org", f"cns_{n}") for n in range(number)]


def line(mailing_id: str, number: int, **fields: object) -> LedgerLine:
    said = {"mailing_id": mailing_id, "contact_id": f"con_{number}", "name": f"Person {number}", "state": "sent"}
    return LedgerLine.model_validate(said | {"at": AT} | fields)


def test_a_mailing_is_found_as_it_was_and_changed_by_the_faster_of_two(stored: Stored) -> None:
    mailing = a_mailing()
    assert stored.mailings.insert(mailing)
    assert not stored.mailings.insert(mailing.model_copy(update={"created_by": "other"}))
    assert stored.mailings.find(mailing.mailing_id) == mailing
    following = domain.schedule(mailing, None, AT)
    assert stored.mailings.replace(following, an_envelope(MailingStarted(mailing=following)))
    assert not stored.mailings.replace(following)
    assert stored.mailings.find(mailing.mailing_id) == following
    assert len(stored.mailings.outbox.pending(10)) == 1


def test_what_a_sender_has_to_do_with_is_unfinished(stored: Stored) -> None:
    drafted, scheduled = a_mailing(), a_mailing()
    for each in (drafted, scheduled):
        stored.mailings.insert(each)
    scheduled = domain.schedule(scheduled, None, AT)
    stored.mailings.replace(scheduled)
    assert stored.mailings.unfinished() == [scheduled]
    stored.mailings.replace(domain.cancel(scheduled, AT))
    assert stored.mailings.unfinished() == []


def test_what_somebody_writes_is_a_draft_until_it_is_sent_and_again_when_it_comes_back(stored: Stored) -> None:
    mailing = a_mailing()
    stored.mailings.insert(mailing)
    stored.mailings.insert(domain.notice(new_id("mlg"), a_mailing_draft(), AT, "system"))
    assert mailing in stored.mailings.drafts()
    sent = domain.schedule(mailing, None, AT)
    stored.mailings.replace(sent)
    assert sent.mailing_id not in {each.mailing_id for each in stored.mailings.drafts()}
    back = domain.give_back(sent, "its segment is gone", AT)
    stored.mailings.replace(back)
    assert back in stored.mailings.drafts()


def test_what_is_public_stands_in_the_archive_from_the_moment_it_is_sent(stored: Stored) -> None:
    sent = []
    for hours in (1, 2):
        drafted = domain.draft(new_id("mlg"), a_mailing_draft(public=True), AT, "staff")
        stored.mailings.insert(drafted)
        assert drafted.mailing_id not in {each.mailing_id for _, each in stored.mailings.archived(100, None)}
        begun = domain.begin(drafted, AT)
        frozen, event = domain.freeze(begun, 1, AT + timedelta(hours=hours))
        stored.mailings.replace(begun)
        stored.mailings.replace(frozen, an_envelope(event))
        sent.append(frozen)
    (cursor, newest), (_, oldest) = stored.mailings.archived(100, None)
    assert (newest, oldest) == (sent[1], sent[0])
    assert [each for _, each in stored.mailings.archived(100, cursor)] == [sent[0]]
    stored.mailings.replace(domain.show_in_archive(sent[1], False, AT))
    assert [each for _, each in stored.mailings.archived(100, None)] == [sent[0]]


def test_what_has_gone_out_about_a_survey_is_found_and_a_draft_or_a_test_of_it_is_not(stored: Stored) -> None:
    survey_id = new_id("srv")
    content = a_mailing_draft(body="{survey_link}", survey_id=survey_id)
    drafted = domain.draft(new_id("mlg"), content, AT, "staff")
    for each in (drafted, domain.notice(new_id("mlg"), content, AT, "staff"), a_mailing()):
        stored.mailings.insert(each)
    assert stored.mailings.about(survey_id) == []
    begun = domain.begin(drafted, AT)
    frozen, event = domain.freeze(begun, 1, AT)
    stored.mailings.replace(begun)
    stored.mailings.replace(frozen, an_envelope(event))
    assert stored.mailings.about(survey_id) == [frozen]
    assert stored.mailings.about("") == []


def test_the_key_of_a_recipient_is_kept_with_the_audience_until_they_are_erased(stored: Stored) -> None:
    mailing = a_mailing()
    guests = [replace(each, key=f"key-{n}") for n, each in enumerate(people(2))]
    stored.ledger.add_audience(mailing.mailing_id, 1, 0, guests)
    assert stored.ledger.find_recipient(mailing.mailing_id, 1, 0, 1) == guests[1]
    stored.ledger.erase(Traces(erasure_id="ers_1", contact_ids=("con_0",)))
    first, second = (stored.ledger.find_recipient(mailing.mailing_id, 1, 0, place) for place in (0, 1))
    assert first is not None
    assert (first.key, first.rule, second) == ("", "erased", guests[1])


def test_mailings_are_listed_newest_first_without_notices(stored: Stored) -> None:
    first, second = a_mailing(), a_mailing().model_copy(update={"created_at": AT + timedelta(days=1)})
    for each in (first, second, domain.notice(new_id("mlg"), a_mailing_draft(), AT, "system")):
        stored.mailings.insert(each)
    (cursor, newest), (_, oldest) = stored.mailings.latest(10, None)
    assert (newest, oldest) == (second, first)
    assert [each for _, each in stored.mailings.latest(10, cursor)] == [first]


def test_withdrawals_and_suppressions_are_news_once_they_are_there(stored: Stored) -> None:
    withdrawal = Withdrawal("cns_1", "con_1", "newsletter", "*", NOW)
    stored.mailings.withdraw([withdrawal])
    stored.mailings.withdraw([withdrawal._replace(contact_id="con_2")])
    (found,) = stored.mailings.withdrawals_since(NOW - timedelta(seconds=1))
    assert (found.contact_id, abs(found.known_at - NOW) < timedelta(milliseconds=1)) == ("con_1", True)
    assert stored.mailings.withdrawals_since(NOW + timedelta(seconds=1)) == []
    suppression = Suppression(address="a@example.org", reason="asked", added_by="staff", at=NOW)
    stored.mailings.suppress(suppression)
    assert stored.mailings.suppressed(["a@example.org", "b@example.org"]) == {"a@example.org"}
    assert stored.mailings.suppressions_since(NOW - timedelta(seconds=1)) == ["a@example.org"]
    assert [each for _, each in stored.mailings.list_suppressions(5, None)] == [suppression]
    stored.mailings.unsuppress("a@example.org")
    assert stored.mailings.suppressed(["a@example.org"]) == set()


def test_a_chunk_is_claimed_by_one_only(stored: Stored) -> None:
    stored.ledger.add_audience("mlg_1", 1, 0, people(3))
    (seen,) = stored.ledger.waiting("mlg_1", 1, NOW, 5)
    claimed = stored.ledger.claim(seen, "snd_1", "boot")
    assert claimed is not None
    assert stored.ledger.claim(seen, "snd_2", "boot") is None
    assert stored.ledger.waiting("mlg_1", 1, NOW, 5) == []
    assert stored.ledger.held_by("snd_1") == [claimed]
    assert stored.ledger.recipients(claimed) == people(3)
    with pytest.raises(Conflict):
        stored.ledger.settle(replace(claimed, owner="snd_2"), Settlement([], [], 0))


def test_a_settled_chunk_counts_each_outcome_once_and_is_done_when_nobody_is_left(stored: Stored) -> None:
    stored.ledger.add_audience("mlg_1", 1, 0, people(3))
    claimed = stored.ledger.claim(stored.ledger.waiting("mlg_1", 1, NOW, 5)[0], "snd_1", "boot")
    assert claimed is not None
    event = an_envelope(MailingStarted(mailing=a_mailing()))
    stored.ledger.settle(claimed, Settlement([line("mlg_1", 0)], [event], 1))
    assert stored.ledger.progress("mlg_1", 1) == ({"sent": 1}, 1)
    assert stored.ledger.held_by("snd_1")[0].told == 1
    left = Release(1, NOW + timedelta(minutes=1), {2: 1})
    stored.ledger.settle(claimed, Settlement([line("mlg_1", 1, state="failed", reason="550")], [], 2, left))
    assert stored.ledger.held_by("snd_1") == []
    assert stored.ledger.waiting("mlg_1", 1, NOW, 5) == []
    (again,) = stored.ledger.waiting("mlg_1", 1, NOW + timedelta(minutes=2), 5)
    assert (dict(again.tries), again.is_fresh) == ({2: 1}, False)
    assert stored.ledger.settled("mlg_1", [f"con_{n}" for n in range(3)]) == {"con_0", "con_1"}
    claimed = stored.ledger.claim(again, "snd_1", "boot")
    assert claimed is not None
    stored.ledger.settle(claimed, Settlement([line("mlg_1", 2, state="uncertain")], [], 1, Release(0, NOW)))
    assert stored.ledger.progress("mlg_1", 1) == ({"sent": 1, "failed": 1, "uncertain": 1}, 0)
    assert not stored.ledger.has_open_chunks("mlg_1", 1)
    assert [each.name for each in stored.ledger.list_lines("mlg_1", "uncertain", 5, None)] == ["Person 2"]
    assert len(stored.mailings.outbox.pending(10)) == 1


def test_an_interrupted_freezing_is_forgotten(stored: Stored) -> None:
    stored.ledger.add_audience("mlg_1", 1, 0, people(3))
    stored.ledger.add_audience("mlg_1", 2, 0, people(2))
    stored.ledger.drop_audience("mlg_1", 1)
    assert stored.ledger.waiting("mlg_1", 1, NOW, 5) == []
    assert stored.ledger.waiting("mlg_1", 2, NOW, 5)[0].size == 2


TRACES = Traces(erasure_id="era_1", contact_ids=("con_1",), emails=("p1@example.org",), names=("Person 1",))


def test_somebody_erased_is_gone_from_audiences_lines_and_the_suppression_list(stored: Stored) -> None:
    mailing = a_mailing()
    stored.mailings.insert(mailing)
    stored.ledger.add_audience(mailing.mailing_id, 0, 0, people(3))
    (chunk,) = stored.ledger.waiting(mailing.mailing_id, 0, NOW, 10)
    claimed = stored.ledger.claim(chunk, "me", "boot")
    assert claimed is not None
    with pytest.raises(Unavailable):
        stored.ledger.erase(TRACES)
    stored.ledger.settle(claimed, Settlement([line(mailing.mailing_id, 1)], [], 1, Release(0, NOW)))
    assert stored.ledger.erase(TRACES) == stored.ledger.erase(TRACES) == (mailing.mailing_id,)
    left = Addressee("con_1", "Erased contact", "", "cns_1", "erased")
    assert stored.ledger.recipients(chunk) == [people(3)[0], left, people(3)[2]]
    (kept,) = stored.ledger.list_lines(mailing.mailing_id, "sent", 10, None)
    assert kept == line(mailing.mailing_id, 1, name="Erased contact")


def test_a_notice_to_somebody_erased_does_not_name_them_any_more(stored: Stored) -> None:
    notice = domain.notice("mlg_1", a_mailing_draft(subject="Dear Person 1", body="p1@example.org"), AT, "staff")
    bulk = a_mailing()
    for each in (notice, bulk):
        stored.mailings.insert(each)
    stored.mailings.suppress(Suppression(address="p1@example.org", reason="asked", added_by="staff", at=AT))
    stored.mailings.erase(TRACES, ["mlg_1", bulk.mailing_id])
    found = stored.mailings.find("mlg_1")
    assert found is not None
    assert (found.draft.subject, found.draft.body) == ("Dear [name removed]", "[address removed]")
    assert stored.mailings.find(bulk.mailing_id) == bulk
    assert stored.mailings.suppressed(["p1@example.org"]) == set()
