"""API keys of partners: 256-bit tokens, shown once, kept as SHA-256 in the web's own database."""

import hashlib
import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import anyio.to_thread
import pymongo
from pymongo.errors import PyMongoError

from services.web.store import STORE_SECONDS, ask_store
from shared.contracts.events import WEBSITE
from shared.errors import Invalid, NotFound, Unavailable
from shared.mongo import Documents

SCOPES = ("events:write", "history:read", "contacts:read", "history:all", "contacts:all", "system:read", "mail:bounces")
CACHE_SECONDS = 5.0
"""A revoked key is refused within this time."""
CACHE_SIZE = 2_000
AWAY_SECONDS = 1.0
"""After a failed look-up everybody is told so for this long, instead of asking as well."""
AWAY = "Keys cannot be checked just now. Send the same again in a few seconds."
_NAME = re.compile(r"[^\W_][\w .'&()-]{0,99}")


@dataclass(frozen=True, slots=True)
class Key:
    """A key as the operator sees it; the token itself is known to its holder only."""

    key_id: str
    partner: str
    scopes: tuple[str, ...]
    created_at: datetime
    revoked_at: datetime | None = None


def create_key(database: Documents, partner: str, scopes: Sequence[str] = ("events:write",)) -> tuple[str, Key]:
    """A new key for the partner of that name: (token, key). The token cannot be had again."""
    check_key(partner, scopes)
    token = f"wh_{secrets.token_urlsafe(32)}"
    document = {
        "_id": digest_of(token),
        "partner": partner,
        "scopes": list(dict.fromkeys(scopes)),
        "created_at": datetime.now(UTC),
        "revoked_at": None,
    }
    database["keys"].insert_one(document)
    return token, _key(document)


def check_key(partner: str, scopes: Sequence[str]) -> None:
    """Raises Invalid when there can be no such key."""
    if unknown := sorted(set(scopes) - set(SCOPES)):
        raise Invalid(f"There is no scope {', '.join(unknown)}. The scopes are {', '.join(SCOPES)}.")
    if partner.casefold() == WEBSITE.casefold():
        raise Invalid(f"“{WEBSITE}” is the name of our own public forms. Choose another.")
    if not _NAME.fullmatch(partner):
        raise Invalid("A name has 1 to 100 letters, digits, spaces and . - ' & ( ), and begins with a letter or digit.")


def list_keys(database: Documents) -> list[Key]:
    """Every key, revoked ones too, by partner and age."""
    keys = [_key(document) for document in database["keys"].find({})]
    return sorted(keys, key=lambda key: (key.partner, key.created_at))


def revoke_key(database: Documents, key_id: str) -> Key:
    """Refuse the key from now on; `key_id` as `list_keys` shows it."""
    match = next((key for key in database["keys"].find({}) if _key(key).key_id == key_id), None)
    if match is None:
        raise NotFound(f"There is no key {key_id}.")
    if match["revoked_at"] is None:
        match["revoked_at"] = datetime.now(UTC)
        database["keys"].update_one({"_id": match["_id"]}, {"$set": {"revoked_at": match["revoked_at"]}})
    return _key(match)


class Keys(Protocol):
    """Where the web finds keys: the store, or a fake in tests."""

    async def find(self, token: str) -> Key | None: ...

    async def check_store(self) -> None: ...

    async def all(self) -> list[Key]:
        """Every key, revoked ones too, by partner and age."""
        ...

    async def create(self, partner: str, scopes: Sequence[str]) -> tuple[str, Key]:
        """(token, key); the token cannot be had again."""
        ...

    async def revoke(self, key_id: str) -> Key: ...


class KeyRing:
    """Finds keys by token, from the store at most once in `CACHE_SECONDS` for each token."""

    def __init__(self, database: Documents) -> None:
        self._database = database
        self._seen: dict[str, tuple[float, Key | None]] = {}
        self._away_until = 0.0

    async def find(self, token: str) -> Key | None:
        """The key, None when there is none or it was revoked. Raises Unavailable when the store does not answer."""
        digest = digest_of(token)
        known = self._seen.get(digest)
        if known is None or known[0] < time.monotonic():
            key = await anyio.to_thread.run_sync(self._read, digest)
            if len(self._seen) >= CACHE_SIZE:  # guessed tokens must not fill the memory
                self._seen.clear()
            known = self._seen[digest] = (time.monotonic() + CACHE_SECONDS, key)
        return known[1]

    async def check_store(self) -> None:
        """Raises Unavailable when the store does not answer."""
        # The driver looks for a store that is away for longer than anybody who asks wants to wait.
        await anyio.to_thread.run_sync(self._read, "", abandon_on_cancel=True)

    async def all(self) -> list[Key]:
        return await ask_store(lambda: list_keys(self._database), AWAY)

    async def create(self, partner: str, scopes: Sequence[str]) -> tuple[str, Key]:
        return await ask_store(lambda: create_key(self._database, partner, scopes), AWAY)

    async def revoke(self, key_id: str) -> Key:
        """Refused at once by this process, by others within `CACHE_SECONDS`."""
        key = await ask_store(lambda: revoke_key(self._database, key_id), AWAY)
        self._seen.clear()
        return key

    def _read(self, digest: str) -> Key | None:
        if time.monotonic() < self._away_until:
            raise Unavailable(AWAY)
        try:
            with pymongo.timeout(STORE_SECONDS):
                document = self._database["keys"].find_one({"_id": digest})
        except PyMongoError:
            self._away_until = time.monotonic() + AWAY_SECONDS
            raise Unavailable(AWAY) from None
        return _key(document) if document and document["revoked_at"] is None else None


def digest_of(token: str) -> str:
    """What is kept of a token: its SHA-256."""
    return hashlib.sha256(token.encode()).hexdigest()


def _key(document: dict[str, Any]) -> Key:
    return Key(
        key_id=document["_id"][:12],
        partner=document["partner"],
        scopes=tuple(document["scopes"]),
        created_at=document["created_at"],
        revoked_at=document["revoked_at"],
    )
