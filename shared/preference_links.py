"""The link in a message by which its reader sees and changes what is held of them: a key, an end, and our signature.

The key stands for the contact and is replaced when links are revoked; the contact's id is nowhere in the link.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta

LASTS = timedelta(days=365)
_DAY = 86_400


def preference_url(base_url: str, secret: str, key: str, at: datetime) -> str:
    """The address for a message that is sent at a time; it works for a year."""
    return f"{base_url}/preferences/{sign(secret, key, at + LASTS)}"


def sign(secret: str, key: str, ends: datetime) -> str:
    """`key.day.signature`"""
    signed = f"{key}.{int(ends.timestamp()) // _DAY:x}"
    return f"{signed}.{_signature(secret, signed)}"


def read(secret: str, token: str, at: datetime) -> str | None:
    """The key, if we have signed the token and it has not ended."""
    signed, _, signature = token.rpartition(".")
    if not hmac.compare_digest(signature.encode(), _signature(secret, signed).encode()):
        return None
    key, _, day = signed.partition(".")
    ends = datetime.fromtimestamp((int(day, 16) + 1) * _DAY, UTC)
    return key if at < ends else None


def _signature(secret: str, signed: str) -> str:
    digest = hmac.digest(secret.encode(), b"preferences\0" + signed.encode(), hashlib.sha256)
    return urlsafe_b64encode(digest[:16]).decode().rstrip("=")
