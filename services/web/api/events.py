"""Partners post events here, and ask what became of them."""

from datetime import UTC, datetime
from typing import Annotated

import orjson
from fastapi import APIRouter, Query, Request, Response
from starlette.convertors import Convertor, register_url_convertor

from services.web.access import Caller, partner
from services.web.api import examples
from services.web.api.intake import Arrived, check_media_type, read_batch, read_binary, read_body, read_one
from services.web.backend import backend
from services.web.refusals import NotYet
from shared import failpoints
from shared.contracts.base import Value
from shared.contracts.events import EventStatus, GetEventStatus
from shared.errors import NotFound
from shared.logs import get_logger

router = APIRouter(prefix="/api/v1", tags=["Events"])
Reporter = Annotated[Caller, partner("events:write")]
log = get_logger()


class _Anything(Convertor[str]):
    """An event's id in a path: any text, line breaks too."""

    regex = r"[\s\S]+"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("anything", _Anything())


class AcceptedEvent(Value):
    """One event that will not be lost; `status_url` tells what becomes of it."""

    id: str
    status_url: str


class Accepted(Value):
    accepted: tuple[AcceptedEvent, ...]


@router.post("/events", status_code=202, responses=examples.POST_RESPONSES, openapi_extra=examples.POST_BODY)
async def post_events(request: Request, caller: Reporter) -> Response:
    """Report one engagement or up to 1,000: 202 once the broker has confirmed that it holds every one of them.

    Send the same event again as often as you like: the same source and id count once.
    """
    mode = check_media_type(request)
    if mode == "batch":
        async with request.app.state.allowance.batch(caller.name):
            return await _take(request, caller, read_batch(await read_body(request)))
    body = await read_body(request)
    return await _take(request, caller, [read_one(body) if mode == "structured" else read_binary(request, body)])


async def _take(request: Request, caller: Caller, events: list[Arrived]) -> Response:
    state = request.app.state
    if events:
        state.allowance.check_events(caller.name, len(events))
        headers = {
            "partner": caller.name,
            "received_at": datetime.now(UTC).isoformat(),
            "correlation_id": request.state.correlation_id,
        }
        failpoints.reach("web.before_publish")
        await state.backend.publish_inbound([event.body for event in events], headers)
        failpoints.reach("web.before_answer")
        state.metrics.count_events(len(events))
        log.info("events accepted", partner=caller.name, events=len(events))
    accepted = [
        {"id": event.id, "status_url": state.receipts.status_url(caller.name, event.source, event.id)}
        for event in events
    ]
    return Response(orjson.dumps({"accepted": accepted}), 202, media_type="application/json")


@router.get("/events/{event_id:anything}", responses=examples.STATUS_RESPONSES)
async def get_event_status(
    request: Request,
    event_id: str,
    caller: Reporter,
    source: Annotated[str | None, Query(description="The event's source; without it the latest of that id.")] = None,
    receipt: Annotated[str, Query(description="As the status_url carries it.")] = "",
) -> EventStatus:
    """What became of an event of yours."""
    question = GetEventStatus(partner=caller.name, external_id=event_id, source=source)
    try:
        return await backend(request).call(question)
    except NotFound:
        if request.app.state.receipts.holds(receipt, caller.name, source or "", event_id):
            return EventStatus(status="accepted")
        raise NotYet("No event of yours with this id has been seen. If you posted it just now, ask again.") from None
