"""Notes, changes and reads relationships between contacts; merged contacts keep theirs under the ids they had."""

from collections.abc import Mapping

from services.contacts.envelopes import SOURCE, now
from services.contacts.relating.store import RelationshipStore
from services.contacts.repository import Contacts
from services.contacts.survivors import get_survivor
from shared.contracts.base import Envelope, Event, id_of
from shared.contracts.contacts import Contact
from shared.contracts.relationships import (
    AddRelationship,
    ChangeRelationship,
    Relationship,
    RelationshipChanged,
    RelationshipOfContact,
)
from shared.errors import Conflict, Invalid, NotFound
from shared.logs import correlation_id

MOST = 200
CHANGED_MEANWHILE = "Somebody else changed this relationship in the meantime. Look at it again, then change it."


class RelationshipDesk:
    """Relationships as staff see them."""

    def __init__(self, contacts: Contacts) -> None:
        self._contacts = contacts
        self._store: RelationshipStore = contacts.relationships

    def add(self, asked: AddRelationship) -> Relationship:
        relationship_id = id_of("rel", asked.request_id)
        if (known := self._store.find(relationship_id)) is not None:
            return known
        one, other = self._standing(asked.contact_id), self._standing(asked.with_id)
        if one.contact_id == other.contact_id:
            raise Invalid("A contact has no relationship with itself. Choose another one.")
        if max(len(self._store.of(_family(each))) for each in (one, other)) >= MOST:
            raise Invalid(f"A contact can have {MOST} relationships.")
        made = Relationship(
            relationship_id=relationship_id,
            version=1,
            contact_id=one.contact_id,
            with_id=other.contact_id,
            role=asked.role,
            since=asked.since,
            until=asked.until,
        )
        self._store.insert(made, _told(made, asked.by))
        return self._get(relationship_id)

    def change(self, asked: ChangeRelationship) -> Relationship:
        standing = self._get(asked.relationship_id)
        if standing.version != asked.version or standing.removed or standing.role is None:
            raise Conflict(CHANGED_MEANWHILE)
        fields = {"role": asked.role, "since": asked.since, "until": asked.until}
        return self._replace(standing, fields, asked.by)

    def remove(self, relationship_id: str, undo: bool, by: str) -> Relationship:
        return self._replace(self._get(relationship_id), {"removed": not undo}, by)

    def get(self, relationship_id: str) -> RelationshipOfContact:
        found = self._get(relationship_id)
        named = self._named([found.contact_id, found.with_id])
        return _seen(found, named[found.contact_id], named[found.with_id])

    def of(self, contact: Contact) -> tuple[RelationshipOfContact, ...]:
        """Those that last first, then those that have ended, the latest first; none within what was merged."""
        family = set(_family(contact))
        found = [each for each in self._store.of(family) if not {each.contact_id, each.with_id} <= family]
        others = {
            each.relationship_id: each.with_id if each.contact_id in family else each.contact_id for each in found
        }
        named = self._named(list(others.values()))
        seen = [_seen(each, contact, named[others[each.relationship_id]], each.contact_id in family) for each in found]
        seen.sort(key=lambda each: each.other_name.casefold())
        seen.sort(key=lambda each: str(each.relationship.until or "9999"), reverse=True)
        return tuple(seen)

    def _named(self, contact_ids: list[str]) -> dict[str, Contact]:
        """Each contact, or the one that stands for it since they were merged."""
        found = self._contacts.find(contact_ids)
        return {
            key: get_survivor(self._contacts, each.merged_into) if each.merged_into else each
            for key, each in found.items()
        }

    def _standing(self, contact_id: str) -> Contact:
        found = get_survivor(self._contacts, contact_id)
        if not found.stands:
            raise Conflict("This contact has been erased or taken back: nothing can be noted about it any more.")
        return found

    def _get(self, relationship_id: str) -> Relationship:
        found = self._store.find(relationship_id)
        if found is None:
            raise NotFound("There is no such relationship.")
        return found

    def _replace(self, standing: Relationship, fields: Mapping[str, object], by: str) -> Relationship:
        changed = standing.model_copy(update=fields)
        if changed == standing:
            return standing
        following = changed.model_copy(update={"version": standing.version + 1})
        if not self._store.replace(following, _told(following, by)):
            raise Conflict(CHANGED_MEANWHILE)
        return following


def _seen(relationship: Relationship, contact: Contact, other: Contact, is_own: bool = True) -> RelationshipOfContact:
    return RelationshipOfContact(
        relationship=relationship,
        is_own=is_own,
        name=contact.name,
        other_id=other.contact_id,
        other_name=other.name,
        other_kind=other.kind,
    )


def _family(contact: Contact) -> tuple[str, ...]:
    return (contact.contact_id, *contact.merged)


def _told(relationship: Relationship, by: str) -> Envelope[Event]:
    event = RelationshipChanged(relationship=relationship, changed_by=by, at=now())
    return Envelope(event, SOURCE, relationship.relationship_id, relationship.version, correlation_id())
