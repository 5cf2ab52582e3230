"""A limit to what a form of a page may hold, checked before any of it is parsed."""

from fastapi import Request
from starlette.types import Message

from services.web.problems import TooLarge

MAX_BYTES = 1024 * 1024
UPLOADS = {"/imports/new": 21 * 1024 * 1024}
"""Forms with a file, which the parser keeps on disk while it arrives."""


async def check_size(request: Request, limit: int = MAX_BYTES) -> None:
    """Raises TooLarge for a post of more than `limit` bytes; keeps a smaller one where the parser of forms finds it."""
    if request.method in ("GET", "HEAD"):
        return
    if request.url.path in UPLOADS:
        _count(request, UPLOADS[request.url.path])
        return
    body, size = bytearray(), 0
    # All of it is read, though not kept: a browser that is cut off in the middle does not show the answer.
    async for chunk in request.stream():
        size += len(chunk)
        if size <= limit:
            body += chunk
    if size > limit:
        raise TooLarge(
            f"A form holds up to {limit // 1024 // 1024} MB. Go back, where what you typed is kept, shorten it and "
            "send it again. A long document can be given as a link."
        )
    request._body = bytes(body)


def _count(request: Request, limit: int) -> None:
    """Let the parser read as the body arrives, up to the limit."""
    receive, size = request._receive, 0

    async def counted() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > limit:
            while message.get("more_body"):
                message = await receive()
            raise TooLarge("A file can have up to 20 MB. Save only the columns that are needed, or split it.")
        return message

    request._receive = counted
