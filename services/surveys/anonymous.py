"""Keeps responses to anonymous surveys, and who has answered one, so that neither says anything of the other.

No document holds a time, only days, and none was inserted for one response: responses and marks stand in documents
that are made together beforehand, in the order of their ids, which are random. So the order in which people answered
is nowhere. The mark of a contact is keyed with the instance's secret, which is in no store.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time
from typing import Any, Protocol

import orjson

from services.surveys.domain import Response
from services.surveys.redacting import redacted
from shared.contracts.erasure import Traces
from shared.mongo import Documents, insert_new

PARTS = 256
"""Documents among which the responses and the marks of a survey are spread, by the beginning of their ids."""
MOST_BYTES = 4_000_000
"""Of the answers in one document, about; then another is begun."""
Page = list[tuple[str, Response]]


class Anonymous(Protocol):
    """Responses and marks of anonymous surveys; the Mongo one and the fake pass the same contract tests."""

    def spend(self, survey_id: str, mark: str, claim: str) -> bool:
        """Whether the mark is this claim's: it is whose claim came first."""
        ...

    def spent(self, survey_id: str, marks: Iterable[str]) -> set[str]:
        """Those of the marks that are set."""
        ...

    def insert(self, response: Response) -> bool:
        """False when it was there already (it stays as it is)."""
        ...

    def redact(self, traces: Traces) -> None:
        """Take the addresses and numbers of somebody who is erased out of every response."""
        ...

    def numbers(self, survey_id: str) -> tuple[int, int]:
        """(responses that count, responses that were refused)"""
        ...

    def responses(self, survey_id: str) -> Iterator[Response]: ...

    def page(self, survey_id: str, refused: bool, limit: int, cursor: str | None) -> Page:
        """(cursor, response) in the order of ids: of those that count, or of those that were refused."""
        ...


class MongoAnonymous:
    """Collections `anonymous` and `spent`."""

    def __init__(self, database: Documents) -> None:
        self._responses = database["anonymous"]
        self._spent = database["spent"]
        self._responses.create_index([("survey_id", 1), ("responses.id", 1)])
        self._responses.create_index("responses.id")

    def spend(self, survey_id: str, mark: str, claim: str) -> bool:
        part = f"{survey_id}:{mark[:2]}"
        asked = {"_id": part, "marks.mark": {"$ne": mark}}
        pushed = {"$push": {"marks": {"$each": [{"mark": mark, "claim": claim}], "$sort": {"mark": 1}}}}
        if not self._spent.update_one(asked, pushed).modified_count and self._claim(part, mark) is None:
            insert_new(self._spent, [{"_id": each, "marks": []} for each in _parts(survey_id)])
            self._spent.update_one(asked, pushed)
        return self._claim(part, mark) == claim

    def _claim(self, part: str, mark: str) -> str | None:
        found = self._spent.find_one({"_id": part})
        return next((each["claim"] for each in found["marks"] if each["mark"] == mark), None) if found else None

    def spent(self, survey_id: str, marks: Iterable[str]) -> set[str]:
        wanted = set(marks)
        parts = {f"{survey_id}:{each[:2]}" for each in wanted}
        found = self._spent.find({"_id": {"$in": list(parts)}})
        return wanted & {each["mark"] for part in found for each in part["marks"]}

    def insert(self, response: Response) -> bool:
        document, number = _document(response), 0
        counter = "counted" if response.counts else "refused"
        pushed = {"responses": {"$each": [document], "$sort": {"id": 1}}}
        update = {"$push": pushed, "$inc": {"bytes": len(document["answers"]), counter: 1}}
        while True:
            part = f"{response.survey_id}:{_beginning(response)}:{number:04}"
            asked = {"_id": part, "bytes": {"$lt": MOST_BYTES}, "responses.id": {"$ne": response.response_id}}
            if self._responses.update_one(asked, update).modified_count:
                return True
            if self._responses.find_one({"responses.id": response.response_id}, {"_id": 1}):
                return False
            found = self._responses.find_one({"_id": part}, {"bytes": 1})
            if found is None:
                self._prepare(response.survey_id, part, number)
            elif found["bytes"] >= MOST_BYTES:
                number += 1

    def _prepare(self, survey_id: str, part: str, number: int) -> None:
        """Make the documents that are not there, whoever else makes them meanwhile; all of the first round together."""
        wanted = [part] if number else [f"{each}:0000" for each in _parts(survey_id)]
        nothing = {"survey_id": survey_id, "bytes": 0, "counted": 0, "refused": 0, "responses": []}
        insert_new(self._responses, [{"_id": each} | nothing for each in wanted])

    def redact(self, traces: Traces) -> None:
        for part in self._responses.find({}, {"_id": 1}, batch_size=100):
            is_done = False
            while not is_done:
                is_done = self._redact_part(part["_id"], traces)

    def _redact_part(self, part: str, traces: Traces) -> bool:
        """False when a response came in between, which must not be lost."""
        found = self._responses.find_one({"_id": part}) or {"responses": []}
        left = [_document(redacted(_response("", each), traces)) for each in found["responses"]]
        if left == found["responses"]:
            return True
        asked = {"_id": part, "counted": found["counted"], "refused": found["refused"]}
        return self._responses.update_one(asked, {"$set": {"responses": left}}).modified_count == 1

    def numbers(self, survey_id: str) -> tuple[int, int]:
        found = list(self._responses.find({"survey_id": survey_id}, {"counted": 1, "refused": 1}))
        return sum(each["counted"] for each in found), sum(each["refused"] for each in found)

    def responses(self, survey_id: str) -> Iterator[Response]:
        for part in self._responses.find({"survey_id": survey_id}, batch_size=16):
            yield from (_response(survey_id, each) for each in part["responses"])

    def page(self, survey_id: str, refused: bool, limit: int, cursor: str | None) -> Page:
        asked: dict[str, Any] = {"survey_id": survey_id, "refused" if refused else "counted": {"$gt": 0}}
        begin = (cursor or "").rpartition("/")[0]
        asked |= {"_id": {"$gte": begin}} if begin else {}
        found: Page = []
        for part in self._responses.find(asked, batch_size=8).sort("_id", 1):
            for each in part["responses"]:
                at = f"{part['_id']}/{each['id']}"
                if bool(each["refused"]) == refused and at > (cursor or ""):
                    found.append((at, _response(survey_id, each)))
                if len(found) == limit:
                    return found
        return found


