"""Whether the web lives, whether what it depends on answers, and its figures."""

import asyncio
from collections.abc import Awaitable

import orjson
from fastapi import APIRouter, Request, Response

from services.web import metrics
from services.web.access import anyone
from shared.contracts.base import CheckHealth
from shared.errors import Unavailable, WellheardError

PING_SECONDS = 2.0
SERVICES = ("contacts", "events", "history", "history_projector")
router = APIRouter(include_in_schema=False, dependencies=[anyone])


@router.get("/health")
async def health() -> dict[str, str]:
    """The process lives."""
    return {"status": "ok"}


@router.get("/ready")
async def ready(request: Request) -> Response:
    """Each dependency by name; 503 while one of them does not answer."""
    state = request.app.state
    pings = {name: _answers(state.backend.call(CheckHealth(service=name), PING_SECONDS)) for name in SERVICES}
    pings["store"] = _answers(state.keys.check_store())
    pings["broker"] = _answers(state.backend.bus.ping())
    found = dict(zip(pings, await asyncio.gather(*pings.values()), strict=True))
    is_ready = all(found.values())
    content = {
        "status": "ready" if is_ready else "not ready",
        "dependencies": {name: "ok" if answers else "no answer" for name, answers in found.items()},
    }
    return Response(orjson.dumps(content), 200 if is_ready else 503, media_type="application/json")


@router.get("/metrics")
async def show_metrics(request: Request) -> Response:
    return Response(request.app.state.metrics.text(), media_type=metrics.CONTENT_TYPE)


async def _answers(ping: Awaitable[object]) -> bool:
    try:
        await asyncio.wait_for(ping, PING_SECONDS)
    except (Unavailable, TimeoutError):
        return False
    except WellheardError:
        return True
    return True
