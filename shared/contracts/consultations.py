"""Consultations: dated exercises around a decision, from the draft to the outcome. Owned by services/surveys."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AwareDatetime, Field, model_validator

from shared.contracts.base import Event, Request, Value
from shared.contracts.representation import Figures, Representation
from shared.contracts.surveys import SurveySummary

State = Literal["draft", "open", "closed", "published"]
"""`published`: what came of it can be read by everybody; nothing of it is changed any more."""
Code = Annotated[str, Field(max_length=100)]
Id = Annotated[str, Field(min_length=1, max_length=100)]


class Document(Value):
    """Something to read before one answers: an address elsewhere, a text, or both."""

    title: Annotated[str, Field(min_length=1, max_length=200)]
    url: Annotated[str, Field(max_length=2000, pattern=r"^(https?://.+)?$")] = ""
    text: Annotated[str, Field(max_length=20_000)] = ""

    @model_validator(mode="after")
    def _can_be_read(self) -> Self:
        if not self.url and not self.text:
            raise ValueError("a document needs an address or a text")
        return self


class Target(Value):
    """People who should be heard: a stakeholder group in a locality, and how many there are."""

    group: Code = ""
    """Empty: everybody."""
    locality: Code = ""
    """Empty: everywhere."""
    expected: Annotated[int, Field(ge=1, le=100_000_000)]


class Plan(Value):
    """What staff decide of a consultation."""

    title: Annotated[str, Field(min_length=1, max_length=200)]
    about: Annotated[str, Field(max_length=20_000)] = ""
    """What is to be decided, and why."""
    decider: Annotated[str, Field(max_length=200)] = ""
    """The body or office that decides."""
    can_change: Annotated[str, Field(max_length=5_000)] = ""
    """What is not decided yet: what people say can still change it."""
    opens_on: date | None = None
    """It opens by itself at the start of this local day; None: by hand."""
    closes_on: date | None = None
    """The last day; it closes by itself at its end."""
    documents: Annotated[tuple[Document, ...], Field(max_length=20)] = ()
    targets: Annotated[tuple[Target, ...], Field(max_length=100)] = ()
    survey_ids: Annotated[tuple[Id, ...], Field(max_length=20)] = ()
    """They are opened and closed with it."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.opens_on and self.closes_on and self.closes_on < self.opens_on:
            raise ValueError("the last day is before the first")
        check_targets(self.targets)
        return self

    def localities(self) -> tuple[str, ...]:
        """Where people should be heard, each once; empty: everywhere, or it is not said."""
        return tuple(dict.fromkeys(each.locality for each in self.targets if each.locality))


def check_targets(targets: Sequence[Target]) -> None:
    """Raises ValueError when one target is named twice or contains another: a part can be reckoned from a whole."""
    known = {(each.group, each.locality) for each in targets}
    if len(known) < len(targets):
        raise ValueError("one group and locality is named twice")
    for group, locality in known:
        if {(group, ""), ("", locality), ("", "")} & (known - {(group, locality)}):
            raise ValueError("one target contains another: name either the parts or the whole")


class Theme(Value):
    """Something that several contributions are about, and what came of it."""

    theme_id: Id
    title: Annotated[str, Field(min_length=1, max_length=200)]
    we_asked: Annotated[str, Field(max_length=5_000)] = ""
    you_said: Annotated[str, Field(max_length=5_000)] = ""
    we_did: Annotated[str, Field(max_length=5_000)] = ""


Themes = Annotated[tuple[Theme, ...], Field(max_length=50)]
Decision = Annotated[str, Field(max_length=20_000)]


class _Standing(Value):
    """What is known of a consultation as it stands at `version`."""

    consultation_id: str
    version: int
    state: State
    slug: str = ""
    """What it is called in its public address: given when it opens for the first time, and never changed."""
    opened_at: AwareDatetime | None = None
    """When it was opened last; None while it has never been."""
    closed_at: AwareDatetime | None = None
    """When it was closed last; None while it is open."""
    published_at: AwareDatetime | None = None
    created_at: AwareDatetime
    created_by: str
    changed_at: AwareDatetime
    changed_by: str


class ConsultationSummary(_Standing):
    """A consultation as lists show it."""

    title: str
    opens_on: date | None = None
    closes_on: date | None = None


class Consultation(_Standing):
    """A consultation whole."""

    plan: Plan
    themes: Themes = ()
    decision: Decision = ""
    figures: Figures | None = None
    """As they were when its outcome was published."""


# -- events -----------------------------------------------------------------------------------------


