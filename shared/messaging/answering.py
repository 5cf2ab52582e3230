"""How nameko's RPC meets a broker that goes away, falls silent or takes nothing.

nameko has no setting for either: its consumer waits up to 30 seconds before it connects again, and a reply waits for
its confirm for ever, holding one of the workers. Both are replaced here, by the connections that the rest of
messaging uses.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import nameko.messaging
import nameko.rpc
import orjson
from kombu import Connection
from nameko.exceptions import serialize

from shared.logs import get_logger
from shared.messaging.answers import CONFIRM_SECONDS, send_answer
from shared.messaging.broker import BROKER_ERRORS, Backoff, Publisher, abort, connect
from shared.messaging.pulse import HEARTBEAT

log = get_logger()


def harden() -> None:
    """Let nameko connect and answer as we do; called before a service starts."""
    nameko.messaging.QueueConsumer.establish_connection = _establish_connection
    nameko.rpc.Responder = _Responder


@contextmanager
def _establish_connection(consumer: Any) -> Iterator[Connection]:
    backoff = Backoff()
    while not consumer.should_stop:
        try:
            opened = connect(consumer.amqp_uri, HEARTBEAT)
        except BROKER_ERRORS as error:
            log.warning("rpc_waits", error=type(error).__name__)
            time.sleep(backoff.next())
            continue
        opened.heartbeat_check = partial(_check_heartbeat, opened, opened.heartbeat_check)
        try:
            yield opened
        finally:
            with suppress(*BROKER_ERRORS):
                opened.release()
        return
    raise ConnectionError("the service stops")


def _check_heartbeat(opened: Connection, check: Callable[[], None]) -> None:
    """A broker that has fallen silent is left without the goodbyes that kombu would wait for."""
    try:
        check()
    except BROKER_ERRORS:
        abort(opened)
        raise


class _Responder:
    """Sends the answer to one request, over one of a few connections; an answer nobody can get is let go."""

    _idle: list[Publisher] = []  # noqa: RUF012 - shared by all answers of the process

    def __init__(self, amqp_uri: str, exchange: Any, serializer: str, message: Any, **_ignored: object) -> None:
        self._url = amqp_uri
        self._properties = message.properties

    def send_response(self, result: Any, exc_info: Any) -> tuple[Any, Any]:
        error = serialize(exc_info[1]) if exc_info is not None else None
        body = orjson.dumps({"result": result, "error": error}, default=str)
        publisher = self._idle.pop() if self._idle else Publisher(self._url, CONFIRM_SECONDS)
        send_answer(publisher, body, self._properties)
        self._idle.append(publisher)
        return result, exc_info
