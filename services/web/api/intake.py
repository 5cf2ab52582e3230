"""Partners' events as they arrive over HTTP: structured, binary or a batch, told apart and checked.

Only the envelope is checked here (CloudEvents 1.0, HTTP binding). What the event says is services/events' to judge.
"""

import asyncio
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import orjson
from fastapi import Request

from services.web.refusals import BadRequest, TooLarge, TooSlow, UnknownMediaType, Unprocessable
from shared.contracts.base import BATCH_TYPE, CONTENT_TYPE, Unreadable, read_cloudevent
from shared.contracts.events import MAX_REPORT_BYTES

MAX_EVENTS = 1_000
BODY_SECONDS = 30.0
_MODES = (
    f"Send {CONTENT_TYPE} for one event, {BATCH_TYPE} for up to {MAX_EVENTS:,}, "
    "or application/json with the ce-specversion, ce-id, ce-source and ce-type headers."
)


@dataclass(frozen=True, slots=True)
class Arrived:
    """One event: what identifies it, and the structured JSON that goes on the bus."""

    id: str
    source: str
    body: bytes


def check_media_type(request: Request) -> str:
    """`structured`, `batch` or `binary`; raises UnknownMediaType for what no partner may send."""
    headers = request.headers
    media_type, _, parameters = headers.get("content-type", "").partition(";")
    media_type = media_type.strip().lower()
    charset = parameters.lower().partition("charset=")[2].strip('" ')
    if charset not in ("", "utf-8", "utf8") or headers.get("content-encoding", "identity") != "identity":
        raise UnknownMediaType("Send the body as UTF-8 and uncompressed.")
    if media_type == CONTENT_TYPE:
        return "structured"
    if media_type == BATCH_TYPE:
        return "batch"
    if "ce-specversion" in headers and (media_type == "application/json" or media_type.endswith("+json")):
        return "binary"
    raise UnknownMediaType(_MODES)


async def read_body(request: Request, limit: int = MAX_REPORT_BYTES) -> bytes:
    """The body, refused as soon as it is known to be too large: before any of it is parsed."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit:
        raise _too_large(limit)
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    raise _too_large(limit)
    except TimeoutError:
        raise TooSlow(f"The whole body must arrive within {BODY_SECONDS:.0f} seconds. Send it again.") from None
    return bytes(body)


def read_one(body: bytes) -> Arrived:
    """A structured event: the partner's own bytes go on the bus."""
    return _arrived(_parse(body), body)


def read_binary(request: Request, body: bytes) -> Arrived:
    """A binary event, put into its structured form (attributes in `ce-` headers, percent-encoded UTF-8)."""
    attributes: dict[str, Any] = {
        name[3:]: unquote(value, errors="replace")
        for name, value in request.headers.items()
        if name.startswith("ce-") and name != "ce-data"
    }
    event = attributes | {"datacontenttype": "application/json"}
    if body:
        event["data"] = _parse(body)
    return _arrived(event, orjson.dumps(event))


def read_batch(body: bytes) -> list[Arrived]:
    """Every member of a batch, or Unprocessable with each bad one named: nothing of such a batch is taken."""
    members = _parse(body)
    if not isinstance(members, list):
        raise BadRequest("A batch is a JSON array of CloudEvents. Put the events into [ ].")
    if len(members) > MAX_EVENTS:
        raise TooLarge(f"A batch holds up to {MAX_EVENTS:,} events; this one has {len(members):,}. Split it.")
    arrived, faults = [], []
    for index, member in enumerate(members):
        try:
            _check_object(member)
            read_cloudevent(member)
            arrived.append(Arrived(member["id"], member["source"], orjson.dumps(member)))
        except Unreadable as fault:
            faults.append({"index": index, "detail": str(fault)})
    if faults:
        counted = f"{len(faults)} of {len(members)} members"
        sentence = f"{counted} are not CloudEvents. Nothing was taken: mend them and send the batch again."
        raise Unprocessable(sentence, errors=faults)
    return arrived


def _parse(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"The body is not JSON: {error}.") from None


def _arrived(event: Any, body: bytes) -> Arrived:
    try:
        _check_object(event)
        read_cloudevent(event)
    except Unreadable as fault:
        raise BadRequest(f"This is not a CloudEvent 1.0: {fault}.") from None
    return Arrived(event["id"], event["source"], body)


def _check_object(event: Any) -> None:
    if not isinstance(event, dict):
        raise Unreadable("a CloudEvent is a JSON object")


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"A request holds up to {limit // 1_000_000} MB. Send less at a time.")
