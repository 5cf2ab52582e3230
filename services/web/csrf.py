"""Posts of the pages come from our own pages: a signed token bound to the browser, and the browser's own word."""

import hashlib
import hmac
import secrets

from fastapi import Request
from starlette.responses import Response

from services.web.form_size import MOST_FIELDS
from shared.errors import Forbidden
from shared.settings import Settings

COOKIE = "wellheard_browser"
FIELD = "csrf_token"
_TRY_AGAIN = "This form could not be checked. Go back, reload the page and send it again: what you typed is kept there."


def token_for(request: Request) -> str:
    """The token the page's forms carry; the browser is given its cookie by `remember`."""
    browser = getattr(request.state, "browser", None) or request.cookies.get(COOKIE)
    return _sign(request.app.state.settings, browser or renew(request))


def renew(request: Request) -> str:
    """Make the browser another one: what was known of it before somebody signed in is worth nothing afterwards."""
    browser: str = secrets.token_urlsafe(24)
    request.state.browser = browser
    return browser


def remember(request: Request, response: Response) -> None:
    """Give a browser that has none its cookie."""
    if browser := getattr(request.state, "browser", None):
        response.set_cookie(COOKIE, browser, httponly=True, samesite="strict", path="/", secure=is_https(request))


async def check_post(request: Request) -> None:
    """Raises Forbidden for a changing request that did not come from a page of ours."""
    if request.method in ("GET", "HEAD"):
        return
    check_origin(request)
    sent = (await request.form(max_fields=MOST_FIELDS)).get(FIELD)
    browser = request.cookies.get(COOKIE, "")
    if not browser or not hmac.compare_digest(str(sent).encode(), _sign(request.app.state.settings, browser).encode()):
        raise Forbidden(_TRY_AGAIN)


def check_origin(request: Request) -> None:
    """Raises Forbidden when the browser says that another site sent this: enough where nobody is signed in."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Forbidden(_TRY_AGAIN)
    origin = request.headers.get("origin")
    if origin and origin.partition("://")[2] != request.headers.get("host"):
        raise Forbidden(_TRY_AGAIN)


def _sign(settings: Settings, browser: str) -> str:
    return hmac.new(settings.secret.encode(), b"csrf\0" + browser.encode(), hashlib.sha256).hexdigest()


def is_https(request: Request) -> bool:
    """Whether people reach this Wellheard over https."""
    return str(request.app.state.settings.public_url).startswith("https:")
