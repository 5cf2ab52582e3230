"""Relationships: who has which role where, and who belongs to whom, from a day to a day. Owned by services/contacts."""

from datetime import date
from typing import Annotated, ClassVar, Self

from pydantic import AwareDatetime, Field, model_validator

from shared.contracts.base import Event, Personal, Request, Value
from shared.contracts.contacts import ContactKind

Role = Annotated[str, Personal, Field(min_length=1, max_length=100)]


class Dated(Value):
    """From a day to a day, both included; None is not known, or not ended."""

    since: date | None = None
    until: date | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.since and self.until and self.until < self.since:
            raise ValueError("it ends before it begins")
        return self


class Relationship(Dated):
    """`contact_id` is, or was, `role` of `with_id`: chair of a patient group, carer of somebody."""

    relationship_id: str
    version: int
    contact_id: str
    with_id: str
    role: Role | None
    """None: of somebody who has been erased."""
    removed: bool = False
    """It was noted by mistake."""


class RelationshipChanged(Event):
    """Published when a relationship has been noted, changed, removed or restored; carries the whole new state."""

    type: ClassVar[str] = "wellheard.relationship.changed.v1"
    relationship: Relationship
    changed_by: str
    at: AwareDatetime


class RelationshipOfContact(Value):
    """A relationship as one of its two contacts sees it, with the other."""

    relationship: Relationship
    is_own: bool
    """Whether the role is this contact's, and not the other's."""
    name: Annotated[str, Personal]
    """This contact's."""
    other_id: str
    """The contact that stands for the other by now."""
    other_name: Annotated[str, Personal]
    other_kind: ContactKind


# -- requests ---------------------------------------------------------------------------------------


class AddRelationship(Request[Relationship], Dated):
    """Note that one contact has a role with another. The same `request_id` again is the same relationship.

    NotFound for a contact that is not known; Conflict for one that has been erased or taken back; Invalid for a contact
    with itself, and beyond 200 relationships of one contact.
    """

    service: ClassVar[str] = "contacts"
    reply: ClassVar = Relationship
    request_id: str
    contact_id: str
    with_id: str
    role: Role
    by: str = "staff"


class ChangeRelationship(Request[Relationship], Dated):
    """Another role or other days, if nobody changed it since `version` (else Conflict)."""

    service: ClassVar[str] = "contacts"
    reply: ClassVar = Relationship
    relationship_id: str
    version: int
    role: Role
    by: str = "staff"


class RemoveRelationship(Request[Relationship]):
    """It was noted by mistake; `undo` brings it back. What has come to an end is changed instead, and stays."""

    service: ClassVar[str] = "contacts"
    reply: ClassVar = Relationship
    relationship_id: str
    undo: bool = False
    by: str = "staff"


class GetRelationship(Request[RelationshipOfContact]):
    """A relationship as the contact sees it whose role it is. NotFound when there is none."""

    service: ClassVar[str] = "contacts"
    reply: ClassVar = RelationshipOfContact
    relationship_id: str
