"""The way out of a kind of message, by the link in each: public, without sign-in, cookies or JavaScript.

Programs that look at links open this page; only a POST unsubscribes. Mail programs post to the same address when the
reader presses their own “unsubscribe” (RFC 8058): the token in it is the permission, so no form token is asked for.
"""

from datetime import UTC, datetime

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.web.access import anyone
from services.web.backend import backend
from services.web.rendering import render_public
from shared.contracts.subscriptions import GetSubscription, Subscription, Unsubscribe
from shared.preference_links import preference_url

router = APIRouter(prefix="/unsubscribe", include_in_schema=False)


@router.get("/{token}", dependencies=[anyone])
async def show_subscription(request: Request, token: str) -> Response:
    return _show(request, await backend(request).call(GetSubscription(token=token)), done=False)


@router.post("/{token}", dependencies=[anyone])
async def unsubscribe(request: Request, token: str) -> Response:
    return _show(request, await backend(request).call(Unsubscribe(token=token)), done=True)


def _show(request: Request, subscription: Subscription, done: bool) -> Response:
    settings, key = request.app.state.settings, subscription.preference_key
    preferences = preference_url("", settings.secret, key, datetime.now(UTC)) if key else ""
    return render_public("unsubscribe.html", subscription=subscription, preferences=preferences, done=done)
