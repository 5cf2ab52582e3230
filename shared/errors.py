"""The errors a caller can do something about, the same in process, over RPC and over HTTP."""


class WellheardError(Exception):
    """An error with a sentence for the person who caused it.

    `status` is the HTTP status the web answers with; `title` is the short name shown above the sentence.
    """

    status = 500
    title = "Something went wrong"

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        self.detail = detail


class Invalid(WellheardError):
    """What was asked breaks a rule; the sentence says which and what to change."""

    status = 422
    title = "That cannot be accepted"


class NotFound(WellheardError):
    """The thing that was asked for does not exist, or the caller may not know that it does."""

    status = 404
    title = "Not found"


class Conflict(WellheardError):
    """Somebody else changed the thing first, or it exists already."""

    status = 409
    title = "Already changed or already there"


class Forbidden(WellheardError):
    """The caller is known and may not do this."""

    status = 403
    title = "Not allowed"


class Unavailable(WellheardError):
    """A part of the system does not answer now; the same request may succeed later."""

    status = 503
    title = "Not available just now"


ERRORS: dict[str, type[WellheardError]] = {
    cls.__name__: cls for cls in (Invalid, NotFound, Conflict, Forbidden, Unavailable)
}


def known(error: WellheardError) -> WellheardError:
    """The error as callers know it: one of a class of a service's own goes out as what that class is a kind of."""
    name = next((each.__name__ for each in type(error).__mro__ if each.__name__ in ERRORS), "")
    return ERRORS[name](error.detail) if name and type(error).__name__ != name else error
