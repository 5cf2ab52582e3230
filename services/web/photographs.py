"""Makes a photograph anew from one that was uploaded: the points of the picture, and nothing else that was in the file.

A file of a stranger is decoded here, so its size is looked at before its content, and only three decoders are tried.
"""

import asyncio
from base64 import b64encode
from io import BytesIO
from typing import BinaryIO

from PIL import Image, ImageOps
from starlette.datastructures import FormData, UploadFile

from services.web.form_size import PHOTOGRAPH_BYTES
from shared.contracts.photographs import MOST_AT_ONCE, MOST_BYTES
from shared.errors import Invalid

FIELD = "photographs"
LONGEST_SIDE = 2_048
FORMATS = ("JPEG", "PNG", "WEBP")
MOST_POINTS = 25_000_000
"""Points of a picture that has to be decoded whole: 100 MB of memory."""
MOST_POINTS_JPEG = 120_000_000
"""A JPEG is decoded at a half, a quarter or an eighth of its size."""
QUALITIES = (85, 75, 60, 40, 20)
NO_PICTURE = "This is not a photograph that we can read. Choose a JPEG, PNG or WebP file."
TOO_LARGE = "A photograph can have up to 8 MB."
TOO_MANY_POINTS = "This photograph has more points than we can read. Choose a smaller one."
TOO_MANY = f"Choose {MOST_AT_ONCE} photographs at most."
Image.MAX_IMAGE_PIXELS = None  # Pillow warns first; `_plain` refuses, before any point is decoded
_places = asyncio.Semaphore(2)
"""Pictures that are decoded at a time in one process."""


async def photographs_in(sent: FormData) -> list[str]:
    """Those of a form, made anew, as base64. Raises Invalid with what is wrong, naming the file by its place."""
    files = [each for each in sent.getlist(FIELD) if isinstance(each, UploadFile) and (each.filename or each.size)]
    if len(files) > MOST_AT_ONCE:
        raise Invalid(TOO_MANY)
    found = []
    for number, each in enumerate(files, 1):
        try:
            if (each.size or 0) > PHOTOGRAPH_BYTES:
                raise Invalid(TOO_LARGE)
            async with _places:
                content = await asyncio.to_thread(made_anew, each.file)
        except Invalid as error:
            raise Invalid(f"Photograph {number}: {error.detail}" if len(files) > 1 else error.detail) from None
        found.append(b64encode(content).decode())
    return found


def were_sent(sent: FormData) -> bool:
    """Whether photographs were chosen: a browser does not keep them when the form comes back."""
    return any(isinstance(each, UploadFile) and each.filename for each in sent.getlist(FIELD))


def made_anew(file: BinaryIO) -> bytes:
    """A JPEG of 1 MB and 2,048 points a side at most, turned as it was held. Raises Invalid."""
    try:
        with Image.open(file, formats=FORMATS) as picture:  # reads how large it is, and no point of it
            return _encoded(_plain(picture))
    except Invalid:
        raise
    except Exception:  # decoders raise whatever a broken file leads to: it is the file that cannot be read
        raise Invalid(NO_PICTURE) from None


def _plain(picture: Image.Image) -> Image.Image:
    """The points alone, in a picture that has never held anything else; what can be seen through is white."""
    points = picture.width * picture.height
    if points > (MOST_POINTS_JPEG if picture.format in ("JPEG", "MPO") else MOST_POINTS):
        raise Invalid(TOO_MANY_POINTS)
    picture.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    turned = ImageOps.exif_transpose(picture).convert("RGBA")
    plain = Image.new("RGB", turned.size, "white")
    plain.paste(turned, mask=turned.getchannel("A"))
    return plain


def _encoded(picture: Image.Image) -> bytes:
    """At the best quality at which it is small enough."""
    for quality in QUALITIES:
        content = BytesIO()
        picture.save(content, "JPEG", quality=quality)
        if content.tell() <= MOST_BYTES:
            return content.getvalue()
    raise Invalid(TOO_MANY_POINTS)
