"""Keys of partner systems: the list, a new one that is shown this once, and revoking."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from services.web.access import caller, desk, staff
from services.web.keys import Key, Keys
from services.web.pages.forms import Form, text, texts
from services.web.rendering import render
from shared.errors import NotFound

router = APIRouter(prefix="/keys", include_in_schema=False)
KEYS_WRITE = "keys:write"


@router.get("", dependencies=[staff(KEYS_WRITE)])
async def list_keys(request: Request) -> Response:
    found = await _keys(request).all()
    return render(request, "keys.html", keys=found, done=request.query_params.get("done", ""))


@router.get("/new", dependencies=[staff(KEYS_WRITE)])
async def new_key(request: Request) -> Response:
    return render(request, "key_new.html", form=Form({"scopes": ["events:write"]}))


@router.post("/new", dependencies=[staff(KEYS_WRITE)])
async def create_key(request: Request) -> Response:
    """Answers with the key itself: it stands on no address and in no log, and cannot be shown again."""
    sent = await request.form()
    form = Form({"partner": text(sent, "partner"), "scopes": texts(sent, "scopes")})
    if not form.values["scopes"]:
        form.errors["scopes"], form.status = "Choose what the key may do", 422
        return render(request, "key_new.html", status=form.status, form=form)
    made = await form.attempt(_keys(request).create(form.values["partner"], form.values["scopes"]))
    if made is None:
        if form.status == 422:
            form.errors["partner"], form.fault = form.fault, ""
        return render(request, "key_new.html", status=form.status, form=form)
    token, key = made
    await _note(request, f"key {key.key_id} of {key.partner} created: {' '.join(key.scopes)}")
    return render(request, "key_shown.html", token=token, key=key)


@router.get("/{key_id}/revoke", dependencies=[staff(KEYS_WRITE)])
async def confirm_revoking(request: Request, key_id: str) -> Response:
    return render(request, "key_revoke.html", key=await _find(request, key_id))


@router.post("/{key_id}/revoke", dependencies=[staff(KEYS_WRITE)])
async def revoke_key(request: Request, key_id: str) -> Response:
    key = await _keys(request).revoke(key_id)
    await _note(request, f"key {key.key_id} of {key.partner} revoked")
    return RedirectResponse("/keys?done=revoked", 303)


def _keys(request: Request) -> Keys:
    found: Keys = request.app.state.keys
    return found


async def _find(request: Request, key_id: str) -> Key:
    found = next((each for each in await _keys(request).all() if each.key_id == key_id), None)
    if found is None:
        raise NotFound(f"There is no key {key_id}.")
    return found


async def _note(request: Request, what: str) -> None:
    """A line of the audit that says which key: the one of the request itself knows only the address."""
    signed_in = caller(request).signed_in
    if signed_in is not None:
        await desk(request).note(signed_in.account.account_id, what, KEYS_WRITE)
