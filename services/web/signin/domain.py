"""Accounts, sessions and the throttle of sign-in: pure rules; time is passed in."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.web.signin.policy import ROLES, permissions_of
from shared.contracts.base import id_of
from shared.errors import Invalid
from shared.identifiers import InvalidIdentifierError, compared

SESSION_HOURS = 12
"""Nobody stays signed in for longer, whatever they do."""
IDLE_HOURS = 2
"""A session that was not used for so long has ended."""
FREE_FAILURES = 5
"""Wrong passwords in a row that cost nothing but the time of typing."""
LONGEST_PAUSE = timedelta(minutes=15)
FORGOTTEN = timedelta(hours=24)
"""Failures this long ago count no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Somebody who works here. The id comes of the e-mail address, so one address has one account."""

    account_id: str
    email: str
    name: str
    roles: tuple[str, ...]
    password_hash: str
    created_at: datetime
    is_active: bool = True
    must_change: bool = False
    """The password is a temporary one: nothing but changing it is possible."""
    version: int = 1

    @property
    def permissions(self) -> frozenset[str]:
        return permissions_of(self.roles) if self.is_active and not self.must_change else frozenset()

    def next(self, **changed: object) -> "Account":
        """The account with what has changed, as its next version."""
        return replace(self, version=self.version + 1, **changed)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One browser in which somebody is signed in; kept by the SHA-256 of the token that the browser holds."""

    digest: str
    account_id: str
    started_at: datetime
    seen_at: datetime
    browser: str = ""
    """In words: `Firefox on Windows`."""

    def is_over(self, at: datetime) -> bool:
        too_old = at - self.started_at >= timedelta(hours=SESSION_HOURS)
        return too_old or at - self.seen_at >= timedelta(hours=IDLE_HOURS)


@dataclass(frozen=True, slots=True)
class Failures:
    """Wrong passwords in a row, for one e-mail address or from one address of the network."""

    count: int = 0
    last_at: datetime | None = None

    def wait(self, at: datetime, free: int = FREE_FAILURES) -> timedelta:
        """How long nobody may try again: doubles with each failure beyond the free ones."""
        if self.last_at is None or self.count < free or at - self.last_at >= FORGOTTEN:
            return timedelta()
        pause = min(timedelta(seconds=2 ** min(self.count - free, 12)), LONGEST_PAUSE)
        return max(self.last_at + pause - at, timedelta())


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One line of the audit: who did what, when, about what. It is written once and never changed."""

    act_id: str
    at: datetime
    account_id: str
    """`operator` for the command line; empty when nobody was signed in."""
    what: str
    """In a few words, or method and route."""
    permission: str = ""
    about: str = ""
    """Ids of what it was done to."""
    correlation_id: str = ""


def open_account(email: str, name: str, roles: tuple[str, ...], password_hash: str, at: datetime) -> Account:
    """An account with a temporary password. Invalid with a sentence when something about it cannot be."""
    email = email_key(email)
    return Account(
        account_id=account_id_of(email),
        email=email,
        name=check_name(name),
        roles=check_roles(roles),
        password_hash=password_hash,
        created_at=at,
        must_change=True,
    )


def check_name(name: str) -> str:
    """The name without the spaces around it; Invalid when nothing is left or it is too long."""
    name = name.strip()
    if not name or len(name) > 200:
        raise Invalid("Enter a name of up to 200 characters.")
    return name


def check_roles(roles: tuple[str, ...]) -> tuple[str, ...]:
    """The roles in the order of the list, each once; Invalid when there is none or an unknown one."""
    if unknown := sorted(set(roles) - ROLES.keys()):
        raise Invalid(f"There is no role {', '.join(unknown)}. The roles are {', '.join(ROLES)}.")
    if not roles:
        raise Invalid("Choose at least one role.")
    return tuple(role for role in ROLES if role in roles)


def email_key(email: str) -> str:
    """The address in its compared form; Invalid when it is none."""
    try:
        return compared("email", email.strip())
    except InvalidIdentifierError as error:
        raise Invalid(f"The e-mail address {error}.") from None


def account_id_of(email: str) -> str:
    """The id of whoever has this address in compared form."""
    return id_of("acc", email)


def browser_in_words(user_agent: str) -> str:
    """`Firefox on Windows`, for the list of one's sessions; the rest of what a browser tells is not kept."""
    names = {"Edg/": "Edge", "OPR/": "Opera", "Firefox/": "Firefox", "Chrome/": "Chrome", "Safari/": "Safari"}
    systems = {"Windows": "Windows", "Android": "Android", "iPhone": "iPhone", "iPad": "iPad", "Mac OS": "Mac"}
    name = next((name for part, name in names.items() if part in user_agent), "A browser")
    system = next((name for part, name in {**systems, "Linux": "Linux"}.items() if part in user_agent), "")
    return f"{name} on {system}" if system else name
