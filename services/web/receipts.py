"""Signed receipts: who holds one was answered 202, even before the events service has seen the event."""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from urllib.parse import quote

import orjson


class Receipts:
    """Makes status addresses and checks the receipts they carry."""

    def __init__(self, secret: str, public_url: str) -> None:
        if not secret:
            raise ValueError("WELLHEARD_SECRET is not set: `make up` writes one into the instance's env file")
        self._secret = secret.encode()
        self._base = f"{public_url}/api/v1/events/"

    def status_url(self, partner: str, source: str, event_id: str) -> str:
        receipt = self._sign(partner, source, event_id)
        return f"{self._base}{quote(event_id, safe='')}?source={quote(source, safe='')}&receipt={receipt}"

    def holds(self, receipt: str, partner: str, source: str, event_id: str) -> bool:
        """Whether this receipt was given for this event."""
        return hmac.compare_digest(receipt.encode(), self._sign(partner, source, event_id).encode())

    def _sign(self, partner: str, source: str, event_id: str) -> str:
        message = b"receipt" + orjson.dumps([partner, source, event_id])
        return urlsafe_b64encode(hmac.digest(self._secret, message, hashlib.sha256)[:16]).decode().rstrip("=")
