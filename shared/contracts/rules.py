"""Rules by which messages are sent by themselves: when this happens, send that. Owned by services/notifications."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import AwareDatetime, Field, model_validator

from shared.contracts.base import Personal, Request, Value
from shared.contracts.consent import Purpose
from shared.contracts.notifications import EndState
from shared.contracts.templates import PutAway

Announced = Literal["consultation_opened", "outcome_published"]
ANNOUNCED: tuple[Announced, ...] = ("consultation_opened", "outcome_published")
"""Occasions that name nobody: the segment is told of the first, whoever took part of the second, once of each."""
Occasion = Literal[
    "contact_registered", "consent_given", "segment_entered", "case_answered", "case_late", "weekly_digest",
    "consultation_opened", "outcome_published",
]  # fmt: skip
"""What a rule waits for. `consent_given` is of the rule's own purpose, by e-mail. `case_answered`: otherwise than by
e-mail, which brings the answer itself. `case_late`: not answered within seven days. `weekly_digest`: Monday at seven in
the morning, when enquiries or complaints wait for an answer; it goes to the rule's owners."""
LogState = Literal["waiting", "taken", "kept_back"]
"""`taken`: handed to the sender; the ledger says what became of it."""
KeptBack = Literal["", "import", "expired", "switched_off", "had_it", "nothing_waits"]
"""Why a message was not handed to the sender. `import`: an import brought it about, and the rule leaves those out.
`expired`: it waited too long. `had_it`: the contact has had the rule's message before.
`nothing_waits`: there was nothing to tell the owners."""


