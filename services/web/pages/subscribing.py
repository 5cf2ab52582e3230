"""Subscribing on the public page, with double opt-in: without sign-in, cookies or JavaScript.

Asking answers the same whether we know the address or not. Only a POST from the page behind the link in the mail
confirms: programs that look at links change nothing.
"""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from services.web.access import anyone
from services.web.allowance import Bucket, PerCaller
from services.web.backend import backend
from services.web.csrf import check_origin
from services.web.form_size import check_size, read_form
from services.web.pages.forms import Form, text, texts
from services.web.rendering import render_public
from services.web.words import PURPOSES
from shared import signed_links
from shared.contracts.notifications import SendNotice
from shared.contracts.subscribing import LASTS, AskToSubscribe, ConfirmSubscription, GetSubscriptionRequest
from shared.errors import NotFound
from shared.preference_links import preference_url
from shared.settings import Settings

USE = "subscribe"
WORDING = "Yes, send me this by e-mail: {chosen}. I can stop it at any time by the link in each message."
SUBJECT = "Please confirm: messages from {sender}"
MAIL = """Somebody, we hope you, has asked us to send this address: {chosen}.

[Yes, send me this]({url})

The link works for three days. If it was not you, you need do nothing: you will hear no more of it.
"""
SENTENCES = {
    "address": "Enter your e-mail address, such as name@example.org",
    "name": "Enter a name of up to 200 characters, or leave it empty",
    "purposes": "Choose what you want to get",
}
GONE = "This link does not work any more: it is good for three days. Ask again, and use the link in the new message."
router = APIRouter(prefix="/subscribe", include_in_schema=False)
_limit = PerCaller(lambda: Bucket(20, seconds=600))


@router.get("", dependencies=[anyone])
async def ask(request: Request) -> Response:
    done = request.query_params.get("done", "")
    return render_public("subscribe.html", form=Form({"purposes": ["newsletter"]}), done=done)


@router.post("", dependencies=[anyone])
async def send_link(request: Request) -> Response:
    check_origin(request)
    sent = await read_form(request, 50)
    _limit.check(request)
    form = _typed(sent)
    chosen = _said([each for each in form.values["purposes"] if each in PURPOSES])
    wanted = form.values | {"wording": WORDING.format(chosen=chosen)}
    question = form.check(AskToSubscribe, wanted, SENTENCES)
    asked = await form.attempt(backend(request).call(question)) if question is not None else None
    if asked is None:
        return render_public("subscribe.html", form.status, form=_beside_the_address(form), done="")
    if asked.key is not None:
        notice = _notice(request.app.state.settings, asked.key, form.values["address"], chosen)
        if await form.attempt(backend(request).call(notice)) is None:
            return render_public("subscribe.html", form.status, form=form, done="")
    return RedirectResponse("/subscribe?done=asked", 303)


@router.get("/{token}", dependencies=[anyone])
async def show_request(request: Request, token: str) -> Response:
    found = await backend(request).call(GetSubscriptionRequest(key=_key(request, token)))
    return render_public("subscribe_confirm.html", asked=found, chosen=_said(found.purposes), done=False)


@router.post("/{token}", dependencies=[anyone])
async def confirm(request: Request, token: str) -> Response:
    """The token is the proof of who asks, so no form token is asked for."""
    await check_size(request)
    confirmed = await backend(request).call(ConfirmSubscription(key=_key(request, token)))
    secret = request.app.state.settings.secret
    preferences = preference_url("", secret, confirmed.preference_key, datetime.now(UTC))
    return render_public("subscribe_confirm.html", chosen=_said(confirmed.purposes), preferences=preferences, done=True)


def _key(request: Request, token: str) -> str:
    """NotFound says the same for a forged, an ended and a forgotten link."""
    _limit.check(request)
    key = signed_links.read(request.app.state.settings.secret, USE, token[:200], datetime.now(UTC))
    if key is None:
        raise NotFound(GONE)
    return key


def _typed(sent: Any) -> Form:
    return Form({"address": text(sent, "address"), "name": text(sent, "name"), "purposes": texts(sent, "purposes")})


def _beside_the_address(form: Form) -> Form:
    """What contacts has against an address stands beside its field."""
    if form.status == 422 and form.fault:
        form.errors["address"], form.fault = form.fault, ""
    return form


def _notice(settings: Settings, key: str, address: str, chosen: str) -> SendNotice:
    """Without the name that was typed: whoever typed it need not be who gets the mail."""
    url = f"{settings.public_url}/subscribe/{signed_links.sign(settings.secret, USE, key, datetime.now(UTC) + LASTS)}"
    sender = settings.mail_sender.partition("<")[0].strip() or "Wellheard"
    return SendNotice(
        request_id=f"subscribe:{key}",
        address=address,
        subject=SUBJECT.format(sender=sender)[:200],
        body=MAIL.format(chosen=chosen, url=url),
        by="subscribe page",
    )


def _said(purposes: Any) -> str:
    return "; ".join(PURPOSES[each].lower() for each in purposes)
