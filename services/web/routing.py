"""Routes that many use at once: their handlers take the request as it stands."""

from typing import Any

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.responses import Response
from starlette.routing import request_response


class PlainRoute(APIRoute):
    """A route whose handler takes the request and parts of its path, and checks by itself what came.

    It names its permission like every other. What FastAPI does for handlers that ask for more, with two stacks and
    four looks at the parameters of each dependency, is a third of what a form costs.

    >>> router = APIRouter(prefix="/answer", route_class=PlainRoute)
    """

    def __init__(self, path: str, endpoint: Any, **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        asked = self.dependant
        if asked.query_params or asked.header_params or asked.cookie_params or asked.body_params:
            raise TypeError(f"{endpoint.__qualname__} asks for more than the request and its path: use a plain router")
        permissions = [each.dependency for each in self.dependencies]

        async def answer(request: Request) -> Response:
            for permission in permissions:
                await permission(request)  # type: ignore[misc]
            response: Response = await endpoint(request, **request.path_params)
            return response

        self.app = request_response(answer)
