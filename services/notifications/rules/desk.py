"""What staff ask of rules: saving and switching them, whom one would have reached, and why each message went or not."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from services.notifications import domain as mail
from services.notifications.desk import compared_address
from services.notifications.invitations import LINK
from services.notifications.port import Ledger
from services.notifications.repository import Mailings
from services.notifications.rules import domain
from services.notifications.rules.announcing import Announcing, is_announced
from services.notifications.rules.digest import Digest
from services.notifications.rules.domain import Logged
from services.notifications.skeleton import fields
from services.notifications.templates import find_usable, find_version
from shared.contracts.base import id_of
from shared.contracts.consent import FindRecipients
from shared.contracts.history import Reader, SearchHistory
from shared.contracts.notifications import LedgerLine
from shared.contracts.rules import (
    ChangeRule,
    Choice,
    CreateRule,
    PutAwayRule,
    RuleForm,
    RuleLine,
    RulePreview,
    RuleProgress,
    RuleSettings,
    SendingRule,
    SwitchRule,
    TakeOutRule,
)
from shared.contracts.segments import GetSegment, ListSegmentMembers, ListSegments
from shared.errors import Conflict, Invalid, NotFound, Unavailable
from shared.messaging import Bus

CHANGED_MEANWHILE = "Somebody else changed this rule in the meantime. Look at it again, then decide."
NO_INVITATION = "The template has {survey_link}, and a rule invites to no survey. Choose another, or write a mailing."
IS_PUT_AWAY = "This rule has been put away. Take it out first."
MOST_RULES = 50
LOOKED_AT = 100
NAMED = 20


class RuleDesk:
    """Rules as staff see them; `bus` reaches contacts and the history."""

    def __init__(self, mailings: Mailings, ledger: Ledger, bus: Bus, digest: Digest) -> None:
        self._mailings = mailings
        self._rules = mailings.rules
        self._ledger = ledger
        self._bus = bus
        self._digest = digest
        self._announcing = Announcing(bus, "")

    def create(self, request: CreateRule, at: datetime) -> SendingRule:
        rule_id = id_of("rul", request.request_id)
        if (known := self._rules.find(rule_id)) is not None:
            return known
        self._check_room()
        settings, version = self._checked(request.settings)
        self._rules.insert(domain.create(rule_id, settings, version, at, request.by))
        return self.get(rule_id)

    def change(self, request: ChangeRule, at: datetime) -> SendingRule:
        rule = self._usable(request.rule_id, request.version)
        settings, version = self._checked(request.settings)
        return self._replace(domain.change(rule, settings, version, at, request.by))

    def switch(self, request: SwitchRule, at: datetime) -> SendingRule:
        rule = self._usable(request.rule_id, request.version)
        return rule if rule.is_on == request.on else self._replace(domain.switch(rule, request.on, at, request.by))

    def put_away(self, request: PutAwayRule, at: datetime) -> SendingRule:
        rule = self.get(request.rule_id)
        if rule.put_away is not None:
            return rule
        return self._replace(domain.put_away(self._usable(request.rule_id, request.version), at, request.by))

    def take_out(self, request: TakeOutRule, at: datetime) -> SendingRule:
        rule = self.get(request.rule_id)
        if rule.put_away is None:
            return rule
        self._check_room()
        find_usable(self._mailings.templates, rule.settings.template_id)
        return self._replace(domain.take_out(rule, at, request.by))

    def listed(self, put_away: bool) -> Sequence[SendingRule]:
        """Those that can be used, or those that are put away."""
        return [each for each in self._rules.list() if (each.put_away is not None) == put_away]

    def get(self, rule_id: str) -> SendingRule:
        found = self._rules.find(rule_id)
        if found is None:
            raise NotFound("There is no such rule.")
        return found

    def form(self, rule_id: str) -> RuleForm:
        """Without segments while contacts is away: what somebody types must not be lost for that."""
        try:
            found = self._bus.call(ListSegments()).segments
            segments = tuple(Choice(id=each.segment_id, name=each.name) for each in found)
        except Unavailable:
            segments = None
        return RuleForm(
            rule=self.get(rule_id) if rule_id else None,
            templates=tuple(
                Choice(id=each.template_id, name=each.text.name)
                for each in self._mailings.templates.newest()
                if each.put_away is None
            ),
            segments=segments,
        )

    def progress(self, rule_id: str) -> RuleProgress:
        rule = self.get(rule_id)
        newest = find_version(self._mailings.templates, rule.settings.template_id)
        return RuleProgress(
            rule=rule,
            template_name=newest.text.name,
            newest_template_version=newest.version,
            waiting=self._rules.count_waiting(rule_id),
        )

    def preview(self, rule_id: str, at: datetime) -> RulePreview:
        settings = self.get(rule_id).settings
        if settings.occasion == "weekly_digest":
            lines = tuple(self._digest.lines(at))
            return RulePreview(looked_at=0, names=(), would_get=len(settings.owners), kept_back={}, digest=lines)
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
        if is_announced(settings):
            return self._announcing.latest(settings)[:LOOKED_AT]
        if settings.occasion == "segment_entered":
            members = self._bus.call(ListSegmentMembers(segment_id=settings.segment_id, limit=LOOKED_AT)).members
            return tuple(each.contact_id for each in members)
        asked = SearchHistory(kind=(settings.occasion,), sort="newest", limit=LOOKED_AT, facets=False, reader=Reader())
        items = self._bus.call(asked).items
        return tuple(dict.fromkeys(contact.id for item in items for contact in item.contacts))[:1000]

    def _checked(self, settings: RuleSettings) -> tuple[RuleSettings, int]:
        """With the name that its segment has now, and the newest version of its template.

        Invalid for an owner's address that is none; NotFound for a template or a segment that is not there; Conflict
        for a template that is put away.
        """
        for each in settings.owners:
            compared_address(each)
        template = find_usable(self._mailings.templates, settings.template_id)
        if LINK in fields(template.text.subject) | fields(template.text.body):
            raise Invalid(NO_INVITATION)
        version = template.version
        name = self._bus.call(GetSegment(segment_id=settings.segment_id)).name if settings.segment_id else ""
        return settings.model_copy(update={"segment_name": name}), version

    def _check_room(self) -> None:
        if len(self.listed(put_away=False)) >= MOST_RULES:
            raise Invalid(f"There can be {MOST_RULES} rules. Put one away that nobody needs.")

    def _usable(self, rule_id: str, version: int) -> SendingRule:
        """The rule at that version. Raises Conflict when it is at another, or put away."""
        rule = self.get(rule_id)
        if rule.put_away is not None:
            raise Conflict(IS_PUT_AWAY)
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
