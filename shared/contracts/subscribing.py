"""Asking for newsletters and other messages on the public page, confirmed by a mail. Owned by services/contacts."""

from datetime import timedelta
from typing import Annotated, ClassVar

from pydantic import AwareDatetime, Field

from shared.contracts.base import Personal, Request, Value
from shared.contracts.consent import Purpose

LASTS = timedelta(days=3)
"""How long a request waits to be confirmed; then nothing of it is kept."""
Key = Annotated[str, Personal, Field(min_length=20, max_length=64)]
Purposes = Annotated[tuple[Purpose, ...], Field(min_length=1, max_length=10)]


class Asked(Value):
    """What came of asking: the same whether we know the address or not."""

    key: Annotated[str | None, Personal]
    """What the link in the mail is made of. None: the address was asked for too often today, and gets no other mail."""


class AskToSubscribe(Request[Asked]):
    """Somebody wants messages sent to an address. Nothing is known of it until it is confirmed from there.

    Invalid when it is no address.
    """

    service: ClassVar[str] = "contacts"
    reply: ClassVar = Asked
    address: Annotated[str, Personal, Field(min_length=3, max_length=320)]
    name: Annotated[str, Personal, Field(max_length=200)] = ""
    purposes: Purposes
    wording: Annotated[str, Field(min_length=1, max_length=2000)]
    """What the person was asked, word for word."""


class SubscriptionRequest(Value):
    """What would be confirmed; nothing in it says who asked."""

    purposes: Purposes
    asked_at: AwareDatetime
    confirmed_at: AwareDatetime | None = None


class GetSubscriptionRequest(Request[SubscriptionRequest]):
    """Changes nothing. NotFound when the key is nobody's (any more)."""

    service: ClassVar[str] = "contacts"
    reply: ClassVar = SubscriptionRequest
    key: Key


class ConfirmedSubscription(Value):
    purposes: Purposes
    preference_key: Annotated[str, Personal]
    """What the link to the preferences is made of."""


class ConfirmSubscription(Request[ConfirmedSubscription]):
    """Find or register the contact of the address, and record its consent. The same again records nothing."""

    service: ClassVar[str] = "contacts"
    reply: ClassVar = ConfirmedSubscription
    key: Key
