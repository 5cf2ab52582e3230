"""Records that the search engine refuses: their events go to the parked messages, where staff see and retry them."""

from collections import defaultdict
from collections.abc import Sequence

from services.history.index.port import Refusal
from services.history.log import LogPort
from shared.messaging import Bus

TIMELINE = "history.timeline"
"""The queue that they came from, and go back to."""


def park_refused(log: LogPort, bus: Bus, refusals: Sequence[Refusal]) -> None:
    """Each event once, as the log holds it now. Put back, it is in the log already and goes to the index again."""
    reasons = {each.event_id: each.reason for each in refusals}
    by_reason = defaultdict(list)
    for event in log.find(list(reasons)):
        by_reason[reasons[event.id]].append(event)
    for reason, events in by_reason.items():
        bus.park(TIMELINE, events, f"the search engine refuses it: {reason}")
