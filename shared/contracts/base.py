"""The envelope (CloudEvents 1.0), the base classes of events and requests, and the mark of personal data."""

import os
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from hashlib import sha256
from typing import Annotated, Any, ClassVar, Generic, Literal, Self, TypeVar

import orjson
from cloudevents.core.exceptions import CloudEventValidationError
from cloudevents.core.v1.event import CloudEvent
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

Reply = TypeVar("Reply", bound=BaseModel)
E_co = TypeVar("E_co", bound="Event", covariant=True)

CONTENT_TYPE = "application/cloudevents+json"
BATCH_TYPE = "application/cloudevents-batch+json"
"""Several events in a JSON array: what a partner may post, and what a consumer tells of at once."""
JSON = "application/json"
JSON_BATCH = "application/vnd.wellheard.batch+json"
"""Several objects of ours in a JSON array, each of which would be a message of its own."""


class _Personal:
    """Marks a field that holds personal data: `name: Annotated[str, Personal]`.

    Logs drop such fields, metrics never see them, export and erasure find them.
    """

    def __repr__(self) -> str:
        return "Personal"


Personal = _Personal()

# Producers forbid unknown fields (the constructor); consumers ignore them (`read`). A model is built when it is first
# used: no process uses more than a part of them, and building all was a good part of its start.
_STRICT = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Value(BaseModel):
    """A part of an event or of a request; frozen, without unknown fields."""

    model_config = _STRICT


class Event(Value):
    """What has happened. One class for each event, defined once by its owner."""

    type: ClassVar[str]
    """`wellheard.<noun>.<past>.v<N>`"""

    @classmethod
    def routing_key(cls) -> str:
        """`<noun>.<past>`: every version of an event travels the same way."""
        return ".".join(cls.type.split(".")[1:3])

    @classmethod
    def read(cls, data: object) -> Self:
        """An event as a consumer reads it: fields of a newer producer are ignored."""
        return cls.model_validate(data, extra="ignore")


class Request(Value, Generic[Reply]):
    """Asks or commands the service that owns the noun; the answer is a `reply`.

    The RPC method is the class's own name: `ResolveContacts` is `contacts.resolve_contacts`.
    """

    service: ClassVar[str]
    reply: ClassVar[type[BaseModel]]

    @classmethod
    def method(cls) -> str:
        return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()


class Done(Value):
    """The answer of a command that has nothing to tell."""


