"""Keeps what came back: one document for each message and kind of report, without anybody's name or address.

That an address failed before is known by its SHA-256: enough to count, and of no use to who would write to it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Protocol

from shared.contracts.bounces import Outcome, ReportKind
from shared.mongo import Documents, insert_new
from shared.order import order_of, time_of


@dataclass(frozen=True, slots=True)
class Returned:
    """A report on one message, and what it led to."""

    key: str
    """The same for the same message and kind."""
    mailing_id: str
    subject: str
    contact_id: str
    address_hash: str
    kind: ReportKind
    status: str
    outcome: Outcome
    at: datetime

    @property
    def order(self) -> str:
        """Sorts by time."""
        return order_of(self.at) + self.key


class Bounces(Protocol):
    """The store of reports; the Mongo one and the fake pass the same contract tests."""

    def find(self, key: str) -> Returned | None: ...

    def insert(self, returned: Returned) -> None:
        """The same again changes nothing."""
        ...

    def count_temporary(self, address_hash: str, since: datetime) -> int:
        """Messages that failed for now at an address since then."""
        ...

    def forget(self, addresses: Iterable[str]) -> None:
        """Their owner is erased: what came back from them stays, without what tells the address."""
        ...

    def latest(self, limit: int, cursor: str | None) -> list[Returned]:
        """Newest first, after the cursor (an order)."""
        ...

    def count_refused(self, at: datetime) -> None:
        """A report that named no message of ours is only counted: whoever forges reports must not fill the store."""
        ...

    def refused_since(self, since: datetime) -> int:
        """How many were refused since the day of then."""
        ...


def hash_of(address: str) -> str:
    return sha256(address.encode()).hexdigest()


class MongoBounces:
    """Collections `bounces` and `refused_reports` (one document a day)."""

    def __init__(self, database: Documents) -> None:
        self._bounces = database["bounces"]
        self._refused = database["refused_reports"]
        self._bounces.create_index("order")
        self._bounces.create_index("address_hash")

    def find(self, key: str) -> Returned | None:
        found = self._bounces.find_one({"_id": key})
        return _returned(found) if found else None

    def insert(self, returned: Returned) -> None:
        names = ("mailing_id", "subject", "contact_id", "address_hash", "kind", "status", "outcome", "order")
        insert_new(self._bounces, [{"_id": returned.key} | {name: getattr(returned, name) for name in names}])

    def count_temporary(self, address_hash: str, since: datetime) -> int:
        asked = {"address_hash": address_hash, "kind": "temporary", "order": {"$gte": order_of(since)}}
        return self._bounces.count_documents(asked)

    def forget(self, addresses: Iterable[str]) -> None:
        asked = {"address_hash": {"$in": [hash_of(each) for each in addresses]}}
        self._bounces.update_many(asked, {"$set": {"address_hash": ""}})

    def latest(self, limit: int, cursor: str | None) -> list[Returned]:
        asked = {"order": {"$lt": cursor} if cursor else {"$gt": ""}}
        return [_returned(each) for each in self._bounces.find(asked).sort("order", -1).limit(limit)]

    def count_refused(self, at: datetime) -> None:
        self._refused.update_one({"_id": f"{at:%Y-%m-%d}"}, {"$inc": {"count": 1}}, upsert=True)

    def refused_since(self, since: datetime) -> int:
        return sum(each["count"] for each in self._refused.find({"_id": {"$gte": f"{since:%Y-%m-%d}"}}))


class FakeBounces:
    """Reports in memory."""

    def __init__(self) -> None:
        self._bounces: dict[str, Returned] = {}
        self._refused: list[datetime] = []

    def find(self, key: str) -> Returned | None:
        return self._bounces.get(key)

    def insert(self, returned: Returned) -> None:
        self._bounces.setdefault(returned.key, returned)

    def count_temporary(self, address_hash: str, since: datetime) -> int:
        mine = [each for each in self._bounces.values() if each.address_hash == address_hash and each.at >= since]
        return len([each for each in mine if each.kind == "temporary"])

    def forget(self, addresses: Iterable[str]) -> None:
        hashes = {hash_of(each) for each in addresses}
        for key, each in self._bounces.items():
            if each.address_hash in hashes:
                self._bounces[key] = replace(each, address_hash="")

    def latest(self, limit: int, cursor: str | None) -> list[Returned]:
        found = [each for each in self._bounces.values() if not cursor or each.order < cursor]
        return sorted(found, key=lambda each: each.order, reverse=True)[:limit]

    def count_refused(self, at: datetime) -> None:
        self._refused.append(at)

    def refused_since(self, since: datetime) -> int:
        return len([each for each in self._refused if each > since - timedelta(days=1)])


def _returned(document: Mapping[str, Any]) -> Returned:
    names = ("mailing_id", "subject", "contact_id", "address_hash", "kind", "status", "outcome")
    return Returned(key=document["_id"], at=time_of(document["order"]), **{name: document[name] for name in names})
