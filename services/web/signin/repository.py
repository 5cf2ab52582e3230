"""Keeps accounts, sessions, failures to sign in, and the audit."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Protocol

from pymongo.errors import DuplicateKeyError

from services.web.signin.domain import FORGOTTEN, SESSION_HOURS, Account, Act, Failures, Session
from shared.mongo import Documents

ACTS = 1_000
"""Lines of the audit that are read at once, at most."""


class SignInStore(Protocol):
    """What the desk keeps; the Mongo one and the fake pass the same contract tests."""

    def insert_account(self, account: Account) -> bool:
        """False when there is one of that id."""
        ...

    def find_account(self, account_id: str) -> Account | None: ...

    def accounts(self) -> list[Account]: ...

    def replace_account(self, account: Account) -> bool:
        """Store the next version; False when somebody was faster."""
        ...

    def insert_session(self, session: Session) -> None: ...

    def find_session(self, digest: str) -> Session | None: ...

    def sessions_of(self, account_id: str) -> list[Session]: ...

    def touch_session(self, digest: str, at: datetime) -> None: ...

    def end_session(self, digest: str) -> None: ...

    def end_sessions(self, account_id: str, but: str = "") -> None:
        """End every session of an account, `but` the one of this digest."""
        ...

    def forget_expired(self, at: datetime) -> None:
        """Remove sessions and failures that are too old to count."""
        ...

    def failures(self, key: str) -> Failures: ...

    def count_failure(self, key: str, at: datetime) -> None: ...

    def forget_failures(self, key: str) -> None: ...

    def append_act(self, act: Act) -> None: ...

    def acts(self, since: datetime, before: datetime, account_id: str = "") -> list[Act]:
        """The newest `ACTS` of a time, newest first."""
        ...


class MongoSignInStore:
    """Collections `accounts`, `sessions`, `failures` and `audit`."""

    def __init__(self, database: Documents) -> None:
        self._accounts, self._sessions = database["accounts"], database["sessions"]
        self._failures, self._audit = database["failures"], database["audit"]

    def prepare(self) -> None:
        """Make the indexes; asked for whenever an account is made outside the web, which is how the first one is."""
        self._sessions.create_index("account_id")
        self._sessions.create_index("started_at")
        self._failures.create_index("last_at")
        self._audit.create_index("at")

    def insert_account(self, account: Account) -> bool:
        return _insert(self._accounts, {"_id": account.account_id, **asdict(account), "roles": list(account.roles)})

    def find_account(self, account_id: str) -> Account | None:
        found = self._accounts.find_one({"_id": account_id})
        return _account(found) if found else None

    def accounts(self) -> list[Account]:
        return [_account(each) for each in self._accounts.find({})]

    def replace_account(self, account: Account) -> bool:
        found = {"_id": account.account_id, "version": account.version - 1}
        changed = self._accounts.update_one(found, {"$set": {**asdict(account), "roles": list(account.roles)}})
        return changed.modified_count == 1

    def insert_session(self, session: Session) -> None:
        self._sessions.insert_one({"_id": session.digest, **asdict(session)})

    def find_session(self, digest: str) -> Session | None:
        found = self._sessions.find_one({"_id": digest})
        return _session(found) if found else None

    def sessions_of(self, account_id: str) -> list[Session]:
        return [_session(each) for each in self._sessions.find({"account_id": account_id})]

    def touch_session(self, digest: str, at: datetime) -> None:
        self._sessions.update_one({"_id": digest}, {"$set": {"seen_at": at}})

    def end_session(self, digest: str) -> None:
        self._sessions.delete_one({"_id": digest})

    def end_sessions(self, account_id: str, but: str = "") -> None:
        self._sessions.delete_many({"account_id": account_id, "_id": {"$ne": but}})

    def forget_expired(self, at: datetime) -> None:
        self._sessions.delete_many({"started_at": {"$lt": at - timedelta(hours=SESSION_HOURS)}})
        self._failures.delete_many({"last_at": {"$lt": at - FORGOTTEN}})

    def failures(self, key: str) -> Failures:
        found = self._failures.find_one({"_id": key})
        return Failures(found["count"], found["last_at"]) if found else Failures()

    def count_failure(self, key: str, at: datetime) -> None:
        self._failures.update_one({"_id": key}, {"$inc": {"count": 1}, "$set": {"last_at": at}}, upsert=True)

    def forget_failures(self, key: str) -> None:
        self._failures.delete_one({"_id": key})

    def append_act(self, act: Act) -> None:
        self._audit.insert_one({"_id": act.act_id, **asdict(act)})

    def acts(self, since: datetime, before: datetime, account_id: str = "") -> list[Act]:
        # A day at a time, newest first: the embedded store reads all that a sort with a limit could have.
        found: list[Act] = []
        while before > since and len(found) < ACTS:
            start = max(since, before - timedelta(days=1))
            asked: dict[str, Any] = {"at": {"$gte": start, "$lt": before}}
            acts = [_act(each) for each in self._audit.find(asked | ({"account_id": account_id} if account_id else {}))]
            found += _newest_first(acts)
            before = start
        return found[:ACTS]


class FakeSignInStore:
    """The same in memory."""

    def __init__(self) -> None:
        self._accounts: dict[str, Account] = {}
        self._sessions: dict[str, Session] = {}
        self._failures: dict[str, Failures] = {}
        self._acts: list[Act] = []

    def insert_account(self, account: Account) -> bool:
        return self._accounts.setdefault(account.account_id, account) is account

    def find_account(self, account_id: str) -> Account | None:
        return self._accounts.get(account_id)

    def accounts(self) -> list[Account]:
        return list(self._accounts.values())

    def replace_account(self, account: Account) -> bool:
        if self._accounts[account.account_id].version != account.version - 1:
            return False
        self._accounts[account.account_id] = account
        return True

    def insert_session(self, session: Session) -> None:
        self._sessions[session.digest] = session

    def find_session(self, digest: str) -> Session | None:
        return self._sessions.get(digest)

    def sessions_of(self, account_id: str) -> list[Session]:
        return [each for each in self._sessions.values() if each.account_id == account_id]

    def touch_session(self, digest: str, at: datetime) -> None:
        if digest in self._sessions:
            known = asdict(self._sessions[digest])
            self._sessions[digest] = Session(**known | {"seen_at": at})

    def end_session(self, digest: str) -> None:
        self._sessions.pop(digest, None)

    def end_sessions(self, account_id: str, but: str = "") -> None:
        for session in self.sessions_of(account_id):
            if session.digest != but:
                del self._sessions[session.digest]

    def forget_expired(self, at: datetime) -> None:
        oldest = at - timedelta(hours=SESSION_HOURS)
        self._sessions = {key: each for key, each in self._sessions.items() if each.started_at >= oldest}
        failures = self._failures.items()
        self._failures = {key: each for key, each in failures if each.last_at and each.last_at >= at - FORGOTTEN}

    def failures(self, key: str) -> Failures:
        return self._failures.get(key, Failures())

    def count_failure(self, key: str, at: datetime) -> None:
        self._failures[key] = Failures(self.failures(key).count + 1, at)

    def forget_failures(self, key: str) -> None:
        self._failures.pop(key, None)

    def append_act(self, act: Act) -> None:
        self._acts.append(act)

    def acts(self, since: datetime, before: datetime, account_id: str = "") -> list[Act]:
        within = [each for each in self._acts if since <= each.at < before and account_id in ("", each.account_id)]
        return _newest_first(within)[:ACTS]


def _insert(collection: Any, document: dict[str, Any]) -> bool:
    try:
        collection.insert_one(document)
    except DuplicateKeyError:
        return False
    return True


def _newest_first(acts: Sequence[Act]) -> list[Act]:
    return sorted(acts, key=lambda act: (act.at, act.act_id), reverse=True)


def _account(document: dict[str, Any]) -> Account:
    return Account(**{**_without_id(document), "roles": tuple(document["roles"])})


def _session(document: dict[str, Any]) -> Session:
    return Session(**_without_id(document))


def _act(document: dict[str, Any]) -> Act:
    return Act(**_without_id(document))


def _without_id(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != "_id"}
