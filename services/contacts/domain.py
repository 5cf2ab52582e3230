"""When two references mean the same contact, and what may change about one. Pure: time and ids are passed in."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shared.contracts.contacts import (
    Contact,
    ContactChanged,
    ContactReference,
    ContactRegistered,
    ContactWithdrawn,
    FieldChange,
    Identifier,
    NewContact,
)
from shared.errors import Invalid
from shared.identifiers import InvalidIdentifierError, compared

CHANGEABLE = ("kind", "name", "identifiers", "locality", "practice", "postcode", "groups")
MAX_IDENTIFIERS = 50


def key_of(identifier: Identifier) -> str:
    """The text under which an identifier is unique: partners' references are unique to their partner."""
    return _key(identifier.scheme, identifier.value, identifier.partner)


def _key(scheme: str, value: str, partner: str | None) -> str:
    return f"partner:{partner}:{value}" if scheme == "partner" else f"{scheme}:{value}"


def keys_of(reference: ContactReference) -> list[str]:
    """The keys of a reference's identifiers; the contact ids among them have none."""
    return [_key(scheme, value, reference.partner) for scheme, value in reference.identifiers if scheme != "contact_id"]


def identifiers_of(reference: ContactReference) -> dict[str, Identifier]:
    """The identifiers of a reference by key."""
    found = {}
    for scheme, value in reference.identifiers:
        if scheme != "contact_id":
            partner = reference.partner if scheme == "partner" else None
            found[_key(scheme, value, partner)] = Identifier.model_validate(
                {"scheme": scheme, "value": value, "partner": partner}
            )
    return found


def identifiers_as_typed(new: NewContact) -> tuple[Identifier, ...]:
    """The identifiers that staff typed, in compared form. Invalid with a sentence when one cannot be used."""
    typed = [("email", value) for value in new.email] + [("phone", value) for value in new.phone]
    found = [
        Identifier.model_validate({"scheme": scheme, "value": _compared(scheme, value)}) for scheme, value in typed
    ]
    unique = tuple(dict.fromkeys([*found, *new.references]))
    if len(unique) > MAX_IDENTIFIERS:
        raise Invalid(f"A contact can have {MAX_IDENTIFIERS} identifiers at most.")
    return unique


def _compared(scheme: str, value: str) -> str:
    try:
        return compared(scheme, value)
    except InvalidIdentifierError as error:
        raise Invalid(f"The {'e-mail address' if scheme == 'email' else 'phone number'} {error}.") from None


def register(
    new: NewContact, contact_id: str, at: datetime, by: str, partner: str | None = None, through: str = ""
) -> tuple[Contact, ContactRegistered]:
    """A contact that becomes known now."""
    contact = Contact(
        contact_id=contact_id,
        version=1,
        kind=new.kind,
        name=new.name,
        identifiers=identifiers_as_typed(new),
        locality=new.locality,
        practice=new.practice,
        postcode=new.postcode,
        groups=new.groups,
        reported_by=(partner,) if partner else (),
        registered_at=at,
        changed_at=at,
    )
    return contact, ContactRegistered(contact=contact, registered_by=by, through=through)


def register_named(
    reference: ContactReference, identifiers: Iterable[Identifier], contact_id: str, at: datetime
) -> tuple[Contact, ContactRegistered]:
    """A contact that becomes known because an event names it. Without a name it goes by its first identifier."""
    identifiers = tuple(identifiers)
    contact = Contact(
        contact_id=contact_id,
        version=1,
        kind=reference.kind,
        name=reference.name or identifiers[0].value[:200],
        identifiers=identifiers,
        locality=reference.locality,
        reported_by=(reference.partner,) if reference.partner else (),
        registered_at=at,
        changed_at=at,
    )
    return contact, ContactRegistered(contact=contact, registered_by=reference.partner or reference.by)


def change(contact: Contact, new: NewContact, at: datetime, by: str) -> tuple[Contact, ContactChanged] | None:
    """The contact with what staff typed in place of what was known; None when nothing is different.

    References of partners are not theirs to type: those that are known stay.
    """
    known = tuple(each for each in contact.identifiers if each.scheme == "partner")
    wanted = {
        "kind": new.kind,
        "name": new.name,
        "identifiers": identifiers_as_typed(new.model_copy(update={"references": (*new.references, *known)})),
        "locality": new.locality,
        "practice": new.practice,
        "postcode": new.postcode,
        "groups": new.groups,
    }
    return change_fields(contact, wanted, at, by)


def change_fields(
    contact: Contact, wanted: Mapping[str, Any], at: datetime, by: str, through: str = ""
) -> tuple[Contact, ContactChanged] | None:
    """The contact with other values in some of its fields; None when nothing is different."""
    changed = contact.model_copy(update={**wanted, "version": contact.version + 1, "changed_at": at})
    changes = tuple(
        FieldChange(field=name, before=shown(getattr(contact, name)), after=shown(getattr(changed, name)))
        for name in CHANGEABLE
        if getattr(contact, name) != getattr(changed, name)
    )
    event = ContactChanged(contact=changed, changes=changes, changed_by=by, through=through)
    return (changed, event) if changes else None


def withdraw(contact: Contact, at: datetime, by: str, through: str) -> tuple[Contact, ContactWithdrawn]:
    """The contact without what it could be recognised by: nobody finds it any more."""
    gone = contact.model_copy(
        update={"withdrawn": True, "identifiers": (), "version": contact.version + 1, "changed_at": at}
    )
    return gone, ContactWithdrawn(contact=gone, withdrawn_by=by, through=through)


def shown(value: object) -> str:
    """A field's value as a line of text."""
    if isinstance(value, tuple):
        return ", ".join(each.value if isinstance(each, Identifier) else str(each) for each in value)
    return str(value or "")


@dataclass(slots=True)
class Newcomer:
    """References of one batch that share an identifier and nobody knows yet: one contact."""

    reference: ContactReference
    identifiers: dict[str, Identifier] = field(default_factory=dict)


def newcomers(references: Sequence[ContactReference], owners: Mapping[str, Sequence[str]]) -> list[Newcomer]:
    """Groups the references none of whose identifiers is known; those that share an identifier are one newcomer."""
    by_key: dict[str, Newcomer] = {}
    for reference in references:
        keys = keys_of(reference)
        if not keys or any(key in owners for key in keys):
            continue
        identifiers = identifiers_of(reference)
        newcomer = next((by_key[key] for key in identifiers if key in by_key), None) or Newcomer(reference)
        for other in {id(by_key[key]): by_key[key] for key in identifiers if key in by_key}.values():
            newcomer.identifiers |= other.identifiers
        newcomer.identifiers |= identifiers
        by_key |= dict.fromkeys(newcomer.identifiers, newcomer)
    return list({id(each): each for each in by_key.values()}.values())
