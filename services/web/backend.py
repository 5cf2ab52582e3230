"""The services behind the web: one call a question, and reference data that is asked for once a minute."""

import time

from fastapi import Request

from shared.contracts.contacts import GetReference, Reference
from shared.messaging import AsyncBus

REFERENCE_SECONDS = 60.0


class Backend:
    """Asks the other services. `bus` carries the calls; what it raises is for the caller's page to explain."""

    def __init__(self, bus: AsyncBus) -> None:
        self.bus = bus
        self.call = bus.call
        self.publish_inbound = bus.publish_inbound
        self._reference: tuple[float, Reference] | None = None

    async def reference(self) -> Reference:
        """Localities, practices and groups."""
        if self._reference is None or self._reference[0] < time.monotonic():
            self._reference = (time.monotonic() + REFERENCE_SECONDS, await self.bus.call(GetReference()))
        return self._reference[1]


def backend(request: Request) -> Backend:
    """The backend of the app that answers this request."""
    found: Backend = request.app.state.backend
    return found
