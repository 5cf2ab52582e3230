"""What an event says of a contribution, and what is counted of contributions. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from shared.contracts.base import Envelope, Event
from shared.contracts.consultations import Consultation
from shared.contracts.contributions import RESPONSE, ContributionMarked
from shared.contracts.erasure import ContactErased, EngagementRedacted
from shared.contracts.events import Engagement, EngagementCorrected, EngagementRecorded
from shared.contracts.merging import ContactsMerged, ContactsUnmerged
from shared.contracts.notifications import MessagesSent
from shared.contracts.surveys import ResponseReceived
from shared.order import order_of

FOLLOWED = (
    EngagementRecorded,
    EngagementCorrected,
    EngagementRedacted,
    ResponseReceived,
    MessagesSent,
    ContactErased,
    ContactsMerged,
    ContactsUnmerged,
)
"""What is said, that somebody was told what came of it, who is to be forgotten, and who turns out to be the same."""
EXCERPT = 500
"""Characters of what was said that are kept here; the whole stays with its owner."""
SURVEY, PAPER = "survey", "paper"
"""The channels of responses."""


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
    """(the contribution without its contributors, ids of those); None when the event is about none."""
    event = envelope.data
    if isinstance(event, ResponseReceived):
        return _of_response(event), (event.contact_id,) if event.contact_id else ()
    if isinstance(event, EngagementRecorded) and not event.engagement.consultation_id:
        return None
    if isinstance(event, EngagementRecorded | EngagementCorrected | EngagementRedacted):
        return _of_engagement(event.engagement), event.engagement.contact_ids()
    return None


def _of_response(event: ResponseReceived) -> Noted:
    return Noted(
        contribution_id=event.response_id,
        version=1,
        of=event.survey_id,
        kind=RESPONSE,
        channel=PAPER if event.channel == PAPER else SURVEY,
        title=event.title,
        occurred_at=event.received_at.astimezone(UTC),
    )


def _of_engagement(engagement: Engagement) -> Noted:
    """What was corrected and belongs to none is noted too, without words: an earlier version may come later."""
    key, at = engagement.engagement_id, engagement.occurred_at.astimezone(UTC)
    if not engagement.consultation_id:
        return Noted(contribution_id=key, version=engagement.version, of="", occurred_at=at)
    return Noted(
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


def marked(each: Noted, consultation: Consultation, answered: bool, now: datetime, by: str) -> ContributionMarked:
    """What is told of a contribution that staff have said to be answered, or not to be after all."""
    return ContributionMarked(
        contribution_id=each.contribution_id,
        kind=each.kind,
        consultation_id=consultation.consultation_id,
        title=consultation.plan.title,
        contact_ids=tuple(one.contact_id for one in each.contributors),
        sensitive=each.sensitive,
        answered=answered,
        at=now,
        by=by,
    )


def only_in_results(responses: Mapping[str, int], said: Iterable[Noted]) -> int:
    """How many responses that count stand in no list: nothing tells of each answer to an anonymous survey.

    responses: how many count, by survey.
    """
    listed = Counter(each.of for each in said if each.is_response)
    return sum(max(0, number - listed[survey_id]) for survey_id, number in responses.items())
