"""Somebody who is signed in, for tests on real servers."""

import hashlib
import secrets
from datetime import UTC, datetime

from services.web.signin.domain import Session, open_account
from services.web.signin.policy import ROLES
from services.web.signin.repository import MongoSignInStore
from shared.mongo import connect
from shared.settings import Settings


def cookie_of_staff(settings: Settings, *roles: str) -> str:
    """The cookie of a browser in which somebody with these roles is signed in; with none, somebody who has all."""
    store, at, token = MongoSignInStore(connect(settings, "web")), datetime.now(UTC), secrets.token_urlsafe(32)
    store.prepare()
    account = open_account(f"{secrets.token_hex(4)}@example.org", "Sam Staff", roles or tuple(ROLES), "", at)
    store.insert_account(account.next(must_change=False))
    digest = hashlib.sha256(token.encode()).hexdigest()
    store.insert_session(Session(digest=digest, account_id=account.account_id, started_at=at, seen_at=at))
    return f"wellheard_session={token}"
