"""Accounts of the demonstration, one for each role. Outside a demonstration there is none."""

import hmac
from datetime import UTC, datetime
from typing import NamedTuple

from deploy.seed.searches import add_searches
from services.web.signin.domain import open_account
from services.web.signin.passwords import hash_password
from services.web.signin.policy import ROLES
from services.web.signin.repository import MongoSignInStore
from shared.mongo import connect
from shared.settings import Settings

_NAMES = {
    "administrator": "Ade Administrator",
    "engagement_officer": "Erin Engagement",
    "communications_officer": "Cal Communications",
    "patient_experience": "Pat Experience",
    "board_reader": "Bo Board",
}
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


class DemoAccount(NamedTuple):
    role: str
    email: str
    password: str


def demo_accounts(settings: Settings) -> list[DemoAccount]:
    """Who can sign in to the demonstration, and with what: passwords come of the instance's own secret."""
    return [DemoAccount(role, _email(role), _password(settings.secret, role)) for role in ROLES]


def open_demo_accounts(settings: Settings) -> None:
    """Open those that are not there yet, with searches of theirs."""
    store = MongoSignInStore(connect(settings, "web"))
    store.prepare()
    for role, email, password in demo_accounts(settings):
        account = open_account(email, _NAMES[role], (role,), hash_password(password), datetime.now(UTC))
        if store.insert_account(account.next(must_change=False)):
            add_searches(settings, account.account_id)


def _email(role: str) -> str:
    return f"{role.partition('_')[0]}@demo.example.org"


def _password(secret: str, role: str) -> str:
    digest = hmac.digest(secret.encode(), f"demo account {role}".encode(), "sha256")
    letters = "".join(_LETTERS[byte % len(_LETTERS)] for byte in digest[:15])
    return "-".join(letters[start : start + 5] for start in range(0, 15, 5))
