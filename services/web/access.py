"""Who may do what: every route names a permission here, and this is the only place that grants one.

Staff have a session and roles (`signin/policy.csv`); partners hold keys with scopes.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from fastapi import Depends, Request
from starlette.responses import Response

from services.web.csrf import check_post, is_https
from services.web.form_size import MOST_FIELDS, check_size
from services.web.refusals import Unauthorised
from services.web.signin.desk import Desk, SignedIn
from services.web.signin.domain import SESSION_HOURS
from shared.contracts.history import Reader
from shared.errors import Forbidden, WellheardError

_KEY_WANTED = "Send your key as `Authorization: Bearer <key>`; the operator of this Wellheard gives you one."
_SESSION = "wellheard_session"
_OWN = "account:own"
"""The permission of everybody who is signed in."""


class SignInNeeded(WellheardError):
    """Nobody is signed in, or not any more: the answer is the page for it, which keeps what was typed."""

    status = 401
    title = "Sign in"


class PasswordToChange(WellheardError):
    """The password is a temporary one: the answer leads to the page where it is changed."""

    status = 403
    title = "Change your password first"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and what they may do."""

    name: str
    """The partner's name, or that of an account."""
    permissions: frozenset[str]
    signed_in: SignedIn | None = None

    def may(self, permission: str) -> bool:
        return permission in self.permissions


class Needs:
    """A route's permission: any one of `permissions` is enough."""

    def __init__(self, find_caller: Callable[[Request], Awaitable[Caller]], *permissions: str) -> None:
        self._find_caller = find_caller
        self.permissions = permissions

    async def __call__(self, request: Request) -> Caller:
        caller = request.state.caller = await self._find_caller(request)
        if self.permissions and caller.permissions.isdisjoint(self.permissions):
            raise Forbidden(_refusal(caller, self.permissions))
        if caller.signed_in is not None and request.method not in ("GET", "HEAD"):
            await _note(request, caller.signed_in, next(iter(self.permissions), ""))
        return caller


def _refusal(caller: Caller, permissions: tuple[str, ...]) -> str:
    if caller.signed_in is None:
        return f"This needs the scope {' or '.join(permissions)}, which your key does not have."
    return f"Your role does not include this ({' or '.join(permissions)}). An administrator can change your role."


async def note_reading(request: Request, permission: str) -> None:
    """Write into the audit that somebody takes along what people said, before they get it."""
    if (signed_in := caller(request).signed_in) is not None:
        await _note(request, signed_in, permission)


async def _note(request: Request, signed_in: SignedIn, permission: str) -> None:
    """Before it is done: an act that cannot be written down does not happen."""
    route = request.scope["route"].path
    about = " ".join(str(value) for value in request.path_params.values())
    await desk(request).note(signed_in.account.account_id, f"{request.method} {route}", permission, about)


async def _by_key(request: Request) -> Caller:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthorised(_KEY_WANTED)
    key = await request.app.state.keys.find(token.strip())
    if key is None:
        raise Unauthorised(f"This key is not known, or was revoked. {_KEY_WANTED}")
    request.app.state.allowance.check_request(key.partner)
    return Caller(key.partner, frozenset(key.scopes))


async def _by_session(request: Request) -> Caller:
    await check_size(request, fields=MOST_FIELDS)
    await check_post(request)
    signed_in = await find_signed_in(request)
    if signed_in is None:
        raise SignInNeeded("Sign in to go on.")
    return Caller(signed_in.account.name, signed_in.account.permissions | {_OWN}, signed_in)


async def _by_session_with_own_password(request: Request) -> Caller:
    caller = await _by_session(request)
    if caller.signed_in and caller.signed_in.account.must_change:
        raise PasswordToChange("Your password is a temporary one. Choose one of your own.")
    return caller


async def _by_session_or_key(request: Request) -> Caller:
    return await (_by_key if "authorization" in request.headers else _by_session_with_own_password)(request)


async def _anyone(request: Request) -> Caller:
    return Caller("anyone", frozenset())


def caller(request: Request) -> Caller:
    """Who asks, once the route's permission has been looked at."""
    found: Caller = request.state.caller
    return found


def reader_of(request: Request) -> Reader:
    """What the history shows to whoever asks: restricted entries are left out inside the query."""
    return Reader(sensitive=caller(request).may("history:sensitive"))


def desk(request: Request) -> Desk:
    """Where people sign in."""
    found: Desk = request.app.state.desk
    return found


async def find_signed_in(request: Request) -> SignedIn | None:
    """Whoever is signed in in this browser."""
    token = request.cookies.get(_cookie(request), "")
    return await desk(request).find(token) if token else None


def let_in(request: Request, response: Response, token: str) -> None:
    """Give the browser its session."""
    secure, age = is_https(request), SESSION_HOURS * 3600
    response.set_cookie(_cookie(request), token, max_age=age, httponly=True, samesite="lax", path="/", secure=secure)


def let_out(request: Request, response: Response) -> None:
    """Take the session from the browser."""
    response.delete_cookie(_cookie(request), path="/", secure=is_https(request), httponly=True, samesite="lax")


def _cookie(request: Request) -> str:
    # With the prefix a browser takes the cookie from no other host and over no open line.
    return f"__Host-{_SESSION}" if is_https(request) else _SESSION


def partner(*scopes: str) -> Any:
    """A route for partners' keys that carry one of the scopes."""
    return Depends(Needs(_by_key, *scopes))


def staff(permission: str) -> Any:
    """A page for staff."""
    return Depends(Needs(_by_session_with_own_password, permission))


def staff_or_key(permission: str) -> Any:
    """A route for staff and for scripts whose key carries the scope of that name."""
    return Depends(Needs(_by_session_or_key, permission))


oneself: Any = Depends(Needs(_by_session, _OWN))
"""A page about one's own account: whoever is signed in may see it."""
anyone: Any = Depends(Needs(_anyone))
"""A route that tells nothing about anybody."""
