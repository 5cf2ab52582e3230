"""The contacts service: who we know. Entry points only; the rules are in domain.py."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import ClassVar

from services.contacts import domain
from services.contacts.reference import REFERENCE
from services.contacts.repository import Contacts, MongoContacts, Standing
from shared import failpoints
from shared.contracts.base import Envelope, Event, new_id
from shared.contracts.contacts import (
    ChangeContact,
    Contact,
    ContactReference,
    GetContact,
    GetReference,
    NewContact,
    Reference,
    RegisterContact,
    RegisterContacts,
    Resolution,
    Resolutions,
    ResolveContacts,
)
from shared.contracts.contacts import Contacts as ContactList
from shared.errors import Conflict, NotFound, Unavailable
from shared.logs import correlation_id
from shared.messaging import Bus, rpc
from shared.mongo import connect
from shared.settings import Settings

SOURCE = "/services/contacts"
CHANGED_MEANWHILE = "Somebody else changed this contact in the meantime. Look at it again, then change it."
LOOKS, PAUSE = 20, 0.02
"""How often, and with how many seconds between, a resolution looks for a contact that is about to be stored."""
ATTEMPTS = 5
"""Rounds of a resolution that others may win before the caller is asked to come again."""


class ContactsService:
    """Answers for contacts; its outbox is published by the runner after each answer."""

    name: ClassVar[str] = "contacts"

    def __init__(self, repository: Contacts) -> None:
        self._repository = repository
        self.outbox = repository.outbox

    @rpc
    def resolve_contacts(self, request: ResolveContacts) -> Resolutions:
        """Each reference becomes the contacts that carry its identifiers; who is not known yet is registered."""
        keys = list({key for reference in request.references for key in domain.keys_of(reference)})
        owners = self._register_newcomers(request.references, keys)
        found = self._find_all(request.references, owners)
        return Resolutions(resolutions=tuple(_resolution(each, owners, found) for each in request.references))

    @rpc
    def register_contact(self, request: RegisterContact) -> Contact:
        contact_id = _id_of_request(request.request_id)
        known = self._repository.find([contact_id]).get(contact_id)
        if known is not None:
            return known
        contact, event = domain.register(request.contact, contact_id, _now(), request.by)
        self._take_identifiers(contact, request.shared)
        if self._repository.insert([(contact, _envelope(event, contact))]):
            return self._take_over(contact_id, request.contact, request.by)
        return contact

    @rpc
    def register_contacts(self, request: RegisterContacts) -> ContactList:
        ids = [_id_of_request(each) for each in request.request_ids]
        known = self._repository.find(ids)
        new = [
            domain.register(contact, contact_id, _now(), request.by)
            for contact, contact_id in zip(request.contacts, ids, strict=True)
            if contact_id not in known
        ]
        claims = {domain.key_of(each): contact.contact_id for contact, _ in new for each in contact.identifiers}
        if taken := self._repository.claim(claims):
            raise Conflict(f"{len(taken)} of the identifiers belong to contacts that are known already.")
        there = self._repository.insert([(contact, _envelope(event, contact)) for contact, event in new])
        registered = known | {contact.contact_id: contact for contact, _ in new}
        for contact_id, contact in zip(ids, request.contacts, strict=True):
            if contact_id in there:
                registered[contact_id] = self._take_over(contact_id, contact, request.by)
        return ContactList(contacts=tuple(registered[each] for each in ids))

    @rpc
    def change_contact(self, request: ChangeContact) -> Contact:
        contact = self._get(request.contact_id)
        if contact.version != request.version:
            raise Conflict(CHANGED_MEANWHILE)
        changed = domain.change(contact, request.contact, _now(), request.by)
        if changed is None:
            return contact
        self._take_identifiers(changed[0], request.shared)
        self._replace(*changed)
        self._release_identifiers(changed[0])
        return changed[0]

    @rpc
    def get_contact(self, request: GetContact) -> Contact:
        return self._get(request.contact_id)

    @rpc
    def get_reference(self, request: GetReference) -> Reference:
        return REFERENCE

    def _get(self, contact_id: str) -> Contact:
        contact = self._repository.find([contact_id]).get(contact_id)
        if contact is None:
            raise NotFound("There is no such contact.")
        return contact

    def _register_newcomers(self, references: Sequence[ContactReference], keys: Sequence[str]) -> dict[str, list[str]]:
        """Who owns each key, after everyone nobody knew has been registered.

        A newcomer's identifiers are claimed first. If another process holds one of them, ours are released and
        looked up again: it has registered the same person.
        """
        for _ in range(ATTEMPTS):
            owners = self._repository.owners(keys)
            newcomers = {new_id("con"): each for each in domain.newcomers(references, owners)}
            if not newcomers:
                return owners
            lost = self._repository.claim({key: each for each, new in newcomers.items() for key in new.identifiers})
            failpoints.reach("contacts.after_claim")
            won = {each: new for each, new in newcomers.items() if lost.isdisjoint(new.identifiers)}
            self._insert_newcomers(won)
            for contact_id, newcomer in newcomers.items():
                if contact_id not in won:
                    self._repository.give_up(newcomer.identifiers, contact_id)
        raise Unavailable("The same contacts are being registered elsewhere. Send the same again.")

    def _insert_newcomers(self, newcomers: dict[str, domain.Newcomer]) -> None:
        entries = []
        for contact_id, new in newcomers.items():
            contact, event = domain.register_named(new.reference, new.identifiers.values(), contact_id, _now())
            entries.append((contact, _envelope(event, contact, new.reference.correlation_id)))
        self._repository.insert(entries)

    def _find_all(self, references: Sequence[ContactReference], owners: dict[str, list[str]]) -> dict[str, Standing]:
        """Every contact that a reference means."""
        found = self._repository.find_standings(each for reference in references for each in _ids(reference, owners))
        claimed = {
            missing: _claimed_by(missing, reference, owners)
            for reference in references
            for missing in set(_owned(reference, owners)) - found.keys()
        }
        return found | self._complete(claimed) if claimed else found

    def _complete(self, claimed: dict[str, domain.Newcomer]) -> dict[str, Standing]:
        """Claims whose contacts are not stored: another process is about to, or it died between the two steps.

        Whoever claimed them knows most of them, so it gets a moment. Then we do it: a claim that is sealed cannot be
        given up any more, so the contact we store is the one the claim is for, whatever the other process does.
        """
        found: dict[str, Standing] = {}
        for _ in range(LOOKS):
            found |= self._repository.find_standings(claimed.keys() - found.keys())
            if found.keys() == claimed.keys():
                return found
            time.sleep(PAUSE)
        sealed = self._repository.seal(claimed.keys() - found.keys())
        self._insert_newcomers({each: claimed[each] for each in sealed})
        found |= self._repository.find_standings(claimed.keys() - found.keys())
        if found.keys() != claimed.keys():  # the others were given up for another process's contacts
            raise Unavailable("One of these contacts is being registered just now. Send the same again.")
        return found

    def _take_over(self, contact_id: str, asked: NewContact, by: str) -> Contact:
        """An event that names the contact was faster between our two steps: what was asked becomes a change of it."""
        contact = self._get(contact_id)
        changed = domain.change(contact, asked, _now(), by)
        if changed is None:
            return contact
        self._replace(*changed)
        return changed[0]

    def _replace(self, contact: Contact, event: Event) -> None:
        if not self._repository.replace(contact, _envelope(event, contact)):
            raise Conflict(CHANGED_MEANWHILE)

    def _take_identifiers(self, contact: Contact, shared: bool) -> None:
        keys = [domain.key_of(each) for each in contact.identifiers]
        if shared:
            self._repository.share(keys, contact.contact_id)
            return
        carried = self._repository.keys_of(contact.contact_id)
        lost = self._repository.claim(dict.fromkeys(keys, contact.contact_id))
        if lost:
            self._repository.give_up(set(keys) - carried, contact.contact_id)
            owner = next(iter(self._repository.owners(lost).values()))[0]
            raise Conflict(f"One of these addresses or numbers belongs to another contact: {owner}")

    def _release_identifiers(self, contact: Contact) -> None:
        """Whatever the contact no longer carries; also what an interrupted change left behind."""
        kept = {domain.key_of(each) for each in contact.identifiers}
        self._repository.release(self._repository.keys_of(contact.contact_id) - kept, contact.contact_id)


def build(settings: Settings, bus: Bus) -> ContactsService:
    return ContactsService(MongoContacts(connect(settings, "contacts")))


def _resolution(reference: ContactReference, owners: dict[str, list[str]], found: dict[str, Standing]) -> Resolution:
    known = {each: found[each] for each in _ids(reference, owners) if each in found}
    return Resolution(
        contact_ids=tuple(known),
        unknown=tuple(
            value for scheme, value in reference.identifiers if scheme == "contact_id" and value not in found
        ),
        groups=tuple(sorted({group for each in known.values() for group in each.groups})),
        locality=next((each.locality for each in known.values() if each.locality), None),
    )


def _ids(reference: ContactReference, owners: dict[str, list[str]]) -> list[str]:
    """The contacts a reference means, each once: those named by id, then those that carry its identifiers."""
    named = [value for scheme, value in reference.identifiers if scheme == "contact_id"]
    return list(dict.fromkeys(named + _owned(reference, owners)))


def _owned(reference: ContactReference, owners: dict[str, list[str]]) -> list[str]:
    return [each for key in domain.keys_of(reference) for each in owners.get(key, ())]


def _claimed_by(contact_id: str, reference: ContactReference, owners: dict[str, list[str]]) -> domain.Newcomer:
    """The contact that a reference is about, with those of its identifiers that are claimed for it."""
    mine = domain.identifiers_of(reference).items()
    return domain.Newcomer(reference, {key: each for key, each in mine if contact_id in owners.get(key, ())})


def _envelope(event: Event, contact: Contact, correlation: str = "") -> Envelope[Event]:
    return Envelope(event, SOURCE, contact.contact_id, contact.version, correlation or correlation_id())


def _id_of_request(request_id: str) -> str:
    return f"con_{sha256(request_id.encode()).hexdigest()[:24]}"


def _now() -> datetime:
    return datetime.now(UTC)
