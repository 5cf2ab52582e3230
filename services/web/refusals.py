"""Requests that HTTP itself has a status for; `problems` makes the answers."""

from collections.abc import Mapping
from typing import Any

from shared.errors import Invalid, WellheardError


class Refused(WellheardError):
    """A request that HTTP itself has a status for, with headers and members the answer carries."""

    headers: Mapping[str, str] = {}

    def __init__(self, detail: str = "", **members: Any) -> None:
        super().__init__(detail)
        self.members = members


class BadRequest(Refused):
    status = 400
    title = "The request cannot be read"


class Unauthorised(Refused):
    status = 401
    title = "A valid key is needed"
    headers = {"WWW-Authenticate": 'Bearer realm="Wellheard"'}  # noqa: RUF012 - a constant mapping


class TooSlow(Refused):
    status = 408
    title = "The body did not arrive in time"


class TooLarge(Refused):
    status = 413
    title = "Too large"


class UnknownMediaType(Refused):
    status = 415
    title = "This content type is not understood"


class Unprocessable(Refused):
    status = 422
    title = "Some members are not CloudEvents"


class TooMany(Refused):
    status = 429
    title = "Too many"

    def __init__(self, detail: str = "", retry_after: int = 1) -> None:
        super().__init__(detail)
        self.headers = {"Retry-After": str(retry_after)}


class NotYet(Refused):
    """Not found, but worth asking again in a second."""

    status = 404
    title = "Not found"
    headers = {"Retry-After": "1"}  # noqa: RUF012 - a constant mapping


def as_bad_request(error: Invalid) -> BadRequest:
    """A query that a service refuses: the partner's request was wrong, not what it carries."""
    return BadRequest(error.detail)
