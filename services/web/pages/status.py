"""How the system is: what an operator should do now, and every process, queue and outbox; as a page and as JSON."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.web.access import staff, staff_or_key
from services.web.backend import backend
from services.web.pages.search import is_partial
from services.web.rendering import render

router = APIRouter(include_in_schema=False)


@router.get("/status", dependencies=[staff("system:read")])
async def show_status(request: Request) -> Response:
    """Refreshes itself by script until `refresh=no`; without script, when it is loaded again."""
    report = await backend(request).report()
    template = "status_report.html" if is_partial(request) else "status.html"
    return render(request, template, report=report, refreshes=request.query_params.get("refresh") != "no")


@router.get("/status.json", dependencies=[staff_or_key("system:read")])
async def tell_status(request: Request) -> Response:
    """The same report for scripts: 200 whatever the state is; `troubles` is empty when all is well."""
    report = await backend(request).report()
    return Response(report.model_dump_json(), media_type="application/json")
