"""The entry points of relationships, a part of the contacts service."""

from services.contacts.relating.desk import RelationshipDesk
from shared.contracts.relationships import (
    AddRelationship,
    ChangeRelationship,
    GetRelationship,
    Relationship,
    RelationshipOfContact,
    RemoveRelationship,
)
from shared.messaging import rpc


class RelatingEntry:
    """Relationships between contacts; whoever inherits makes the desk."""

    _relationships: RelationshipDesk

    @rpc
    def add_relationship(self, request: AddRelationship) -> Relationship:
        return self._relationships.add(request)

    @rpc
    def change_relationship(self, request: ChangeRelationship) -> Relationship:
        return self._relationships.change(request)

    @rpc
    def remove_relationship(self, request: RemoveRelationship) -> Relationship:
        return self._relationships.remove(request.relationship_id, request.undo, request.by)

    @rpc
    def get_relationship(self, request: GetRelationship) -> RelationshipOfContact:
        return self._relationships.get(request.relationship_id)
