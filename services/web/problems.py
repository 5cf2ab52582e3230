"""What a caller is told when something is wrong: problem+json for the API, a page with the next step for people."""

from traceback import extract_tb

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from services.web.refusals import BadRequest
from services.web.rendering import render
from shared.errors import Unavailable, WellheardError
from shared.logs import get_logger

log = get_logger()


def problem(error: WellheardError) -> Response:
    """The error as RFC 9457 problem details."""
    content = {"type": "about:blank", "title": error.title, "status": error.status, "detail": error.detail}
    content |= getattr(error, "members", {})
    return Response(orjson.dumps(content), error.status, _headers(error), "application/problem+json")


def install(app: FastAPI) -> None:
    """Answer every error of the app in the form its caller reads."""

    @app.exception_handler(WellheardError)
    async def on_known(request: Request, error: WellheardError) -> Response:
        return _answer(request, error)

    @app.exception_handler(RequestValidationError)
    async def on_parameters(request: Request, error: RequestValidationError) -> Response:
        places = [f"{each['loc'][-1]}: {each['msg']}" for each in error.errors()]
        return _answer(request, BadRequest(f"Change {'; '.join(places)}."))

    @app.exception_handler(HTTPException)
    async def on_http(request: Request, error: HTTPException) -> Response:
        known = WellheardError(_HTTP.get(error.status_code, str(error.detail)))
        known.status, known.title = error.status_code, str(error.detail)
        response = _answer(request, known)
        response.headers.update(error.headers or {})
        return response


def unexpected(request: Request, error: Exception) -> Response:
    """The answer to an error nobody foresaw. Its message may quote what somebody said: only its place is logged."""
    frames = [f"{frame.filename}:{frame.lineno}" for frame in extract_tb(error.__traceback__)[-8:]]
    log.error("request failed", error=type(error).__name__, frames=frames)
    return _answer(request, WellheardError("The fault is ours and has been logged. Try again in a minute."))


_HTTP = {
    404: "There is nothing at this address.",
    405: "This address does not take that method.",
}


def _answer(request: Request, error: WellheardError) -> Response:
    if is_api(request):
        return problem(error)
    context = {"problem": error, "retry": error.status == Unavailable.status}
    response = render(request, "problem.html", status=error.status, **context)
    response.headers.update(_headers(error))
    return response


def is_api(request: Request) -> bool:
    return request.url.path.startswith(("/api/", "/health", "/ready", "/metrics"))


def _headers(error: WellheardError) -> dict[str, str]:
    if isinstance(error, Unavailable):
        return {"Retry-After": "5"}
    return dict(getattr(error, "headers", {}))
