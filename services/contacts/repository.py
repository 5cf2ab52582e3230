"""Keeps contacts, who owns which identifier, and the events that are still to be published."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import orjson
from pymongo import UpdateOne

from services.contacts.erasures import ErasureStore, MongoErasures
from services.contacts.merging import Merge
from services.contacts.port import Added, Contacts, Likeable, Said, Standing, Unsettled
from services.contacts.relating.store import MongoRelationships, RelationshipStore
from services.contacts.segments.domain import bucket_of
from services.contacts.segments.port import SegmentStore
from services.contacts.segments.repository import MongoSegments
from shared.contracts.base import Envelope, Event
from shared.contracts.consent import Consent, ConsentChanged
from shared.contracts.contacts import Contact, ContactChanged, ContactRegistered, ContactWithdrawn
from shared.contracts.erasure import ContactErased, Traces
from shared.contracts.merging import ContactsMerged, ContactsUnmerged
from shared.mongo import Documents, MongoOutbox, insert_new
from shared.redaction import redact

__all__ = ["Added", "Contacts", "Likeable", "MongoContacts", "Said", "Standing", "Unsettled"]
_PUBLISHED = (
    ContactRegistered,
    ContactChanged,
    ContactWithdrawn,
    ConsentChanged,
    ContactsMerged,
    ContactsUnmerged,
    ContactErased,
)
KNOWN: dict[str, type[Event]] = {each.type: each for each in _PUBLISHED}


_NOT_OF_CONTACT = {"outbox": 0, "consents": 0, "merges": 0}


class MongoContacts:
    """Collections `contacts` (each document with its outbox) and `identifiers` (key -> contact ids)."""

    def __init__(self, database: Documents) -> None:
        self._contacts = database["contacts"]
        self._identifiers = database["identifiers"]
        self._different = database["different"]
        self.outbox = MongoOutbox(self._contacts, KNOWN)
        self.segments: SegmentStore = MongoSegments(database)
        self.relationships: RelationshipStore = MongoRelationships(database)
        self.erasures: ErasureStore = MongoErasures(database)
        self._identifiers.create_index("contact_ids")
        self._contacts.create_index("unsettled.merge_id", sparse=True)

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
        found = self._contacts.find({"_id": {"$in": list(set(contact_ids))}}, _NOT_OF_CONTACT)
        return {each["_id"]: _contact(each) for each in found}

    def find_standings(self, contact_ids: Iterable[str]) -> dict[str, Standing]:
        found = self._contacts.find(
            {"_id": {"$in": list(set(contact_ids))}}, {"locality": 1, "groups": 1, "merged_into": 1, "erased": 1}
        )
        return {
            each["_id"]: Standing(each["locality"], tuple(each["groups"]), each.get("merged_into"))
            for each in found
            if not each.get("erased")
        }

    def insert(self, contacts: Sequence[tuple[Contact, Envelope[Event]]]) -> set[str]:
        if not contacts:
            return set()
        return insert_new(
            self._contacts,
            [
                _document(contact) | {"bucket": bucket_of(contact.contact_id), "outbox": [event.content]}
                for contact, event in contacts
            ],
        )

    def insert_saying(self, contacts: Sequence[tuple[Contact, Envelope[Event], Added]]) -> None:
        if contacts:
            insert_new(self._contacts, [_saying(*each) for each in contacts])

    def replace(self, contact: Contact, envelope: Envelope[Event]) -> bool:
        return self._contacts.update_one(*_replacement(contact, envelope)).modified_count == 1

    def replace_all(self, changes: Sequence[tuple[Contact, Envelope[Event]]]) -> None:
        if changes:
            self._contacts.bulk_write([UpdateOne(*_replacement(*each)) for each in changes])

    def find_said(self, contact_ids: Iterable[str]) -> dict[str, Said]:
        asked = {"_id": {"$in": list(set(contact_ids))}}
        found = self._contacts.find(asked, {"name": 1, "version": 1, "consents": 1, "merged_into": 1, "erased": 1})
        return {each["_id"]: _said(each) for each in found if not each.get("erased")}

    def add_consents(self, added: Sequence[Added]) -> None:
        self._contacts.bulk_write([_addition(each) for each in added], ordered=False)

    def bury(self, tombstone: Contact, envelope: Envelope[Event], unsettled: Unsettled) -> bool:
        return self._store(tombstone, envelope, {"unsettled": _of_unsettled(unsettled)})

    def absorb(self, survivor: Contact, merge: Merge, said: Sequence[Consent], envelope: Envelope[Event]) -> bool:
        remembered = {"merges": merge.model_dump(mode="json")}
        return self._store(survivor, envelope, {"consents": _of_consents(said)}, push=remembered)

    def give_back(
        self, survivor: Contact, said: Sequence[Consent], envelope: Envelope[Event], unsettled: Unsettled
    ) -> bool:
        wanted = {"consents": _of_consents(said), "unsettled": _of_unsettled(unsettled)}
        return self._store(survivor, envelope, wanted, pull={"merges": {"merge_id": unsettled.merge_id}})

    def revive(self, contact: Contact, said: Sequence[Consent], envelope: Envelope[Event]) -> bool:
        return self._store(contact, envelope, {"consents": _of_consents(said)})

    def erase(self, left: Contact, envelope: Envelope[Event], traces: Traces) -> bool:
        asked = {"_id": left.contact_id, "version": left.version - 1}
        standing = self._contacts.find_one(asked, {"consents": 1, "outbox": 1})
        if standing is None:
            return False
        kept = redact({"consents": standing.get("consents", []), "outbox": standing.get("outbox", [])}, traces)
        kept["outbox"].append(envelope.content)
        document = _document(left) | kept
        del document["_id"]
        update = {"$set": document, "$unset": {"merges": "", "unsettled": ""}}
        return self._contacts.update_one(asked, update).modified_count == 1

    def merges(self, contact_id: str) -> tuple[Merge, ...]:
        found = self._contacts.find_one({"_id": contact_id}, {"merges": 1}) or {}
        return tuple(Merge.model_validate(each, extra="ignore") for each in found.get("merges", ()))

    def unsettled(self) -> list[Unsettled]:
        found = self._contacts.find({"unsettled.merge_id": {"$gt": ""}}, {"unsettled": 1})
        return [_unsettled(each["unsettled"]) for each in found]

    def settled(self, unsettled: Unsettled) -> None:
        asked = {"_id": unsettled.contact_id, "unsettled.merge_id": unsettled.merge_id}
        self._contacts.update_one(asked, {"$unset": {"unsettled": ""}})

    def shared_keys(self, limit: int) -> list[list[str]]:
        found = self._identifiers.find({"contact_ids.1": {"$exists": True}}, {"contact_ids": 1}).limit(limit)
        return [each["contact_ids"] for each in found]

    def likeable(self) -> Iterator[Likeable]:
        fields = dict.fromkeys(("name", "locality", "practice", "merged_into", "withdrawn", "erased"), 1)
        for each in self._contacts.find({}, fields, batch_size=1000):
            if not (each.get("merged_into") or each.get("withdrawn") or each.get("erased")):
                yield Likeable(each["_id"], each["name"], each.get("locality"), each.get("practice"))

    def declare_different(self, one_id: str, other_id: str, by: str) -> None:
        pair = sorted((one_id, other_id))
        insert_new(self._different, [{"_id": " ".join(pair), "by": by}])

    def different(self) -> set[frozenset[str]]:
        return {frozenset(each["_id"].split(" ")) for each in self._different.find({})}

    def _store(
        self,
        contact: Contact,
        envelope: Envelope[Event],
        more: dict[str, Any],
        push: dict[str, Any] | None = None,
        pull: dict[str, Any] | None = None,
    ) -> bool:
        document = _document(contact) | more
        update = {"$set": document, "$push": {"outbox": envelope.content} | (push or {})}
        asked = {"_id": document.pop("_id"), "version": contact.version - 1}
        return self._contacts.update_one(asked, update | ({"$pull": pull} if pull else {})).modified_count == 1


def _document(contact: Contact) -> dict[str, Any]:
    content: dict[str, Any] = orjson.loads(contact.model_dump_json())
    return {"_id": content.pop("contact_id"), **content}


def _saying(contact: Contact, event: Envelope[Event], added: Added) -> dict[str, Any]:
    consents = [each.model_dump(mode="json") for each in added.consents]
    outbox = [event.content, *(each.content for each in added.envelopes)]
    version = contact.version + len(consents)
    said = {"version": version, "consents": consents, "outbox": outbox, "bucket": bucket_of(contact.contact_id)}
    return _document(contact) | said


def _replacement(contact: Contact, envelope: Envelope[Event]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is asked of the document, and what becomes of it."""
    document = _document(contact)
    asked = {"_id": document.pop("_id"), "version": contact.version - 1}
    return asked, {"$set": document, "$push": {"outbox": envelope.content}}


def _contact(document: dict[str, Any]) -> Contact:
    return Contact.model_validate({**document, "contact_id": document["_id"]}, extra="ignore")


def _said(document: dict[str, Any]) -> Said:
    consents = tuple(map(_consent, document.get("consents", ())))
    return Said(document["name"], document["version"], consents, document.get("merged_into"))


def _of_consents(consents: Iterable[Consent]) -> list[dict[str, Any]]:
    return [each.model_dump(mode="json") for each in consents]


def _of_unsettled(unsettled: Unsettled) -> dict[str, Any]:
    return unsettled._asdict() | {"others": _of_consents(unsettled.others)}


def _unsettled(document: dict[str, Any]) -> Unsettled:
    return Unsettled(**document | {"others": tuple(map(_consent, document["others"]))})


def _consent(document: dict[str, Any]) -> Consent:
    return Consent.model_validate(document, extra="ignore")


def _addition(added: Added) -> UpdateOne:
    consents = _of_consents(added.consents)
    events = [each.content for each in added.envelopes]
    return UpdateOne(
        {"_id": added.contact_id, "version": added.version},
        {
            "$set": {"version": added.version + len(consents)},
            "$push": {"consents": {"$each": consents}, "outbox": {"$each": events}},
        },
    )
