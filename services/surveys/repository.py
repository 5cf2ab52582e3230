"""Keeps surveys, each with what it has asked before, and responses, each with the event it was received by."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import orjson

from services.surveys.anonymous import Anonymous, MongoAnonymous
from services.surveys.domain import Response
from services.surveys.links import Links, MongoLinks
from services.surveys.merges import Merges, MongoMerges
from services.surveys.redacting import redacted, unlinked
from shared.contracts.base import Envelope, Event, read_envelope
from shared.contracts.erasure import Traces
from shared.contracts.surveys import DefinitionJson, ResponseReceived, Survey, SurveyClosed, SurveyOpened
from shared.messaging import Outbox
from shared.messaging.outboxes import Outboxes
from shared.mongo import Documents, MongoOutbox, insert_new, rewrite
from shared.order import order_of

KNOWN: dict[str, type[Event]] = {each.type: each for each in (SurveyOpened, SurveyClosed, ResponseReceived)}


@dataclass(frozen=True, slots=True)
class Kept:
    """A response as it is stored."""

    response: Response
    received: Envelope[Event] | None
    """Published again, with the same id, when the message comes again; None when the response was refused."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """How many responses a survey has."""

    counted: int = 0
    refused: int = 0


class Surveys(Protocol):
    """Surveys and responses; the Mongo one and the fake pass the same contract tests."""

    @property
    def outbox(self) -> Outbox:
        """What commands have left to be published."""
        ...

    @property
    def links(self) -> Links:
        """The keys of personal links."""
        ...

    @property
    def merges(self) -> Merges:
        """Whom the survivors of merges stand for."""
        ...

    @property
    def anonymous(self) -> Anonymous:
        """Responses to anonymous surveys, and whose links are spent."""
        ...

    def insert(self, survey: Survey) -> None:
        """One that is there already stays as it is."""
        ...

    def find(self, survey_id: str) -> Survey | None: ...

    def replace(self, survey: Survey, envelope: Envelope[Event] | None = None, before: Survey | None = None) -> bool:
        """Store the next version, with its event in the outbox; False when somebody was faster.

        before: a survey whose definition is kept, because responses may answer it.
        """
        ...

    def definitions(self, survey_id: str) -> dict[int, DefinitionJson]:
        """Everything it asks and has asked, by version; empty when there is no such survey."""
        ...

    def latest(self, limit: int, cursor: str | None) -> list[tuple[str, Survey]]:
        """(cursor, survey), the newest first."""
        ...

    def insert_responses(self, new: Sequence[Kept], outbox: bool = False) -> set[str]:
        """Store them; returns the ids that were there already (those stay as they are).

        outbox: their events wait in the documents to be published by the relay (commands), instead of by the caller.
        """
        ...

    def claim_paper(self, form_id: str, response_id: str, instead_of: str = "") -> str:
        """Which response a form on paper is: the first that was claimed for it, unless that was `instead_of`."""
        ...

    def release_paper(self, form_id: str, response_id: str) -> None:
        """The form on paper is not this response."""
        ...

    def find_responses(self, response_ids: Iterable[str]) -> dict[str, Kept]: ...

    def given(self, survey_ids: Iterable[str], contact_ids: Iterable[str]) -> list[Kept]:
        """The responses of these contacts to these surveys that count."""
        ...

    def redact(self, traces: Traces) -> None:
        """Take somebody who is erased out of every response; taken out already, nothing changes."""
        ...

    def numbers(self, survey_ids: Iterable[str]) -> dict[str, Numbers]: ...

    def page(self, survey_id: str, refused: bool, limit: int, cursor: str | None) -> list[tuple[str, Kept]]:
        """(cursor, response), the newest first: of those that count, or of those that were refused."""
        ...

    def counted(self, survey_id: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
        """(version of the definition, answers) of every response that counts."""
        ...


class MongoSurveys:
    """Collections `surveys`, `responses` and `papers` (which response a form on paper is)."""

    def __init__(self, database: Documents) -> None:
        self._surveys = database["surveys"]
        self._responses = database["responses"]
        self._papers = database["papers"]
        self.outbox = Outboxes(MongoOutbox(self._surveys, KNOWN), MongoOutbox(self._responses, KNOWN))
        self.links: Links = MongoLinks(database)
        self.merges: Merges = MongoMerges(database)
        self.anonymous: Anonymous = MongoAnonymous(database)
        self._surveys.create_index("listed")
        self._responses.create_index([("survey_id", 1), ("counts", 1), ("listed", 1)])
        self._responses.create_index([("contact_id", 1), ("survey_id", 1)])

    def insert(self, survey: Survey) -> None:
        listed = order_of(survey.created_at) + survey.survey_id
        insert_new(self._surveys, [_document(survey) | {"_id": survey.survey_id, "listed": listed}])

    def find(self, survey_id: str) -> Survey | None:
        found = self._surveys.find_one({"_id": survey_id}, {"earlier": 0, "outbox": 0})
        return _survey(found) if found else None

    def replace(self, survey: Survey, envelope: Envelope[Event] | None = None, before: Survey | None = None) -> bool:
        pushed: dict[str, Any] = {"outbox": envelope.content} if envelope else {}
        if before is not None:
            pushed["earlier"] = _earlier(before)
        update = {"$set": _document(survey)} | ({"$push": pushed} if pushed else {})
        asked = {"_id": survey.survey_id, "version": survey.version - 1}
        return self._surveys.update_one(asked, update).modified_count == 1

    def definitions(self, survey_id: str) -> dict[int, DefinitionJson]:
        found = self._surveys.find_one({"_id": survey_id}, {"definition": 1, "definition_version": 1, "earlier": 1})
        if found is None:
            return {}
        asked = (*found.get("earlier", ()), found)
        return {each["definition_version"]: orjson.loads(each["definition"]) for each in asked}

    def latest(self, limit: int, cursor: str | None) -> list[tuple[str, Survey]]:
        asked = {"listed": {"$lt": cursor}} if cursor else {}
        found = self._surveys.find(asked, {"earlier": 0, "outbox": 0}).sort("listed", -1).limit(limit)
        return [(each["listed"], _survey(each)) for each in found]

    def insert_responses(self, new: Sequence[Kept], outbox: bool = False) -> set[str]:
        return insert_new(self._responses, [_response_document(each, outbox) for each in new]) if new else set()

    def claim_paper(self, form_id: str, response_id: str, instead_of: str = "") -> str:
        if insert_new(self._papers, [{"_id": form_id, "response_id": response_id}]) and instead_of:
            asked = {"_id": form_id, "response_id": instead_of}
            self._papers.update_one(asked, {"$set": {"response_id": response_id}})
        found = self._papers.find_one({"_id": form_id})
        return str(found["response_id"]) if found else response_id

    def release_paper(self, form_id: str, response_id: str) -> None:
        self._papers.delete_one({"_id": form_id, "response_id": response_id})

    def find_responses(self, response_ids: Iterable[str]) -> dict[str, Kept]:
        return {each["_id"]: _kept(each) for each in self._responses.find({"_id": {"$in": list(response_ids)}})}

    def given(self, survey_ids: Iterable[str], contact_ids: Iterable[str]) -> list[Kept]:
        asked = {"contact_id": {"$in": list(contact_ids)}, "survey_id": {"$in": list(survey_ids)}, "counts": True}
        return [_kept(each) for each in self._responses.find(asked)]

    def redact(self, traces: Traces) -> None:
        rewrite(self._responses, lambda document: _redacted(document, traces))
        self.anonymous.redact(traces)

    def numbers(self, survey_ids: Iterable[str]) -> dict[str, Numbers]:
        return {each: self._numbers(each) for each in survey_ids}

    def page(self, survey_id: str, refused: bool, limit: int, cursor: str | None) -> list[tuple[str, Kept]]:
        asked: dict[str, Any] = {"survey_id": survey_id, "counts": not refused}
        asked |= {"listed": {"$lt": cursor}} if cursor else {}
        found = self._responses.find(asked).sort("listed", -1).limit(limit)
        return [(each["listed"], _kept(each)) for each in found]

    def counted(self, survey_id: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
        asked = {"survey_id": survey_id, "counts": True}
        for each in self._responses.find(asked, {"definition_version": 1, "answers": 1}, batch_size=500):
            yield each["definition_version"], orjson.loads(each["answers"])
        yield from answers_of(self.anonymous, survey_id)

    def _numbers(self, survey_id: str) -> Numbers:
        counted, refused = self.anonymous.numbers(survey_id)
        return Numbers(self._count(survey_id, True) + counted, self._count(survey_id, False) + refused)

    def _count(self, survey_id: str, counts: bool) -> int:
        return self._responses.count_documents({"survey_id": survey_id, "counts": counts})


def answers_of(anonymous: Anonymous, survey_id: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """(version of the definition, answers) of every anonymous response that counts."""
    for each in anonymous.responses(survey_id):
        if each.counts:
            yield each.definition_version, each.answers


def listed(response: Response) -> str:
    """Its place among the responses to a survey, which is that of time."""
    return order_of(response.received_at) + response.response_id


def _document(survey: Survey) -> dict[str, Any]:
    """What people typed is kept as bytes: names in it may be none that a document store takes."""
    content: dict[str, Any] = orjson.loads(survey.model_dump_json(exclude={"survey_id", "responses", "definition"}))
    return content | {"definition": orjson.dumps(survey.definition)}


def _earlier(survey: Survey) -> dict[str, Any]:
    return {"definition_version": survey.definition_version, "definition": orjson.dumps(survey.definition)}


def _survey(document: Mapping[str, Any]) -> Survey:
    read = {**document, "survey_id": document["_id"], "definition": orjson.loads(document["definition"])}
    return Survey.model_validate(read, extra="ignore")


def _response_document(kept: Kept, outbox: bool) -> dict[str, Any]:
    each = kept.response
    waiting = {"outbox": [kept.received.content]} if outbox and kept.received else {}
    return waiting | {
        "_id": each.response_id,
        "survey_id": each.survey_id,
        "listed": listed(each),
        "definition_version": each.definition_version,
        "counts": each.counts,
        "refused": each.refused,
        "form_id": each.form_id,
        "contact_id": each.contact_id,
        "paper": each.paper,
        "answers": orjson.dumps(each.answers),
        "begun_at": each.begun_at.isoformat(),
        "received_at": each.received_at.isoformat(),
        "received": kept.received.content if kept.received else None,
    }


def _redacted(document: Mapping[str, Any], traces: Traces) -> dict[str, Any]:
    left, waiting = redacted(_kept(document).response, traces), document.get("outbox")
    changed: dict[str, Any] = {"contact_id": left.contact_id, "answers": orjson.dumps(left.answers)}
    if document["received"]:
        changed["received"] = unlinked(read_envelope(document["received"], KNOWN), traces).content
    if waiting:
        changed["outbox"] = [unlinked(read_envelope(each, KNOWN), traces).content for each in waiting]
    return changed


def _kept(document: Mapping[str, Any]) -> Kept:
    response = Response(
        response_id=document["_id"],
        survey_id=document["survey_id"],
        definition_version=document["definition_version"],
        answers=orjson.loads(document["answers"]),
        begun_at=datetime.fromisoformat(document["begun_at"]),
        received_at=datetime.fromisoformat(document["received_at"]),
        refused=document["refused"],
        form_id=document["form_id"],
        contact_id=document["contact_id"],
        paper=document["paper"],
    )
    return Kept(response, read_envelope(document["received"], KNOWN) if document["received"] else None)
