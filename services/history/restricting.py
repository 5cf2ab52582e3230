"""What stands of a case or of a contribution is restricted as its engagement is, also when that is decided later. Pure.

Each such event says whether it was restricted then. A correction may restrict the engagement afterwards, or open it to
everybody; and over several queues what was said before it may come after it.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

from services.history.case_entries import CASE_EVENTS
from shared.contracts.base import Event
from shared.contracts.contributions import RESPONSE, ContributionMarked
from shared.contracts.erasure import EngagementRedacted
from shared.contracts.events import EngagementCorrected

_WHOLE = (EngagementCorrected, EngagementRedacted)
_WHOLE_TYPES = {each.type for each in _WHOLE}
_ENGAGEMENT_OF: dict[type[Event], Callable[[Any], str]] = {
    **dict.fromkeys(_WHOLE, lambda event: event.engagement.engagement_id),
    **dict.fromkeys(CASE_EVENTS, lambda event: event.engagement_id),
    ContributionMarked: lambda event: event.contribution_id if event.kind != RESPONSE else "",
}


def engagement_of(event: Event) -> str:
    """The id of the engagement that it corrects, or of whose case or answer it tells; empty for any other event."""
    find = _ENGAGEMENT_OF.get(type(event))
    return find(event) if find else ""


class Told(NamedTuple):
    """What an event says of whether an engagement is restricted."""

    event_id: str
    engagement_id: str
    version: int
    """Of the engagement, when the event corrects it; else 0."""
    sensitive: bool


SAYS = ("id", "type", "data.sensitive", "data.engagement.sensitive", "data.engagement.version")
"""The fields of an event that `told_by` reads: the words of many corrections are not needed."""


def told_by(engagement_id: str, content: Mapping[str, Any]) -> Told:
    """content: the structured JSON form, `SAYS` of it at least."""
    data = content["data"]
    if content["type"] in _WHOLE_TYPES:
        return Told(content["id"], engagement_id, data["engagement"]["version"], data["engagement"]["sensitive"])
    return Told(content["id"], engagement_id, 0, data["sensitive"])


def differing(told: Collection[Told]) -> dict[str, bool]:
    """Whether they should be restricted: the steps and marks that say otherwise than the latest correction, by id.

    told: everything that is told of some engagements.
    """
    latest: dict[str, bool] = {}
    for each in sorted(told, key=lambda each: each.version):
        if each.version:
            latest[each.engagement_id] = each.sensitive
    return {
        each.event_id: not each.sensitive
        for each in told
        if not each.version and each.sensitive != latest.get(each.engagement_id, each.sensitive)
    }


def restricted(content: Mapping[str, Any], sensitive: bool) -> dict[str, Any]:
    """The event as it says so."""
    return {**content, "data": {**content["data"], "sensitive": sensitive}}