class RuleSettings(Value):
    """What staff decide of a rule."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    occasion: Occasion
    template_id: Annotated[str, Field(min_length=1, max_length=100)]
    purpose: Purpose
    segment_id: Annotated[str, Field(max_length=100)] = ""
    """For `segment_entered` the segment that is meant, for `consultation_opened` the one that is told. Else: only who
    is in it when the message is sent; empty: all."""
    segment_name: Annotated[str, Field(max_length=200)] = ""
    """Filled in when the rule is saved."""
    repeats: bool = False
    """Whether it sends to the same contact again when the same happens again."""
    takes_imports: bool = False
    """Whether it also sends for what an import has brought about."""
    per_hour: Annotated[int, Field(ge=1, le=5000)] = 100
    """At most so many messages in an hour; the others wait for their turn."""

    owners: Annotated[tuple[Annotated[str, Personal, Field(min_length=3, max_length=320)], ...], Personal] = Field(
        default=(), max_length=20
    )
    """E-mail addresses of staff that a digest goes to."""

    @model_validator(mode="after")
    def _names_whom_it_is_for(self) -> Self:
        if self.occasion in ("segment_entered", "consultation_opened") and not self.segment_id:
            raise ValueError("choose the segment")
        if self.occasion == "weekly_digest" and not self.owners:
            raise ValueError("name the owners")
        return self


class SendingRule(Value):
    """A rule as it stands at `version`."""

    rule_id: str
    version: int
    settings: RuleSettings
    template_version: int
    """The version of the template that was the newest when the rule was saved: that one is sent."""
    on_since: AwareDatetime | None = None
    """What happened before is no occasion. None: the rule is off."""
    changed_by: str
    changed_at: AwareDatetime
    put_away: PutAway | None = None
    """One that is put away is off, and stays off."""

    @property
    def is_on(self) -> bool:
        return self.on_since is not None


class RuleProgress(Value):
    """A rule with what it has come to."""

    rule: SendingRule
    template_name: str
    newest_template_version: int
    waiting: int
    """Messages that wait for their turn, counted up to 10,000."""


class RuleList(Value):
    items: tuple[SendingRule, ...]


class CreateRule(Request[SendingRule]):
    """Save a rule; it is off until it is switched on. The same `request_id` again is the same rule."""

    service: ClassVar[str] = "notifications"
    reply: ClassVar = SendingRule
    request_id: str
    settings: RuleSettings
    by: str = "staff"


class ChangeRule(Request[SendingRule]):
    """Save other settings, if nobody changed it since `version` (else Conflict). It is off until switched on again."""

    service: ClassVar[str] = "notifications"
    reply: ClassVar = SendingRule
    rule_id: str
    version: int
    settings: RuleSettings
    by: str = "staff"


class SwitchRule(Request[SendingRule]):
    """Let a rule send from now on, or no more: what waits then is let go."""

    service: ClassVar[str] = "notifications"
    reply: ClassVar = SendingRule
    rule_id: str
    version: int
    on: bool
    by: str = "staff"


class PutAwayRule(Request[SendingRule]):
    """Switch a rule off and offer it nowhere any more. Conflict if somebody changed it since `version`."""

    service: ClassVar[str] = "notifications"
    reply: ClassVar = SendingRule
    rule_id: str
    version: int
    by: str = "staff"


class TakeOutRule(Request[SendingRule]):
    """Undo PutAwayRule; it is off. Conflict while its template is put away."""

    service: ClassVar[str] = "notifications"
    reply: ClassVar = SendingRule
    rule_id: str
    by: str = "staff"


class GetRule(Request[RuleProgress]):
    service: ClassVar[str] = "notifications"
    reply: ClassVar = RuleProgress
    rule_id: str


class Choice(Value):
    """Something that a rule may name."""

    id: str
    name: str


class RuleForm(Value):
    """What somebody needs who writes or changes a rule."""

    rule: SendingRule | None = None
    templates: tuple[Choice, ...]
    segments: tuple[Choice, ...] | None
    """None while contacts does not answer."""


class GetRuleForm(Request[RuleForm]):
    """A rule as it stands (without an id: none yet), and what it may name."""

    service: ClassVar[str] = "notifications"
    reply: ClassVar = RuleForm
    rule_id: str = ""


class ListRules(Request[RuleList]):
    """Every rule that can be used (or every one that is put away), by name."""

    service: ClassVar[str] = "notifications"
    reply: ClassVar = RuleList
    put_away: bool = False


class RulePreview(Value):
    """Who would have got the message, of those to whom the occasion came last."""

    looked_at: int
    names: Annotated[tuple[str, ...], Personal]
    """Of the first 20 who would."""
    would_get: int
    kept_back: dict[str, int]
    """Rule of the ledger -> people nothing would have been sent to."""
    digest: tuple[str, ...] = ()
    """What a digest would say now, line by line."""


class PreviewRule(Request[RulePreview]):
    """Look at the latest 100 to whom the occasion came (of a segment: at 100 members) as if the rule had been on."""

    service: ClassVar[str] = "notifications"
    reply: ClassVar = RulePreview
    rule_id: str


class RuleLine(Value):
    """Why one message of a rule went, or did not go."""

    rule_id: str
    contact_id: str
    """Empty for an owner."""
    name: Annotated[str, Personal] = ""
    """As the ledger has it; empty before."""
    event_id: str
    """The event that was the occasion; of a digest the week."""
    occurred_at: AwareDatetime
    state: LogState
    kept_back: KeptBack = ""
    mailing_id: str = ""
    outcome: EndState | None = None
    """What the ledger says; None before it does."""
    rule: str = ""
    """The ledger's rule against it, when it was suppressed."""
    consent_id: str | None = None
    """The statement that allowed it."""


class RuleLog(Value):
    items: tuple[RuleLine, ...]
    next_cursor: str | None = None


class ListRuleLog(Request[RuleLog]):
    """Why each message of a rule went or did not go, the newest occasion first."""

    service: ClassVar[str] = "notifications"
    reply: ClassVar = RuleLog
    rule_id: str
    limit: Annotated[int, Field(ge=1, le=100)] = 50
    cursor: str | None = None
