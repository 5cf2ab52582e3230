"""The front desk: who signs in, who is signed in, and what is written down of it."""

import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, ParamSpec, TypeVar

import anyio
import anyio.to_thread

from services.web.keys import digest_of
from services.web.refusals import TooMany
from services.web.signin.domain import (
    FREE_FAILURES,
    Account,
    Act,
    Session,
    account_id_of,
    browser_in_words,
    check_name,
    check_roles,
    email_key,
    open_account,
)
from services.web.signin.passwords import check_password, hash_password, is_right, temporary_password
from services.web.signin.repository import SignInStore
from services.web.store import ask_store
from shared.contracts.base import new_id
from shared.errors import Conflict, Invalid, NotFound, Unavailable
from shared.logs import correlation_id

CACHE_SECONDS = 5.0
"""A session that was ended elsewhere is refused within this time."""
KNOWN_SECONDS = 300.0
"""While the store is away, whoever was signed in goes on for this long: the history can be searched without it."""
AWAY_SECONDS = 2.0
"""For so long a store that did not answer is not asked again about whoever goes on: each look costs seconds."""
CACHE_SIZE = 2_000
TOUCH_SECONDS = 60.0
FREE_BY_ADDRESS = 30
"""Failures from one address of the network that cost nothing: a whole office may stand behind it."""
WRONG = "The e-mail address or the password is not right. Check both and try again."
AWAY = "Signing in does not work just now: the store does not answer. Wait a few seconds and try again."
MEANWHILE = "Somebody else changed this account in the meantime. Look at it again, then change it."
P = ParamSpec("P")
T = TypeVar("T")


class SignedIn(NamedTuple):
    """A session with its account."""

    session: Session
    account: Account


