"""Keeps photographs, each a document of its own that is far smaller than a document may be."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from services.events.photographs.domain import Kept
from shared.contracts.photographs import Photograph
from shared.mongo import Documents, insert_new
from shared.order import order_of


class Adrift(NamedTuple):
    """A photograph whose story had not been seen when it came."""

    photograph_id: str
    engagement_id: str
    at: datetime


class Photographs(Protocol):
    """Photographs by engagement; the Mongo one and the fake pass the same contract tests."""

    def insert(self, new: Sequence[Kept], is_adrift: bool = False) -> None:
        """One that is or was there stays as it is; of an engagement that is forgotten nothing is kept.

        is_adrift: the engagement may never come (`adrift`).
        """
        ...

    def of(self, engagement_id: str) -> Sequence[Photograph]:
        """Those of an engagement, the first that came first."""
        ...

    def find(self, engagement_id: str, photograph_id: str) -> bytes | None: ...

    def remove(self, engagement_id: str, photograph_id: str) -> None:
        """Its content is gone; the same sent again does not bring it back."""
        ...

    def forget(self, engagement_id: str) -> None:
        """The content of all of an engagement is gone, also of what still comes."""
        ...

    def is_forgotten(self, engagement_id: str) -> bool: ...

    def adrift(self, limit: int) -> Sequence[Adrift]: ...

    def settle(self, photograph_ids: Sequence[str]) -> None:
        """Their engagements have come."""
        ...

    def drop(self, photograph_ids: Sequence[str]) -> None:
        """Their engagements never came."""
        ...


class MongoPhotographs:
    """Collection `photographs`. A removed one stays as an id; so does an engagement of which nothing is kept."""

    def __init__(self, database: Documents) -> None:
        self._photographs = database["photographs"]
        self._photographs.create_index("engagement_id", sparse=True)
        self._photographs.create_index("adrift", sparse=True)

    def insert(self, new: Sequence[Kept], is_adrift: bool = False) -> None:
        if not new:
            return
        insert_new(self._photographs, [_document(each) | ({"adrift": True} if is_adrift else {}) for each in new])
        # Looked at afterwards: whoever forgets in between finds what has been inserted, or is found here.
        for engagement_id in {each.engagement_id for each in new}:
            if self.is_forgotten(engagement_id):
                self._empty({"engagement_id": engagement_id})

    def of(self, engagement_id: str) -> Sequence[Photograph]:
        found = self._photographs.find({"engagement_id": engagement_id}, {"content": 0})
        shown = sorted((each for each in found if "gone" not in each), key=lambda each: str(each["order"]))
        return [
            Photograph(photograph_id=each["_id"], added_at=datetime.fromisoformat(each["at"]), added_by=each["by"])
            for each in shown
        ]

    def find(self, engagement_id: str, photograph_id: str) -> bytes | None:
        found = self._photographs.find_one({"_id": photograph_id, "engagement_id": engagement_id})
        return bytes(found["content"]) if found and "content" in found else None

    def remove(self, engagement_id: str, photograph_id: str) -> None:
        self._empty({"_id": photograph_id, "engagement_id": engagement_id})

    def forget(self, engagement_id: str) -> None:
        self._photographs.update_one({"_id": _forgotten(engagement_id)}, {"$set": {"gone": True}}, upsert=True)
        self._empty({"engagement_id": engagement_id})

    def is_forgotten(self, engagement_id: str) -> bool:
        return self._photographs.find_one({"_id": _forgotten(engagement_id)}) is not None

    def adrift(self, limit: int) -> Sequence[Adrift]:
        found = self._photographs.find({"adrift": True}, {"content": 0}).limit(limit)
        return [Adrift(each["_id"], each["engagement_id"], datetime.fromisoformat(each["at"])) for each in found]

    def settle(self, photograph_ids: Sequence[str]) -> None:
        self._photographs.update_many({"_id": {"$in": list(photograph_ids)}}, {"$unset": {"adrift": ""}})

    def drop(self, photograph_ids: Sequence[str]) -> None:
        self._photographs.delete_many({"_id": {"$in": list(photograph_ids)}, "adrift": True})

    def _empty(self, asked: dict[str, Any]) -> None:
        self._photographs.update_many(asked, {"$set": {"gone": True}, "$unset": {"content": ""}})


def _forgotten(engagement_id: str) -> str:
    return f"forgotten:{engagement_id}"


def _document(each: Kept) -> dict[str, Any]:
    return {
        "_id": each.photograph_id,
        "engagement_id": each.engagement_id,
        "content": each.content,
        "at": each.at.isoformat(),
        "order": order_of(each.at) + each.photograph_id,
        "by": each.by,
    }
