"""What the demo's mail server has kept: messages as their recipients would read them."""

import email
import email.policy
import re
from email.message import EmailMessage
from pathlib import Path

import anyio.to_thread
from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from services.web.access import staff
from services.web.pages.mailings import MESSAGE_HEADERS
from services.web.rendering import render
from shared.errors import NotFound

router = APIRouter(prefix="/demo/mail", include_in_schema=False)
SHOWN = 50
_NAME = re.compile(r"\d{20}")


@router.get("", dependencies=[staff("mailings:read")])
async def list_mail(request: Request) -> Response:
    folder = _folder(request)
    messages = await anyio.to_thread.run_sync(_latest, folder)
    return render(request, "demo_mail.html", messages=messages)


@router.get("/{name}", dependencies=[staff("mailings:read")])
async def show_mail(request: Request, name: str) -> Response:
    message = await anyio.to_thread.run_sync(_read, _folder(request), name)
    shown = [each for each in message.items() if each[0] not in ("MIME-Version", "Content-Type")]
    link = re.search(r"<(.+)>", str(message.get("List-Unsubscribe", "")))
    return render(
        request,
        "demo_message.html",
        name=name,
        headers=shown,
        subject=message["Subject"],
        text=_part(message, "plain"),
        unsubscribe_url=link[1] if link else "",
    )


@router.get("/{name}/message", dependencies=[staff("mailings:read")])
async def show_html(request: Request, name: str) -> Response:
    message = await anyio.to_thread.run_sync(_read, _folder(request), name)
    return HTMLResponse(_part(message, "html"), headers=MESSAGE_HEADERS)


def _folder(request: Request) -> Path:
    settings = request.app.state.settings
    if not settings.demo:
        raise NotFound("Only a demo keeps messages here.")
    return Path(settings.mail_folder)


def _latest(folder: Path) -> list[tuple[str, EmailMessage]]:
    names = sorted((each.stem for each in folder.glob("*.eml")), reverse=True)[:SHOWN] if folder.is_dir() else []
    found = []
    for name in names:
        try:
            found.append((name, _read(folder, name)))
        except NotFound:  # the oldest are removed while we look
            continue
    return found


def _read(folder: Path, name: str) -> EmailMessage:
    path = folder / f"{name}.eml"
    if not _NAME.fullmatch(name) or not path.exists():
        raise NotFound("This message is not kept any more.")
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def _part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    return str(body.get_content()) if body is not None else ""
