"""nameko's RPC protocol as bytes, for the callers that are not nameko: the blocking client and the asyncio client.

A request goes to exchange `nameko-rpc` with key `<service>.<method>`; its answer comes to the same exchange with the
caller's reply key.
"""

from typing import Any, TypeVar, cast

import orjson
from pydantic import BaseModel

from shared.contracts.base import Request, new_id
from shared.errors import ERRORS, Unavailable, WellheardError
from shared.logs import correlation_id

R = TypeVar("R", bound=BaseModel)

EXCHANGE = "nameko-rpc"


def routing_key(request: Request[Any]) -> str:
    return f"{request.service}.{request.method()}"


def reply_queue() -> tuple[str, str]:
    """(queue, routing key) for the answers to one connection."""
    key = new_id()
    return f"rpc.reply-wellheard-{key}", key


def encode(request: Request[Any]) -> bytes:
    """nameko's arguments; the correlation id of the act in hand goes along."""
    kwargs = orjson.dumps({"correlation_id": correlation_id()})
    return b'{"args":[' + request.model_dump_json().encode() + b'],"kwargs":' + kwargs + b"}"


def decode(body: bytes | str, request: Request[R]) -> R:
    """The answer; raises what the service raised."""
    content = orjson.loads(body)
    error = content.get("error")
    if error:
        name = error.get("exc_type", "")
        if name in ERRORS:
            raise ERRORS[name](str(error.get("value", "")))
        raise WellheardError(f"The {request.service} service failed with {name}.")
    return cast(R, request.reply.model_validate(content["result"], extra="ignore"))  # of a newer service


def no_answer(request: Request[Any]) -> Unavailable:
    return Unavailable(f"The {request.service} service does not answer.")
