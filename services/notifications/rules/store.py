"""Keeps rules and their logs: one line for each rule, event and contact, in which nobody's name stands."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

import orjson

from services.notifications.rules.domain import Logged
from shared.contracts.rules import KeptBack, SendingRule
from shared.mongo import Documents, insert_new
from shared.order import order_of, time_of

COUNTED = 10_000


class Rules(Protocol):
    """The store of rules; the Mongo one and the fake pass the same contract tests."""

    def insert(self, rule: SendingRule) -> bool:
        """False when it is there already."""
        ...

    def find(self, rule_id: str) -> SendingRule | None: ...

    def replace(self, rule: SendingRule) -> bool:
        """Store the next version; False when somebody was faster."""
        ...

    def list(self) -> Sequence[SendingRule]:
        """By name."""
        ...

    def note(self, lines: Sequence[Logged]) -> None:
        """Put lines into the log; what is there stays as it is."""
        ...

    def has(self, rule_id: str, event_id: str) -> bool:
        """Whether the log has a line of this event."""
        ...

    def waiting(self, rule_id: str, until: datetime, limit: int) -> Sequence[Logged]:
        """Occasions up to a moment that wait, the oldest first."""
        ...

    def count_waiting(self, rule_id: str) -> int: ...

    def let_go(self, rule_id: str, before: datetime, reason: KeptBack) -> None:
        """Keep back what waits and is older."""
        ...

    def keep_back(self, keys: Iterable[str], reason: KeptBack) -> None:
        """Keep back what waits of these."""
        ...

    def take(self, keys: Iterable[str], mailing_id: str, at: datetime) -> None:
        """Those of them that wait become a mailing, each of one only, whoever else takes at the same time."""
        ...

    def of_mailing(self, mailing_id: str) -> Sequence[Logged]: ...

    def hand_over(self, mailing_id: str) -> None:
        """The mailing stands: nobody has to look at it again."""
        ...

    def unfinished(self, before: datetime) -> Sequence[tuple[str, str]]:
        """(rule id, mailing id) of what was taken before and not handed over: by a process that has died or stalled."""
        ...

    def put_back(self, lines: Iterable[Logged]) -> None:
        """What a mailing was to take and did not waits again."""
        ...

    def count_taken(self, rule_id: str, since: datetime) -> int: ...

    def taken_before(self, rule_id: str, contact_ids: Iterable[str]) -> Sequence[Logged]:
        """What of a rule was taken for these contacts."""
        ...

    def latest(self, rule_id: str, limit: int, cursor: str | None) -> Sequence[Logged]:
        """The newest first, after the cursor (an order)."""
        ...


class MongoRules:
    """Collections `rules` and `rule_log`."""

    def __init__(self, database: Documents) -> None:
        self._rules = database["rules"]
        self._log = database["rule_log"]
        self._log.create_index([("rule_id", 1), ("order", 1)])
        self._log.create_index([("rule_id", 1), ("contact_id", 1)])
        self._log.create_index([("rule_id", 1), ("event_id", 1)])
        self._log.create_index("waiting", sparse=True)
        self._log.create_index("taken", sparse=True)
        self._log.create_index("mailing_id", sparse=True)
        self._log.create_index("unfinished", sparse=True)

    def insert(self, rule: SendingRule) -> bool:
        return not insert_new(self._rules, [_document(rule) | {"_id": rule.rule_id}])

    def find(self, rule_id: str) -> SendingRule | None:
        found = self._rules.find_one({"_id": rule_id})
        return _rule(found) if found else None

    def replace(self, rule: SendingRule) -> bool:
        asked = {"_id": rule.rule_id, "version": rule.version - 1}
        return self._rules.update_one(asked, {"$set": _document(rule)}).modified_count == 1

    def list(self) -> Sequence[SendingRule]:
        return sorted(map(_rule, self._rules.find({})), key=_by_name)

    def note(self, lines: Sequence[Logged]) -> None:
        if lines:
            insert_new(self._log, [_line_document(each) for each in lines])

    def has(self, rule_id: str, event_id: str) -> bool:
        return self._log.find_one({"rule_id": rule_id, "event_id": event_id}, {"_id": 1}) is not None

    def waiting(self, rule_id: str, until: datetime, limit: int) -> Sequence[Logged]:
        asked = {"waiting": {"$gt": f"{rule_id}:", "$lte": f"{rule_id}:{order_of(until)}~"}}
        return [_line(each) for each in self._log.find(asked).sort("waiting", 1).limit(limit)]

    def count_waiting(self, rule_id: str) -> int:
        asked = {"waiting": {"$gt": f"{rule_id}:", "$lt": f"{rule_id};"}}
        return self._log.count_documents(asked, limit=COUNTED)

    def let_go(self, rule_id: str, before: datetime, reason: KeptBack) -> None:
        asked = {"waiting": {"$gt": f"{rule_id}:", "$lt": f"{rule_id}:{order_of(before)}"}}
        self._log.update_many(asked, _kept_back(reason))

    def keep_back(self, keys: Iterable[str], reason: KeptBack) -> None:
        self._log.update_many({"_id": {"$in": [*keys]}, "state": "waiting"}, _kept_back(reason))

    def take(self, keys: Iterable[str], mailing_id: str, at: datetime) -> None:
        for key in keys:  # one by one: each is a claim, and whoever loses it leaves it alone
            rule_id = key.partition(":")[0]
            taken = {"state": "taken", "mailing_id": mailing_id, "taken": f"{rule_id}:{order_of(at)}"}
            self._log.update_one(
                {"_id": key, "state": "waiting"},
                {"$set": taken | {"unfinished": f"{rule_id}:{mailing_id}"}, "$unset": {"waiting": ""}},
            )

    def of_mailing(self, mailing_id: str) -> Sequence[Logged]:
        return [_line(each) for each in self._log.find({"mailing_id": mailing_id})]

    def hand_over(self, mailing_id: str) -> None:
        self._log.update_many({"mailing_id": mailing_id}, {"$unset": {"unfinished": ""}})

    def unfinished(self, before: datetime) -> Sequence[tuple[str, str]]:
        found = self._log.find({"unfinished": {"$gt": ""}}, {"unfinished": 1, "taken": 1})
        old = {each["unfinished"] for each in found if each["taken"].partition(":")[2] < order_of(before)}
        return [(each.partition(":")[0], each.partition(":")[2]) for each in sorted(old)]

    def put_back(self, lines: Iterable[Logged]) -> None:
        for each in lines:
            waiting = {"state": "waiting", "waiting": f"{each.rule_id}:{each.order}"}
            gone = {"mailing_id": "", "taken": "", "unfinished": ""}
            asked = {"_id": each.key, "mailing_id": each.mailing_id}
            self._log.update_one(asked, {"$set": waiting, "$unset": gone})

    def count_taken(self, rule_id: str, since: datetime) -> int:
        asked = {"taken": {"$gte": f"{rule_id}:{order_of(since)}", "$lt": f"{rule_id};"}}
        return self._log.count_documents(asked)

    def taken_before(self, rule_id: str, contact_ids: Iterable[str]) -> Sequence[Logged]:
        asked = {"rule_id": rule_id, "contact_id": {"$in": [*contact_ids]}, "state": "taken"}
        return [_line(each) for each in self._log.find(asked)]

    def latest(self, rule_id: str, limit: int, cursor: str | None) -> Sequence[Logged]:
        asked = {"rule_id": rule_id, "order": {"$lt": cursor} if cursor else {"$gt": ""}}
        return [_line(each) for each in self._log.find(asked).sort("order", -1).limit(limit)]


def _document(rule: SendingRule) -> dict[str, Any]:
    content: dict[str, Any] = orjson.loads(rule.model_dump_json(exclude={"rule_id"}))
    return content


def _rule(document: Mapping[str, Any]) -> SendingRule:
    return SendingRule.model_validate({**document, "rule_id": document["_id"]}, extra="ignore")


def _by_name(rule: SendingRule) -> tuple[str, str]:
    return rule.settings.name.casefold(), rule.rule_id


def _kept_back(reason: KeptBack) -> dict[str, Any]:
    return {"$set": {"state": "kept_back", "kept_back": reason}, "$unset": {"waiting": ""}}


def _line_document(line: Logged) -> dict[str, Any]:
    names = ("rule_id", "event_id", "contact_id", "state", "kept_back", "order")
    document = {"_id": line.key} | {name: getattr(line, name) for name in names}
    if line.mailing_id:
        document["mailing_id"] = line.mailing_id
    return document | ({"waiting": f"{line.rule_id}:{line.order}"} if line.state == "waiting" else {})


def _line(document: Mapping[str, Any]) -> Logged:
    return Logged(
        key=document["_id"],
        rule_id=document["rule_id"],
        event_id=document["event_id"],
        contact_id=document["contact_id"],
        at=time_of(document["order"]),
        state=document["state"],
        kept_back=document["kept_back"],
        mailing_id=document.get("mailing_id", ""),
        taken_at=time_of(document["taken"].partition(":")[2]) if "taken" in document else None,
    )
