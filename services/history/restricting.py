"""What stands of a case or of a contribution is restricted as its engagement is, also when that is decided later. Pure.

Each such event says whether it was restricted then. A correction may restrict the engagement afterwards, or open it to
everybody; and over several queues what was said before it may come after it.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

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


def put_right(contents: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Those that are restricted otherwise than the latest correction of their engagement, as they should be.

    contents: all corrections, steps of cases and marks of some engagements, in their structured JSON form.
    """
    corrected: dict[str, tuple[int, bool]] = {}
    others = []
    for each in contents:
        if each["type"] in _WHOLE_TYPES:
            engagement = each["data"]["engagement"]
            said = (engagement["version"], engagement["sensitive"])
            corrected[each["subject"]] = max(said, corrected.get(each["subject"], said))
        else:
            others.append((each["data"].get("engagement_id") or each["data"]["contribution_id"], each))
    return [
        {**each, "data": {**each["data"], "sensitive": corrected[key][1]}}
        for key, each in others
        if key in corrected and each["data"]["sensitive"] != corrected[key][1]
    ]
