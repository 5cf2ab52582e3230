"""The line to Elasticsearch: who is asked, how long an answer may take, and what its errors mean to the port."""

import logging
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from elastic_transport import ConnectionError as NotReached
from elastic_transport import OrjsonSerializer, TransportError, Urllib3HttpNode
from elasticsearch import ApiError, Elasticsearch

from services.history.index.port import IndexAway, IndexLost
from shared.settings import Settings

T = TypeVar("T")
ANSWER_SECONDS = 8.0
"""For a search: less than a caller waits."""
WRITE_SECONDS = 30.0
TRIES = 8
"""When the engine says that it has too much to do; about 25 seconds in all."""
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 8.0
_TOO_MANY = 429
_NOT_NOW = (502, 503, 504)
_NOT_ALLOWED = (401, 403)
AWAY = "The search engine does not answer just now. What was said is kept, and can be searched when it is back."


def connect_search(settings: Settings) -> Elasticsearch:
    """A client for the nodes of the search URL; no wait of it is without end."""
    logging.getLogger("elastic_transport.node_pool").setLevel(logging.ERROR)  # who asks says that there was no answer
    hosts = settings.search_hosts
    trusted: dict[str, Any] = {"ca_certs": str(settings.search_ca_file)} if settings.search_ca_file else {}
    return Elasticsearch(
        hosts,
        api_key=settings.search_api_key or None,
        basic_auth=settings.search_login,
        **trusted,
        node_class=Urllib3HttpNode,  # ordinary sockets: under eventlet they are green
        serializers={"application/vnd.elasticsearch+json": OrjsonSerializer()},
        connections_per_node=16,
        request_timeout=ANSWER_SECONDS,
        max_retries=len(hosts) - 1,  # the next node; everything that is written may be written twice
        retry_on_status=(),
        retry_on_timeout=False,
    )


@contextmanager
def asking() -> Iterator[None]:
    """Turns what the client raises into the errors of the port; a request that is wrong stays what it is, a bug."""
    try:
        yield
    except ApiError as error:
        meaning = _meaning(error)
        if meaning is error:
            raise
        raise meaning from error
    except TransportError as error:
        reason = "it cannot be reached" if isinstance(error, NotReached) else "it gave no answer in time"
        raise IndexAway(f"{AWAY} ({reason}: {type(error).__name__})") from error


def _meaning(error: ApiError) -> Exception:
    status = error.meta.status
    if status == 404:
        return IndexLost(f"the search engine does not have it: {error.message}")
    if status == _TOO_MANY:
        return EngineBusy(f"{AWAY} ({error.message})")
    if status in _NOT_NOW:
        return IndexAway(f"{AWAY} ({error.message})")
    if status in _NOT_ALLOWED:  # a key that is wrong, or an index that may only be read because a disk is full
        return IndexAway(f"The search engine refuses what it is asked: {error.message}.")
    return error


class EngineBusy(IndexAway):
    """It has too much to do for all of a request."""


class TooBusy(Exception):
    """The engine has too much to do for all, or for a part, of what it was sent."""


def patiently(call: Callable[[], T]) -> T:
    """Call again with growing pauses while it raises TooBusy; IndexAway after `TRIES`."""
    for attempt in range(TRIES):
        try:
            return call()
        except TooBusy as reason:
            last = reason
        pause = min(_FIRST_PAUSE * 2**attempt, _LONGEST_PAUSE)
        time.sleep(pause * random.uniform(0.5, 1.0))  # not all at the same moment
    raise IndexAway(f"The search engine takes nothing more just now: {last}.")
