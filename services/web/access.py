"""Who may do what: every route names a permission here, and this is the only place that grants one.

Until people sign in, the web listens on 127.0.0.1 only and whoever sits at the machine is the operator, with
every permission. Partners hold keys with scopes.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from fastapi import Depends, Request

from services.web.csrf import check_post
from services.web.form_size import check_size
from services.web.keys import SCOPES, create_key, list_keys, revoke_key
from services.web.problems import Unauthorised
from shared.errors import Forbidden

__all__ = ["SCOPES", "Caller", "Needs", "anyone", "create_key", "list_keys", "partner", "revoke_key", "staff"]

_KEY_WANTED = "Send your key as `Authorization: Bearer <key>`; the operator of this Wellheard gives you one."


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and what they may do."""

    name: str
    """The partner's name, or `staff`."""
    permissions: frozenset[str]


OPERATOR = Caller(
    "staff",
    frozenset(
        (
            "history:read",
            "contacts:write",
            "contacts:import",
            "consents:write",
            "engagements:write",
            "quarantine:write",
            "system:read",
        )
    ),
)


class Needs:
    """A route's permission: any one of `permissions` is enough."""

    def __init__(self, find_caller: Callable[[Request], Awaitable[Caller]], *permissions: str) -> None:
        self._find_caller = find_caller
        self.permissions = permissions

    async def __call__(self, request: Request) -> Caller:
        caller = await self._find_caller(request)
        if self.permissions and caller.permissions.isdisjoint(self.permissions):
            raise Forbidden(f"This needs the scope {' or '.join(self.permissions)}, which your key does not have.")
        return caller


async def _by_key(request: Request) -> Caller:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthorised(_KEY_WANTED)
    key = await request.app.state.keys.find(token.strip())
    if key is None:
        raise Unauthorised(f"This key is not known, or was revoked. {_KEY_WANTED}")
    request.app.state.allowance.check_request(key.partner)
    return Caller(key.partner, frozenset(key.scopes))


async def _operator(request: Request) -> Caller:
    await check_size(request)
    await check_post(request)
    return OPERATOR


async def _anyone(request: Request) -> Caller:
    return Caller("anyone", frozenset())


def partner(*scopes: str) -> Any:
    """A route for partners' keys that carry one of the scopes."""
    return Depends(Needs(_by_key, *scopes))


def staff(permission: str) -> Any:
    """A page for staff."""
    return Depends(Needs(_operator, permission))


anyone: Any = Depends(Needs(_anyone))
"""A route that tells nothing about anybody."""
