"""Keeps contacts, who owns which identifier, and the events that are still to be published."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import orjson
from pymongo import UpdateOne

from shared.contracts.base import Envelope, Event
from shared.contracts.consent import Consent, ConsentChanged
from shared.contracts.contacts import Contact, ContactChanged, ContactRegistered, ContactWithdrawn
from shared.messaging import Outbox
from shared.mongo import Documents, MongoOutbox, insert_new

KNOWN: dict[str, type[Event]] = {
    each.type: each for each in (ContactRegistered, ContactChanged, ContactWithdrawn, ConsentChanged)
}


class Standing(NamedTuple):
    """Where a contact stands: its locality and its groups."""

    locality: str | None
    groups: tuple[str, ...]


class Said(NamedTuple):
    """What a contact has said of its consent, and the version it has come to."""

    name: str
    version: int
    consents: tuple[Consent, ...]


class Added(NamedTuple):
    """Statements to be added to a contact that stands at `version`, each with its event."""

    contact_id: str
    version: int
    consents: tuple[Consent, ...]
    envelopes: tuple[Envelope[Event], ...]


class Contacts(Protocol):
    """The repository as the service sees it; the Mongo one and the fake pass the same contract tests.

    An identifier is claimed for a contact before the contact is inserted: of two processes that register the same
    person at once, one loses the claim and finds the other's contact.
    """

    @property
    def outbox(self) -> Outbox:
        """What commands have left to be published."""
        ...

    def owners(self, keys: Iterable[str]) -> dict[str, list[str]]:
        """The contacts that carry each key (domain.key_of); keys nobody carries are left out."""
        ...

    def keys_of(self, contact_id: str) -> set[str]: ...

    def claim(self, owner_by_key: Mapping[str, str]) -> set[str]:
        """Make each key its contact's, if nobody has it; returns the keys that somebody else has."""
        ...

    def share(self, keys: Iterable[str], contact_id: str) -> None:
        """Let a contact carry keys that others may carry too."""
        ...

    def give_up(self, keys: Iterable[str], contact_id: str) -> None:
        """Undo claims, but for those that somebody has sealed meanwhile: their contact is being stored."""
        ...

    def seal(self, contact_ids: Iterable[str]) -> set[str]:
        """Let nobody give up the contacts' claims any more; returns those that have not been given up before."""
        ...

    def release(self, keys: Iterable[str], contact_id: str) -> None:
        """The contact does not carry the keys any more."""
        ...

    def find(self, contact_ids: Iterable[str]) -> dict[str, Contact]: ...

    def find_standings(self, contact_ids: Iterable[str]) -> dict[str, Standing]:
        """Where contacts stand: all that a resolution needs of them."""
        ...

    def insert(self, contacts: Sequence[tuple[Contact, Envelope[Event]]]) -> set[str]:
        """Store new contacts with their events; returns the ids of those that were there, which stay as they are."""
        ...

    def insert_saying(self, contacts: Sequence[tuple[Contact, Envelope[Event], Added]]) -> None:
        """As `insert`, each with what it has said of its consent already, in one write."""
        ...

    def replace(self, contact: Contact, envelope: Envelope[Event]) -> bool:
        """Store the next version with its event; False when somebody was faster."""
        ...

    def replace_all(self, changes: Sequence[tuple[Contact, Envelope[Event]]]) -> None:
        """As `replace`, one after another in one go; whose version has moved on stays as it is."""
        ...

    def find_said(self, contact_ids: Iterable[str]) -> dict[str, Said]:
        """What contacts have said of their consent."""
        ...

    def add_consents(self, added: Sequence[Added]) -> None:
        """Add statements with their events, for each contact in one write; where somebody was faster, nothing."""
        ...


