"""Keeps cases, each in the document of its engagement, so that what is restricted or erased there is so here."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import orjson
from pymongo.collection import Collection

from shared.contracts.base import Envelope, Event
from shared.contracts.cases import (
    Case,
    CaseAnswered,
    CaseAssigned,
    CaseClosed,
    CaseLeftUnanswered,
    CaseNoted,
    CaseOpened,
    CaseReopened,
)
from shared.contracts.events import Engagement
from shared.order import order_of

CASE_EVENTS: tuple[type[Event], ...] = (
    CaseOpened,
    CaseAssigned,
    CaseAnswered,
    CaseClosed,
    CaseReopened,
    CaseNoted,
    CaseLeftUnanswered,
)


_LISTED = {"outbox": 0, "current.body": 0, "recorded.data.engagement.body": 0}
"""What lists leave in the store: of a thousand long letters they show a line each."""


class Place(NamedTuple):
    """A case with its engagement (without its body), and where it stands in the list."""

    order: str
    engagement: Engagement
    case: Case


class Cases(Protocol):
    """Cases by the id of their engagement; the Mongo one and the fake pass the same contract tests."""

    def find(self, engagement_id: str) -> Case | None: ...

    def open(self, case: Case, envelope: Envelope[Event]) -> bool:
        """Store the case of an engagement that has none, with its event in the outbox; False when it has one."""
        ...

    def replace(self, case: Case, envelope: Envelope[Event] | None = None) -> bool:
        """Store the next version, with its event in the outbox; False when somebody was faster."""
        ...

    def live(self, limit: int) -> Sequence[Place]:
        """Those that are not closed, the first to be due first."""
        ...

    def closed(self, limit: int, cursor: str | None) -> Sequence[Place]:
        """The others, the latest first, after the cursor (an order)."""
        ...


class MongoCases:
    """Members `case`, `case_live` and `case_closed` of the documents of engagements."""

    def __init__(self, engagements: Collection[dict[str, Any]]) -> None:
        self._engagements = engagements
        self._engagements.create_index("case_live", sparse=True)
        self._engagements.create_index("case_closed", sparse=True)

    def find(self, engagement_id: str) -> Case | None:
        found = self._engagements.find_one({"_id": engagement_id}, {"case": 1})
        return _case(found["case"], engagement_id) if found and "case" in found else None

    def open(self, case: Case, envelope: Envelope[Event]) -> bool:
        asked = {"_id": case.engagement_id, "case": {"$exists": False}}
        return self._engagements.update_one(asked, _update(case, envelope)).modified_count == 1

    def replace(self, case: Case, envelope: Envelope[Event] | None = None) -> bool:
        asked = {"_id": case.engagement_id, "case.version": case.version - 1}
        return self._engagements.update_one(asked, _update(case, envelope)).modified_count == 1

    def live(self, limit: int) -> Sequence[Place]:
        found = self._engagements.find({"case_live": {"$gt": ""}}, _LISTED).sort("case_live", 1).limit(limit)
        return [_place(each, "case_live") for each in found]

    def closed(self, limit: int, cursor: str | None) -> Sequence[Place]:
        asked = {"case_closed": {"$lt": cursor} if cursor else {"$gt": ""}}
        found = self._engagements.find(asked, _LISTED).sort("case_closed", -1).limit(limit)
        return [_place(each, "case_closed") for each in found]


def live_order(case: Case) -> str:
    """Sorts by the day it is due."""
    return f"{case.due_on}:{case.engagement_id}"


def closed_order(case: Case) -> str:
    """Sorts by the time it was closed; empty while it is not."""
    return order_of(case.outcome.at) + case.engagement_id if case.outcome else ""


def _update(case: Case, envelope: Envelope[Event] | None) -> dict[str, Any]:
    content = {"case": orjson.loads(case.model_dump_json(exclude={"engagement_id"}))}
    pushed = {"$push": {"outbox": envelope.content}} if envelope else {}
    if order := closed_order(case):
        return {"$set": content | {"case_closed": order}, "$unset": {"case_live": ""}} | pushed
    return {"$set": content | {"case_live": live_order(case)}, "$unset": {"case_closed": ""}} | pushed


def _place(document: Mapping[str, Any], order: str) -> Place:
    current = document.get("current") or document["recorded"]["data"]["engagement"]
    engagement = Engagement.model_validate(current, extra="ignore")
    return Place(document[order], engagement, _case(document["case"], document["_id"]))


def _case(content: Mapping[str, Any], engagement_id: str) -> Case:
    return Case.model_validate({**content, "engagement_id": engagement_id}, extra="ignore")
