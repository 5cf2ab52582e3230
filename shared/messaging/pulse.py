"""The heartbeats of a consumer's connection: sent also while a handler is at work, and missed when they do not come."""

import threading
import time
from types import TracebackType
from typing import Self

from kombu import Connection

from shared.messaging.reading import read_what_came

HEARTBEAT = 6
"""Seconds; a side that is silent for two of them is taken for dead."""


class Pulse:
    """Keeps a connection alive from a thread of its own, and tells when the other side is dead.

    Without it a handler that waits for its store for half a minute loses its connection; the batch is delivered
    again, and after fifty such times the broker would park what is only waiting.
    """

    def __init__(self, opened: Connection) -> None:
        self._opened = opened
        self._connection = opened.connection
        self.writing = threading.Lock()
        """Held by whoever writes: a frame must not begin inside another."""
        self._received = -1
        self._heard = time.monotonic()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._send, name="pulse", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, _type: type | None, _error: BaseException | None, _traceback: TracebackType | None) -> None:
        self._ended.set()

    def listen(self, seconds: float) -> bool:
        """Read what the broker sent; False when nothing came in time. Raises ConnectionError when it is dead."""
        came = True
        try:
            read_what_came(self._opened, seconds)
        except TimeoutError:
            came = False
        if self._connection.bytes_recv != self._received:  # frames, heartbeats among them
            self._received, self._heard = self._connection.bytes_recv, time.monotonic()
        elif time.monotonic() - self._heard > 2 * HEARTBEAT:
            raise ConnectionError("the broker has fallen silent")
        return came

    def _send(self) -> None:
        while not self._ended.wait(HEARTBEAT / 2):
            try:
                with self.writing:
                    self._connection.send_heartbeat()
            except Exception:  # it was closed meanwhile, in one of many ways; who listens will notice
                return
