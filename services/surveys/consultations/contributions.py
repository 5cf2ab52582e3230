"""Keeps contributions, one document each, under the consultation or the survey that they belong to."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import orjson

from services.surveys.consultations.contribution import Contributor, Noted
from shared.contracts.base import Envelope, Event
from shared.contracts.contributions import ContributionMarked
from shared.errors import Conflict
from shared.messaging import Outbox
from shared.mongo import Documents, MongoOutbox, insert_new
from shared.order import time_of

KNOWN: dict[str, type[Event]] = {ContributionMarked.type: ContributionMarked}
Told = Callable[[Noted, int], Envelope[Event]]
"""What is told of a contribution that staff have marked, for the so many-th time."""
_TRIES = 5


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


class Contributions(Protocol):
    """The store of contributions; the Mongo one and the fake pass the same contract tests."""

    @property
    def outbox(self) -> Outbox:
        """What was told of them and waits to be published."""
        ...

    def put(self, new: Sequence[Noted]) -> None:
        """Keep each, unless the same or a later version of it is there; each id at most once."""
        ...

    def give(self, asked: Asked, contribution_ids: Iterable[str], theme_id: str, taken: bool) -> int:
        """Say that they are about a theme, or are not; returns how many of them belong to the consultation."""
        ...

    def answer(self, asked: Asked, contribution_ids: Iterable[str], answered: bool, told: Told) -> int:
        """Say that they are answered there, or are not; returns how many of them belong to the consultation.

        Of each that was not so before something is told. Conflict when others mark the same ones all the time.
        """
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
        self.outbox: Outbox = MongoOutbox(self._contributions, KNOWN)
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

    def give(self, asked: Asked, contribution_ids: Iterable[str], theme_id: str, taken: bool) -> int:
        change = {"$pull" if taken else "$addToSet": {"themes": theme_id}}
        return self._contributions.update_many(_chosen(asked, contribution_ids), change).matched_count

    def answer(self, asked: Asked, contribution_ids: Iterable[str], answered: bool, told: Told) -> int:
        chosen = _chosen(asked, contribution_ids)
        for _ in range(_TRIES):
            found = list(self._contributions.find(chosen, {"outbox": 0}))
            others = [each for each in found if (asked.consultation_id in each.get("answered_in", ())) != answered]
            if all(self._answer(each, asked.consultation_id, answered, told) for each in others):
                return len(found)
        raise Conflict("Somebody else is marking the same contributions. Try again in a moment.")

    def _answer(self, standing: Mapping[str, Any], consultation_id: str, answered: bool, told: Told) -> bool:
        """False when somebody has marked it since it was read."""
        before = standing.get("marked")
        number = (before or 0) + 1
        asked = {"_id": standing["_id"], "marked": {"$exists": False} if before is None else before}
        change = {
            "$addToSet" if answered else "$pull": {"answered_in": consultation_id},
            "$set": {"marked": number},
            "$push": {"outbox": told(_noted(standing), number).content},
        }
        return self._contributions.update_one(asked, change).modified_count == 1

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
        found = self._contributions.find(query, {"outbox": 0}).sort("order", -1).limit(limit)
        return [(each["order"], _noted(each)) for each in found]

    def every(self, asked: Asked) -> Iterator[Noted]:
        for each in self._contributions.find(_query(asked), {"words": 0, "outbox": 0}, batch_size=500):
            yield _noted(each)


def _chosen(asked: Asked, contribution_ids: Iterable[str]) -> dict[str, Any]:
    return _query(asked) | {"_id": {"$in": list(contribution_ids)}}


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
