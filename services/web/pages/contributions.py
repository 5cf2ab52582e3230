"""What was said in a consultation, over every channel, in one list."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.web.access import reader_of, staff
from services.web.addresses import with_query
from services.web.backend import backend
from services.web.pages.consultations import DESK
from services.web.rendering import render
from shared.contracts.contributions import ListContributions

router = APIRouter(prefix=DESK, include_in_schema=False)


@router.get("/{consultation_id}/contributions", dependencies=[staff("consultations:read")])
async def list_contributions(request: Request, consultation_id: str) -> Response:
    params = request.query_params
    asked = ListContributions(
        consultation_id=consultation_id,
        channel=params.get("channel", "")[:200] if params.get("channel") else None,
        sensitive=reader_of(request).sensitive,
        cursor=params.get("cursor") or None,
    )
    page = await backend(request).call(asked)
    address = f"{DESK}/{consultation_id}/contributions"
    return render(
        request,
        "contributions.html",
        page=page,
        address=address,
        next_url=with_query(address, params, [("cursor", page.next_cursor or "")]),
        first_url=with_query(address, params),
        channel=asked.channel or "",
    )