class FakeAnonymous:
    """The same in memory."""

    def __init__(self) -> None:
        self._responses: dict[str, Response] = {}
        self._claims: dict[tuple[str, str], str] = {}

    def spend(self, survey_id: str, mark: str, claim: str) -> bool:
        return self._claims.setdefault((survey_id, mark), claim) == claim

    def spent(self, survey_id: str, marks: Iterable[str]) -> set[str]:
        return {each for each in marks if (survey_id, each) in self._claims}

    def insert(self, response: Response) -> bool:
        is_new = response.response_id not in self._responses
        self._responses.setdefault(response.response_id, response)
        return is_new

    def redact(self, traces: Traces) -> None:
        self._responses = {key: redacted(each, traces) for key, each in self._responses.items()}

    def numbers(self, survey_id: str) -> tuple[int, int]:
        counted = [each.counts for each in self.responses(survey_id)]
        return sum(counted), len(counted) - sum(counted)

    def responses(self, survey_id: str) -> Iterator[Response]:
        found = (self._responses[each] for each in sorted(self._responses))
        yield from (each for each in found if each.survey_id == survey_id)

    def page(self, survey_id: str, refused: bool, limit: int, cursor: str | None) -> Page:
        found = [(each.response_id, each) for each in self.responses(survey_id) if each.counts != refused]
        return [each for each in found if each[0] > (cursor or "")][:limit]


def _parts(survey_id: str) -> list[str]:
    return [f"{survey_id}:{each:02x}" for each in range(PARTS)]


def _beginning(response: Response) -> str:
    return response.response_id.partition("_")[2][:2]


def _document(response: Response) -> dict[str, Any]:
    return {
        "id": response.response_id,
        "definition_version": response.definition_version,
        "refused": response.refused,
        "answers": orjson.dumps(response.answers),
        "received_on": response.received_on.isoformat(),
    }


def _response(survey_id: str, document: Mapping[str, Any]) -> Response:
    day = datetime.combine(date.fromisoformat(document["received_on"]), time(), UTC)
    return Response(
        response_id=document["id"],
        survey_id=survey_id,
        definition_version=document["definition_version"],
        answers=orjson.loads(document["answers"]),
        begun_at=day,
        received_at=day,
        refused=document["refused"],
    )