class Desk:
    """Signs people in and out, and looks after their accounts."""

    def __init__(self, store: SignInStore) -> None:
        self._store = store
        self._seen: dict[str, tuple[float, SignedIn | None]] = {}
        self._away_until = 0.0
        self._hashing: anyio.CapacityLimiter | None = None

    async def sign_in(self, email: str, password: str, address: str, user_agent: str) -> tuple[str, Account]:
        """The token of a new session. Invalid when the two do not match, TooMany when too many did not."""
        keys = {
            digest_of(f"email:{email.strip().lower()}"): FREE_FAILURES,
            digest_of(f"address:{address}"): FREE_BY_ADDRESS,
        }
        at = _now()
        for key, free in keys.items():
            if wait := (await self._ask(self._store.failures, key)).wait(at, free):
                raise TooMany(_patience(wait), retry_after=int(wait.total_seconds()) + 1)
        account = await self._find_by_email(email)
        kept = account.password_hash if account and account.is_active else None
        if not await self._hash(is_right, password, kept) or account is None:
            for key in keys:
                await self._ask(self._store.count_failure, key, at)
            await self.note(account.account_id if account else "", "failed to sign in")
            raise Invalid(WRONG)
        await self._ask(self._store.forget_failures, next(iter(keys)))
        await self._ask(self._store.forget_expired, at)
        token = secrets.token_urlsafe(32)
        session = Session(
            digest=digest_of(token),
            account_id=account.account_id,
            started_at=at,
            seen_at=at,
            browser=browser_in_words(user_agent),
        )
        await self._ask(self._store.insert_session, session)
        await self.note(account.account_id, "signed in")
        return token, account

    async def find(self, token: str) -> SignedIn | None:
        """Whose session the token is; None when it has ended. Raises Unavailable when that cannot be told."""
        digest, now = digest_of(token), time.monotonic()
        known = self._seen.get(digest)
        if known is None or known[0] + CACHE_SECONDS < now:
            is_good_enough = known is not None and known[0] + KNOWN_SECONDS >= now
            if known is not None and is_good_enough and now < self._away_until:
                return known[1]
            try:
                found = await self._ask(self._read, digest)
            except Unavailable:
                self._away_until = time.monotonic() + AWAY_SECONDS
                if known is None or not is_good_enough:
                    raise
                return known[1]
            if len(self._seen) >= CACHE_SIZE:  # guessed tokens must not fill the memory
                self._seen.clear()
            known = self._seen[digest] = (now, found)
        return known[1]

    def _read(self, digest: str) -> SignedIn | None:
        session, at = self._store.find_session(digest), _now()
        if session is None or session.is_over(at):
            return None
        account = self._store.find_account(session.account_id)
        if account is None or not account.is_active:
            return None
        if (at - session.seen_at).total_seconds() > TOUCH_SECONDS:
            self._store.touch_session(digest, at)
        return SignedIn(session, account)

    async def sign_out(self, signed_in: SignedIn) -> None:
        await self._ask(self._store.end_session, signed_in.session.digest)
        self._seen.pop(signed_in.session.digest, None)
        await self.note(signed_in.account.account_id, "signed out")

    async def sessions_of(self, account_id: str) -> list[Session]:
        """The sessions that go on, the one used last first."""
        found = await self._ask(self._store.sessions_of, account_id)
        return sorted((each for each in found if not each.is_over(_now())), key=lambda each: each.seen_at, reverse=True)

    async def end_sessions(self, account_id: str, but: str = "") -> None:
        """Sign an account out everywhere, `but` in the session of this digest."""
        await self._ask(self._store.end_sessions, account_id, but)
        self._forget(account_id)

    async def change_password(self, signed_in: SignedIn, old: str, new: str) -> None:
        """One's own; every other session ends."""
        account = signed_in.account
        if not await self._hash(is_right, old, account.password_hash):
            raise Invalid("The current password is not right.")
        if old == new:
            raise Invalid("Choose a password that is not the current one.")
        check_password(new, account.email, account.name)
        hashed = await self._hash(hash_password, new)
        await self._replace(account.next(password_hash=hashed, must_change=False))
        await self.end_sessions(account.account_id, but=signed_in.session.digest)
        await self.note(account.account_id, "changed the own password")

    async def open_account(self, email: str, name: str, roles: tuple[str, ...]) -> tuple[Account, str]:
        """A new account and its temporary password, which is told this once."""
        password = temporary_password()
        account = open_account(email, name, roles, await self._hash(hash_password, password), _now())
        if not await self._ask(self._store.insert_account, account):
            raise Conflict("Somebody has an account with this e-mail address already.")
        return account, password

    async def change_account(
        self, account_id: str, version: int, name: str, roles: tuple[str, ...], is_active: bool
    ) -> Account:
        """What an administrator decides about somebody; whoever is closed out is signed out at once."""
        account = await self.account(account_id)
        if account.version != version:
            raise Conflict(MEANWHILE)
        changed = account.next(name=check_name(name), roles=check_roles(roles), is_active=is_active)
        await self._check_somebody_administers(changed)
        await self._replace(changed)
        if not is_active:
            await self.end_sessions(account_id)
        return changed

    async def reset_password(self, account_id: str) -> str:
        """Another temporary password, told this once; the account is signed out everywhere."""
        account, password = await self.account(account_id), temporary_password()
        await self._replace(account.next(password_hash=await self._hash(hash_password, password), must_change=True))
        await self.end_sessions(account_id)
        return password

    async def account(self, account_id: str) -> Account:
        account = await self._ask(self._store.find_account, account_id)
        if account is None:
            raise NotFound("There is no such account.")
        return account

    async def accounts(self) -> list[Account]:
        """Everybody, those who may sign in first, by name."""
        found = await self._ask(self._store.accounts)
        return sorted(found, key=lambda each: (not each.is_active, each.name.casefold()))

    async def note(self, account_id: str, what: str, permission: str = "", about: str = "") -> None:
        """Write a line of the audit."""
        act = Act(
            act_id=new_id(),
            at=_now(),
            account_id=account_id,
            what=what,
            permission=permission,
            about=about[:500],
            correlation_id=correlation_id(),
        )
        await self._ask(self._store.append_act, act)

    async def acts(self, since: datetime, before: datetime, account_id: str = "") -> list[Act]:
        return await self._ask(self._store.acts, since, before, account_id)

    async def _find_by_email(self, email: str) -> Account | None:
        try:
            account_id = account_id_of(email_key(email))
        except Invalid:
            return None
        return await self._ask(self._store.find_account, account_id)

    async def _check_somebody_administers(self, changed: Account) -> None:
        others = (each for each in await self.accounts() if each.account_id != changed.account_id)
        if not any(each.is_active and "administrator" in each.roles for each in (changed, *others)):
            raise Invalid("Somebody must be able to look after accounts: make another person an administrator first.")

    async def _replace(self, account: Account) -> None:
        if not await self._ask(self._store.replace_account, account):
            raise Conflict(MEANWHILE)
        self._forget(account.account_id)

    def _forget(self, account_id: str) -> None:
        self._seen = {
            key: each for key, each in self._seen.items() if each[1] and each[1].account.account_id != account_id
        }

    async def _hash(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """In a thread, two at once: argon2 takes memory and time on purpose."""
        if self._hashing is None:
            self._hashing = anyio.CapacityLimiter(2)
        return await anyio.to_thread.run_sync(lambda: work(*args, **kwargs), limiter=self._hashing)

    async def _ask(self, question: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await ask_store(lambda: question(*args, **kwargs), AWAY)


def _patience(wait: timedelta) -> str:
    seconds = int(wait.total_seconds()) + 1
    told = f"{seconds} seconds" if seconds < 100 else f"{seconds // 60 + 1} minutes"
    return f"Too many wrong passwords. Wait {told}, then try again, or ask an administrator for a new password."


def _now() -> datetime:
    return datetime.now(UTC)
