"""Links in messages that prove by themselves who asks: a key, an end, and our signature for one use of it."""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from datetime import UTC, datetime

_DAY = 86_400


def sign(secret: str, use: str, key: str, ends: datetime) -> str:
    """`key.day.signature`"""
    signed = f"{key}.{int(ends.timestamp()) // _DAY:x}"
    return f"{signed}.{_signature(secret, use, signed)}"


def read(secret: str, use: str, token: str, at: datetime) -> str | None:
    """The key, if we have signed the token for this use and it has not ended."""
    signed, _, signature = token.rpartition(".")
    if not hmac.compare_digest(signature.encode(), _signature(secret, use, signed).encode()):
        return None
    key, _, day = signed.partition(".")
    ends = datetime.fromtimestamp((int(day, 16) + 1) * _DAY, UTC)
    return key if at < ends else None


def _signature(secret: str, use: str, signed: str) -> str:
    digest = hmac.digest(secret.encode(), use.encode() + b"\0" + signed.encode(), hashlib.sha256)
    return urlsafe_b64encode(digest[:16]).decode().rstrip("=")
