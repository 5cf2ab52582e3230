"""The roles and what each may do, as `policy.csv` says."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

import casbin

ROLES = {
    "administrator": "Administrator",
    "engagement_officer": "Engagement officer",
    "communications_officer": "Communications officer",
    "patient_experience": "Patient experience and complaints",
    "board_reader": "Board reader",
}
"""Roles and how they are called on pages."""
_FOLDER = Path(__file__).parent


@cache
def _permissions_of(role: str) -> frozenset[str]:
    return frozenset(permission for _, permission in _enforcer().get_implicit_permissions_for_user(role))


@cache
def _enforcer() -> casbin.Enforcer:
    return casbin.Enforcer(str(_FOLDER / "policy.conf"), str(_FOLDER / "policy.csv"))


def permissions_of(roles: Iterable[str]) -> frozenset[str]:
    """Everything that somebody with these roles may do."""
    return frozenset().union(*(_permissions_of(role) for role in roles))
