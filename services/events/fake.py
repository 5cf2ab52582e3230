"""The engagements repository in memory, for tests of stories; it passes the same contract test as the real one."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from services.events.calendar.fake import FakeMeetings
from services.events.casework.fake import FakeCases
from services.events.photographs.fake import FakePhotographs
from services.events.repository import KNOWN, Held, Stored, redacted_case, redacted_held
from shared.contracts.base import Envelope, Event, read_envelope
from shared.contracts.cases import Case
from shared.contracts.erasure import Traces
from shared.contracts.events import Engagement, Quarantined
from shared.messaging.testbus import MemoryOutbox
from shared.redaction import redact, redact_event


class FakeEngagements:
    """The repository in memory, for tests of stories."""

    def __init__(self) -> None:
        self._engagements: dict[str, Stored] = {}
        self._held: dict[str, Held] = {}
        self.outbox = MemoryOutbox()
        self.cases = FakeCases(self.outbox, self._engagement)
        self.meetings = FakeMeetings(self.outbox)
        self.photographs = FakePhotographs()

    def find(self, engagement_ids: Iterable[str]) -> dict[str, Stored]:
        return {each: self._engagements[each] for each in engagement_ids if each in self._engagements}

    def _engagement(self, engagement_id: str) -> Engagement | None:
        stored = self._engagements.get(engagement_id)
        return stored.engagement if stored else None

    def insert(self, new: Sequence[Stored], outbox: bool = False) -> set[str]:
        there = {each.engagement.engagement_id for each in new} & self._engagements.keys()
        for each in new:
            key = each.engagement.engagement_id
            if key not in there:
                self._engagements[key] = each
                if outbox:
                    self.outbox.add(key, each.recorded)
        return there

    def replace(self, engagement: Engagement, envelope: Envelope[Event], accepted: str | None = None) -> bool:
        standing = self._engagements[engagement.engagement_id]
        if standing.engagement.version != engagement.version - 1:
            return False
        joined = standing.accepted + ((accepted,) if accepted else ())
        self._engagements[engagement.engagement_id] = replace(standing, engagement=engagement, accepted=joined)
        self.outbox.add(engagement.engagement_id, envelope)
        return True

    def redact(self, left: Engagement, envelope: Envelope[Event], traces: Traces, names: bool) -> bool:
        key = left.engagement_id
        self.outbox.rewrite(key, lambda event: read_envelope(redact_event(event.content, traces, names), KNOWN))
        recorded = read_envelope(redact(self._engagements[key].recorded.content, traces, names), KNOWN)
        self._engagements[key] = replace(self._engagements[key], recorded=recorded)
        if (case := self.cases.find(key)) is not None:
            content = redacted_case(case.model_dump(mode="json"), left, traces, names)
            self.cases.kept[key] = Case.model_validate(content)
        return self.replace(left, envelope)

    def redact_held(self, traces: Traces) -> None:
        for key, held in self._held.items():
            left = redacted_held(held.item.model_dump(mode="json"), traces)
            self._held[key] = replace(held, item=Quarantined.model_validate(left))

    def find_by_partner_id(self, partner: str, external_id: str, source: str | None) -> list[str]:
        named: list[tuple[str, str, Engagement | Quarantined]] = [
            (one.recorded.id, key, one.engagement) for key, one in self._engagements.items()
        ]
        named += [(one.quarantined.id, one.engagement_id, one.item) for one in self._held.values()]
        found = [
            (order, key)
            for order, key, one in named
            if (one.partner, one.external_id) == (partner, external_id) and source in (None, one.source)
        ]
        return list(dict.fromkeys(key for _, key in sorted(found, reverse=True)))

    def hold(self, held: Sequence[Held]) -> None:
        for each in held:
            self._held.setdefault(each.item.quarantine_id, each)

    def find_held(self, quarantine_ids: Iterable[str]) -> dict[str, Held]:
        return {each: self._held[each] for each in quarantine_ids if each in self._held}

    def held_for(self, engagement_id: str) -> list[Held]:
        return sorted(
            (each for each in self._held.values() if each.engagement_id == engagement_id),
            key=lambda each: each.quarantined.id,
            reverse=True,
        )

    def replace_held(self, item: Quarantined) -> bool:
        held = self._held[item.quarantine_id]
        if held.item.version != item.version - 1:
            return False
        self._held[item.quarantine_id] = replace(held, item=item)
        return True

    def list_held(
        self, state: str, partner: str | None, limit: int, cursor: str | None
    ) -> list[tuple[str, Quarantined]]:
        found = [
            (each.quarantined.id, each.item)
            for each in self._held.values()
            if each.item.state == state
            and partner in (None, each.item.partner)
            and (not cursor or each.quarantined.id < cursor)
        ]
        return sorted(found, key=lambda each: each[0], reverse=True)[:limit]

    def count_held(self, state: str, partner: str | None) -> int:
        return sum(
            1 for each in self._held.values() if each.item.state == state and partner in (None, each.item.partner)
        )

    def oldest_held(self, state: str, partner: str | None) -> datetime | None:
        found = [
            each for each in self._held.values() if each.item.state == state and partner in (None, each.item.partner)
        ]
        return min(found, key=lambda each: each.quarantined.id).item.received_at if found else None
