"""The contacts repository in memory, for tests of stories; it passes the same contract test as the real one."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from services.contacts.erasures import ErasureStore, Kept, cursor_of, nothing_of
from services.contacts.merging import Merge
from services.contacts.relating.fake import FakeRelationships
from services.contacts.relating.store import RelationshipStore
from services.contacts.repository import KNOWN, Added, Likeable, Said, Standing, Unsettled
from services.contacts.segments.fake import FakeSegments
from services.contacts.segments.port import SegmentStore
from services.contacts.subscribing.fake import FakeSubscriptionRequests
from services.contacts.subscribing.store import SubscriptionRequests
from shared.contracts.base import Envelope, Event, read_envelope
from shared.contracts.consent import Consent
from shared.contracts.contacts import Contact
from shared.contracts.erasure import Erasure, Traces
from shared.contracts.preferences import ErasureRequest
from shared.messaging.testbus import MemoryOutbox
from shared.redaction import redact


class FakeContacts:
    """Contacts in memory."""

    def __init__(self) -> None:
        self._contacts: dict[str, Contact] = {}
        self._consents: dict[str, tuple[Consent, ...]] = {}
        self._identifiers: dict[str, list[str]] = {}
        self._sealed: set[str] = set()
        self._merges: dict[str, tuple[Merge, ...]] = {}
        self._unsettled: dict[str, Unsettled] = {}
        self._different: set[frozenset[str]] = set()
        self.outbox = MemoryOutbox()
        self.segments: SegmentStore = FakeSegments(self._everyone)
        self.relationships: RelationshipStore = FakeRelationships()
        self.erasures: ErasureStore = FakeErasures()

    def owners(self, keys: Iterable[str]) -> dict[str, list[str]]:
        return {key: list(self._identifiers[key]) for key in keys if self._identifiers.get(key)}

    def keys_of(self, contact_id: str) -> set[str]:
        return {key for key, owners in self._identifiers.items() if contact_id in owners}

    def claim(self, owner_by_key: Mapping[str, str]) -> set[str]:
        for key, owner in owner_by_key.items():
            self._identifiers.setdefault(key, [owner])
        return {key for key, owner in owner_by_key.items() if owner not in self._identifiers[key]}

    def share(self, keys: Iterable[str], contact_id: str) -> None:
        for key in keys:
            owners = self._identifiers.setdefault(key, [])
            if contact_id not in owners:
                owners.append(contact_id)

    def give_up(self, keys: Iterable[str], contact_id: str) -> None:
        for key in keys:
            if self._identifiers.get(key) == [contact_id] and key not in self._sealed:
                del self._identifiers[key]

    def seal(self, contact_ids: Iterable[str]) -> set[str]:
        claims = {each: self.keys_of(each) for each in contact_ids}
        self._sealed |= {key for keys in claims.values() for key in keys}
        return {each for each, keys in claims.items() if keys}

    def release(self, keys: Iterable[str], contact_id: str) -> None:
        for key in keys:
            owners = [each for each in self._identifiers.pop(key, []) if each != contact_id]
            if owners:
                self._identifiers[key] = owners

    def find(self, contact_ids: Iterable[str]) -> dict[str, Contact]:
        return {each: self._contacts[each] for each in contact_ids if each in self._contacts}

    def find_standings(self, contact_ids: Iterable[str]) -> dict[str, Standing]:
        return {
            key: Standing(each.locality, each.groups, each.merged_into)
            for key, each in self.find(contact_ids).items()
            if not each.erased
        }

    def insert(self, contacts: Sequence[tuple[Contact, Envelope[Event]]]) -> set[str]:
        there = {contact.contact_id for contact, _ in contacts} & self._contacts.keys()
        for contact, event in contacts:
            if contact.contact_id not in there:
                self._contacts[contact.contact_id] = contact
                self.outbox.add(contact.contact_id, event)
        return there

    def insert_saying(self, contacts: Sequence[tuple[Contact, Envelope[Event], Added]]) -> None:
        there = self.insert([(contact, event) for contact, event, _ in contacts])
        self.add_consents(
            [added for contact, _, added in contacts if added.consents and contact.contact_id not in there]
        )

    def replace(self, contact: Contact, envelope: Envelope[Event]) -> bool:
        if self._contacts[contact.contact_id].version != contact.version - 1:
            return False
        self._contacts[contact.contact_id] = contact
        self.outbox.add(contact.contact_id, envelope)
        return True

    def replace_all(self, changes: Sequence[tuple[Contact, Envelope[Event]]]) -> None:
        for contact, envelope in changes:
            self.replace(contact, envelope)

    def find_said(self, contact_ids: Iterable[str]) -> dict[str, Said]:
        found = self.find(contact_ids)
        return {
            key: Said(each.name, each.version, self._consents.get(key, ()), each.merged_into)
            for key, each in found.items()
            if not each.erased
        }

    def add_consents(self, added: Sequence[Added]) -> None:
        for each in added:
            contact = self._contacts[each.contact_id]
            if contact.version == each.version:
                version = each.version + len(each.consents)
                self._contacts[each.contact_id] = contact.model_copy(update={"version": version})
                self._consents[each.contact_id] = self._consents.get(each.contact_id, ()) + each.consents
                for envelope in each.envelopes:
                    self.outbox.add(each.contact_id, envelope)

    def bury(self, tombstone: Contact, envelope: Envelope[Event], unsettled: Unsettled) -> bool:
        stored = self.replace(tombstone, envelope)
        if stored:
            self._unsettled[tombstone.contact_id] = unsettled
        return stored

    def absorb(self, survivor: Contact, merge: Merge, said: Sequence[Consent], envelope: Envelope[Event]) -> bool:
        stored = self.revive(survivor, said, envelope)
        if stored:
            self._merges[survivor.contact_id] = (*self.merges(survivor.contact_id), merge)
        return stored

    def give_back(
        self, survivor: Contact, said: Sequence[Consent], envelope: Envelope[Event], unsettled: Unsettled
    ) -> bool:
        key = survivor.contact_id
        stored = self.revive(survivor, said, envelope)
        if stored:
            self._merges[key] = tuple(each for each in self.merges(key) if each.merge_id != unsettled.merge_id)
            self._unsettled[key] = unsettled
        return stored

    def revive(self, contact: Contact, said: Sequence[Consent], envelope: Envelope[Event]) -> bool:
        stored = self.replace(contact, envelope)
        if stored:
            self._consents[contact.contact_id] = tuple(said)
        return stored

    def erase(self, left: Contact, envelope: Envelope[Event], traces: Traces) -> bool:
        key = left.contact_id
        if self._contacts[key].version != left.version - 1:
            return False
        said = redact([each.model_dump(mode="json") for each in self._consents.get(key, ())], traces)
        self._consents[key] = tuple(map(Consent.model_validate, said))
        self._merges.pop(key, None)
        self._unsettled.pop(key, None)
        self.outbox.rewrite(key, lambda event: read_envelope(redact(event.content, traces), KNOWN))
        return self.replace(left, envelope)

    def merges(self, contact_id: str) -> tuple[Merge, ...]:
        return self._merges.get(contact_id, ())

    def unsettled(self) -> list[Unsettled]:
        return list(self._unsettled.values())

    def settled(self, unsettled: Unsettled) -> None:
        self._unsettled.pop(unsettled.contact_id, None)

    def shared_keys(self, limit: int) -> list[list[str]]:
        return [list(each) for each in self._identifiers.values() if len(each) > 1][:limit]

    def likeable(self) -> Iterator[Likeable]:
        for key, each in self._contacts.items():
            if each.stands:
                yield Likeable(key, each.name, each.locality, each.practice)

    def declare_different(self, one_id: str, other_id: str, by: str) -> None:
        self._different.add(frozenset((one_id, other_id)))

    def different(self) -> set[frozenset[str]]:
        return set(self._different)

    def _everyone(self) -> dict[str, tuple[Contact, tuple[Consent, ...]]]:
        living = {key: each for key, each in self._contacts.items() if each.stands}
        return {key: (each, self._consents.get(key, ())) for key, each in living.items()}


class FakePreferences:
    """Keys of contacts and requests for erasure, in memory."""

    def __init__(self) -> None:
        self._keys: dict[str, str] = {}
        self._erasures: dict[str, ErasureRequest] = {}
        self.requests: SubscriptionRequests = FakeSubscriptionRequests()

    def add_keys(self, keys: dict[str, str]) -> None:
        self._keys = keys | self._keys

    def keys(self, contact_ids: Iterable[str]) -> dict[str, str]:
        return {each: self._keys[each] for each in contact_ids if each in self._keys}

    def find_contact(self, key: str) -> str | None:
        return next((each for each, mine in self._keys.items() if mine == key), None)

    def revoke(self, contact_id: str) -> None:
        self._keys.pop(contact_id, None)

    def ask_for_erasure(self, request: ErasureRequest) -> None:
        self._erasures.setdefault(request.contact_id, request)

    def forget(self, contact_id: str) -> None:
        self._keys.pop(contact_id, None)
        self._erasures.pop(contact_id, None)

    def erasure_asked_at(self, contact_id: str) -> datetime | None:
        found = self._erasures.get(contact_id)
        return found.asked_at if found else None

    def erasure_requests(self, limit: int) -> list[ErasureRequest]:
        return sorted(self._erasures.values(), key=lambda each: each.asked_at)[:limit]


class FakeErasures:
    """The same register in memory."""

    def __init__(self) -> None:
        self._kept: dict[str, Kept] = {}
        self.outbox = MemoryOutbox()

    def insert(self, kept: Kept) -> bool:
        return self._kept.setdefault(kept.erasure.erasure_id, kept) is kept

    def find(self, erasure_id: str) -> Kept | None:
        return self._kept.get(erasure_id)

    def replace(self, erasure: Erasure, envelope: Envelope[Event] | None = None) -> bool:
        standing = self._kept.get(erasure.erasure_id)
        if standing is None or standing.erasure.version != erasure.version - 1:
            return False
        traces = standing.traces if erasure.state != "done" else nothing_of(erasure)
        self._kept[erasure.erasure_id] = Kept(erasure, traces)
        if envelope is not None:
            self.outbox.add(erasure.erasure_id, envelope)
        return True

    def latest(self, open_only: bool, limit: int, cursor: str | None = None) -> list[Erasure]:
        found = sorted((each.erasure for each in self._kept.values()), key=cursor_of, reverse=True)
        found = [each for each in found if cursor is None or cursor_of(each) < cursor]
        return [each for each in found if each.state != "done" or not open_only][:limit]
