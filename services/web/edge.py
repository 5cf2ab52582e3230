"""The outermost layer: which host is answered, security headers, correlation ids and the count of requests."""

import re
import time
from collections.abc import Sequence
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import Headers, State
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.web.metrics import Metrics
from services.web.problems import problem, unexpected
from services.web.refusals import BadRequest
from shared.contracts.base import new_id
from shared.settings import Settings

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    # A search for a name must not travel to another site; `no-referrer` would also blank the Origin of our own forms.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_ENCODED = [(name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]
# The address itself is the proof of who asks: no other page of ours learns it either.
_PUBLIC = [(name, b"no-referrer" if name == b"referrer-policy" else value) for name, value in _ENCODED]
_BY_LINK = ("/preferences/", "/subscribe/", "/answer/p/")
_OURS = re.compile(r"[A-Za-z0-9_-]{8,64}")


class Edge:
    """Pure ASGI: nothing between a partner's post and the route costs more than it must."""

    def __init__(self, app: ASGIApp, settings: Settings, metrics: Metrics, state: State) -> None:
        self._app = app
        self._state = state
        self._metrics = metrics
        # Any other host name that leads here is a page elsewhere that rebinds its own name to this machine.
        self._hosts = {"127.0.0.1", "localhost", "[::1]", urlsplit(settings.public_url).hostname}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        headers = Headers(scope=scope)
        correlation_id = _correlation_id(headers)
        structlog.contextvars.bind_contextvars(correlation_id=correlation_id)
        scope.setdefault("state", {})["correlation_id"] = correlation_id
        status, started = 500, False

        async def send_secured(message: Message) -> None:
            nonlocal status, started
            if message["type"] == "http.response.start":
                status, started = message["status"], True
                message["headers"] = _secured(message.get("headers", ()), correlation_id, scope["path"])
                if self._state.draining:
                    message["headers"].append((b"connection", b"close"))
            await send(message)

        answer = self._app if _host(headers) in self._hosts else _unknown_host
        try:
            await answer(scope, receive, send_secured)
        except Exception as error:
            if started:
                raise ConnectionError("the answer broke off") from None
            await unexpected(Request(scope), error)(scope, receive, send_secured)
        finally:
            route = getattr(scope.get("route"), "path", "unmatched")
            self._metrics.count(scope["method"], route, status, time.perf_counter() - began)


def _host(headers: Headers) -> str:
    return re.sub(r":\d+$", "", headers.get("host", "")).lower()


def _correlation_id(headers: Headers) -> str:
    sent = headers.get("x-correlation-id", "")
    return sent if _OURS.fullmatch(sent) else new_id()


def _secured(headers: Sequence[tuple[bytes, bytes]], correlation_id: str, path: str) -> list[tuple[bytes, bytes]]:
    own = {name for name, _ in headers}  # a page that is shown inside another says so itself
    secured = [
        *headers,
        *(each for each in (_PUBLIC if path.startswith(_BY_LINK) else _ENCODED) if each[0] not in own),
    ]
    secured.append((b"x-correlation-id", correlation_id.encode()))
    if not path.startswith("/assets/"):
        secured.append((b"cache-control", b"no-store"))
    return secured


async def _unknown_host(scope: Scope, receive: Receive, send: Send) -> None:
    error = BadRequest("This host name does not belong here. Use the address that `wellheard status` prints.")
    await problem(error)(scope, receive, send)
