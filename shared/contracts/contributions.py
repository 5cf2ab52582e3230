"""Contributions to consultations: answers to their surveys, and engagements that belong to them. Owned by surveys."""

from datetime import date
from typing import Annotated, ClassVar

from pydantic import AwareDatetime, Field

from shared.contracts.base import Event, Personal, Request, Value
from shared.contracts.consultations import ConsultationSummary, Document, State
from shared.contracts.representation import ChannelShown

RESPONSE = "survey_response"
"""The kind of a contribution that is an answer to a survey."""


class Contribution(Value):
    """One thing that somebody said in a consultation."""

    contribution_id: str
    """That of the engagement or of the response."""
    kind: str
    """A kind of engagement, or RESPONSE."""
    channel: str
    """As it was reported; `survey` or `paper` for a response, empty when nobody said."""
    survey_id: str = ""
    """Of a response."""
    title: Annotated[str, Personal]
    excerpt: Annotated[str, Personal] = ""
    """The beginning of what was said; of a response what was written to long questions."""
    occurred_at: AwareDatetime
    contact_ids: tuple[str, ...] = ()
    sensitive: bool = False
    theme_ids: tuple[str, ...] = ()
    answered: bool = False
    """Everybody who made it was told of the outcome, or staff have answered."""


class ThemeCount(Value):
    theme_id: str
    title: str
    count: int


class ChannelCount(Value):
    channel: str
    count: int


class ContributionPage(Value):
    """Contributions with the consultation they belong to."""

    consultation: ConsultationSummary
    total: int
    """Of all that are listed, whatever is filtered."""
    only_in_results: int = 0
    """Responses that stand in the results of its surveys only: nothing tells of each answer to an anonymous survey."""
    channels: tuple[ChannelCount, ...]
    """The most first."""
    themes: tuple[ThemeCount, ...] = ()
    unanswered: int = 0
    """Of people whom we know: whoever cannot be told is answered by the public page."""
    contributions: tuple[Contribution, ...]
    next_cursor: str | None = None


class ListContributions(Request[ContributionPage]):
    """The latest first. Without `sensitive` nothing tells that there are restricted ones. NotFound without it."""

    service: ClassVar[str] = "surveys"
    reply: ClassVar = ContributionPage
    consultation_id: str
    channel: str | None = None
    kind: str | None = None
    theme_id: str | None = None
    unanswered: bool = False
    """Only those of people whom we know and have not answered."""
    sensitive: bool = False
    limit: Annotated[int, Field(ge=1, le=100)] = 25
    cursor: str | None = None


class ContributionMarked(Event):
    """Published when staff have said that a contribution is answered, or that it is not after all.

    None of its words stand in it. The aggregate is what was said in one consultation: a survey may belong to several.
    """

    type: ClassVar[str] = "wellheard.contribution.marked.v1"
    contribution_id: str
    kind: str
    """As in a `Contribution`."""
    consultation_id: str
    title: str
    """Of the consultation."""
    contact_ids: tuple[str, ...] = ()
    """Who made it, as far as we know them."""
    sensitive: bool = False
    answered: bool
    at: AwareDatetime
    by: str


class Changed(Value):
    """How many contributions a command was about."""

    count: int


Chosen = Annotated[tuple[str, ...], Field(max_length=100)]


class GiveTheme(Request[Changed]):
    """Say that contributions are about a theme, or (`taken`) that they are not. NotFound without it; repeatable."""

    service: ClassVar[str] = "surveys"
    reply: ClassVar = Changed
    consultation_id: str
    contribution_ids: Chosen
    theme_id: str
    taken: bool = False
    sensitive: bool = False
    """Also restricted ones; for others there are none of these ids."""
    by: str = "staff"


class MarkAnswered(Request[Changed]):
    """Say that staff have answered contributions themselves, or that they have not after all; repeatable."""

    service: ClassVar[str] = "surveys"
    reply: ClassVar = Changed
    consultation_id: str
    contribution_ids: Chosen
    answered: bool = True
    sensitive: bool = False
    by: str = "staff"


class ContributorPage(Value):
    contact_ids: tuple[str, ...]
    next: str | None = None


class ListContributors(Request[ContributorPage]):
    """Contacts who took part, in an order that means nothing; for whoever was merged the one that stands for them."""

    service: ClassVar[str] = "surveys"
    reply: ClassVar = ContributorPage
    consultation_id: str
    after: str | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 1000


# -- what everybody may read ------------------------------------------------------------------------


class PublicSurvey(Value):
    survey_id: str
    title: str


class PublicTheme(Value):
    title: str
    we_asked: str
    you_said: str
    we_did: str
    contributions: int | None
    """None: too few to be said, or the others would say it."""


class PublicTarget(Value):
    group: str
    locality: str
    expected: int
    heard: int | None
    missing: bool = False
    """Heard much less than the others, as far as the numbers that are shown say so; only `so_far`."""


class PublicConsultation(Value):
    """A consultation with nothing about anybody. What came of it stands here once it is published."""

    consultation_id: str
    slug: str = ""
    state: State
    title: str
    about: str
    decider: str
    can_change: str
    documents: tuple[Document, ...]
    closes_on: date | None
    published_at: AwareDatetime | None
    surveys: tuple[PublicSurvey, ...] = ()
    """Open ones."""
    decision: str = ""
    themes: tuple[PublicTheme, ...] = ()
    contributions: int | None = None
    channels: tuple[ChannelShown, ...] = ()
    targets: tuple[PublicTarget, ...] = ()
    rest: int | None = None
    total: int | None = None
    score: float | None = None


class GetPublicConsultation(Request[PublicConsultation]):
    """By its id, or by what it is called in its address. NotFound for a draft.

    `preview`: with the outcome of a closed one as it would be published, for staff. `so_far`: with who is heard by now,
    for staff who are not to read contributions; also of a draft.
    """

    service: ClassVar[str] = "surveys"
    reply: ClassVar = PublicConsultation
    consultation_id: str
    preview: bool = False
    so_far: bool = False


class PublicList(Value):
    open: tuple[ConsultationSummary, ...]
    ended: tuple[ConsultationSummary, ...]
    """Closed ones, and those whose outcome is published."""
    next_cursor: str | None = None
    """Of those that have ended."""


class ListPublicConsultations(Request[PublicList]):
    """The newest first; open ones on the first page only."""

    service: ClassVar[str] = "surveys"
    reply: ClassVar = PublicList
    limit: Annotated[int, Field(ge=1, le=100)] = 25
    cursor: str | None = None
