"""The contacts service: who we know. Entry points only; the rules are in domain.py."""

from collections.abc import Set as AbstractSet
from typing import ClassVar

from services.contacts import domain
from services.contacts.consents import ConsentBook
from services.contacts.duplicates import Duplicates
from services.contacts.envelopes import envelope, now
from services.contacts.eraser import Eraser
from services.contacts.erasure_entry import ErasureEntry
from services.contacts.importing.desk import ImportDesk
from services.contacts.importing.entry import ImportEntry
from services.contacts.importing.store import Imports, MongoImports
from services.contacts.importing.work import ImportWork
from services.contacts.merger import Merger
from services.contacts.merging_entry import MergingEntry
from services.contacts.preference_entry import PreferenceEntry
from services.contacts.preferences import MongoPreferences, PreferenceDesk, PreferenceStore
from services.contacts.reference import REFERENCE
from services.contacts.relating.desk import RelationshipDesk
from services.contacts.relating.entry import RelatingEntry
from services.contacts.repository import Contacts, MongoContacts
from services.contacts.resolution import Resolving
from services.contacts.segments.book import SegmentBook
from services.contacts.segments.causes import FOLLOWED
from services.contacts.segments.keeping import Keeper
from services.contacts.subscribing.desk import SubscribingDesk
from services.contacts.subscribing.entry import SubscribingEntry
from shared.contracts.base import Envelope, Event, id_of
from shared.contracts.consent import (
    Consents,
    ContactConsents,
    FindRecipients,
    GetConsents,
    ListRecipients,
    RecipientPage,
    RecordConsents,
)
from shared.contracts.contacts import (
    ChangeContact,
    Contact,
    GetContact,
    GetContacts,
    GetReference,
    NewContact,
    Reference,
    RegisterContact,
    RegisterContacts,
    Resolutions,
    ResolveContacts,
)
from shared.contracts.contacts import Contacts as ContactList
from shared.contracts.segments import (
    ChangeSegment,
    CreateSegment,
    DeleteSegment,
    GetProfile,
    GetSegment,
    ListSegmentMembers,
    ListSegments,
    MemberPage,
    Preview,
    PreviewSegment,
    Profile,
    RestoreSegment,
    Segment,
    Segments,
)
from shared.errors import Conflict, NotFound
from shared.messaging import Bus, every, on_batch, rpc
from shared.messaging.outboxes import Outboxes
from shared.mongo import connect
from shared.settings import Settings

CHANGED_MEANWHILE = "Somebody else changed this contact in the meantime. Look at it again, then change it."


