"""The services behind the web: one call a question, reference data once a minute, the system's report on demand."""

import time
from collections.abc import Awaitable, Callable

from fastapi import Request

from services.web.waiting import Board
from shared.contracts.contacts import GetReference, Reference
from shared.messaging import AsyncBus
from shared.system.gather import Reporter

REFERENCE_SECONDS = 60.0


class Backend:
    """Asks the other services. `bus` carries the calls; what it raises is for the caller's page to explain."""

    def __init__(self, bus: AsyncBus, check_store: Callable[[], Awaitable[None]]) -> None:
        self.bus = bus
        reporter = Reporter(bus, check_store)
        self.report = reporter.report
        self.board = Board(bus, reporter)
        self.call = bus.call
        self.publish_inbound = bus.publish_inbound
        self.publish_to = bus.publish_to
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
