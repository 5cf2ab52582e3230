"""Whether the web lives, whether what it depends on works, and its figures."""

import asyncio

import orjson
from fastapi import APIRouter, Request, Response

from services.web import metrics
from services.web.access import anyone
from services.web.backend import backend
from shared.contracts.base import Health
from shared.system.gather import answers, ask_services, state_of

SENDER = "notifications_sender"
router = APIRouter(include_in_schema=False, dependencies=[anyone])


@router.get("/health")
async def health() -> dict[str, str]:
    """The process lives."""
    return {"status": "ok"}


@router.get("/ready")
async def ready(request: Request) -> Response:
    """Each dependency by name, asked now: `ok`, `no answer`, `waiting: why` or `paused: why`; 503 unless all are ok.

    Mail that waits is told and keeps nothing from the history: it goes on by itself when its server is back.
    """
    state = request.app.state
    services, store, broker = await asyncio.gather(
        ask_services(state.backend.bus), answers(state.keys.check_store()), answers(state.backend.bus.ping())
    )
    found = {name: _told(answer) for name, answer in services.items()}
    found |= {name: "ok" if it_answers else "no answer" for name, it_answers in (("store", store), ("broker", broker))}
    is_ready = all(each == "ok" or (name == SENDER and each.startswith("waiting: ")) for name, each in found.items())
    content = {"status": "ready" if is_ready else "not ready", "dependencies": found}
    return Response(orjson.dumps(content), 200 if is_ready else 503, media_type="application/json")


@router.get("/metrics")
async def show_metrics(request: Request) -> Response:
    """Counted here, and read from the report of the whole system: one scrape of one web tells everything."""
    text = request.app.state.metrics.text(await backend(request).report())
    return Response(text, media_type=metrics.CONTENT_TYPE)


def _told(health: Health | None) -> str:
    state, reason = state_of(health)
    return f"{state}: {reason}" if reason else state