class ContactsService(ImportEntry, PreferenceEntry, SubscribingEntry, MergingEntry, ErasureEntry, RelatingEntry):
    """Answers for contacts; its outbox is published by the runner after each answer."""

    name: ClassVar[str] = "contacts"

    def __init__(self, repository: Contacts, imports: Imports, preferences: PreferenceStore, secret: str = "") -> None:
        self._repository = repository
        self._imports = ImportDesk(imports)
        self._import_work = ImportWork(imports, repository)
        self._preferences = PreferenceDesk(preferences, repository)
        self._subscribing = SubscribingDesk(preferences.requests, repository, self._preferences)
        self._resolving = Resolving(repository)
        self._consents = ConsentBook(repository)
        self._segments = SegmentBook(repository)
        self._merger = Merger(repository)
        self._duplicates = Duplicates(repository)
        self._keeper = Keeper(repository.segments)
        self._eraser = Eraser(repository, imports, preferences, secret)
        self._relationships = RelationshipDesk(repository)
        stores = (repository, repository.segments, repository.erasures, repository.relationships)
        self.outbox = Outboxes(*(each.outbox for each in stores))

    @rpc
    def resolve_contacts(self, request: ResolveContacts) -> Resolutions:
        """Each reference becomes the contacts that carry its identifiers; who is not known yet is registered."""
        return Resolutions(resolutions=self._resolving.resolve(request.references))

    @rpc
    def register_contact(self, request: RegisterContact) -> Contact:
        contact_id = id_of("con", request.request_id)
        known = self._repository.find([contact_id]).get(contact_id)
        if known is not None:
            return known
        contact, event = domain.register(request.contact, contact_id, now(), request.by)
        self._take_identifiers(contact, request.shared, self._repository.keys_of(contact_id))
        if self._repository.insert([(contact, envelope(event, contact))]):
            return self._take_over(contact_id, request.contact, request.by)
        return contact

    @rpc
    def register_contacts(self, request: RegisterContacts) -> ContactList:
        ids = [id_of("con", each) for each in request.request_ids]
        known = self._repository.find(ids)
        new = [
            domain.register(contact, contact_id, now(), request.by)
            for contact, contact_id in zip(request.contacts, ids, strict=True)
            if contact_id not in known
        ]
        claims = {domain.key_of(each): contact.contact_id for contact, _ in new for each in contact.identifiers}
        if taken := self._repository.claim(claims):
            raise Conflict(f"{len(taken)} of the identifiers belong to contacts that are known already.")
        there = self._repository.insert([(contact, envelope(event, contact)) for contact, event in new])
        registered = known | {contact.contact_id: contact for contact, _ in new}
        for contact_id, contact in zip(ids, request.contacts, strict=True):
            if contact_id in there:
                registered[contact_id] = self._take_over(contact_id, contact, request.by)
        return ContactList(contacts=tuple(registered[each] for each in ids))

    @rpc
    def change_contact(self, request: ChangeContact) -> Contact:
        contact = self._get(request.contact_id)
        if contact.version != request.version or contact.merged_into or contact.erased:
            raise Conflict(CHANGED_MEANWHILE)
        changed = domain.change(contact, request.contact, now(), request.by)
        if changed is None:
            return contact
        if changed[0].identifiers == contact.identifiers:
            self._replace(*changed)
        else:
            self._replace_with_identifiers(*changed, request.shared)
        return changed[0]

    @rpc
    def get_contact(self, request: GetContact) -> Contact:
        return self._get(request.contact_id)

    @rpc
    def get_contacts(self, request: GetContacts) -> ContactList:
        found = self._repository.find(request.contact_ids)
        if not found.keys() >= set(request.contact_ids):
            raise NotFound("There is no such contact.")
        return ContactList(contacts=tuple(found[each] for each in request.contact_ids))

    @rpc
    def record_consents(self, request: RecordConsents) -> Consents:
        return Consents(consents=self._consents.record(request.request_id, request.statements, request.by))

    @rpc
    def get_consents(self, request: GetConsents) -> ContactConsents:
        return self._consents.of(request.contact_id)

    @rpc
    def get_profile(self, request: GetProfile) -> Profile:
        contact = self._get(request.contact_id)
        if contact.erased:
            nothing = ContactConsents(contact_id=request.contact_id, allowances=(), consents=())
            return Profile(contact=contact, consents=nothing)
        return Profile(
            contact=contact,
            consents=self._consents.of(request.contact_id),
            segments=self._segments.of_contact(request.contact_id),
            relationships=self._relationships.of(contact),
            merges=self._merger.records(request.contact_id),
        )

    @on_batch("contacts.segments", FOLLOWED, size=500, linger=0.05)
    def settle_segments(self, envelopes: list[Envelope[Event]]) -> list[Envelope[Event]]:
        """Who has come into a segment or gone out of it by what has happened."""
        return self._keeper.follow(envelopes)

    @every(0.5)
    def sweep_segments(self) -> None:
        """A turn of filling segments that are new, and of looking over those that follow time."""
        self._keeper.sweep()

    def close(self) -> None:
        self._repository.segments.store_counts()

    @rpc
    def create_segment(self, request: CreateSegment) -> Segment:
        return self._segments.create(request)

    @rpc
    def change_segment(self, request: ChangeSegment) -> Segment:
        return self._segments.change(request)

    @rpc
    def delete_segment(self, request: DeleteSegment) -> Segment:
        return self._segments.put_away(request.segment_id, request.by)

    @rpc
    def restore_segment(self, request: RestoreSegment) -> Segment:
        return self._segments.restore(request.segment_id, request.by)

    @rpc
    def get_segment(self, request: GetSegment) -> Segment:
        return self._segments.get(request.segment_id)

    @rpc
    def list_segments(self, request: ListSegments) -> Segments:
        return Segments(segments=self._segments.list())

    @rpc
    def list_segment_members(self, request: ListSegmentMembers) -> MemberPage:
        return self._segments.members(request)

    @rpc
    def preview_segment(self, request: PreviewSegment) -> Preview:
        return self._segments.preview(request.rule)

    @rpc
    def list_recipients(self, request: ListRecipients) -> RecipientPage:
        return self._segments.recipients(request)

    @rpc
    def find_recipients(self, request: FindRecipients) -> RecipientPage:
        return self._segments.find_recipients(request)

    @rpc
    def get_reference(self, request: GetReference) -> Reference:
        return REFERENCE

    def _get(self, contact_id: str) -> Contact:
        contact = self._repository.find([contact_id]).get(contact_id)
        if contact is None:
            raise NotFound("There is no such contact.")
        return contact

    def _take_over(self, contact_id: str, asked: NewContact, by: str) -> Contact:
        """An event that names the contact was faster between our two steps: what was asked becomes a change of it."""
        contact = self._get(contact_id)
        changed = domain.change(contact, asked, now(), by)
        if changed is None:
            return contact
        self._replace(*changed)
        return changed[0]

    def _replace(self, contact: Contact, event: Event) -> None:
        if not self._repository.replace(contact, envelope(event, contact)):
            raise Conflict(CHANGED_MEANWHILE)

    def _replace_with_identifiers(self, contact: Contact, event: Event, shared: bool) -> None:
        held = self._repository.keys_of(contact.contact_id)
        self._take_identifiers(contact, shared, held)
        self._replace(contact, event)
        # Whatever the contact no longer carries; also what an interrupted change left behind.
        kept = {domain.key_of(each) for each in contact.identifiers}
        self._repository.release(held - kept, contact.contact_id)

    def _take_identifiers(self, contact: Contact, shared: bool, held: AbstractSet[str]) -> None:
        """Claims what the contact carries and does not hold yet."""
        keys = [domain.key_of(each) for each in contact.identifiers]
        if shared:
            self._repository.share(keys, contact.contact_id)
            return
        new = set(keys) - held
        if lost := self._repository.claim(dict.fromkeys(new, contact.contact_id)):
            self._repository.give_up(new, contact.contact_id)
            owner = next(iter(self._repository.owners(lost).values()))[0]
            raise Conflict(f"One of these addresses or numbers belongs to another contact: {owner}")


def build(settings: Settings, bus: Bus) -> ContactsService:
    database = connect(settings, "contacts")
    imports, preferences = MongoImports(database), MongoPreferences(database)
    return ContactsService(MongoContacts(database), imports, preferences, settings.secret)
