"""Accounts: one's own, everybody's for administrators, and the audit."""

from datetime import date, datetime, timedelta

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from services.web.access import Caller, desk, oneself, staff
from services.web.pages.forms import Form, number, text, texts
from services.web.rendering import render
from services.web.signin.desk import SignedIn
from services.web.signin.domain import Account
from services.web.signin.policy import ROLES
from services.web.signin.repository import ACTS
from services.web.words import LONDON, local
from shared.errors import Forbidden

router = APIRouter(include_in_schema=False)
AUDIT_DAYS = 31


@router.get("/account")
async def own_account(request: Request, caller: Caller = oneself) -> Response:
    return await _own(request, caller, Form({}))


@router.post("/account/password")
async def change_password(request: Request, caller: Caller = oneself) -> Response:
    sent, form = await request.form(), Form({})
    old, new, again = (str(sent.get(name) or "") for name in ("old", "new", "again"))
    if new != again:
        form.fault, form.status = "The new password was not typed alike both times.", 422
    else:
        await form.attempt(_change(request, caller, old, new))
    return await _own(request, caller, form) if form.fault else RedirectResponse("/account?done=password", 303)


@router.post("/account/sessions/end")
async def end_other_sessions(request: Request, caller: Caller = oneself) -> Response:
    signed_in = _signed_in(caller)
    await desk(request).end_sessions(signed_in.account.account_id, but=signed_in.session.digest)
    return RedirectResponse("/account?done=sessions", 303)


@router.get("/accounts", dependencies=[staff("accounts:write")])
async def list_accounts(request: Request) -> Response:
    accounts = await desk(request).accounts()
    return render(request, "accounts.html", accounts=accounts, roles=ROLES)


@router.get("/accounts/new", dependencies=[staff("accounts:write")])
async def new_account(request: Request) -> Response:
    return _show(request, Form({"email": "", "name": "", "roles": []}))


@router.post("/accounts/new", dependencies=[staff("accounts:write")])
async def open_account(request: Request) -> Response:
    sent = await request.form()
    form = Form({"email": text(sent, "email"), "name": text(sent, "name"), "roles": texts(sent, "roles")})
    opened = await form.attempt(
        desk(request).open_account(form.values["email"], form.values["name"], tuple(form.values["roles"]))
    )
    if opened is None:
        return _show(request, form)
    return render(request, "account_password.html", account=opened[0], password=opened[1], is_new=True)


@router.get("/accounts/{account_id}", dependencies=[staff("accounts:write")])
async def show_account(request: Request, account_id: str) -> Response:
    account = await desk(request).account(account_id)
    values = {"name": account.name, "roles": list(account.roles), "is_active": account.is_active}
    return _show(request, Form(values | {"version": account.version}), account)


@router.post("/accounts/{account_id}", dependencies=[staff("accounts:write")])
async def change_account(request: Request, account_id: str) -> Response:
    sent = await request.form()
    form = Form({"name": text(sent, "name"), "roles": texts(sent, "roles"), "is_active": bool(text(sent, "is_active"))})
    form.values["version"] = number(sent, "version")
    change = desk(request).change_account(
        account_id, form.values["version"], form.values["name"], tuple(form.values["roles"]), form.values["is_active"]
    )
    if await form.attempt(change) is None:
        return _show(request, form, await desk(request).account(account_id))
    return RedirectResponse(f"/accounts/{account_id}?done=changed", 303)


@router.post("/accounts/{account_id}/password", dependencies=[staff("accounts:write")])
async def reset_password(request: Request, account_id: str) -> Response:
    password = await desk(request).reset_password(account_id)
    account = await desk(request).account(account_id)
    return render(request, "account_password.html", account=account, password=password, is_new=False)


@router.post("/accounts/{account_id}/sessions/end", dependencies=[staff("accounts:write")])
async def end_sessions(request: Request, account_id: str) -> Response:
    await desk(request).end_sessions(account_id)
    return RedirectResponse(f"/accounts/{account_id}?done=sessions", 303)


@router.get("/audit", dependencies=[staff("audit:read")])
async def show_audit(request: Request) -> Response:
    """Up to a month at a time, the last week when nothing is asked for."""
    until = _day(request, "to") or local(datetime.now(LONDON)).date()
    since = _day(request, "from") or until - timedelta(days=7)
    since = max(since, until - timedelta(days=AUDIT_DAYS))
    account_id = request.query_params.get("account_id", "")
    acts = await desk(request).acts(_midnight(since), _midnight(until + timedelta(days=1)), account_id)
    accounts = {each.account_id: each.name for each in await desk(request).accounts()}
    return render(
        request, "audit.html", acts=acts, accounts=accounts, since=since, until=until, chosen=account_id, most=ACTS
    )


async def _change(request: Request, caller: Caller, old: str, new: str) -> None:
    await desk(request).change_password(_signed_in(caller), old, new)


async def _own(request: Request, caller: Caller, form: Form) -> Response:
    signed_in = _signed_in(caller)
    sessions = await desk(request).sessions_of(signed_in.account.account_id)
    return render(
        request,
        "account.html",
        status=form.status,
        form=form,
        account=signed_in.account,
        roles=ROLES,
        sessions=sessions,
        this=signed_in.session.digest,
        done=request.query_params.get("done", ""),
    )


def _show(request: Request, form: Form, account: Account | None = None) -> Response:
    return render(
        request,
        "account_edit.html",
        status=form.status,
        form=form,
        account=account,
        roles=ROLES,
        done=request.query_params.get("done", ""),
    )


def _signed_in(caller: Caller) -> SignedIn:
    if caller.signed_in is None:
        raise Forbidden("This page is about whoever is signed in.")
    return caller.signed_in


def _day(request: Request, name: str) -> date | None:
    try:
        return date.fromisoformat(request.query_params.get(name, ""))
    except ValueError:
        return None


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=LONDON)
