"""Keeps contacts, who owns which identifier, and the events that are still to be published."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol

import orjson
from pymongo.errors import BulkWriteError

from shared.contracts.base import Envelope, Event, read_envelope
from shared.contracts.contacts import Contact, ContactChanged, ContactRegistered
from shared.mongo import Documents

KNOWN: dict[str, type[Event]] = {each.type: each for each in (ContactRegistered, ContactChanged)}


class Standing(NamedTuple):
    """Where a contact stands: its locality and its groups."""

    locality: str | None
    groups: tuple[str, ...]


class Contacts(Protocol):
    """The repository as the service sees it; the Mongo one and the fake pass the same contract tests.

    An identifier is claimed for a contact before the contact is inserted: of two processes that register the same
    person at once, one loses the claim and finds the other's contact.
    """

    def owners(self, keys: Iterable[str]) -> dict[str, list[str]]:
        """The contacts that carry each key (domain.key_of); keys nobody carries are left out."""
        ...

    def keys_of(self, contact_id: str) -> set[str]: ...

    def claimed_at(self, contact_id: str) -> datetime | None:
        """When the contact's identifiers were claimed first."""
        ...

    def claim(self, owner_by_key: Mapping[str, str]) -> set[str]:
        """Make each key its contact's, if nobody has it; returns the keys that somebody else has."""
        ...

    def share(self, keys: Iterable[str], contact_id: str) -> None:
        """Let a contact carry keys that others may carry too."""
        ...

    def release(self, keys: Iterable[str], contact_id: str) -> None: ...

    def find(self, contact_ids: Iterable[str]) -> dict[str, Contact]: ...

    def find_standings(self, contact_ids: Iterable[str]) -> dict[str, Standing]:
        """Where contacts stand: all that a resolution needs of them."""
        ...

    def insert(self, contacts: Sequence[tuple[Contact, Envelope[Event]]]) -> None:
        """Store new contacts with their events; one that is there already stays as it is."""
        ...

    def replace(self, contact: Contact, envelope: Envelope[Event]) -> bool:
        """Store the next version with its event; False when somebody was faster."""
        ...

    def pending(self, limit: int) -> Sequence[tuple[Any, Envelope[Event]]]: ...

    def forget(self, published: Sequence[tuple[Any, str]]) -> None: ...


class MongoContacts:
    """Collections `contacts` (each document with its outbox) and `identifiers` (key -> contact ids)."""

    def __init__(self, database: Documents) -> None:
        self._contacts = database["contacts"]
        self._identifiers = database["identifiers"]
        self._contacts.create_index("outbox.id", sparse=True)
        self._identifiers.create_index("contact_ids")

    def owners(self, keys: Iterable[str]) -> dict[str, list[str]]:
        found = self._identifiers.find({"_id": {"$in": list(keys)}}, {"contact_ids": 1})
        return {each["_id"]: each["contact_ids"] for each in found if each["contact_ids"]}

    def keys_of(self, contact_id: str) -> set[str]:
        return {each["_id"] for each in self._identifiers.find({"contact_ids": contact_id})}

    def claimed_at(self, contact_id: str) -> datetime | None:
        return min((each["at"] for each in self._identifiers.find({"contact_ids": contact_id})), default=None)

    def claim(self, owner_by_key: Mapping[str, str]) -> set[str]:
        if not owner_by_key:
            return set()
        wanted = [{"_id": key, "contact_ids": [owner], "at": datetime.now(UTC)} for key, owner in owner_by_key.items()]
        lost = _insert(self._identifiers, wanted)
        owners = self.owners(lost)
        return {key for key in lost if owner_by_key[key] not in owners.get(key, [])}

    def share(self, keys: Iterable[str], contact_id: str) -> None:
        for key in keys:
            added = {"$addToSet": {"contact_ids": contact_id}, "$setOnInsert": {"at": datetime.now(UTC)}}
            self._identifiers.update_one({"_id": key}, added, upsert=True)

    def release(self, keys: Iterable[str], contact_id: str) -> None:
        keys = list(keys)
        if keys:
            self._identifiers.delete_many({"_id": {"$in": keys}, "contact_ids": [contact_id]})
            self._identifiers.update_many({"_id": {"$in": keys}}, {"$pull": {"contact_ids": contact_id}})

    def find(self, contact_ids: Iterable[str]) -> dict[str, Contact]:
        found = self._contacts.find({"_id": {"$in": list(set(contact_ids))}}, {"outbox": 0})
        return {each["_id"]: _contact(each) for each in found}

    def find_standings(self, contact_ids: Iterable[str]) -> dict[str, Standing]:
        found = self._contacts.find({"_id": {"$in": list(set(contact_ids))}}, {"locality": 1, "groups": 1})
        return {each["_id"]: Standing(each["locality"], tuple(each["groups"])) for each in found}

    def insert(self, contacts: Sequence[tuple[Contact, Envelope[Event]]]) -> None:
        if contacts:
            _insert(self._contacts, [_document(contact) | {"outbox": [event.content]} for contact, event in contacts])

    def replace(self, contact: Contact, envelope: Envelope[Event]) -> bool:
        document = _document(contact)
        result = self._contacts.update_one(
            {"_id": document.pop("_id"), "version": contact.version - 1},
            {"$set": document, "$push": {"outbox": envelope.content}},
        )
        return result.modified_count == 1

    def pending(self, limit: int) -> Sequence[tuple[Any, Envelope[Event]]]:
        found = self._contacts.find({"outbox.id": {"$gt": ""}}, {"outbox": 1}).limit(limit)
        return [(each["_id"], read_envelope(event, KNOWN)) for each in found for event in each["outbox"]]

    def forget(self, published: Sequence[tuple[Any, str]]) -> None:
        keys, events = [key for key, _ in published], [event for _, event in published]
        self._contacts.update_many({"_id": {"$in": keys}}, {"$pull": {"outbox": {"id": {"$in": events}}}})


