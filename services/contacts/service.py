"""The contacts service: who we know. Entry points only; the rules are in domain.py."""

from hashlib import sha256
from typing import ClassVar

from services.contacts import domain
from services.contacts.consents import ConsentBook
from services.contacts.envelopes import envelope, now
from services.contacts.importing.desk import ImportDesk
from services.contacts.importing.store import Imports, MongoImports
from services.contacts.importing.work import ImportWork
from services.contacts.preferences import MongoPreferences, PreferenceDesk, PreferenceStore
from services.contacts.reference import REFERENCE
from services.contacts.repository import Contacts, MongoContacts
from services.contacts.resolution import Resolving
from shared.contracts.base import Done, Event
from shared.contracts.consent import Consents, ContactConsents, GetConsents, GetProfile, Profile, RecordConsents
from shared.contracts.contacts import (
    ChangeContact,
    Contact,
    GetContact,
    GetReference,
    NewContact,
    Reference,
    RegisterContact,
    RegisterContacts,
    Resolutions,
    ResolveContacts,
)
from shared.contracts.contacts import Contacts as ContactList
from shared.contracts.imports import (
    AddImportRows,
    BeginImport,
    CancelImport,
    CompleteUpload,
    GetImport,
    Import,
    ImportList,
    JudgeImport,
    ListImportRows,
    ListImports,
    RevertImport,
    RowPage,
    RunImport,
)
from shared.contracts.preferences import (
    AskForErasure,
    ChoosePreferences,
    ErasureRequests,
    GetPreferences,
    GivePreferenceKeys,
    ListErasureRequests,
    PreferenceKeys,
    Preferences,
    RevokePreferenceKey,
    WithdrawEverything,
)
from shared.errors import Conflict, NotFound
from shared.messaging import Bus, every, rpc
from shared.mongo import connect
from shared.settings import Settings

CHANGED_MEANWHILE = "Somebody else changed this contact in the meantime. Look at it again, then change it."


class ContactsService:
    """Answers for contacts; its outbox is published by the runner after each answer."""

    name: ClassVar[str] = "contacts"

    def __init__(self, repository: Contacts, imports: Imports, preferences: PreferenceStore) -> None:
        self._repository = repository
        self._imports = ImportDesk(imports)
        self._import_work = ImportWork(imports, repository)
        self._preferences = PreferenceDesk(preferences, repository)
        self._resolving = Resolving(repository)
        self._consents = ConsentBook(repository)
        self.outbox = repository.outbox

    @rpc
    def resolve_contacts(self, request: ResolveContacts) -> Resolutions:
        """Each reference becomes the contacts that carry its identifiers; who is not known yet is registered."""
        return Resolutions(resolutions=self._resolving.resolve(request.references))

    @rpc
    def register_contact(self, request: RegisterContact) -> Contact:
        contact_id = _id_of_request(request.request_id)
        known = self._repository.find([contact_id]).get(contact_id)
        if known is not None:
            return known
        contact, event = domain.register(request.contact, contact_id, now(), request.by)
        self._take_identifiers(contact, request.shared)
        if self._repository.insert([(contact, envelope(event, contact))]):
            return self._take_over(contact_id, request.contact, request.by)
        return contact

    @rpc
    def register_contacts(self, request: RegisterContacts) -> ContactList:
        ids = [_id_of_request(each) for each in request.request_ids]
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
        if contact.version != request.version:
            raise Conflict(CHANGED_MEANWHILE)
        changed = domain.change(contact, request.contact, now(), request.by)
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
    def record_consents(self, request: RecordConsents) -> Consents:
        return Consents(consents=self._consents.record(request.request_id, request.statements, request.by))

    @rpc
    def get_consents(self, request: GetConsents) -> ContactConsents:
        return self._consents.of(request.contact_id)

    @rpc
    def get_profile(self, request: GetProfile) -> Profile:
        return Profile(contact=self._get(request.contact_id), consents=self._consents.of(request.contact_id))

    @rpc
    def get_reference(self, request: GetReference) -> Reference:
        return REFERENCE

    @rpc
    def begin_import(self, request: BeginImport) -> Import:
        return self._imports.begin(request)

    @rpc
    def add_import_rows(self, request: AddImportRows) -> Done:
        return self._imports.add_rows(request)

    @rpc
    def complete_upload(self, request: CompleteUpload) -> Import:
        return self._imports.complete(request)

    @rpc
    def judge_import(self, request: JudgeImport) -> Import:
        return self._imports.judge(request)

    @rpc
    def run_import(self, request: RunImport) -> Import:
        return self._imports.run(request)

    @rpc
    def cancel_import(self, request: CancelImport) -> Import:
        return self._imports.cancel(request)

    @rpc
    def revert_import(self, request: RevertImport) -> Import:
        return self._imports.revert(request)

    @rpc
    def get_import(self, request: GetImport) -> Import:
        return self._imports.get(request.import_id)

    @rpc
    def list_imports(self, request: ListImports) -> ImportList:
        return ImportList(imports=self._imports.recent(request.limit))

    @rpc
    def list_import_rows(self, request: ListImportRows) -> RowPage:
        return self._imports.rows(request)

    @rpc
    def give_preference_keys(self, request: GivePreferenceKeys) -> PreferenceKeys:
        return PreferenceKeys(keys=self._preferences.give_keys(request.contact_ids))

    @rpc
    def revoke_preference_key(self, request: RevokePreferenceKey) -> Done:
        self._preferences.revoke(request.contact_id)
        return Done()

    @rpc
    def get_preferences(self, request: GetPreferences) -> Preferences:
        return self._preferences.get(request.key)

    @rpc
    def choose_preferences(self, request: ChoosePreferences) -> Preferences:
        return self._preferences.choose(request.key, request.request_id, request.allowed, request.wording)

    @rpc
    def withdraw_everything(self, request: WithdrawEverything) -> Preferences:
        return self._preferences.withdraw_everything(request.key, request.request_id)

    @rpc
    def ask_for_erasure(self, request: AskForErasure) -> Preferences:
        return self._preferences.ask_for_erasure(request.key)

    @rpc
    def list_erasure_requests(self, request: ListErasureRequests) -> ErasureRequests:
        return ErasureRequests(requests=tuple(self._preferences.erasure_requests(request.limit)))

    @every(0.5)
    def work_on_imports(self) -> None:
        """Dry runs, runs and the way back, some windows at a time."""
        self._import_work.work()

    def close(self) -> None:
        self._import_work.close()

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
    database = connect(settings, "contacts")
    return ContactsService(MongoContacts(database), MongoImports(database), MongoPreferences(database))


def _id_of_request(request_id: str) -> str:
    return f"con_{sha256(request_id.encode()).hexdigest()[:24]}"
