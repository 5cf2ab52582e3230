"""The contract of the store of accounts, sessions, failures and the audit, on a real store and on the fake."""

import os
from datetime import UTC, datetime, timedelta

import pytest

from services.web.signin.domain import Account, Act, Failures, Session, open_account
from services.web.signin.repository import FakeSignInStore, MongoSignInStore, SignInStore
from shared.contracts.base import new_id
from shared.mongo import connect

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture(params=["fake", pytest.param("mongo", marks=pytest.mark.servers)])
def repository(request: pytest.FixtureRequest) -> SignInStore:
    if request.param == "fake":
        return FakeSignInStore()
    made = MongoSignInStore(connect(request.getfixturevalue("store"), f"web_{os.urandom(4).hex()}"))
    made.prepare()
    return made


def account(email: str = "priya@example.org") -> Account:
    return open_account(email, "Priya Shah", ("board_reader", "administrator"), "hash", AT)


def session(digest: str, account_id: str = "acc_1", started: datetime = AT) -> Session:
    return Session(digest=digest, account_id=account_id, started_at=started, seen_at=started, browser="Firefox")


def act(at: datetime, account_id: str = "acc_1") -> Act:
    return Act(act_id=new_id(), at=at, account_id=account_id, what="signed in")


def test_an_account_is_found_as_it_was_and_an_address_has_one(repository: SignInStore) -> None:
    priya = account()
    assert repository.insert_account(priya)
    assert not repository.insert_account(account())
    assert repository.find_account(priya.account_id) == priya
    assert repository.find_account("acc_nobody") is None
    assert repository.accounts() == [priya]


def test_of_two_changes_to_one_version_the_second_is_refused(repository: SignInStore) -> None:
    priya = account()
    repository.insert_account(priya)
    closed = priya.next(is_active=False)
    assert repository.replace_account(closed)
    assert not repository.replace_account(priya.next(name="Another"))
    assert repository.find_account(priya.account_id) == closed


def test_a_session_lasts_until_it_is_ended(repository: SignInStore) -> None:
    for each in (session("a"), session("b"), session("c"), session("d", "acc_2")):
        repository.insert_session(each)
    repository.touch_session("a", AT + timedelta(minutes=5))
    assert repository.find_session("a") == Session(
        digest="a", account_id="acc_1", started_at=AT, seen_at=AT + timedelta(minutes=5), browser="Firefox"
    )
    repository.end_session("b")
    assert repository.find_session("b") is None
    repository.end_sessions("acc_1", but="c")
    assert [each.digest for each in repository.sessions_of("acc_1")] == ["c"]
    repository.end_sessions("acc_1")
    assert repository.sessions_of("acc_1") == []
    assert repository.find_session("d") is not None


def test_touching_a_session_that_has_ended_does_not_bring_it_back(repository: SignInStore) -> None:
    repository.touch_session("gone", AT)
    assert repository.find_session("gone") is None


def test_failures_are_counted_and_forgotten(repository: SignInStore) -> None:
    assert repository.failures("k") == Failures()
    repository.count_failure("k", AT)
    repository.count_failure("k", AT + timedelta(seconds=1))
    assert repository.failures("k") == Failures(2, AT + timedelta(seconds=1))
    repository.forget_failures("k")
    assert repository.failures("k") == Failures()


def test_what_is_too_old_to_count_is_removed_and_the_rest_stays(repository: SignInStore) -> None:
    repository.insert_session(session("old", started=AT - timedelta(hours=13)))
    repository.insert_session(session("new", started=AT - timedelta(hours=11)))
    repository.count_failure("old", AT - timedelta(hours=25))
    repository.count_failure("new", AT - timedelta(hours=1))
    repository.forget_expired(AT)
    assert repository.find_session("old") is None
    assert repository.find_session("new") is not None
    assert (repository.failures("old").count, repository.failures("new").count) == (0, 1)


def test_the_audit_is_read_newest_first_within_its_days_and_of_one_person(repository: SignInStore) -> None:
    times = [AT - timedelta(days=4), AT - timedelta(days=2), AT - timedelta(minutes=1)]
    for each in times:
        repository.append_act(act(each))
    repository.append_act(act(AT - timedelta(hours=1), "acc_2"))
    found = repository.acts(AT - timedelta(days=3), AT)
    assert [each.at for each in found] == [times[2], AT - timedelta(hours=1), times[1]]
    assert [each.at for each in repository.acts(AT - timedelta(days=9), AT, "acc_1")] == times[::-1]
