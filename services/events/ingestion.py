"""From a batch of partners' events to engagements and quarantine: each is stored before it is published."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from services.events import domain
from services.events.domain import Draft, Inbound
from services.events.repository import Engagements, Held, Stored
from services.events.rules import RejectedError
from shared.contracts.base import Envelope, Event, Unreadable, new_id, read_cloudevent
from shared.contracts.contacts import Resolution, ResolveContacts
from shared.contracts.events import MAX_REPORT_BYTES, Engagement, EngagementQuarantined, Quarantined
from shared.messaging import Bus, RawMessage

SOURCE = "/services/events"
REFERENCES_A_CALL = 1000


def read_inbound(message: RawMessage) -> Inbound:
    """A partner's CloudEvent; over HTTP the web says whose it is, over AMQP the broker does. Raises Unreadable."""
    partner = message.headers.get("partner") if message.own else message.user_id
    if not message.own and len(message.body) > MAX_REPORT_BYTES:
        raise Unreadable(
            f"larger than {MAX_REPORT_BYTES // 1024 // 1024} MB: no partner may report that much at a time"
        )
    if not partner:
        raise Unreadable("its publisher did not say who it is: set the message's user_id to your broker user")
    content = message.json_object()
    read_cloudevent(content)
    headers = message.headers if message.own else {}
    received_at = headers.get("received_at")
    return Inbound(
        partner=str(partner),
        content=content,
        received_at=datetime.fromisoformat(received_at) if received_at else datetime.now(UTC),
        correlationid=str(headers.get("correlation_id") or new_id()),
    )


class Ingestion:
    """Records what can be recorded and quarantines the rest; the same batch again changes nothing and says the same."""

    def __init__(self, repository: Engagements, bus: Bus) -> None:
        self._repository = repository
        self._bus = bus

    def record(self, batch: Sequence[Inbound]) -> list[Envelope[Event]]:
        """The events to publish, once everything is stored."""
        known = self._repository.find({each.engagement_id for each in batch})
        rejected: list[tuple[Inbound, tuple[str, ...], bool]] = []
        drafts: dict[str, tuple[Inbound, Draft]] = {}
        repeated: list[Inbound] = []
        for each in batch:
            if each.engagement_id in known or each.engagement_id in drafts:
                repeated.append(each)
                continue
            try:
                drafts[each.engagement_id] = (each, domain.draft(each))
            except RejectedError as error:
                rejected.append((each, error.reasons, False))
        known |= self._record_new(drafts, rejected)
        # An id whose first event could not be recorded is still free for the next one of this batch.
        again = [each for each in repeated if each.engagement_id not in known]
        repeated = [each for each in repeated if each.engagement_id in known]
        rejected += [_conflict(each) for each in repeated if known[each.engagement_id].digest != each.digest]
        published = [each.recorded for each in known.values()] + self._quarantine(rejected)
        return published + (self.record(again) if again else [])

    def _record_new(
        self,
        drafts: dict[str, tuple[Inbound, Draft]],
        rejected: list[tuple[Inbound, tuple[str, ...], bool]],
    ) -> dict[str, Stored]:
        """Store the engagements of the drafts; where another process was faster, what it stored."""
        resolved = resolve(self._bus, [draft for _, draft in drafts.values()])
        new: dict[str, Stored] = {}
        for key, (inbound, draft) in drafts.items():
            try:
                new[key] = stored(domain.engagement(draft, resolved[key]), inbound.digest, inbound)
            except RejectedError as error:
                rejected.append((inbound, error.reasons, False))
        lost = self._repository.insert(list(new.values()))
        there = self._repository.find(lost) if lost else {}
        rejected += [_conflict(drafts[key][0]) for key in lost if there[key].digest != new[key].digest]
        return new | there

    def _quarantine(self, rejected: Sequence[tuple[Inbound, tuple[str, ...], bool]]) -> list[Envelope[Event]]:
        held = {(one := _held(*each)).item.quarantine_id: one for each in rejected}
        if not held:
            return []
        self._repository.hold(list(held.values()))
        return [each.quarantined for each in self._repository.find_held(held).values()]


def resolve(bus: Bus, drafts: Sequence[Draft]) -> dict[str, list[Resolution]]:
    """Asks contacts who is named, in one call (for up to 1,000 people); mentions resolve to nobody."""
    found = {each.engagement_id: [Resolution()] * len(each.references) for each in drafts}
    named = [
        (each.engagement_id, place, reference)
        for each in drafts
        for place, reference in enumerate(each.references)
        if reference.identifiers
    ]
    for start in range(0, len(named), REFERENCES_A_CALL):
        chunk = named[start : start + REFERENCES_A_CALL]
        answer = bus.call(ResolveContacts(references=tuple(one for _, _, one in chunk)))
        for (key, place, _), resolution in zip(chunk, answer.resolutions, strict=True):
            found[key][place] = resolution
    return found


def stored(engagement: Engagement, digest: str, cause: Inbound | Draft | Held) -> Stored:
    """An engagement with the event it is recorded by."""
    event: Event = domain.record(engagement)
    recorded = Envelope(event, SOURCE, engagement.engagement_id, engagement.version, cause.correlationid)
    return Stored(engagement, recorded, digest)


def _conflict(each: Inbound) -> tuple[Inbound, tuple[str, ...], bool]:
    reason = "id: this id was used before with another body; the first stays recorded, this one waits for a decision"
    return each, (reason,), True


def _held(inbound: Inbound, reasons: tuple[str, ...], conflict: bool) -> Held:
    key = domain.quarantine_id(inbound)
    event = EngagementQuarantined(
        quarantine_id=key,
        partner=inbound.partner,
        source=inbound.source,
        external_id=inbound.external_id,
        reasons=reasons,
        conflict=conflict,
    )
    item = Quarantined(
        quarantine_id=key,
        partner=inbound.partner,
        source=inbound.source,
        external_id=inbound.external_id,
        type=str(inbound.content.get("type")),
        reasons=reasons,
        conflict=conflict,
        state="open",
        received_at=inbound.received_at,
        original=inbound.content,
        engagement_id=inbound.engagement_id if conflict else None,
    )
    envelope: Envelope[Any] = Envelope(event, SOURCE, key, 1, inbound.correlationid)
    return Held(item, envelope, inbound.engagement_id, inbound.correlationid)
