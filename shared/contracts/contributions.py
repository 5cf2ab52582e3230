"""Contributions to consultations: answers to their surveys, and engagements that belong to them. Owned by surveys."""

from typing import Annotated, ClassVar

from pydantic import AwareDatetime, Field

from shared.contracts.base import Personal, Request, Value
from shared.contracts.consultations import ConsultationSummary

RESPONSE = "survey_response"
"""The kind of a contribution that is an answer to a survey."""


class Contribution(Value):
    """One thing that somebody said in a consultation."""

    contribution_id: str
    """That of the engagement or of the response."""
    kind: str
    """A kind of engagement, or RESPONSE."""
    channel: str
    """As it was reported; `survey` for a response, empty when nobody said."""
    survey_id: str = ""
    """Of a response."""
    title: Annotated[str, Personal]
    excerpt: Annotated[str, Personal] = ""
    """The beginning of what was said; of a response what was written to long questions."""
    occurred_at: AwareDatetime
    contact_ids: tuple[str, ...] = ()
    sensitive: bool = False


class ChannelCount(Value):
    channel: str
    count: int


class ContributionPage(Value):
    """Contributions with the consultation they belong to."""

    consultation: ConsultationSummary
    total: int
    """Of all, whatever is filtered."""
    channels: tuple[ChannelCount, ...]
    """The most first."""
    contributions: tuple[Contribution, ...]
    next_cursor: str | None = None


class ListContributions(Request[ContributionPage]):
    """The latest first. Without `sensitive` nothing tells that there are restricted ones. NotFound without it."""

    service: ClassVar[str] = "surveys"
    reply: ClassVar = ContributionPage
    consultation_id: str
    channel: str | None = None
    sensitive: bool = False
    limit: Annotated[int, Field(ge=1, le=100)] = 25
    cursor: str | None = None
