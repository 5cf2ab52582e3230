"""Keeps consultations, each with the events that wait to be published."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Protocol

import orjson

from services.surveys.consultations import domain
from services.surveys.consultations.contributions import Contributions, MongoContributions
from shared.contracts.base import Envelope, Event
from shared.contracts.consultations import Consultation, ConsultationClosed, ConsultationOpened, OutcomePublished, State
from shared.messaging import Outbox
from shared.messaging.outboxes import Outboxes
from shared.mongo import Documents, MongoOutbox, insert_new
from shared.order import order_of

KNOWN: dict[str, type[Event]] = {each.type: each for each in (ConsultationOpened, ConsultationClosed, OutcomePublished)}

TEXTS = {"plan", "themes", "decision"}
"""What people typed."""


class Consultations(Protocol):
    """Consultations; the Mongo one and the fake pass the same contract tests."""

    @property
    def outbox(self) -> Outbox:
        """What commands have left to be published, of contributions too."""
        ...

    @property
    def contributions(self) -> Contributions:
        """What was said in them."""
        ...

    def insert(self, consultation: Consultation) -> None:
        """One that is there already stays as it is."""
        ...

    def find(self, consultation_id: str) -> Consultation | None: ...

    def replace(
        self, consultation: Consultation, envelope: Envelope[Event] | None = None, surveys_follow: bool = False
    ) -> bool:
        """Store the next version, with its event in the outbox; False when somebody was faster.

        surveys_follow: it stands among `unfollowed` until `follow` is told of it.
        """
        ...

    def latest(self, states: Sequence[State], limit: int, cursor: str | None) -> list[tuple[str, Consultation]]:
        """(cursor, consultation), the newest first; without states those of all."""
        ...

    def due(self, day: date, limit: int) -> list[Consultation]:
        """Those that open or close by themselves on this day, or should have before; the latest first."""
        ...

    def unfollowed(self, limit: int) -> list[Consultation]:
        """Those that have opened or closed and whose surveys may not have."""
        ...

    def follow(self, consultation: Consultation) -> None:
        """Its surveys have followed it to the state it had at this version."""
        ...

    def open_with(self, survey_ids: Iterable[str]) -> list[Consultation]:
        """Open consultations that have one of these surveys."""
        ...

    def claim_slug(self, slug: str, consultation_id: str) -> bool:
        """Whether it is this consultation's for good: it was free, or it has been its own already."""
        ...

    def find_by_slug(self, slug: str) -> Consultation | None: ...


class MongoConsultations:
    """Collection `consultations`."""

    def __init__(self, database: Documents) -> None:
        self._consultations = database["consultations"]
        self._slugs = database["consultation_slugs"]
        self.contributions: Contributions = MongoContributions(database)
        self.outbox: Outbox = Outboxes(MongoOutbox(self._consultations, KNOWN), self.contributions.outbox)
        self._consultations.create_index("listed")
        self._consultations.create_index([("state", 1), ("listed", 1)])
        self._consultations.create_index("survey_ids")
        self._consultations.create_index("due", sparse=True)
        self._consultations.create_index("unfollowed", sparse=True)

    def insert(self, consultation: Consultation) -> None:
        listed = order_of(consultation.created_at) + consultation.consultation_id
        due = _due(consultation)
        document = _document(consultation) | {"_id": consultation.consultation_id, "listed": listed}
        insert_new(self._consultations, [document | ({"due": due} if due else {})])

    def find(self, consultation_id: str) -> Consultation | None:
        found = self._consultations.find_one({"_id": consultation_id}, {"outbox": 0})
        return _consultation(found) if found else None

    def replace(
        self, consultation: Consultation, envelope: Envelope[Event] | None = None, surveys_follow: bool = False
    ) -> bool:
        due = _due(consultation)
        update: dict[str, Any] = {"$set": _document(consultation) | ({"due": due} if due else {})}
        if not due:
            update["$unset"] = {"due": ""}
        if envelope:
            update["$push"] = {"outbox": envelope.content}
        if surveys_follow:
            update["$set"]["unfollowed"] = consultation.version
        asked = {"_id": consultation.consultation_id, "version": consultation.version - 1}
        return self._consultations.update_one(asked, update).modified_count == 1

    def latest(self, states: Sequence[State], limit: int, cursor: str | None) -> list[tuple[str, Consultation]]:
        asked: dict[str, Any] = {"state": {"$in": list(states)}} if states else {}
        asked |= {"listed": {"$lt": cursor}} if cursor else {}
        found = self._consultations.find(asked, {"outbox": 0}).sort("listed", -1).limit(limit)
        return [(each["listed"], _consultation(each)) for each in found]

    def due(self, day: date, limit: int) -> list[Consultation]:
        asked = {"due": {"$lte": day.isoformat()}}
        found = self._consultations.find(asked, {"outbox": 0}).sort("due", -1).limit(limit)
        return [_consultation(each) for each in found]

    def unfollowed(self, limit: int) -> list[Consultation]:
        found = self._consultations.find({"unfollowed": {"$gt": 0}}, {"outbox": 0}).limit(limit)
        return [_consultation(each) for each in found]

    def follow(self, consultation: Consultation) -> None:
        asked = {"_id": consultation.consultation_id, "unfollowed": {"$lte": consultation.version}}
        self._consultations.update_one(asked, {"$unset": {"unfollowed": ""}})

    def open_with(self, survey_ids: Iterable[str]) -> list[Consultation]:
        asked = {"survey_ids": {"$in": list(survey_ids)}, "state": "open"}
        return [_consultation(each) for each in self._consultations.find(asked, {"outbox": 0})]

    def claim_slug(self, slug: str, consultation_id: str) -> bool:
        insert_new(self._slugs, [{"_id": slug, "consultation_id": consultation_id}])
        return self._slugs.find_one({"_id": slug, "consultation_id": consultation_id}) is not None

    def find_by_slug(self, slug: str) -> Consultation | None:
        found = self._slugs.find_one({"_id": slug})
        return self.find(found["consultation_id"]) if found else None


def _due(consultation: Consultation) -> str:
    found = domain.due_on(consultation)
    return found[1].isoformat() if found else ""


def _document(consultation: Consultation) -> dict[str, Any]:
    """What people typed is kept as bytes; what is asked for stands beside it."""
    content: dict[str, Any] = orjson.loads(consultation.model_dump_json(exclude={"consultation_id", *TEXTS}))
    texts = consultation.model_dump_json(include=TEXTS).encode()
    return content | {"texts": texts, "survey_ids": list(consultation.plan.survey_ids)}


def _consultation(document: Mapping[str, Any]) -> Consultation:
    read = {**document, "consultation_id": document["_id"], **orjson.loads(document["texts"])}
    return Consultation.model_validate(read, extra="ignore")
