"""The suppression list: addresses that nothing is sent to, whatever their owners allow."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from services.web.access import caller, staff
from services.web.addresses import with_query
from services.web.backend import backend
from services.web.pages.forms import Form, text
from services.web.rendering import render
from shared.contracts.subscriptions import ListSuppressions, Suppress, Unsuppress

router = APIRouter(prefix="/suppressions", include_in_schema=False)


@router.get("", dependencies=[staff("mailings:read")])
async def list_suppressions(request: Request) -> Response:
    return await _show(request, Form({}))


@router.post("", dependencies=[staff("mailings:send")])
async def suppress(request: Request) -> Response:
    sent = await request.form()
    form = Form({"address": text(sent, "address"), "reason": text(sent, "reason")})
    question = form.check(Suppress, form.values, {"address": "Enter an e-mail address, such as name@example.org"})
    if question is not None and await form.attempt(backend(request).call(question)) is not None:
        return RedirectResponse("/suppressions?done=added", 303)
    return await _show(request, form)


@router.post("/remove", dependencies=[staff("mailings:send")])
async def unsuppress(request: Request) -> Response:
    form = Form({})
    question = Unsuppress(address=text(await request.form(), "address"), by=caller(request).name)
    if await form.attempt(backend(request).call(question)) is not None:
        return RedirectResponse("/suppressions?done=removed", 303)
    return await _show(request, form)


async def _show(request: Request, form: Form) -> Response:
    page = await backend(request).call(ListSuppressions(cursor=request.query_params.get("cursor") or None))
    next_url = with_query("/suppressions", request.query_params, [("cursor", page.next_cursor or "")])
    done = request.query_params.get("done", "")
    return render(request, "suppressions.html", status=form.status, page=page, next_url=next_url, form=form, done=done)
