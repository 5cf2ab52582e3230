"""The answer to a request over the bus, sent back to whoever asked."""

from collections.abc import Mapping
from typing import Any

from shared.errors import Unavailable
from shared.logs import get_logger
from shared.messaging import wire
from shared.messaging.broker import Outgoing, Publisher

log = get_logger()
CONFIRM_SECONDS = 2.0
"""An answer that is not confirmed by then goes over another connection: the idle one may have died unnoticed."""


def send_answer(publisher: Publisher, body: bytes, asked: Mapping[str, Any]) -> None:
    """Send it; `asked` are the properties of the request. An answer that nobody can get is let go."""
    reply_to, correlation_id = str(asked.get("reply_to", "")), str(asked.get("correlation_id", ""))
    try:
        publisher.publish([Outgoing(wire.EXCHANGE, reply_to, body, "application/json", correlation_id=correlation_id)])
    except Unavailable as reason:  # the caller has gone, or will give up and ask again
        log.warning("answer_lost", reason=reason.detail)
