"""Signed tokens that lead from a message back to its recipient, in unsubscribe links and return paths.

A token holds the mailing and the recipient's place in its audience, no contact id and nothing personal. It is signed
for one use: an unsubscribe link makes no return path, and nobody can make one up. 48 letters and digits, because a
return path has room for 64 and its letters lose their case on the way.
"""

import base64
import hmac
from typing import Literal, NamedTuple

Use = Literal["unsubscribe", "bounce", "message"]
_SIGNATURE = 8
_BODY = 22


class Place(NamedTuple):
    """Where a recipient stands: the mailing, the freezing of its audience, the chunk, the place in the chunk."""

    mailing_id: str
    audience: int
    chunk: int
    place: int


class Tokens:
    """Makes and reads tokens with the instance's secret."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def make(self, use: Use, place: Place) -> str:
        body = bytes.fromhex(place.mailing_id.partition("_")[2])
        body += b"".join(each.to_bytes(2) for each in place[1:])
        return base64.b32encode(body + self._sign(use, body)).decode().lower()

    def read(self, use: Use, token: str) -> Place | None:
        """The place, or None when the token was not made here for this use."""
        try:
            raw = base64.b32decode(token.strip().upper())
        except ValueError:
            return None
        body, signature = raw[:_BODY], raw[_BODY:]
        if len(body) != _BODY or not hmac.compare_digest(signature, self._sign(use, body)):
            return None
        return Place(
            f"mlg_{body[:16].hex()}",
            int.from_bytes(body[16:18]),
            int.from_bytes(body[18:20]),
            int.from_bytes(body[20:22]),
        )

    def _sign(self, use: Use, body: bytes) -> bytes:
        return hmac.digest(self._secret, use.encode() + b"\0" + body, "sha256")[:_SIGNATURE]
