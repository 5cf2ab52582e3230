"""A limit to what a form of a page may hold, checked before any of it is parsed."""

from fastapi import Request

from services.web.problems import TooLarge

MAX_BYTES = 1024 * 1024


async def check_size(request: Request, limit: int = MAX_BYTES) -> None:
    """Raises TooLarge for a post of more than `limit` bytes; keeps a smaller one where the parser of forms finds it."""
    if request.method in ("GET", "HEAD"):
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
