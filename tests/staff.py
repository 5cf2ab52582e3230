"""Somebody who is signed in, in tests on fakes and on real servers."""

import secrets
from datetime import UTC, datetime

from services.web.keys import digest_of
from services.web.signin.domain import Session, open_account
from services.web.signin.policy import ROLES
from services.web.signin.repository import MongoSignInStore, SignInStore
from shared.mongo import connect
from shared.settings import Settings


def signed_in(store: SignInStore, *roles: str) -> str:
    """The token of a session of somebody with these roles; with none, of somebody who has all."""
    at, token = datetime.now(UTC), secrets.token_urlsafe(32)
    account = open_account(f"{secrets.token_hex(4)}@example.org", "Sam Staff", roles or tuple(ROLES), "", at)
    store.insert_account(account.next(must_change=False))
    store.insert_session(Session(digest=digest_of(token), account_id=account.account_id, started_at=at, seen_at=at))
    return token


def cookie_of_staff(settings: Settings, *roles: str) -> str:
    """The cookie of a browser in which somebody is signed in at an instance."""
    store = MongoSignInStore(connect(settings, "web"))
    store.prepare()
    return f"wellheard_session={signed_in(store, *roles)}"
