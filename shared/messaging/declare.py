"""Declarations: what a handler listens to, written above a plain function that a test can call."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, get_type_hints

import orjson

from shared.contracts.base import (
    BATCH_TYPE,
    CONTENT_TYPE,
    JSON,
    JSON_BATCH,
    Event,
    Request,
    Unreadable,
    read_envelope,
)

F = TypeVar("F", bound=Callable[..., Any])
_SINGLE = {BATCH_TYPE: CONTENT_TYPE, JSON_BATCH: JSON}
"""What one of a batch is, by what the batch is."""
_UNREAD = object()


@dataclass(frozen=True, slots=True)
class RawMessage:
    """A message as the broker delivered it."""

    body: bytes
    """Empty for one of a batch, which is there as `content`."""
    headers: dict[str, Any] = field(default_factory=dict)
    content_type: str = ""
    user_id: str | None = None
    """The broker user that published it, checked by the broker; None when the publisher did not say."""
    own: bool = False
    """Published by our own services' user: only then its headers may say for whom it speaks."""
    content: Any = _UNREAD
    """The body as JSON, where it has been read before."""

    def to_bytes(self) -> bytes:
        """The body; of one of a batch it is made now: only a copy of what has failed needs it."""
        return self.body if self.content is _UNREAD else orjson.dumps(self.content)

    def json_object(self) -> dict[str, Any]:
        """The body as a JSON object. Raises Unreadable."""
        content = self._json()
        if not isinstance(content, dict):
            raise Unreadable("not a JSON object")
        return content

    def each(self) -> "list[RawMessage]":
        """A message for each event or form of a batch of ours; itself otherwise. Raises Unreadable."""
        if not (self.own and self.content_type in _SINGLE):
            return [self]
        content = self._json()
        if not isinstance(content, list):
            raise Unreadable("not a JSON array")
        kind = _SINGLE[self.content_type]
        return [RawMessage(b"", self.headers, kind, self.user_id, self.own, each) for each in content]

    def _json(self) -> Any:
        if self.content is not _UNREAD:
            return self.content
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            raise Unreadable(f"not JSON: {error}") from None


@dataclass(frozen=True, slots=True)
class Declaration:
    """One entrypoint of a service, bound to nothing yet.

    `handler` names the method. For queues: `read` turns one raw message into what the handler gets and raises
    Unreadable for a message that no retry will help.
    """

    how: str
    """`rpc`, `batch` or `every`."""
    handler: str
    queue: str = ""
    events: tuple[type[Event], ...] = ()
    read: Callable[[RawMessage], Any] | None = None
    exchange: str = "wellheard"
    """Where its messages come from; empty when they are put into the queue by its name."""
    size: int = 1
    linger: float = 0.0
    consumers: int = 1
    one_by_one: bool = False
    request: type[Request[Any]] | None = None
    seconds: float = 0.0

    def routing_keys(self) -> list[str]:
        return sorted({event.routing_key() for event in self.events}) or ["#"]


_ATTRIBUTE = "__wellheard__"


def rpc(handler: F) -> F:
    """Answers a request: the type of the one parameter is the request's class, its `reply` is returned."""
    return _declare(handler, Declaration("rpc", handler.__name__))


def on_batch(
    queue: str,
    events: Sequence[type[Event]] = (),
    *,
    size: int = 500,
    linger: float = 0.05,
    read: Callable[[RawMessage], Any] | None = None,
    exchange: str = "wellheard",
    consumers: int = 1,
) -> Callable[[F], F]:
    """Handles up to `size` messages of `queue` in one call, waiting at most `linger` seconds for more.

    The handler gets a list of envelopes (of what `read` returns, if given) and may return a list of envelopes:
    they are published and confirmed before the batch is acknowledged. It must be idempotent. `consumers`: so many
    batches are in hand at once in one process, one at work while another waits for the store or the broker.
    An empty `exchange`: messages are put into the queue by its name, and no event comes to it.
    """

    def decorate(handler: F) -> F:
        reader = read or _envelope_reader(events)
        return _declare(
            handler,
            Declaration(
                "batch",
                handler.__name__,
                queue,
                tuple(events),
                reader,
                exchange=exchange,
                size=size,
                linger=linger,
                consumers=consumers,
            ),
        )

    return decorate


def on(queue: str, *events: type[Event]) -> Callable[[F], F]:
    """Handles one message of `queue` at a time: the handler gets one envelope."""

    def decorate(handler: F) -> F:
        declaration = Declaration(
            "batch", handler.__name__, queue, events, _envelope_reader(events), one_by_one=True, size=50
        )
        return _declare(handler, declaration)

    return decorate


def every(seconds: float) -> Callable[[F], F]:
    """Runs the method each `seconds`, never twice at a time in one process."""

    def decorate(handler: F) -> F:
        return _declare(handler, Declaration("every", handler.__name__, seconds=seconds))

    return decorate


def declarations(service: object) -> list[Declaration]:
    """The entrypoints of a service (its class or an instance), by name."""
    cls = service if isinstance(service, type) else type(service)
    found = []
    for name in sorted(dir(cls)):
        declaration = getattr(getattr(cls, name, None), _ATTRIBUTE, None)
        if declaration is not None:
            found.append(_with_request(getattr(cls, name), declaration))
    return found


def _with_request(method: Callable[..., Any], declaration: Declaration) -> Declaration:
    if declaration.how != "rpc":
        return declaration
    hints = get_type_hints(method)
    request = next(hint for name, hint in hints.items() if name != "return")
    if request.method() != method.__name__:
        raise TypeError(f"{method.__qualname__} answers {request.__name__}: name it {request.method()}")
    return Declaration("rpc", method.__name__, request=request)


def _declare(handler: F, declaration: Declaration) -> F:
    setattr(handler, _ATTRIBUTE, declaration)
    return handler


def _envelope_reader(events: Sequence[type[Event]]) -> Callable[[RawMessage], Any]:
    known = {event.type: event for event in events}

    def read(message: RawMessage) -> Any:
        return read_envelope(message.json_object(), known)

    return read
