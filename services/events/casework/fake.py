"""Cases in memory, for tests of stories; they pass the same contract test as the real ones."""

from collections.abc import Callable, Sequence

from services.events.casework.store import Place, closed_order, live_order
from shared.contracts.base import Envelope, Event
from shared.contracts.cases import Case
from shared.contracts.events import Engagement
from shared.messaging.testbus import MemoryOutbox


class FakeCases:
    """Cases by the id of their engagement; `engagement_of` gives the engagement as it stands."""

    def __init__(self, outbox: MemoryOutbox, engagement_of: Callable[[str], Engagement | None]) -> None:
        self.kept: dict[str, Case] = {}
        self._outbox = outbox
        self._engagement_of = engagement_of

    def find(self, engagement_id: str) -> Case | None:
        return self.kept.get(engagement_id)

    def open(self, case: Case, envelope: Envelope[Event]) -> bool:
        if case.engagement_id in self.kept or self._engagement_of(case.engagement_id) is None:
            return False
        return self._keep(case, envelope)

    def replace(self, case: Case, envelope: Envelope[Event] | None = None) -> bool:
        standing = self.kept.get(case.engagement_id)
        if standing is None or standing.version != case.version - 1:
            return False
        return self._keep(case, envelope)

    def live(self, limit: int) -> Sequence[Place]:
        found = [self._place(live_order(each), each) for each in self.kept.values() if each.outcome is None]
        return sorted(found, key=lambda each: each.order)[:limit]

    def closed(self, limit: int, cursor: str | None) -> Sequence[Place]:
        found = [self._place(closed_order(each), each) for each in self.kept.values() if each.outcome]
        after = [each for each in found if not cursor or each.order < cursor]
        return sorted(after, key=lambda each: each.order, reverse=True)[:limit]

    def _keep(self, case: Case, envelope: Envelope[Event] | None) -> bool:
        self.kept[case.engagement_id] = case
        if envelope is not None:
            self._outbox.add(case.engagement_id, envelope)
        return True

    def _place(self, order: str, case: Case) -> Place:
        engagement = self._engagement_of(case.engagement_id)
        assert engagement is not None
        return Place(order, engagement.model_copy(update={"body": ""}), case)
