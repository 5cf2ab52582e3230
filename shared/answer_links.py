"""The personal link to a survey: a key, an end, and our signature. No id of anybody stands in it.

The key stands for one contact and one survey; it is revoked by replacing it. One link is one response.
"""

from datetime import datetime, timedelta

from shared import signed_links

LASTS = timedelta(days=365)
_USE = "answer"


def answer_url(base_url: str, secret: str, key: str, at: datetime) -> str:
    """The address for a message that is sent at a time; it works for a year, while the survey is open."""
    return f"{base_url}/answer/p/{signed_links.sign(secret, _USE, key, at + LASTS)}"


def read(secret: str, token: str, at: datetime) -> str | None:
    """The key, if we have signed the token and it has not ended."""
    return signed_links.read(secret, _USE, token, at)
