"""Contacts: the people and organisations we know. Owned by services/contacts."""

from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, Field

from shared.contracts.base import Event, Personal, Request, Value

Scheme = Literal["email", "phone", "partner"]
ContactKind = Literal["person", "organisation"]
Name = Annotated[str, Personal, Field(min_length=1, max_length=200)]
ERASED_NAME = "Erased contact"
"""What stands in place of the name of somebody who was erased."""


class Identifier(Value):
    """What a contact can be recognised by, in its compared form (e-mail without case and in IDNA, phone in E.164).

    `partner` references are known to one partner only: `partner` names whose they are.
    """

    scheme: Scheme
    value: Annotated[str, Personal, Field(min_length=1, max_length=320)]
    partner: str | None = None


class Contact(Value):
    """A contact as it stands at `version`."""

    contact_id: str
    version: int
    kind: ContactKind
    name: Name
    identifiers: Annotated[tuple[Identifier, ...], Personal] = ()
    locality: str | None = None
    practice: str | None = None
    postcode: Annotated[str | None, Personal] = None
    groups: tuple[str, ...] = ()
    """Codes of the stakeholder taxonomy; they overlap."""
    reported_by: tuple[str, ...] = ()
    """Partners that have named this contact: what a partner's own key may read."""
    registered_at: AwareDatetime
    changed_at: AwareDatetime
    merged_into: str | None = None
    """The contact that stands for this one since they were merged; what else stands here is as it was then."""
    merged: tuple[str, ...] = ()
    """Contacts that were merged into this one, and into those."""
    withdrawn: bool = False
    """Taken back with the import that added it: nobody finds it any more, its lines on the timeline stay."""
    erased: bool = False
    """Nothing personal is known of it any more, and nothing can be changed; its lines on the timeline stay."""

    @property
    def stands(self) -> bool:
        """Neither merged into another contact, nor taken back, nor erased."""
        return self.merged_into is None and not self.withdrawn and not self.erased


class FieldChange(Value):
    """One field before and after; `field` is a name of Contact."""

    field: str
    before: Annotated[str, Personal] = ""
    after: Annotated[str, Personal] = ""


class ContactRegistered(Event):
    """Published when a contact becomes known, by staff or because a partner named it."""

    type: ClassVar[str] = "wellheard.contact.registered.v1"
    contact: Contact
    registered_by: str
    """`staff`, or the partner whose event named the contact first."""
    through: Annotated[str, Personal] = ""
    """The file and row of an import."""


class ContactChanged(Event):
    """Published when a contact's name, identifiers, place or groups have changed; carries the whole new state."""

    type: ClassVar[str] = "wellheard.contact.changed.v1"
    contact: Contact
    changes: Annotated[tuple[FieldChange, ...], Personal]
    changed_by: str
    through: Annotated[str, Personal] = ""
    """The file and row of an import."""


class ContactWithdrawn(Event):
    """Published when a contact that an import had added is taken back, which nobody had touched since."""

    type: ClassVar[str] = "wellheard.contact.withdrawn.v1"
    contact: Contact
    withdrawn_by: str
    through: Annotated[str, Personal] = ""
    """The file and row of the import."""


# -- requests ---------------------------------------------------------------------------------------


class ContactReference(Value):
    """Someone an event names: resolved to the contacts that carry one of the identifiers, else registered.

    `identifiers` may also hold `contact_id` as scheme. Without identifiers nothing is looked up or registered.
    """

    kind: ContactKind = "person"
    name: Annotated[str | None, Personal] = None
    identifiers: Annotated[tuple[tuple[str, str], ...], Personal]
    """(scheme, value) in compared form; scheme is one of Scheme or `contact_id`."""
    partner: str | None = None
    locality: str | None = None
    by: str = "staff"
    """Who registers them, where no partner names them."""
    correlation_id: str = ""
    """Of the event that names them: goes into ContactRegistered."""


class Resolution(Value):
    """What became of one reference, in the order asked."""

    contact_ids: tuple[str, ...] = ()
    """Several when the identifiers stand on several contacts: all are linked, nothing is merged."""
    unknown: tuple[str, ...] = ()
    """Values of scheme contact_id that no contact has."""
    groups: tuple[str, ...] = ()
    locality: str | None = None


class Resolutions(Value):
    resolutions: tuple[Resolution, ...]


class ResolveContacts(Request[Resolutions]):
    """Resolve up to 1,000 references to contacts, registering those that nobody knows yet. Idempotent."""

    service: ClassVar[str] = "contacts"
    reply: ClassVar = Resolutions
    references: Annotated[tuple[ContactReference, ...], Field(max_length=1000)]


class NewContact(Value):
    """What staff, an import or the demo say of a contact; identifiers as typed."""

    kind: ContactKind = "person"
    name: Name
    email: Annotated[tuple[str, ...], Personal] = ()
    phone: Annotated[tuple[str, ...], Personal] = ()
    references: Annotated[tuple[Identifier, ...], Personal] = ()
    """Partners' own references."""
    locality: str | None = None
    practice: str | None = None
    postcode: Annotated[str | None, Personal, Field(max_length=10)] = None
    groups: tuple[str, ...] = ()


class RegisterContact(Request[Contact]):
    """Register one contact. Conflict when an identifier stands on another contact, unless `shared` says that is known.

    The same `request_id` again is the same contact: a form sent twice registers once.
    """

    service: ClassVar[str] = "contacts"
    reply: ClassVar = Contact
    request_id: str
    contact: NewContact
    shared: bool = False
    by: str = "staff"


class Contacts(Value):
    contacts: tuple[Contact, ...]


class RegisterContacts(Request[Contacts]):
    """Register up to 1,000 contacts at once (demo, import). `request_id`s make it repeatable."""

    service: ClassVar[str] = "contacts"
    reply: ClassVar = Contacts
    contacts: Annotated[tuple[NewContact, ...], Field(max_length=1000)]
    request_ids: Annotated[tuple[str, ...], Field(max_length=1000)]
    by: str = "staff"


class ChangeContact(Request[Contact]):
    """Replace what is known of a contact, if nobody changed it since `version` (else Conflict).

    References of partners are theirs: those that are known stay, whatever `contact` says.
    """

    service: ClassVar[str] = "contacts"
    reply: ClassVar = Contact
    contact_id: str
    version: int
    contact: NewContact
    shared: bool = False
    by: str = "staff"


class GetContact(Request[Contact]):
    service: ClassVar[str] = "contacts"
    reply: ClassVar = Contact
    contact_id: str


class GetContacts(Request[Contacts]):
    """Up to 1,000 contacts in the order asked. NotFound when one of them is not known."""

    service: ClassVar[str] = "contacts"
    reply: ClassVar = Contacts
    contact_ids: Annotated[tuple[str, ...], Field(max_length=1000)]


class Place(Value):
    """A locality or a practice; `population` is of the locality, in people."""

    code: str
    name: str
    locality: str | None = None
    population: int | None = None


class Group(Value):
    """A stakeholder group of the taxonomy; `broad` are the broad groups it stands in (it may be several)."""

    code: str
    name: str
    broad: tuple[str, ...]


class Reference(Value):
    """Localities, practices and groups: reference data, the same for everyone."""

    localities: tuple[Place, ...]
    practices: tuple[Place, ...]
    groups: tuple[Group, ...]


class GetReference(Request[Reference]):
    service: ClassVar[str] = "contacts"
    reply: ClassVar = Reference
