"""Photographs in memory, for tests of stories; they pass the same contract test as the real ones."""

from collections.abc import Sequence

from services.events.photographs.domain import Kept
from services.events.photographs.store import Adrift
from shared.contracts.photographs import Photograph


class FakePhotographs:
    """Photographs by id; None: it was removed."""

    def __init__(self) -> None:
        self._kept: dict[str, Kept] = {}
        self._gone: set[str] = set()
        self._adrift: set[str] = set()

    def insert(self, new: Sequence[Kept], is_adrift: bool = False) -> None:
        for each in new:
            if each.photograph_id not in self._kept:
                self._kept[each.photograph_id] = each
                self._adrift |= {each.photograph_id} if is_adrift else set()
                if each.engagement_id in self._gone:
                    self._gone.add(each.photograph_id)

    def of(self, engagement_id: str) -> Sequence[Photograph]:
        found = [each for each in self._there() if each.engagement_id == engagement_id]
        return [
            Photograph(photograph_id=each.photograph_id, added_at=each.at, added_by=each.by)
            for each in sorted(found, key=lambda each: (each.at, each.photograph_id))
        ]

    def find(self, engagement_id: str, photograph_id: str) -> bytes | None:
        asked = (engagement_id, photograph_id)
        return next((each.content for each in self._there() if (each.engagement_id, each.photograph_id) == asked), None)

    def remove(self, engagement_id: str, photograph_id: str) -> None:
        if photograph_id in self._kept and self._kept[photograph_id].engagement_id == engagement_id:
            self._gone.add(photograph_id)

    def forget(self, engagement_id: str) -> None:
        self._gone |= {key for key, each in self._kept.items() if each.engagement_id == engagement_id}
        self._gone.add(engagement_id)

    def is_forgotten(self, engagement_id: str) -> bool:
        return engagement_id in self._gone

    def adrift(self, limit: int) -> Sequence[Adrift]:
        found = [self._kept[each] for each in sorted(self._adrift)][:limit]
        return [Adrift(each.photograph_id, each.engagement_id, each.at) for each in found]

    def settle(self, photograph_ids: Sequence[str]) -> None:
        self._adrift -= set(photograph_ids)

    def drop(self, photograph_ids: Sequence[str]) -> None:
        for each in self._adrift & set(photograph_ids):
            del self._kept[each]
            self._adrift.discard(each)

    def _there(self) -> list[Kept]:
        return [each for key, each in self._kept.items() if key not in self._gone]
