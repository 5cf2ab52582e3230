"""Who wants no more messages: by the link in one, or by standing on the suppression list. Owned by notifications."""

from typing import Annotated, ClassVar

from pydantic import AwareDatetime, Field

from shared.contracts.base import Done, Personal, Request, Value
from shared.contracts.consent import Purpose


class Suppression(Value):
    """An address that nothing is sent to, whatever its owner allows."""

    address: Annotated[str, Personal]
    reason: Annotated[str, Field(max_length=200)]
    added_by: str
    at: AwareDatetime


class SuppressionList(Value):
    items: tuple[Suppression, ...]
    next_cursor: str | None = None


class Suppress(Request[Done]):
    """Put an address on the suppression list."""

    service: ClassVar[str] = "notifications"
    reply: ClassVar = Done
    address: Annotated[str, Personal, Field(min_length=3, max_length=320)]
    reason: Annotated[str, Field(max_length=200)] = ""
    by: str = "staff"


class Unsuppress(Request[Done]):
    """Take an address off the suppression list."""

    service: ClassVar[str] = "notifications"
    reply: ClassVar = Done
    address: Annotated[str, Personal]
    by: str = "staff"


class ListSuppressions(Request[SuppressionList]):
    """The suppression list, newest first."""

    service: ClassVar[str] = "notifications"
    reply: ClassVar = SuppressionList
    limit: Annotated[int, Field(ge=1, le=100)] = 50
    cursor: str | None = None


class Subscription(Value):
    """What the link in a message unsubscribes from."""

    purpose: Purpose
    subject: str
    preference_key: Annotated[str | None, Personal] = None
    """What the link to the preferences of whoever got the message is made of; None when contacts does not answer."""


class GetSubscription(Request[Subscription]):
    """Whether an unsubscribe link is one of ours; NotFound when it is not. Changes nothing."""

    service: ClassVar[str] = "notifications"
    reply: ClassVar = Subscription
    token: str


class Unsubscribe(Request[Subscription]):
    """The person who got a message wants no more of its kind. The same again changes nothing."""

    service: ClassVar[str] = "notifications"
    reply: ClassVar = Subscription
    token: str
