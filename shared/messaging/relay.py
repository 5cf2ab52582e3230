"""Publishes what commands left in the outboxes: at once after an answer, and every second what was left over."""

import threading
import time

from shared import failpoints
from shared.logs import get_logger
from shared.messaging.broker import Backoff, Outgoing, Publisher, is_unavailable
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
        self._woken = threading.Event()

    def wake(self) -> None:
        """A command has just been answered: look now."""
        self._woken.set()

    def stop(self) -> None:
        self._stopping = True
        self._woken.set()

    def run(self) -> None:
        backoff = Backoff()
        while not self._stopping:
            try:
                self._empty()
                backoff.reset()
                self._woken.wait(SWEEP)
            except Exception as error:
                if not is_unavailable(error):
                    raise
                log.warning("outbox_waits", error=type(error).__name__)
                time.sleep(backoff.next())
        self._publisher.close()

    def _empty(self) -> None:
        self._woken.clear()
        while pending := self._outbox.pending(CHUNK):
            failpoints.reach("relay.before_publish")
            self._publisher.publish(Outgoing.events([envelope for _, envelope in pending]))
            failpoints.reach("relay.before_forget")
            self._outbox.forget([(key, envelope.id) for key, envelope in pending])
            failpoints.reach("relay.after_forget")
