"""Rules and their logs in memory, for tests of stories; they pass the same contract tests as the real ones."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from services.notifications.rules.domain import Logged
from shared.contracts.rules import KeptBack, SendingRule


class FakeRules:
    """Rules in memory."""

    def __init__(self) -> None:
        self._rules: dict[str, SendingRule] = {}
        self._log: dict[str, Logged] = {}
        self._taken_at: dict[str, datetime] = {}
        self._unfinished: set[tuple[str, str]] = set()

    def insert(self, rule: SendingRule) -> bool:
        return self._rules.setdefault(rule.rule_id, rule) is rule

    def find(self, rule_id: str) -> SendingRule | None:
        return self._rules.get(rule_id)

    def replace(self, rule: SendingRule) -> bool:
        if self._rules[rule.rule_id].version != rule.version - 1:
            return False
        self._rules[rule.rule_id] = rule
        return True

    def list(self) -> Sequence[SendingRule]:
        return sorted(self._rules.values(), key=lambda each: (each.settings.name.casefold(), each.rule_id))

    def note(self, lines: Sequence[Logged]) -> None:
        for each in lines:
            self._log.setdefault(each.key, each)

    def has(self, rule_id: str, event_id: str) -> bool:
        return any((each.rule_id, each.event_id) == (rule_id, event_id) for each in self._log.values())

    def waiting(self, rule_id: str, until: datetime, limit: int) -> Sequence[Logged]:
        found = [each for each in self._waiting(rule_id) if each.at <= until]
        return sorted(found, key=lambda each: each.order)[:limit]

    def count_waiting(self, rule_id: str) -> int:
        return len(self._waiting(rule_id))

    def let_go(self, rule_id: str, before: datetime, reason: KeptBack) -> None:
        self.keep_back([each.key for each in self._waiting(rule_id) if each.at < before], reason)

    def keep_back(self, keys: Iterable[str], reason: KeptBack) -> None:
        for key in keys:
            if self._log[key].state == "waiting":
                self._log[key] = replace(self._log[key], state="kept_back", kept_back=reason)

    def take(self, keys: Iterable[str], mailing_id: str, at: datetime) -> None:
        for key in keys:
            if self._log[key].state == "waiting":
                self._log[key] = replace(self._log[key], state="taken", mailing_id=mailing_id, taken_at=at)
                self._taken_at[key] = at
                self._unfinished.add((self._log[key].rule_id, mailing_id))

    def of_mailing(self, mailing_id: str) -> Sequence[Logged]:
        return [each for each in self._log.values() if each.mailing_id == mailing_id]

    def hand_over(self, mailing_id: str) -> None:
        self._unfinished = {each for each in self._unfinished if each[1] != mailing_id}

    def unfinished(self, before: datetime) -> Sequence[tuple[str, str]]:
        old = {self._log[key].mailing_id for key, at in self._taken_at.items() if at < before}
        return sorted(each for each in self._unfinished if each[1] in old)

    def put_back(self, lines: Iterable[Logged]) -> None:
        for each in lines:
            if self._log[each.key].mailing_id == each.mailing_id:
                self._log[each.key] = replace(each, state="waiting", mailing_id="", taken_at=None)
                self._taken_at.pop(each.key, None)

    def count_taken(self, rule_id: str, since: datetime) -> int:
        mine = [at for key, at in self._taken_at.items() if self._log[key].rule_id == rule_id]
        return len([at for at in mine if at >= since])

    def taken_before(self, rule_id: str, contact_ids: Iterable[str]) -> Sequence[Logged]:
        asked = set(contact_ids)
        mine = [each for each in self._log.values() if each.rule_id == rule_id and each.state == "taken"]
        return [each for each in mine if each.contact_id in asked]

    def latest(self, rule_id: str, limit: int, cursor: str | None) -> Sequence[Logged]:
        mine = [each for each in self._log.values() if each.rule_id == rule_id]
        found = [each for each in mine if not cursor or each.order < cursor]
        return sorted(found, key=lambda each: each.order, reverse=True)[:limit]

    def _waiting(self, rule_id: str) -> Sequence[Logged]:
        return [each for each in self._log.values() if each.rule_id == rule_id and each.state == "waiting"]
