"""A plain route takes what the address says, and is closed to whoever lacks its permission."""

import pytest
from fastapi import APIRouter, Request
from starlette.responses import Response

from services.web.routing import PlainRoute


async def search(request: Request, q: str = "") -> Response:
    """Asks for a part of the query, which a plain route does not look at."""
    return Response(q)


def test_a_handler_that_asks_for_more_than_its_path_is_refused_when_the_web_starts() -> None:
    router = APIRouter(route_class=PlainRoute)
    with pytest.raises(TypeError, match="search asks for more"):
        router.add_api_route("/search", search)
