"""The link in a message by which its reader sees and changes what is held of them: a key, an end, and our signature.

The key stands for the contact and is replaced when links are revoked; the contact's id is nowhere in the link.
"""

from datetime import datetime, timedelta

from shared import signed_links

LASTS = timedelta(days=365)
_USE = "preferences"


def preference_url(base_url: str, secret: str, key: str, at: datetime) -> str:
    """The address for a message that is sent at a time; it works for a year."""
    return f"{base_url}/preferences/{sign(secret, key, at + LASTS)}"


def sign(secret: str, key: str, ends: datetime) -> str:
    """`key.day.signature`"""
    return signed_links.sign(secret, _USE, key, ends)


def read(secret: str, token: str, at: datetime) -> str | None:
    """The key, if we have signed the token and it has not ended."""
    return signed_links.read(secret, _USE, token, at)
