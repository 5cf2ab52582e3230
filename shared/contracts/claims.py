"""Parts of audiences that a sender holds. Owned by services/notifications."""

from typing import ClassVar

from pydantic import AwareDatetime

from shared.contracts.base import Request, Value


class Claim(Value):
    """What one sender holds."""

    sender: str
    parts: int
    recipients: int
    """In these parts; some have an end state."""
    seen_at: AwareDatetime | None = None
    """When it said last that it is alive; None: never."""


class Claims(Value):
    items: tuple[Claim, ...]


class ListClaims(Request[Claims]):
    """What each sender holds at this moment."""

    service: ClassVar[str] = "notifications"
    reply: ClassVar = Claims


class ReleaseClaims(Request[Claims]):
    """Settle what a sender holds that is gone for good, with its journals: who has no end state becomes uncertain.

    Nobody is sent anything again. Conflict while the sender may be alive; NotFound when it holds nothing.
    """

    service: ClassVar[str] = "notifications"
    reply: ClassVar = Claims
    sender: str
