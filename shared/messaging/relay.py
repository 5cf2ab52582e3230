"""Publishes what commands left in the outboxes: at once after an answer, and every second what was left over."""

import time
from collections.abc import Callable

from shared.logs import get_logger
from shared.messaging.broker import BROKER_ERRORS, Backoff, Outgoing, Publisher, is_unavailable
from shared.messaging.ports import Outbox

log = get_logger()

SWEEP = 1.0
"""Seconds between looks for what a crash or an absent broker left behind."""
CHUNK = 500


class Relay:
    """Moves events from one service's outbox to the exchange, confirmed, then forgets them."""

    def __init__(self, url: str, outbox: Outbox) -> None:
        self._outbox = outbox
        self._publisher = Publisher(url)
        self._stopping = False
        self._woken = True

    def wake(self) -> None:
        """A command has just been answered: look now."""
        self._woken = True

    def stop(self) -> None:
        self._stopping = True

    def run(self, pause: Callable[[float], None] = time.sleep) -> None:
        backoff = Backoff()
        looked = 0.0
        while not self._stopping:
            if not self._woken and time.monotonic() - looked < SWEEP:
                pause(0.02)
                continue
            self._woken, looked = False, time.monotonic()
            try:
                self._empty()
                backoff.reset()
            except Exception as error:
                if not (is_unavailable(error) or isinstance(error, BROKER_ERRORS)):
                    raise
                log.warning("outbox_waits", error=type(error).__name__)
                pause(backoff.next())
        self._publisher.close()

    def _empty(self) -> None:
        while pending := self._outbox.pending(CHUNK):
            self._publisher.publish([Outgoing.event(envelope) for _, envelope in pending])
            self._outbox.forget([(key, envelope.id) for key, envelope in pending])
