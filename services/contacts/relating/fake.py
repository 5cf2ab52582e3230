"""Relationships in memory, for tests of stories; they pass the same contract test as the real ones."""

from collections.abc import Iterable

from services.contacts.relating.store import KNOWN
from shared.contracts.base import Envelope, Event, read_envelope
from shared.contracts.erasure import Traces
from shared.contracts.relationships import Relationship
from shared.messaging.testbus import MemoryOutbox
from shared.redaction import redact


class FakeRelationships:
    """Relationships by id."""

    def __init__(self) -> None:
        self._kept: dict[str, Relationship] = {}
        self.outbox = MemoryOutbox()

    def insert(self, relationship: Relationship, envelope: Envelope[Event]) -> bool:
        if relationship.relationship_id in self._kept:
            return False
        self._keep(relationship, envelope)
        return True

    def find(self, relationship_id: str) -> Relationship | None:
        return self._kept.get(relationship_id)

    def replace(self, relationship: Relationship, envelope: Envelope[Event]) -> bool:
        standing = self._kept.get(relationship.relationship_id)
        if standing is None or standing.version != relationship.version - 1:
            return False
        self._keep(relationship, envelope)
        return True

    def of(self, contact_ids: Iterable[str]) -> list[Relationship]:
        ids = set(contact_ids)
        found = [each for each in self._kept.values() if {each.contact_id, each.with_id} & ids and not each.removed]
        return sorted(found, key=lambda each: each.relationship_id)

    def redact(self, traces: Traces) -> None:
        self._kept = {
            key: Relationship.model_validate(redact(each.model_dump(mode="json"), traces))
            for key, each in self._kept.items()
        }
        for key in self._kept:
            self.outbox.rewrite(key, lambda event: read_envelope(redact(event.content, traces), KNOWN))

    def _keep(self, relationship: Relationship, envelope: Envelope[Event]) -> None:
        self._kept[relationship.relationship_id] = relationship
        self.outbox.add(relationship.relationship_id, envelope)
