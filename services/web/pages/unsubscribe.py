"""The way out of a kind of message, by the link in each: public, without sign-in, cookies or JavaScript.

Programs that look at links open this page; only a POST unsubscribes. Mail programs post to the same address when the
reader presses their own “unsubscribe” (RFC 8058): the token in it is the permission, so no form token is asked for.
"""

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.web.access import anyone
from services.web.backend import backend
from services.web.rendering import render
from shared.contracts.subscriptions import GetSubscription, Unsubscribe

router = APIRouter(prefix="/unsubscribe", include_in_schema=False)


@router.get("/{token}", dependencies=[anyone])
async def show_subscription(request: Request, token: str) -> Response:
    subscription = await backend(request).call(GetSubscription(token=token))
    return render(request, "unsubscribe.html", subscription=subscription, done=False)


@router.post("/{token}", dependencies=[anyone])
async def unsubscribe(request: Request, token: str) -> Response:
    subscription = await backend(request).call(Unsubscribe(token=token))
    return render(request, "unsubscribe.html", subscription=subscription, done=True)
