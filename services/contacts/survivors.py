"""Who stands for a contact since it was merged."""

from services.contacts.port import Contacts
from shared.contracts.contacts import Contact
from shared.errors import NotFound


def find_survivor(contacts: Contacts, contact_id: str) -> Contact | None:
    """The contact, or the one that stands for it, through merges of merges; None when nobody knows it."""
    found = contacts.find([contact_id]).get(contact_id)
    while found is not None and found.merged_into:
        found = contacts.find([found.merged_into]).get(found.merged_into)
    return found


def get_survivor(contacts: Contacts, contact_id: str) -> Contact:
    """As find_survivor; raises NotFound when nobody knows it."""
    found = find_survivor(contacts, contact_id)
    if found is None:
        raise NotFound("There is no such contact.")
    return found
