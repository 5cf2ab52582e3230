"""Whom a mailing would reach, before anything is sent. Owned by services/notifications."""

from typing import ClassVar

from shared.contracts.base import Request, Value


class AudienceSummary(Value):
    """Who a mailing would go to at this moment."""

    allowed: int
    kept_back: dict[str, int]
    """Rule -> people nothing is sent to; `not_invited`: who was not sent the invitation that it reminds of."""
    is_complete: bool
    """False: the segment is larger than what was looked through."""
    answered_unknown: bool = False
    """True: whoever has answered the anonymous survey is counted among the allowed, and gets nothing all the same."""


class SummariseAudience(Request[AudienceSummary]):
    """Count whom a mailing would reach and whom not, by rule; looks through up to 5,000 members."""

    service: ClassVar[str] = "notifications"
    reply: ClassVar = AudienceSummary
    mailing_id: str