class MongoContacts:
    """Collections `contacts` (each document with its outbox) and `identifiers` (key -> contact ids)."""

    def __init__(self, database: Documents) -> None:
        self._contacts = database["contacts"]
        self._identifiers = database["identifiers"]
        self.outbox = MongoOutbox(self._contacts, KNOWN)
        self._identifiers.create_index("contact_ids")

    def owners(self, keys: Iterable[str]) -> dict[str, list[str]]:
        found = self._identifiers.find({"_id": {"$in": list(keys)}}, {"contact_ids": 1})
        return {each["_id"]: each["contact_ids"] for each in found if each["contact_ids"]}

    def keys_of(self, contact_id: str) -> set[str]:
        return {each["_id"] for each in self._identifiers.find({"contact_ids": contact_id})}

    def claim(self, owner_by_key: Mapping[str, str]) -> set[str]:
        if not owner_by_key:
            return set()
        wanted = [{"_id": key, "contact_ids": [owner]} for key, owner in owner_by_key.items()]
        lost = insert_new(self._identifiers, wanted)
        owners = self.owners(lost)
        return {key for key in lost if owner_by_key[key] not in owners.get(key, [])}

    def share(self, keys: Iterable[str], contact_id: str) -> None:
        for key in keys:
            self._identifiers.update_one({"_id": key}, {"$addToSet": {"contact_ids": contact_id}}, upsert=True)

    def give_up(self, keys: Iterable[str], contact_id: str) -> None:
        asked = {"_id": {"$in": list(keys)}, "contact_ids": [contact_id], "sealed": {"$exists": False}}
        self._identifiers.delete_many(asked)

    def seal(self, contact_ids: Iterable[str]) -> set[str]:
        wanted = set(contact_ids)
        self._identifiers.update_many({"contact_ids": {"$in": list(wanted)}}, {"$set": {"sealed": True}})
        sealed = self._identifiers.find({"contact_ids": {"$in": list(wanted)}}, {"contact_ids": 1})
        return {each for claim in sealed for each in claim["contact_ids"] if each in wanted}

    def release(self, keys: Iterable[str], contact_id: str) -> None:
        keys = list(keys)
        if keys:
            self._identifiers.delete_many({"_id": {"$in": keys}, "contact_ids": [contact_id]})
            self._identifiers.update_many({"_id": {"$in": keys}}, {"$pull": {"contact_ids": contact_id}})

    def find(self, contact_ids: Iterable[str]) -> dict[str, Contact]:
        found = self._contacts.find({"_id": {"$in": list(set(contact_ids))}}, {"outbox": 0, "consents": 0})
        return {each["_id"]: _contact(each) for each in found}

    def find_standings(self, contact_ids: Iterable[str]) -> dict[str, Standing]:
        found = self._contacts.find({"_id": {"$in": list(set(contact_ids))}}, {"locality": 1, "groups": 1})
        return {each["_id"]: Standing(each["locality"], tuple(each["groups"])) for each in found}

    def insert(self, contacts: Sequence[tuple[Contact, Envelope[Event]]]) -> set[str]:
        if not contacts:
            return set()
        return insert_new(
            self._contacts, [_document(contact) | {"outbox": [event.content]} for contact, event in contacts]
        )

    def insert_saying(self, contacts: Sequence[tuple[Contact, Envelope[Event], Added]]) -> None:
        if contacts:
            insert_new(self._contacts, [_saying(*each) for each in contacts])

    def replace(self, contact: Contact, envelope: Envelope[Event]) -> bool:
        return self._contacts.bulk_write([_replacement(contact, envelope)]).modified_count == 1

    def replace_all(self, changes: Sequence[tuple[Contact, Envelope[Event]]]) -> None:
        if changes:
            self._contacts.bulk_write([_replacement(*each) for each in changes])

    def find_said(self, contact_ids: Iterable[str]) -> dict[str, Said]:
        asked = {"_id": {"$in": list(set(contact_ids))}}
        found = self._contacts.find(asked, {"name": 1, "version": 1, "consents": 1})
        return {
            each["_id"]: Said(each["name"], each["version"], tuple(map(_consent, each.get("consents", ()))))
            for each in found
        }

    def add_consents(self, added: Sequence[Added]) -> None:
        self._contacts.bulk_write([_addition(each) for each in added], ordered=False)


def _document(contact: Contact) -> dict[str, Any]:
    content: dict[str, Any] = orjson.loads(contact.model_dump_json())
    return {"_id": content.pop("contact_id"), **content}


def _saying(contact: Contact, event: Envelope[Event], added: Added) -> dict[str, Any]:
    consents = [each.model_dump(mode="json") for each in added.consents]
    outbox = [event.content, *(each.content for each in added.envelopes)]
    version = contact.version + len(consents)
    return {**_document(contact), "version": version, "consents": consents, "outbox": outbox}


def _replacement(contact: Contact, envelope: Envelope[Event]) -> UpdateOne:
    document = _document(contact)
    asked = {"_id": document.pop("_id"), "version": contact.version - 1}
    return UpdateOne(asked, {"$set": document, "$push": {"outbox": envelope.content}})


def _contact(document: dict[str, Any]) -> Contact:
    return Contact.model_validate({**document, "contact_id": document["_id"]}, extra="ignore")


def _consent(document: dict[str, Any]) -> Consent:
    return Consent.model_validate(document, extra="ignore")


def _addition(added: Added) -> UpdateOne:
    consents = [each.model_dump(mode="json") for each in added.consents]
    events = [each.content for each in added.envelopes]
    return UpdateOne(
        {"_id": added.contact_id, "version": added.version},
        {
            "$set": {"version": added.version + len(consents)},
            "$push": {"consents": {"$each": consents}, "outbox": {"$each": events}},
        },
    )