class FakeContacts:
    """The repository in memory, for tests of stories."""

    def __init__(self) -> None:
        self._contacts: dict[str, Contact] = {}
        self._identifiers: dict[str, list[str]] = {}
        self._claimed: dict[str, datetime] = {}
        self._outbox: list[tuple[str, Envelope[Event]]] = []

    def owners(self, keys: Iterable[str]) -> dict[str, list[str]]:
        return {key: list(self._identifiers[key]) for key in keys if self._identifiers.get(key)}

    def keys_of(self, contact_id: str) -> set[str]:
        return {key for key, owners in self._identifiers.items() if contact_id in owners}

    def claimed_at(self, contact_id: str) -> datetime | None:
        return min((self._claimed[key] for key in self.keys_of(contact_id)), default=None)

    def claim(self, owner_by_key: Mapping[str, str]) -> set[str]:
        for key, owner in owner_by_key.items():
            self._identifiers.setdefault(key, [owner])
            self._claimed.setdefault(key, datetime.now(UTC))
        return {key for key, owner in owner_by_key.items() if owner not in self._identifiers[key]}

    def share(self, keys: Iterable[str], contact_id: str) -> None:
        for key in keys:
            owners = self._identifiers.setdefault(key, [])
            self._claimed.setdefault(key, datetime.now(UTC))
            if contact_id not in owners:
                owners.append(contact_id)

    def release(self, keys: Iterable[str], contact_id: str) -> None:
        for key in keys:
            owners = [each for each in self._identifiers.pop(key, []) if each != contact_id]
            if owners:
                self._identifiers[key] = owners

    def find(self, contact_ids: Iterable[str]) -> dict[str, Contact]:
        return {each: self._contacts[each] for each in contact_ids if each in self._contacts}

    def find_standings(self, contact_ids: Iterable[str]) -> dict[str, Standing]:
        return {key: Standing(each.locality, each.groups) for key, each in self.find(contact_ids).items()}

    def insert(self, contacts: Sequence[tuple[Contact, Envelope[Event]]]) -> None:
        for contact, event in contacts:
            if contact.contact_id not in self._contacts:
                self._contacts[contact.contact_id] = contact
                self._outbox.append((contact.contact_id, event))

    def replace(self, contact: Contact, envelope: Envelope[Event]) -> bool:
        if self._contacts[contact.contact_id].version != contact.version - 1:
            return False
        self._contacts[contact.contact_id] = contact
        self._outbox.append((contact.contact_id, envelope))
        return True

    def pending(self, limit: int) -> Sequence[tuple[Any, Envelope[Event]]]:
        return self._outbox[:limit]

    def forget(self, published: Sequence[tuple[Any, str]]) -> None:
        gone = {event for _, event in published}
        self._outbox = [each for each in self._outbox if each[1].id not in gone]


def _insert(collection: Any, documents: Sequence[dict[str, Any]]) -> list[str]:
    """Insert what is not there yet; returns the ids that were."""
    try:
        collection.insert_many(documents, ordered=False)
    except BulkWriteError as error:
        errors = error.details["writeErrors"]
        if any(each["code"] != 11000 for each in errors):
            raise
        return [documents[each["index"]]["_id"] for each in errors]
    return []


def _document(contact: Contact) -> dict[str, Any]:
    content: dict[str, Any] = orjson.loads(contact.model_dump_json())
    return {"_id": content.pop("contact_id"), **content}


def _contact(document: dict[str, Any]) -> Contact:
    return Contact.model_validate({**document, "contact_id": document["_id"]}, extra="ignore")
