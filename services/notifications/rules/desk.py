"""What staff ask of rules: saving and switching them, whom one would have reached, and why each message went or not."""

from collections import Counter
from datetime import datetime
from hashlib import sha256

from services.notifications import domain as mail
from services.notifications.ledger import Ledger
from services.notifications.repository import Mailings
from services.notifications.rules import domain
from services.notifications.rules.domain import Logged
from services.notifications.templates import find_version
from shared.contracts.consent import FindRecipients
from shared.contracts.history import Reader, SearchHistory
from shared.contracts.notifications import LedgerLine
from shared.contracts.rules import (
    ChangeRule,
    CreateRule,
    RuleLine,
    RulePreview,
    RuleProgress,
    RuleSettings,
    SendingRule,
    SwitchRule,
)
from shared.contracts.segments import ListSegmentMembers
from shared.errors import Conflict, Invalid, NotFound
from shared.messaging import Bus

CHANGED_MEANWHILE = "Somebody else changed this rule in the meantime. Look at it again, then decide."
MOST_RULES = 50
LOOKED_AT = 100
NAMED = 20


class RuleDesk:
    """Rules as staff see them; `bus` reaches contacts and the history."""

    def __init__(self, mailings: Mailings, ledger: Ledger, bus: Bus) -> None:
        self._mailings = mailings
        self._rules = mailings.rules
        self._ledger = ledger
        self._bus = bus

    def create(self, request: CreateRule, at: datetime) -> SendingRule:
        if len(self._rules.list()) >= MOST_RULES:
            raise Invalid(f"There can be {MOST_RULES} rules. Change one that nobody needs.")
        rule_id = f"rul_{sha256(request.request_id.encode()).hexdigest()[:24]}"
        version = self._newest_version(request.settings)
        self._rules.insert(domain.create(rule_id, request.settings, version, at, request.by))
        return self.get(rule_id)

    def change(self, request: ChangeRule, at: datetime) -> SendingRule:
        rule = self._at(request.rule_id, request.version)
        version = self._newest_version(request.settings)
        return self._replace(domain.change(rule, request.settings, version, at, request.by))

    def switch(self, request: SwitchRule, at: datetime) -> SendingRule:
        rule = self._at(request.rule_id, request.version)
        return rule if rule.is_on == request.on else self._replace(domain.switch(rule, request.on, at, request.by))

    def get(self, rule_id: str) -> SendingRule:
        found = self._rules.find(rule_id)
        if found is None:
            raise NotFound("There is no such rule.")
        return found

    def progress(self, rule_id: str) -> RuleProgress:
        rule = self.get(rule_id)
        newest = find_version(self._mailings.templates, rule.settings.template_id)
        return RuleProgress(
            rule=rule,
            template_name=newest.text.name,
            newest_template_version=newest.version,
            waiting=self._rules.count_waiting(rule_id),
        )

    def preview(self, rule_id: str) -> RulePreview:
        settings = self.get(rule_id).settings
        ids = self._latest_contacts(settings)
        question = FindRecipients(
            contact_ids=ids, purpose=settings.purpose, channel="email", segment_id=settings.segment_id
        )
        found = self._bus.call(question).recipients if ids else ()
        suppressed = self._mailings.suppressed(each.address for each in found if each.address)
        judged = [mail.addressee(each, suppressed) for each in found]
        kept_back = Counter(each.rule for each in judged if each.rule)
        names = [each.name for each in judged if not each.rule]
        return RulePreview(
            looked_at=len(judged), names=tuple(names[:NAMED]), would_get=len(names), kept_back=dict(kept_back)
        )

    def read_log(self, rule_id: str, limit: int, cursor: str | None) -> tuple[list[RuleLine], str | None]:
        """A page of the log, and where to go on."""
        found = self._rules.latest(rule_id, limit, cursor)
        lines = self._ledger.find_lines({(each.mailing_id, each.contact_id) for each in found if each.mailing_id})
        told = [_line(each, lines.get((each.mailing_id, each.contact_id))) for each in found]
        return told, found[-1].order if len(found) == limit else None

    def _latest_contacts(self, settings: RuleSettings) -> tuple[str, ...]:
        """To whom the occasion came last, as far as the history says; of a segment, members of it."""
        if settings.occasion == "segment_entered":
            members = self._bus.call(ListSegmentMembers(segment_id=settings.segment_id, limit=LOOKED_AT)).members
            return tuple(each.contact_id for each in members)
        asked = SearchHistory(kind=(settings.occasion,), sort="newest", limit=LOOKED_AT, facets=False, reader=Reader())
        items = self._bus.call(asked).items
        return tuple(dict.fromkeys(contact.id for item in items for contact in item.contacts))[:1000]

    def _newest_version(self, settings: RuleSettings) -> int:
        return find_version(self._mailings.templates, settings.template_id).version

    def _at(self, rule_id: str, version: int) -> SendingRule:
        rule = self.get(rule_id)
        if rule.version != version:
            raise Conflict(CHANGED_MEANWHILE)
        return rule

    def _replace(self, rule: SendingRule) -> SendingRule:
        if not self._rules.replace(rule):
            raise Conflict(CHANGED_MEANWHILE)
        return rule


def _line(logged: Logged, line: LedgerLine | None) -> RuleLine:
    return RuleLine(
        rule_id=logged.rule_id,
        contact_id=logged.contact_id,
        name=line.name if line else "",
        event_id=logged.event_id,
        occurred_at=logged.at,
        state=logged.state,
        kept_back=logged.kept_back,
        mailing_id=logged.mailing_id,
        outcome=line.state if line else None,
        rule=line.rule if line else "",
        consent_id=line.consent_id if line else None,
    )
