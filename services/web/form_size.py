"""A limit to what a form of a page may hold, checked before any of it is parsed."""

from urllib.parse import parse_qsl

from fastapi import Request
from starlette.datastructures import FormData, UploadFile
from starlette.types import Message

from services.web.refusals import BadRequest, TooLarge
from shared.contracts.photographs import MOST_AT_ONCE

MAX_BYTES = 1024 * 1024
MAX_FIELDS, MOST_FIELDS = 1_000, 5_000
"""Of a form, and of one that can be long: a survey, an attendance, whatever staff fill in."""
PHOTOGRAPH_BYTES = 8 * 1024 * 1024
"""Of one as it is uploaded."""
_LIST = (21 * MAX_BYTES, "A file can have up to 20 MB. Save only the columns that are needed, or split it.")
_PHOTOGRAPHS = (
    MOST_AT_ONCE * PHOTOGRAPH_BYTES + MAX_BYTES,
    f"A photograph can have up to 8 MB, and {MOST_AT_ONCE} can be sent at a time. Go back and choose fewer.",
)
_URLENCODED = "application/x-www-form-urlencoded"
UPLOADS = {"/imports/new": _LIST, "/story": _PHOTOGRAPHS}
"""Forms with files, which the parser keeps on disk while they arrive: the most bytes, and what is said beyond."""


def upload_of(path: str) -> tuple[int, str] | None:
    """The limit of a form with files, and what is said beyond it; None for any other form."""
    is_of_engagement = path.startswith("/engagements/") and path.endswith("/photographs")
    return _PHOTOGRAPHS if is_of_engagement else UPLOADS.get(path)


async def check_size(request: Request, limit: int = MAX_BYTES, fields: int = MAX_FIELDS) -> None:
    """Raises TooLarge for a post of more than `limit` bytes; a smaller one is read, and `request.form()` has it.

    Raises BadRequest for a form without files of more than so many fields.
    """
    if request.method in ("GET", "HEAD"):
        return
    kind = request.headers.get("content-type", "")
    if kind.startswith("multipart/") and (upload := upload_of(request.url.path)):  # any other is kept in memory
        _count(request, *upload)
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
    if kind.startswith(_URLENCODED):
        request._form = _parse(request._body, fields)


async def read_form(request: Request, fields: int = MAX_FIELDS) -> FormData:
    """A form of at most so many fields, and a megabyte. Raises TooLarge, BadRequest."""
    await check_size(request, fields=fields)
    return await request.form(max_fields=fields)


def _parse(body: bytes, most: int) -> FormData:
    """What a browser sends of a form without files. The parser that takes files as well takes three times as long."""
    try:
        found: list[tuple[str, str | UploadFile]] = [
            *parse_qsl(body.decode(errors="replace"), keep_blank_values=True, max_num_fields=most)
        ]
    except ValueError:
        raise BadRequest(f"A form holds up to {most:,} fields. Go back and send it in parts.") from None
    return FormData(found)


def _count(request: Request, limit: int, sentence: str) -> None:
    """Let the parser read as the body arrives, up to the limit."""
    receive, size = request._receive, 0

    async def counted() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > limit:
            while message.get("more_body"):
                message = await receive()
            raise TooLarge(sentence)
        return message

    request._receive = counted
