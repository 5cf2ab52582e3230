"""The entry points of rules, a part of the notifications service."""

from datetime import UTC, datetime

from services.notifications.repository import Mailings
from services.notifications.rules.desk import RuleDesk
from services.notifications.rules.digest import Digest
from services.notifications.rules.occasions import FOLLOWED
from services.notifications.rules.work import RuleWork
from shared.contracts.base import Envelope, Event
from shared.contracts.rules import (
    ChangeRule,
    CreateRule,
    GetRule,
    GetRuleForm,
    ListRuleLog,
    ListRules,
    PreviewRule,
    PutAwayRule,
    RuleForm,
    RuleList,
    RuleLog,
    RulePreview,
    RuleProgress,
    SendingRule,
    SwitchRule,
    TakeOutRule,
)
from shared.messaging import every, on_batch, rpc


class RuleEntry:
    """What staff decide about rules, and what rules do by themselves; whoever inherits makes the parts."""

    _mailings: Mailings
    _rules: RuleDesk
    _rule_work: RuleWork
    _digest: Digest

    @on_batch("notifications.occasions", FOLLOWED, size=500, linger=0.2)
    def note_occasions(self, batch: list[Envelope[Event]]) -> list[Envelope[Event]]:
        """What has happened may be what a rule waits for."""
        self._rule_work.note(batch)
        return []

    @every(1.0)
    def send_by_rules(self) -> None:
        """A turn of sending what rules have found an occasion for."""
        self._rule_work.turn(datetime.now(UTC))

    @every(30.0)
    def send_digests(self) -> None:
        """What owners are told once a week."""
        self._digest.turn(datetime.now(UTC))

    @rpc
    def create_rule(self, request: CreateRule) -> SendingRule:
        return self._rules.create(request, datetime.now(UTC))

    @rpc
    def change_rule(self, request: ChangeRule) -> SendingRule:
        return self._rules.change(request, datetime.now(UTC))

    @rpc
    def switch_rule(self, request: SwitchRule) -> SendingRule:
        return self._rules.switch(request, datetime.now(UTC))

    @rpc
    def put_away_rule(self, request: PutAwayRule) -> SendingRule:
        return self._rules.put_away(request, datetime.now(UTC))

    @rpc
    def take_out_rule(self, request: TakeOutRule) -> SendingRule:
        return self._rules.take_out(request, datetime.now(UTC))

    @rpc
    def get_rule(self, request: GetRule) -> RuleProgress:
        return self._rules.progress(request.rule_id)

    @rpc
    def get_rule_form(self, request: GetRuleForm) -> RuleForm:
        return self._rules.form(request.rule_id)

    @rpc
    def list_rules(self, request: ListRules) -> RuleList:
        return RuleList(items=tuple(self._rules.listed(request.put_away)))

    @rpc
    def preview_rule(self, request: PreviewRule) -> RulePreview:
        return self._rules.preview(request.rule_id, datetime.now(UTC))

    @rpc
    def list_rule_log(self, request: ListRuleLog) -> RuleLog:
        lines, following = self._rules.read_log(request.rule_id, request.limit, request.cursor)
        return RuleLog(items=tuple(lines), next_cursor=following)
