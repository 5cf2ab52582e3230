"""A service's answer to CheckHealth."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from shared.contracts.base import ConsumerHealth, Health, OutboxHealth
from shared.logs import get_logger
from shared.messaging.broker import is_unavailable
from shared.messaging.ports import Outbox
from shared.vitals import STARTED_AT, resident_bytes, wellheard_version

log = get_logger()


@runtime_checkable
class Dependent(Protocol):
    """A service that needs something which neither its consumers nor its outbox would notice to be away."""

    def ailing(self) -> str:
        """What is missing, in words, within about a second; empty when all is well."""
        ...


def read_health(consumers: Sequence[ConsumerHealth], service: object) -> Health:
    """How the service is at this moment; it answers within about a second, also while its store is away."""
    waiting, reason = _look_into(getattr(service, "outbox", None))
    if not reason and isinstance(service, Dependent):
        reason = service.ailing()
    return Health(
        ok=not reason and all(each.state == "running" for each in consumers),
        reason=reason,
        consumers=tuple(consumers),
        outbox=waiting,
        version=wellheard_version(),
        started_at=STARTED_AT,
        resident_bytes=resident_bytes(),
    )


def _look_into(outbox: Outbox | None) -> tuple[OutboxHealth | None, str]:
    if outbox is None:
        return None, ""
    try:
        return outbox.health(), ""
    except Exception as error:
        if not is_unavailable(error):
            raise
        log.warning("outbox_unreadable", error=type(error).__name__)
        return None, f"its store does not answer ({type(error).__name__})"
