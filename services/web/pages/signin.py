"""Signing in and out. What somebody typed while their session ended is kept and sent once they are signed in again."""

from typing import Any
from urllib.parse import quote

import orjson
from fastapi import APIRouter, FastAPI, Request
from starlette.responses import RedirectResponse, Response

from services.web import csrf
from services.web.access import PasswordToChange, SignInNeeded, anyone, desk, find_signed_in, let_in, let_out
from services.web.form_size import MAX_BYTES, check_size
from services.web.pages.forms import Form, text
from services.web.pages.search import is_partial
from services.web.rendering import render

KEPT = "kept"
"""The field that carries what was typed into another form, as JSON pairs."""
router = APIRouter(include_in_schema=False, dependencies=[anyone])


def install(app: FastAPI) -> None:
    """Lead whoever is not signed in to the page for it, and back."""

    @app.exception_handler(SignInNeeded)
    async def on_sign_in_needed(request: Request, _: SignInNeeded) -> Response:
        where = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        if is_partial(request):
            page = request.headers.get("hx-current-url", "").partition("://")[2]
            return Response(status_code=401, headers={"HX-Redirect": _sign_in("/" + page.partition("/")[2])})
        if request.method in ("GET", "HEAD"):
            return RedirectResponse(_sign_in(where), 303)
        fields = [pair for pair in (await request.form()).multi_items() if pair[0] != csrf.FIELD]
        kept = orjson.dumps([pair for pair in fields if isinstance(pair[1], str)]).decode()
        return _show(request, Form({"next": where, KEPT: kept}, status=401))

    @app.exception_handler(PasswordToChange)
    async def on_password_to_change(request: Request, _: PasswordToChange) -> Response:
        return RedirectResponse("/account", 303)


@router.get("/sign-in")
async def show_sign_in(request: Request) -> Response:
    where = local_address(request.query_params.get("next", ""))
    if await find_signed_in(request):
        return RedirectResponse(where, 303)
    return _show(request, Form({"next": where}))


@router.post("/sign-in")
async def sign_in(request: Request) -> Response:
    await check_size(request, 4 * MAX_BYTES)  # what is kept of another form is encoded once more
    await csrf.check_post(request)
    sent = await request.form()
    form = Form({name: text(sent, name) for name in ("email", "next", KEPT)})
    password = sent.get("password")
    address = request.client.host if request.client else ""
    browser = request.headers.get("user-agent", "")
    attempt = desk(request).sign_in(form.values["email"], str(password or ""), address, browser)
    token, account = await form.attempt(attempt) or ("", None)
    if account is None:
        return _show(request, form)
    csrf.renew(request)
    where = local_address(form.values["next"])
    response: Response
    if form.values[KEPT] and not account.must_change:
        response = render(request, "sign_in_again.html", where=where, fields=_fields(form.values[KEPT]))
    else:
        response = RedirectResponse("/account" if account.must_change else where, 303)
        csrf.remember(request, response)
    let_in(request, response, token)
    return response


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    await check_size(request)
    await csrf.check_post(request)
    signed_in = await find_signed_in(request)
    if signed_in is not None:
        await desk(request).sign_out(signed_in)
    response = RedirectResponse("/sign-in", 303)
    let_out(request, response)
    return response


def local_address(where: str) -> str:
    """The address when it is one of ours, else the first page: nobody is led elsewhere by a link to our sign-in."""
    is_ours = (
        where.startswith("/") and not where.startswith(("//", "/\\")) and "\\" not in where and where.isprintable()
    )
    return where if is_ours else "/"


def _sign_in(where: str) -> str:
    return f"/sign-in?next={quote(where)}" if where != "/" else "/sign-in"


def _fields(kept: str) -> list[tuple[str, str]]:
    try:
        pairs: Any = orjson.loads(kept)
        return [(str(name), str(value)) for name, value in pairs]
    except (ValueError, TypeError):
        return []


def _show(request: Request, form: Form) -> Response:
    return render(request, "sign_in.html", status=form.status, form=form, demo=request.app.state.settings.demo)
