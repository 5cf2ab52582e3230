"""Keeps contributions, one document each, under the consultation or the survey that they belong to."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
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
    kind: str | None = None
    theme_id: str | None = None
    unanswered: bool = False
    """Only those of people whom we know and have not answered."""
    sensitive: bool = False

    @property
    def consultation_id(self) -> str:
        return self.of[0]


@dataclass(frozen=True, slots=True)
class Mark:
    """What staff say of contributions: about a theme or not, answered or not."""

    on: bool
    theme_id: str = ""
    """Empty: whether they are answered."""


class Contributions(Protocol):
    """The store of contributions; the Mongo one and the fake pass the same contract tests."""

    def put(self, new: Sequence[Noted]) -> None:
        """Keep each, unless the same or a later version of it is there; each id at most once."""
        ...

    def mark(self, asked: Asked, contribution_ids: Iterable[str], mark: Mark) -> int:
        """Change what staff say of them; returns how many of them belong to the consultation."""
        ...

    def tell(self, asked: Asked, contact_ids: Iterable[str]) -> None:
        """These were told what came of the consultation: whatever nobody else made is answered."""
        ...

    def forget(self, contact_ids: Iterable[str]) -> None:
        """These are erased: of what they said alone nobody knows any more who did."""
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
        self._contributions.create_index("contributors.contact_id")

    def put(self, new: Sequence[Noted]) -> None:
        if not new:
            return
        there = insert_new(self._contributions, [_document(each) | {"_id": each.contribution_id} for each in new])
        for each in new:
            if each.contribution_id in there:
                older = {"_id": each.contribution_id, "version": {"$lt": each.version}}
                self._contributions.update_one(older, {"$set": _document(each)})

    def mark(self, asked: Asked, contribution_ids: Iterable[str], mark: Mark) -> int:
        change = {"themes": mark.theme_id} if mark.theme_id else {"answered_in": asked.consultation_id}
        query = _query(asked) | {"_id": {"$in": list(contribution_ids)}}
        return self._contributions.update_many(query, {"$addToSet" if mark.on else "$pull": change}).matched_count

    def tell(self, asked: Asked, contact_ids: Iterable[str]) -> None:
        told = set(contact_ids)
        query = {"of": {"$in": list(asked.of)}, "contributors.contact_id": {"$in": list(told)}}
        for each in self._contributions.find(query, {"contributors": 1, "told": 1}):
            mine = {one["contact_id"] for one in each["contributors"]}
            keys = sorted(f"{asked.consultation_id}:{one}" for one in mine & told)
            self._contributions.update_one({"_id": each["_id"]}, {"$addToSet": {"told": {"$each": keys}}})
            all_told = {"_id": each["_id"], "told": {"$all": [f"{asked.consultation_id}:{one}" for one in mine]}}
            self._contributions.update_one(all_told, {"$addToSet": {"answered_in": asked.consultation_id}})

    def forget(self, contact_ids: Iterable[str]) -> None:
        theirs = {"contributors.contact_id": {"$in": list(contact_ids)}}
        for each in list(self._contributions.find(theirs, {"contributors": 1, "told": 1, "version": 1})):
            left = [one for one in each["contributors"] if one["contact_id"] not in set(contact_ids)]
            told = [key for key in each.get("told", ()) if key.rpartition(":")[2] not in set(contact_ids)]
            asked = {"_id": each["_id"], "version": each["version"]}
            change = {"contributors": left, "is_known": bool(left), "told": told}
            self._contributions.update_one(asked, {"$set": change})

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
    if asked.kind is not None:
        query["kind"] = asked.kind
    if asked.theme_id is not None:
        query["themes"] = asked.theme_id
    if asked.unanswered:
        query |= {"is_known": True, "answered_in": {"$ne": asked.consultation_id}}
    return query if asked.sensitive else query | {"sensitive": False}


def _document(each: Noted) -> dict[str, Any]:
    """What people wrote is kept as bytes: it may hold what a document store does not take."""
    names = ("version", "of", "kind", "channel", "order", "sensitive")
    document = {name: getattr(each, name) for name in names}
    contributors = [asdict(one) for one in each.contributors]
    return document | {
        "contributors": contributors,
        "is_known": bool(contributors),
        "words": orjson.dumps([each.title, each.excerpt]),
    }


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
        themes=tuple(document.get("themes", ())),
        answered_in=tuple(document.get("answered_in", ())),
    )