class _OfConsultation(Value):
    """What every event about a consultation says."""

    consultation_id: str
    title: str
    localities: tuple[str, ...] = ()
    """Where people should be heard; empty: everywhere, or it is not said."""
    at: AwareDatetime


class ConsultationOpened(_OfConsultation, Event):
    """Published when people may take part in a consultation, by hand or because its first day has come."""

    type: ClassVar[str] = "wellheard.consultation.opened.v1"
    closes_on: date | None
    opened_by: str


class ConsultationClosed(_OfConsultation, Event):
    """Published when nobody can take part any more, by hand or because its last day is over."""

    type: ClassVar[str] = "wellheard.consultation.closed.v1"
    closed_by: str


class OutcomePublished(_OfConsultation, Event):
    """Published when everybody can read what came of a consultation. It names nobody who took part."""

    type: ClassVar[str] = "wellheard.outcome.published.v1"
    published_by: str
    outcome: Annotated[str, Field(max_length=100_000)] = ""
    """The decision and the themes as everybody can read them, so that they are found by their words."""


# -- requests ---------------------------------------------------------------------------------------


class CreateConsultation(Request[Consultation]):
    """A draft. The same `request_id` again is the same consultation."""

    service: ClassVar[str] = "surveys"
    reply: ClassVar = Consultation
    request_id: str
    plan: Plan
    by: str = "staff"


class ChangeConsultation(Request[Consultation]):
    """Another plan, if nobody changed it since `version` (else Conflict). Not once its outcome is published."""

    service: ClassVar[str] = "surveys"
    reply: ClassVar = Consultation
    consultation_id: str
    version: int
    plan: Plan
    by: str = "staff"


class OpenConsultation(Request[Consultation]):
    """Let people take part, for the first time or again; its surveys open with it."""

    service: ClassVar[str] = "surveys"
    reply: ClassVar = Consultation
    consultation_id: str
    version: int
    by: str = "staff"


class CloseConsultation(Request[Consultation]):
    """Take no more contributions; its surveys close with it, but for those that another open consultation has too."""

    service: ClassVar[str] = "surveys"
    reply: ClassVar = Consultation
    consultation_id: str
    version: int
    by: str = "staff"


class WriteOutcome(Request[Consultation]):
    """The decision and its themes, if nobody changed it since `version` (else Conflict). Not once it is published."""

    service: ClassVar[str] = "surveys"
    reply: ClassVar = Consultation
    consultation_id: str
    version: int
    decision: Decision = ""
    themes: Themes = ()
    by: str = "staff"


class AddTheme(Request[Consultation]):
    """One more theme; one of the same title is the same theme. Not once the outcome is published."""

    service: ClassVar[str] = "surveys"
    reply: ClassVar = Consultation
    consultation_id: str
    title: Annotated[str, Field(min_length=1, max_length=200)]
    by: str = "staff"


class PublishOutcome(Request[Consultation]):
    """Let everybody read what came of it: the end of a closed consultation. Conflict while something is missing."""

    service: ClassVar[str] = "surveys"
    reply: ClassVar = Consultation
    consultation_id: str
    version: int
    by: str = "staff"


Principle = Literal["formative", "information", "time"]
"""What makes a consultation fair before it opens (the Gunning principles): something can still be changed, there is
enough to read, and enough time. The fourth, that what was said is taken into account, is its outcome."""


class Hint(Value):
    """One principle, and what is still missing for it."""

    principle: Principle
    missing: str = ""
    """A sentence; empty when nothing is."""


class ConsultationDetail(Value):
    """A consultation with all that its page shows of it."""

    consultation: Consultation
    surveys: tuple[SurveySummary, ...]
    hints: tuple[Hint, ...]
    missing: str = ""
    """What the outcome of a closed consultation still needs before it can be published: a sentence."""
    unanswered: int = 0
    """Contributions of people whom we know and have not answered; restricted ones do not count."""
    meetings: int = 0
    """Contributions that are meetings."""
    contributions: int = 0
    """Without restricted ones."""
    heard: Representation = Representation()


class GetConsultation(Request[ConsultationDetail]):
    """NotFound when there is none."""

    service: ClassVar[str] = "surveys"
    reply: ClassVar = ConsultationDetail
    consultation_id: str


class ConsultationList(Value):
    consultations: tuple[ConsultationSummary, ...]
    next_cursor: str | None = None


class ListConsultations(Request[ConsultationList]):
    """The newest first, of one state or of all."""

    service: ClassVar[str] = "surveys"
    reply: ClassVar = ConsultationList
    state: State | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 25
    cursor: str | None = None
