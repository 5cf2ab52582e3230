"""When a rule applies to what has happened, and how many of its messages may go. Pure: time is passed in."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from services.notifications.rules.occasions import Cause
from shared.contracts.notifications import Mailing, MailingDraft
from shared.contracts.rules import ANNOUNCED, KeptBack, LogState, RuleSettings, SendingRule
from shared.contracts.templates import PutAway, Template
from shared.order import order_of

GATHER = timedelta(seconds=10)
"""An occasion waits so long before it is looked at: consents and segments that come with it are there by then."""
EXPIRES = timedelta(days=3)
"""An occasion that has waited longer for its turn is none any more."""
ANNOUNCEMENT_EXPIRES = timedelta(days=30)
"""What came of a consultation is worth telling for longer; at a hundred an hour, to 70,000 people."""
LONDON = ZoneInfo("Europe/London")
HOUR = timedelta(hours=1)
BATCH = 200
"""Recipients that become one mailing, at most."""


@dataclass(frozen=True, slots=True)
class Logged:
    """An occasion as the log of its rule has it."""

    key: str
    """Rule, event and contact: each at most once."""
    rule_id: str
    event_id: str
    contact_id: str
    at: datetime
    state: LogState = "waiting"
    kept_back: KeptBack = ""
    mailing_id: str = ""
    taken_at: datetime | None = None

    @property
    def order(self) -> str:
        """Sorts by time; ends in the key, so that no two are alike."""
        return order_of(self.at) + self.key


def create(rule_id: str, settings: RuleSettings, template_version: int, at: datetime, by: str) -> SendingRule:
    """A rule that is off."""
    return SendingRule(
        rule_id=rule_id, version=1, settings=settings, template_version=template_version, changed_by=by, changed_at=at
    )


def change(rule: SendingRule, settings: RuleSettings, template_version: int, at: datetime, by: str) -> SendingRule:
    """With other settings it is off again: somebody has to look at whom it would reach."""
    return _next(rule, at, by, settings=settings, template_version=template_version, on_since=None)


def switch(rule: SendingRule, on: bool, at: datetime, by: str) -> SendingRule:
    """On from this moment, or off."""
    return _next(rule, at, by, on_since=at if on else None)


def put_away(rule: SendingRule, at: datetime, by: str) -> SendingRule:
    """Off, and offered nowhere any more."""
    return _next(rule, at, by, on_since=None, put_away=PutAway(by=by, at=at))


def take_out(rule: SendingRule, at: datetime, by: str) -> SendingRule:
    """As it was, and off."""
    return _next(rule, at, by, put_away=None)


def lets_go(rule: SendingRule, at: datetime) -> bool:
    """Whether to look for what waits in vain; of one that is put away nothing new comes after a day."""
    return not rule.is_on and (rule.put_away is None or at - rule.put_away.at < timedelta(days=1))


def applies(rule: SendingRule, cause: Cause) -> bool:
    """Whether what has happened is an occasion for the rule; never what happened before it was switched on."""
    settings = rule.settings
    if rule.on_since is None or cause.at < rule.on_since or cause.occasion != settings.occasion:
        return False
    if cause.occasion == "consent_given":
        return cause.purpose == settings.purpose
    return cause.occasion != "segment_entered" or cause.segment_id == settings.segment_id


def log(rule: SendingRule, cause: Cause) -> Logged:
    """The line of a cause in the log of its rule."""
    key = f"{rule.rule_id}:{cause.event_id}:{cause.contact_id}"
    line = (key, rule.rule_id, cause.event_id, cause.contact_id, cause.at)
    if cause.is_import and not rule.settings.takes_imports:
        return Logged(*line, "kept_back", "import")
    return Logged(*line)


def expires(rule: SendingRule) -> timedelta:
    """How long an occasion of the rule waits for its turn."""
    return ANNOUNCEMENT_EXPIRES if rule.settings.occasion in ANNOUNCED else EXPIRES


def digest_week(on_since: datetime, at: datetime) -> str:
    """The week (ISO, `2026-W48`) whose digest is due: since Monday at seven in the morning; empty when none is."""
    local = at.astimezone(LONDON)
    monday = (local - timedelta(days=local.weekday())).replace(hour=7, minute=0, second=0, microsecond=0)
    if not max(on_since, at - EXPIRES) <= monday <= at:
        return ""
    year, week, _ = monday.isocalendar()
    return f"{year}-W{week:02}"


def room(rule: SendingRule, taken: int) -> int:
    """How many messages may go now, when so many went within the last hour."""
    return max(0, min(BATCH, rule.settings.per_hour - taken))


def first_of_each(waiting: Iterable[Logged], limit: int) -> list[Logged]:
    """The first line of each contact: of one mailing a contact gets one message."""
    found: dict[str, Logged] = {}
    for each in waiting:
        if len(found) == limit:
            break
        found.setdefault(each.contact_id, each)
    return list(found.values())


def mailing(
    rule: SendingRule, template: Template, mailing_id: str, recipients: int, taken_at: datetime, at: datetime
) -> Mailing:
    """The messages of a rule that go together, with an audience from the start.

    It has started when its lines were taken: who withdraws from then on is not in what was asked for the audience.
    """
    settings = rule.settings
    draft = MailingDraft(
        subject=template.text.subject,
        body=template.text.body,
        purpose=settings.purpose,
        segment_id=settings.segment_id or "rule",
        segment_name=settings.segment_name,
        template_id=template.template_id,
        template_version=template.version,
    )
    return Mailing(
        mailing_id=mailing_id,
        version=1,
        state="sending",
        draft=draft,
        rule_id=rule.rule_id,
        scheduled_at=at,
        started_at=taken_at,
        frozen_at=at,
        recipients=recipients,
        created_by="rule",
        created_at=at,
        changed_at=at,
    )


def _next(rule: SendingRule, at: datetime, by: str, **fields: object) -> SendingRule:
    return rule.model_copy(update={"version": rule.version + 1, "changed_at": at, "changed_by": by, **fields})
