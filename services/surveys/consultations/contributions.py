"""Keeps contributions, one document each, under the consultation or the survey that they belong to."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import orjson

from services.surveys.consultations.contribution import Contributor, Noted
from shared.mongo import Documents, insert_new
from shared.order import time_of


@dataclass(frozen=True, slots=True)
class Asked:
    """Which contributions of a consultation are asked for."""

    of: tuple[str, ...]
    """Its id, and those of its surveys."""
    channel: str | None = None
    sensitive: bool = False


class Contributions(Protocol):
    """The store of contributions; the Mongo one and the fake pass the same contract tests."""

    def put(self, new: Sequence[Noted]) -> None:
        """Keep each, unless the same or a later version of it is there; each id at most once."""
        ...

    def latest(self, asked: Asked, limit: int, cursor: str | None) -> list[tuple[str, Noted]]:
        """(cursor, contribution), the latest first."""
        ...

    def every(self, asked: Asked) -> Iterator[Noted]:
        """All of them without their words, to be counted."""
        ...


class MongoContributions:
    """Collection `contributions`."""

    def __init__(self, database: Documents) -> None:
        self._contributions = database["contributions"]
        self._contributions.create_index([("of", 1), ("order", 1)])

    def put(self, new: Sequence[Noted]) -> None:
        if not new:
            return
        there = insert_new(self._contributions, [_document(each) | {"_id": each.contribution_id} for each in new])
        for each in new:
            if each.contribution_id in there:
                older = {"_id": each.contribution_id, "version": {"$lt": each.version}}
                self._contributions.update_one(older, {"$set": _document(each)})

    def latest(self, asked: Asked, limit: int, cursor: str | None) -> list[tuple[str, Noted]]:
        query = _query(asked) | ({"order": {"$lt": cursor}} if cursor else {})
        found = self._contributions.find(query).sort("order", -1).limit(limit)
        return [(each["order"], _noted(each)) for each in found]

    def every(self, asked: Asked) -> Iterator[Noted]:
        for each in self._contributions.find(_query(asked), {"words": 0}, batch_size=500):
            yield _noted(each)


def _query(asked: Asked) -> dict[str, Any]:
    query: dict[str, Any] = {"of": {"$in": list(asked.of)}}
    if asked.channel is not None:
        query["channel"] = asked.channel
    return query if asked.sensitive else query | {"sensitive": False}


def _document(each: Noted) -> dict[str, Any]:
    """What people wrote is kept as bytes: it may hold what a document store does not take."""
    names = ("version", "of", "kind", "channel", "order", "sensitive")
    document = {name: getattr(each, name) for name in names}
    contributors = [asdict(one) for one in each.contributors]
    return document | {"contributors": contributors, "words": orjson.dumps([each.title, each.excerpt])}


def _noted(document: Mapping[str, Any]) -> Noted:
    title, excerpt = orjson.loads(document["words"]) if "words" in document else ("", "")
    return Noted(
        contribution_id=document["_id"],
        version=document["version"],
        of=document["of"],
        kind=document["kind"],
        channel=document["channel"],
        title=title,
        excerpt=excerpt,
        occurred_at=time_of(document["order"]),
        sensitive=document["sensitive"],
        contributors=tuple(
            Contributor(each["contact_id"], tuple(each["groups"]), each["locality"])
            for each in document["contributors"]
        ),
    )
