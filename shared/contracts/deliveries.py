"""What became of one message that somebody asked for. Owned by services/notifications."""

from typing import ClassVar, Literal

from shared.contracts.base import Request, Value


class Delivery(Value):
    """`waiting`: it has no end state yet. `unknown`: there is no such message, or not yet."""

    state: Literal["unknown", "waiting", "sent", "bounced", "suppressed", "failed", "uncertain"]
    reason: str = ""
    """The rule that kept it back, or why it failed."""


class GetDelivery(Request[Delivery]):
    """What became of the notice that was asked for under `request_id`, for this contact."""

    service: ClassVar[str] = "notifications"
    reply: ClassVar = Delivery
    request_id: str
    contact_id: str