def new_id(prefix: str = "") -> str:
    """A unique identifier that sorts by its time of making: 56 bits of microseconds and 72 random bits, in hex.

    Within one process later ids always sort after earlier ones.
    """
    global _last_stamp
    _last_stamp = max(_last_stamp + 1, time.time_ns() // 1000)
    unique = f"{_last_stamp:014x}{os.urandom(9).hex()}"
    return f"{prefix}_{unique}" if prefix else unique


def id_of(prefix: str, name: str) -> str:
    """The identifier of what a request or another thing that has a name of its own makes: the same each time."""
    return f"{prefix}_{sha256(name.encode()).hexdigest()[:24]}"


_last_stamp = 0


class Unreadable(Exception):
    """The bytes are not a message that this consumer knows: no retry will help."""


@dataclass(frozen=True)
class Envelope(Generic[E_co]):
    """An event with what the bus needs to know of it: a CloudEvent 1.0 with the extensions of Wellheard."""

    data: E_co
    source: str
    """`/services/<name>`"""
    subject: str
    """The id of the aggregate that changed."""
    sequence: int
    """The version of the aggregate after the change: projections keep the highest."""
    correlationid: str
    """The same through every hop that one act of a person or a partner causes."""
    causationid: str = ""
    """The id of the message that caused this one."""
    id: str = field(default_factory=new_id)
    time: datetime = field(default_factory=lambda: datetime.now(UTC))

    @cached_property
    def content(self) -> dict[str, Any]:
        """The structured JSON form, as it is stored in outboxes and in the history log. Not to be changed."""
        attributes: dict[str, Any] = {
            "specversion": "1.0",
            "id": self.id,
            "type": self.data.type,
            "source": self.source,
            "subject": self.subject,
            "time": self.time.isoformat().replace("+00:00", "Z"),
            "datacontenttype": "application/json",
            "sequence": self.sequence,
            "correlationid": self.correlationid,
        }
        if self.causationid:
            attributes["causationid"] = self.causationid
        return attributes | {"data": self.data.model_dump(mode="json")}

    def to_bytes(self) -> bytes:
        return orjson.dumps(self.content)


def json_array(bodies: Iterable[bytes]) -> bytes:
    """Several JSON texts as one, the body of a batch: none is read for it."""
    return b"[" + b",".join(bodies) + b"]"


def read_cloudevent(content: Mapping[str, Any]) -> CloudEvent:
    """Checks that the decoded JSON is a CloudEvent 1.0 and returns it; raises Unreadable with the rule it breaks."""
    attributes = {name: value for name, value in content.items() if name not in ("data", "data_base64")}
    if attributes.get("specversion") != "1.0":
        raise Unreadable("specversion must be '1.0'")
    if not attributes.get("id"):  # the library would invent one
        raise Unreadable("id must be a text that is not empty")
    if isinstance(attributes.get("time"), str):
        try:
            attributes["time"] = _rfc3339(attributes["time"])
        except ValueError:
            raise Unreadable("time must be an RFC 3339 time with a zone") from None
    try:
        return CloudEvent(attributes, content.get("data"))
    except CloudEventValidationError as error:
        rules = [str(rule) for name in sorted(error.errors) for rule in error.errors[name]]
        raise Unreadable("; ".join(rules)) from None


class _Time(BaseModel):
    at: AwareDatetime


def _rfc3339(text: str) -> datetime:
    return _Time.model_validate({"at": text}).at


class _Attributes(BaseModel):
    """The attributes of our own envelopes, checked in one go (4 us; the library's CloudEvent takes 22)."""

    specversion: Literal["1.0"]
    id: Annotated[str, Field(min_length=1)]
    source: Annotated[str, Field(min_length=1)]
    type: str
    time: AwareDatetime
    subject: str = ""
    sequence: int = 0
    correlationid: str = ""
    causationid: str = ""


def read_envelope(content: Mapping[str, Any], known: Mapping[str, type[Event]]) -> Envelope[Event]:
    """The envelope in its structured JSON form; `known` maps event types to their classes.

    Raises Unreadable when it is not a CloudEvent, of an unknown type, or its data breaks the contract.
    """
    try:
        attributes = _Attributes.model_validate(content)
        event_class = known.get(attributes.type)
        data = event_class.read(content.get("data")) if event_class else None
    except ValidationError as error:
        rules = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()[:5])
        raise Unreadable(f"not an event of ours: {rules}") from None
    if data is None:
        raise Unreadable(f"no consumer here knows the type {attributes.type!r}")
    envelope = Envelope(
        data,
        attributes.source,
        attributes.subject,
        attributes.sequence,
        attributes.correlationid or attributes.id,
        attributes.causationid,
        attributes.id,
        attributes.time,
    )
    # What came is what is kept, with fields that only a newer reader knows.
    vars(envelope)["content"] = dict(content)
    return envelope


class ConsumerHealth(Value):
    """How one consumer of a service is doing."""

    queue: str
    state: str
    """`running`, `waiting` (a store, the broker or a service is away) or `paused` (every message fails alike)."""
    reason: str = ""
    handled: int = 0
    held: int = 0
    """Messages it has read and not acknowledged yet, at least: the broker's own depth leaves out what it delivered."""
    oldest_seconds: float | None = None
    """Since the oldest message it holds was published; None while it holds none."""
    finished_at: AwareDatetime | None = None
    """When it acknowledged something last; None: not since it started."""


class OutboxHealth(Value):
    """What commands have left to be published."""

    depth: int
    """Aggregates with events that wait, counted up to 10,000 (which also stands for too many to count in a second)."""
    oldest_seconds: float | None = None


class Health(Value):
    """A service's own word on how it is. Defaults stand for what an older service does not tell."""

    ok: bool
    reason: str = ""
    """Why the service as a whole cannot work, apart from its consumers: its store does not answer."""
    consumers: tuple[ConsumerHealth, ...] = ()
    outbox: OutboxHealth | None = None
    """None when the service has none, or its store does not answer."""
    version: str = ""
    started_at: AwareDatetime | None = None
    resident_bytes: int | None = None


class CheckHealth(Request[Health]):
    """Every service answers this; `service` names the one asked."""

    reply: ClassVar = Health
    service: str  # type: ignore[misc]
