"""What came back: reports of mail servers, and what each led to."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.web.access import staff
from services.web.addresses import with_query
from services.web.backend import backend
from services.web.rendering import render
from shared.contracts.bounces import ListBounces

router = APIRouter(prefix="/bounces", include_in_schema=False)


@router.get("", dependencies=[staff("mailings:read")])
async def list_bounces(request: Request) -> Response:
    page = await backend(request).call(ListBounces(cursor=request.query_params.get("cursor") or None))
    next_url = with_query("/bounces", request.query_params, [("cursor", page.next_cursor or "")])
    return render(request, "bounces.html", page=page, next_url=next_url)
