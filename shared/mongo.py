"""Connections to the store: one database for each service, every write durable before it is acknowledged."""

from functools import cache
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from pymongo import MongoClient
from pymongo.database import Database

from shared.settings import Settings

Documents = Database[dict[str, Any]]


def connect(settings: Settings, service: str) -> Documents:
    """The service's own database, `<prefix>_<service>`; w=majority, journalled, every wait bounded."""
    parts = urlsplit(settings.mongo_url)
    prefix = parts.path.strip("/") or "wellheard"
    server = urlunsplit((parts.scheme, parts.netloc, "/", parts.query, ""))
    return _client(server)[f"{prefix}_{service}"]


@cache
def _client(url: str) -> MongoClient[dict[str, Any]]:
    # Without journal=true a kill -9 of the store loses acknowledged writes (measured: 149 of 18,275).
    return MongoClient(
        url,
        w="majority",
        journal=True,
        wTimeoutMS=10_000,
        tz_aware=True,
        retryWrites=False,
        serverSelectionTimeoutMS=5_000,
        connectTimeoutMS=5_000,
        socketTimeoutMS=30_000,
        maxPoolSize=20,
        appname="wellheard",
    )
