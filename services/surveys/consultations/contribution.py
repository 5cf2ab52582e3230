"""What an event says of a contribution, and what is counted of contributions. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from shared.contracts.base import Envelope, Event
from shared.contracts.contributions import RESPONSE
from shared.contracts.erasure import EngagementRedacted
from shared.contracts.events import EngagementCorrected, EngagementRecorded
from shared.contracts.surveys import ResponseReceived
from shared.order import order_of

FOLLOWED = (EngagementRecorded, EngagementCorrected, EngagementRedacted, ResponseReceived)
EXCERPT = 500
"""Characters of what was said that are kept here; the whole stays with its owner."""
SURVEY = "survey"
"""The channel of responses."""


@dataclass(frozen=True, slots=True)
class Contributor:
    """A contact who took part, as it was known then."""

    contact_id: str
    groups: tuple[str, ...] = ()
    locality: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """A contribution as it is kept."""

    contribution_id: str
    version: int
    """Of the engagement: the highest stands, in whatever order they come."""
    of: str
    """The consultation or the survey it belongs to; empty when it belongs to none any more."""
    kind: str = ""
    channel: str = ""
    title: str = ""
    excerpt: str = ""
    occurred_at: datetime
    sensitive: bool = False
    contributors: tuple[Contributor, ...] = ()
    themes: tuple[str, ...] = ()
    answered_in: tuple[str, ...] = ()
    """The consultations in which it was answered: a survey may belong to several."""

    @property
    def is_response(self) -> bool:
        """Whether it answers one of our surveys; a partner may report an answer to another as an engagement."""
        return self.contribution_id.startswith("rsp_")

    @property
    def order(self) -> str:
        """Sorts by time; ends in the id, so that no two are alike."""
        return order_of(self.occurred_at) + self.contribution_id


def noted(envelope: Envelope[Event]) -> tuple[Noted, tuple[str, ...]] | None:
    """(the contribution without its contributors, ids of those); None when the event is about none.

    What was corrected and belongs to no consultation is noted too: an earlier version may come later.
    """
    event = envelope.data
    if isinstance(event, ResponseReceived):
        ids = (event.contact_id,) if event.contact_id else ()
        at = event.received_at.astimezone(UTC)
        answer = Noted(
            contribution_id=event.response_id,
            version=1,
            of=event.survey_id,
            kind=RESPONSE,
            channel=SURVEY,
            title=event.title,
            occurred_at=at,
        )
        return answer, ids
    if not isinstance(event, EngagementRecorded | EngagementCorrected | EngagementRedacted):
        raise TypeError(f"{event.type} is no contribution")
    engagement = event.engagement
    if not engagement.consultation_id and isinstance(event, EngagementRecorded):
        return None
    key, at = engagement.engagement_id, engagement.occurred_at.astimezone(UTC)
    if not engagement.consultation_id:
        return Noted(contribution_id=key, version=engagement.version, of="", occurred_at=at), ()
    found = Noted(
        contribution_id=key,
        version=engagement.version,
        of=engagement.consultation_id,
        kind=engagement.kind,
        channel=engagement.channel or "",
        title=engagement.title,
        excerpt=engagement.body[:EXCERPT],
        occurred_at=at,
        sensitive=engagement.sensitive,
    )
    return found, engagement.contact_ids()


def newest(found: Sequence[tuple[Noted, tuple[str, ...]]]) -> dict[str, tuple[Noted, tuple[str, ...]]]:
    """The highest version of each, by its id."""
    kept: dict[str, tuple[Noted, tuple[str, ...]]] = {}
    for each, ids in found:
        if each.contribution_id not in kept or kept[each.contribution_id][0].version < each.version:
            kept[each.contribution_id] = each, ids
    return kept


def is_unanswered(each: Noted, consultation_id: str) -> bool:
    """Whether somebody whom we know waits for an answer; whoever we do not know has the public page."""
    return bool(each.contributors) and consultation_id not in each.answered_in
