"""What a photograph may hold: a picture and nothing else. Pure.

The web makes each anew from the picture's points. Here it is looked at once more, so that whatever the web does, no
place, time or serial number of a camera is ever stored.
"""

from base64 import b64decode
from binascii import Error as Base64Error
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from shared.contracts.photographs import MOST_BYTES
from shared.errors import Invalid

KEPT_WITHOUT_STORY = timedelta(days=30)
"""How long a photograph waits for the story that it was sent with."""
_PLAIN = range(0xC0, 0xE0)
"""Segments that describe the picture itself: its size, tables and scans."""
_JFIF = 0xE0


@dataclass(frozen=True, slots=True)
class Kept:
    """A photograph as it is stored."""

    photograph_id: str
    engagement_id: str
    content: bytes
    at: datetime
    by: str


def keep(engagement_id: str, content: bytes, at: datetime, by: str) -> Kept:
    """The same content of the same engagement is the same photograph."""
    mark = sha256(engagement_id.encode() + b"\0" + content).hexdigest()[:32]
    return Kept(f"pho_{mark}", engagement_id, content, at, by)


def read_content(encoded: str) -> bytes:
    """The bytes of a photograph. Raises Invalid for what is none, or holds more than a picture."""
    try:
        content = b64decode(encoded, validate=True)
    except (Base64Error, ValueError):
        raise Invalid("This is not a photograph.") from None
    if len(content) > MOST_BYTES:
        raise Invalid("This photograph is larger than one that is kept.")
    if not _is_bare(content):
        raise Invalid("This is not a JPEG that holds nothing but a picture.")
    return content


def _is_bare(content: bytes) -> bool:
    """Whether every segment up to the first scan is one that a picture needs; EXIF, XMP and comments are none."""
    place = 2
    if not content.startswith(b"\xff\xd8") or not content.endswith(b"\xff\xd9"):
        return False
    while place + 4 <= len(content):
        start, kind = content[place], content[place + 1]
        if start != 0xFF or (kind not in _PLAIN and kind != _JFIF):
            return False
        if kind == 0xDA:  # the scan: what follows is the picture
            return True
        place += 2 + int.from_bytes(content[place + 2 : place + 4])
    return False
