"""What people decide of themselves by the link in a message: seen, changed, withdrawn, and asked to be erased."""

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from services.contacts.consents import ConsentBook
from services.contacts.envelopes import now
from services.contacts.repository import Contacts
from services.contacts.subscribing.store import MongoSubscriptionRequests, SubscriptionRequests
from services.contacts.survivors import find_survivor
from shared.contracts.consent import Statement
from shared.contracts.preferences import Choice, ErasureRequest, Preferences
from shared.errors import NotFound
from shared.mongo import Documents, insert_new

GONE = "This link does not work any more. Use the one in the latest message that we sent you, or ask us for another."


class PreferenceStore(Protocol):
    """Keys of contacts, and who wants to be erased; the Mongo one and the fake pass the same contract tests."""

    @property
    def requests(self) -> SubscriptionRequests:
        """Who asked to subscribe, and has not been forgotten."""
        ...

    def add_keys(self, keys: dict[str, str]) -> None:
        """Contact id -> key; who has one keeps it."""
        ...

    def keys(self, contact_ids: Iterable[str]) -> dict[str, str]: ...

    def find_contact(self, key: str) -> str | None: ...

    def revoke(self, contact_id: str) -> None: ...

    def ask_for_erasure(self, request: ErasureRequest) -> None:
        """Asked again, the first time stands."""
        ...

    def forget(self, contact_id: str) -> None:
        """Neither a key nor a request is left of the contact."""
        ...

    def erasure_asked_at(self, contact_id: str) -> datetime | None: ...

    def erasure_requests(self, limit: int) -> list[ErasureRequest]:
        """The oldest first."""
        ...


class MongoPreferences:
    """Collections `preference_keys` and `erasure_requests`, by contact id."""

    def __init__(self, database: Documents) -> None:
        self._keys = database["preference_keys"]
        self._erasures = database["erasure_requests"]
        self.requests: SubscriptionRequests = MongoSubscriptionRequests(database)
        self._keys.create_index("key")

    def add_keys(self, keys: dict[str, str]) -> None:
        if keys:
            insert_new(self._keys, [{"_id": contact_id, "key": key} for contact_id, key in keys.items()])

    def keys(self, contact_ids: Iterable[str]) -> dict[str, str]:
        return {each["_id"]: each["key"] for each in self._keys.find({"_id": {"$in": list(contact_ids)}})}

    def find_contact(self, key: str) -> str | None:
        found = self._keys.find_one({"key": key})
        return found["_id"] if found else None

    def revoke(self, contact_id: str) -> None:
        self._keys.delete_one({"_id": contact_id})

    def ask_for_erasure(self, request: ErasureRequest) -> None:
        insert_new(self._erasures, [{"_id": request.contact_id, "asked_at": request.asked_at}])

    def forget(self, contact_id: str) -> None:
        self._keys.delete_one({"_id": contact_id})
        self._erasures.delete_one({"_id": contact_id})

    def erasure_asked_at(self, contact_id: str) -> datetime | None:
        found = self._erasures.find_one({"_id": contact_id})
        return found["asked_at"] if found else None

    def erasure_requests(self, limit: int) -> list[ErasureRequest]:
        found = self._erasures.find().sort("asked_at", 1).limit(limit)
        return [ErasureRequest(contact_id=each["_id"], asked_at=each["asked_at"]) for each in found]


class PreferenceDesk:
    """Questions and commands of people about themselves; the key of their link says who they are."""

    def __init__(self, store: PreferenceStore, contacts: Contacts) -> None:
        self._store = store
        self._contacts = contacts
        self._book = ConsentBook(contacts)

    def give_keys(self, contact_ids: Sequence[str]) -> dict[str, str]:
        known = self._contacts.find(contact_ids).keys()
        there = self._store.keys(known)
        self._store.add_keys({each: secrets.token_urlsafe(24) for each in known - there.keys()})
        return self._store.keys(known)

    def revoke(self, contact_id: str) -> None:
        self._store.revoke(contact_id)

    def get(self, key: str) -> Preferences:
        contact_id = self._contact_id(key)
        contact = self._contacts.find([contact_id])[contact_id]
        asked = self._store.erasure_asked_at(contact_id)
        return Preferences(contact=contact, consents=self._book.of(contact_id), erasure_asked_at=asked)

    def choose(self, key: str, request_id: str, allowed: Sequence[Choice], wording: str) -> Preferences:
        contact_id = self._contact_id(key)
        wanted = set(allowed)
        statements = [
            _statement(contact_id, (each.purpose, each.channel), (each.purpose, each.channel) in wanted, wording)
            for each in self._book.of(contact_id).allowances
            if each.allowed != ((each.purpose, each.channel) in wanted)
        ]
        if statements:
            self._book.record(f"{contact_id}:{request_id}", statements, "the person")
        return self.get(key)

    def withdraw_everything(self, key: str, request_id: str) -> Preferences:
        contact_id = self._contact_id(key)
        statement = Statement(
            contact_id=contact_id,
            purpose="*",
            channel="*",
            given=False,
            method="preference_page",
            wording="Stop sending me anything.",
        )
        self._book.record(f"{contact_id}:{request_id}", [statement], "the person")
        return self.get(key)

    def ask_for_erasure(self, key: str) -> Preferences:
        self._store.ask_for_erasure(ErasureRequest(contact_id=self._contact_id(key), asked_at=now()))
        return self.get(key)

    def erasure_requests(self, limit: int) -> list[ErasureRequest]:
        return self._store.erasure_requests(limit)

    def _contact_id(self, key: str) -> str:
        contact_id = self._store.find_contact(key)
        contact = find_survivor(self._contacts, contact_id) if contact_id else None
        if contact is None or contact.withdrawn or contact.erased:
            raise NotFound(GONE)
        return contact.contact_id


def _statement(contact_id: str, choice: Choice, given: bool, wording: str) -> Statement:
    purpose, channel = choice
    return Statement(
        contact_id=contact_id, purpose=purpose, channel=channel, given=given, method="preference_page", wording=wording
    )
