"""Cursors of history searches: where a page ended, signed, and good for the same search only."""

import base64
import binascii
import hashlib
import hmac

import orjson
from pydantic import BaseModel

from services.history.index.queries import Place
from shared.errors import Invalid

_SIGNATURE_BYTES = 12
# These may change from page to page; everything else makes another search.
_FREE = {"cursor", "begin_again", "limit", "facets"}


class Cursors:
    """Writes and reads cursors. They name no person: a key is a time, or the id of a contact."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def write(self, request: BaseModel, place: Place | None) -> str | None:
        if place is None:
            return None
        content = orjson.dumps([place.tier, place.key])
        return base64.urlsafe_b64encode(self._sign(request, content) + content).decode().rstrip("=")

    def read(self, request: BaseModel, cursor: str | None) -> Place | None:
        """Raises Invalid for a cursor that is not ours or belongs to another search."""
        if cursor is None:
            return None
        try:
            signed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            signed = b""
        signature, content = signed[:_SIGNATURE_BYTES], signed[_SIGNATURE_BYTES:]
        if not hmac.compare_digest(signature, self._sign(request, content)):
            raise Invalid("This cursor belongs to another search. Leave it out to begin with the first page.")
        tier, key = orjson.loads(content)
        return Place(tier, key)

    def _sign(self, request: BaseModel, content: bytes) -> bytes:
        search = request.model_dump_json(exclude=_FREE).encode()
        message = type(request).__name__.encode() + b"\0" + search + b"\0" + content
        return hmac.digest(self._secret, message, hashlib.sha256)[:_SIGNATURE_BYTES]
