"""The events service: engagements and the quarantine. Entry points only; the rules are in domain.py."""

from datetime import UTC, datetime
from typing import ClassVar

from services.events import domain
from services.events.calendar import domain as calendar_domain
from services.events.calendar.desk import Calendar, engagement_id_of, request_of
from services.events.calendar.domain import Kept
from services.events.calendar.entry import CalendarEntry
from services.events.casework.desk import NO_ENGAGEMENT, CaseDesk
from services.events.casework.entry import CaseEntry
from services.events.domain import Draft, Inbound
from services.events.erasure import ErasureEntry
from services.events.ingestion import SOURCE, Ingestion, read_inbound, resolve, stored
from services.events.photographs.entry import PhotographEntry
from services.events.repository import Engagements, Held, MongoEngagements, Stored
from services.events.rules import RejectedError, read_reported
from shared.contracts.base import Envelope, Event
from shared.contracts.events import (
    CorrectEngagement,
    CorrectQuarantined,
    DiscardQuarantined,
    Engagement,
    EventStatus,
    GetEngagement,
    GetEventStatus,
    GetQuarantined,
    ListQuarantine,
    Quarantined,
    QuarantineList,
    RecordEngagement,
    ReplayQuarantined,
)
from shared.contracts.meetings import Meeting, PlannedMeeting, RecordAttendance
from shared.errors import Conflict, Invalid, NotFound
from shared.logs import correlation_id
from shared.messaging import Bus, on_batch, rpc
from shared.messaging.topology import INBOUND, PARTNERS
from shared.mongo import connect
from shared.settings import Settings

CHANGED_MEANWHILE = "Somebody else changed this in the meantime. Look at it again, then decide."


class EventsService(CaseEntry, CalendarEntry, PhotographEntry, ErasureEntry):
    """Records engagements; what commands publish waits in the documents' outboxes."""

    name: ClassVar[str] = "events"

    def __init__(self, repository: Engagements, bus: Bus, public_url: str = "") -> None:
        self._repository = repository
        self._bus = bus
        self._ingestion = Ingestion(repository, bus)
        self._cases = CaseDesk(repository, bus)
        self._calendar = Calendar(repository.meetings, bus, public_url)
        self.outbox = repository.outbox

    @on_batch(INBOUND, read=read_inbound, exchange=PARTNERS, size=500, linger=0.05, consumers=2)
    def record_reported(self, batch: list[Inbound]) -> list[Envelope[Event]]:
        """What partners reported, over HTTP and over AMQP, and what people sent with our public forms."""
        recorded = self._ingestion.record(batch)
        self._cases.open_from_website(recorded)
        return recorded

    @rpc
    def record_engagement(self, request: RecordEngagement) -> Engagement:
        """What staff log; the same request again is the same engagement."""
        return self._record(request)

    def _record(self, request: RecordEngagement, planned: PlannedMeeting | None = None) -> Engagement:
        try:
            draft = domain.staff_draft(
                request.request_id, request.reported, request.contact_ids, _now(), correlation_id()
            )
            known = self._repository.find([draft.engagement_id]).get(draft.engagement_id)
            if known is not None:
                return known.engagement
            engagement = self._engagement(draft).model_copy(update={"planned": planned})
        except RejectedError as error:
            raise Invalid(str(error)) from None
        self._repository.insert([stored(engagement, "", draft)], outbox=True)
        return self._get(engagement.engagement_id).engagement

    @rpc
    def correct_engagement(self, request: CorrectEngagement) -> Engagement:
        standing = self._get_visible(request.engagement_id, request.sensitive)
        if standing.version != request.version:
            raise Conflict(CHANGED_MEANWHILE)
        try:
            draft = domain.staff_draft(
                standing.external_id,
                request.reported.model_copy(
                    update={"occurred_at": request.reported.occurred_at or standing.occurred_at}
                ),
                (),
                _now(),
                correlation_id(),
            )
            corrected = self._engagement(draft)
        except RejectedError as error:
            raise Invalid(str(error)) from None
        return self._correct(standing, corrected, request.by)

    @rpc
    def record_attendance(self, request: RecordAttendance) -> Meeting:
        """The engagement first, then the meeting: interrupted, the same again corrects what it recorded."""
        kept = self._calendar.attended(request, _now())
        recorded = self._record_held(request, kept, _now())
        return self._calendar.held(request, recorded.engagement_id, _now())

    @rpc
    def get_engagement(self, request: GetEngagement) -> Engagement:
        return self._get_visible(request.engagement_id, request.sensitive)

    @rpc
    def get_event_status(self, request: GetEventStatus) -> EventStatus:
        keys = self._repository.find_by_partner_id(request.partner, request.external_id, request.source)
        if not keys:
            raise NotFound("We have not seen an event with this id. It may still be on its way: ask again in a second.")
        known = self._repository.find(keys[:1]).get(keys[0])
        return domain.status(
            known.engagement if known else None, [each.item for each in self._repository.held_for(keys[0])]
        )

    @rpc
    def list_quarantine(self, request: ListQuarantine) -> QuarantineList:
        found = self._repository.list_held(request.state, request.partner, request.limit + 1, request.cursor)
        page = found[: request.limit]
        return QuarantineList(
            items=tuple(item for _, item in page),
            total=self._repository.count_held(request.state, request.partner),
            oldest_received_at=self._repository.oldest_held(request.state, request.partner),
            next_cursor=page[-1][0] if len(found) > request.limit else None,
        )

    @rpc
    def get_quarantined(self, request: GetQuarantined) -> Quarantined:
        return self._get_held(request.quarantine_id).item

    @rpc
    def correct_quarantined(self, request: CorrectQuarantined) -> Quarantined:
        item = self._get_open(request.quarantine_id).item
        if item.version != request.version:
            raise Conflict(CHANGED_MEANWHILE)
        try:
            read_reported(request.data)
        except RejectedError as error:
            raise Invalid(str(error)) from None
        return self._replace_held(item, corrected=request.data)

    @rpc
    def replay_quarantined(self, request: ReplayQuarantined) -> Quarantined:
        """Record it now. Interrupted half way, the same command ends what it began."""
        held = self._get_open(request.quarantine_id)
        standing = self._repository.find([held.engagement_id]).get(held.engagement_id)
        try:
            engagement = self._engagement(domain.redraft(held.item, held.correlationid))
        except RejectedError as error:
            raise Invalid(str(error)) from None
        if standing is None:
            standing = self._record_replayed(engagement, held)
        elif held.item.conflict and held.item.quarantine_id not in standing.accepted:
            self._correct(standing.engagement, engagement, request.by, held.item.quarantine_id)
        elif standing.digest != f"replayed:{held.item.quarantine_id}" and not held.item.conflict:
            raise Conflict("The partner has sent this event again since, and it is recorded. Discard this one.")
        return self._replace_held(held.item, state="replayed", engagement_id=held.engagement_id)

    @rpc
    def discard_quarantined(self, request: DiscardQuarantined) -> Quarantined:
        return self._replace_held(self._get_open(request.quarantine_id).item, state="discarded")

    def _record_held(self, request: RecordAttendance, kept: Kept, at: datetime) -> Engagement:
        reported = calendar_domain.report(kept, request.visitors, request.notes)
        planned = calendar_domain.as_held(kept.meeting, at, request.by)
        key = engagement_id_of(request.meeting_id)
        standing = self._repository.find([key]).get(key)
        if standing is None:
            asked = RecordEngagement(request_id=request_of(request.meeting_id), reported=reported, by=request.by)
            return self._record(asked, planned)
        about = {"engagement_id": key, "version": standing.engagement.version, "sensitive": True, "by": request.by}
        return self.correct_engagement(CorrectEngagement.model_validate(about | {"reported": reported}))

    def _engagement(self, draft: Draft) -> Engagement:
        return domain.engagement(draft, resolve(self._bus, [draft])[draft.engagement_id])

    def _get(self, engagement_id: str) -> Stored:
        known = self._repository.find([engagement_id]).get(engagement_id)
        if known is None:
            raise NotFound(NO_ENGAGEMENT)
        return known

    def _get_visible(self, engagement_id: str, sensitive: bool) -> Engagement:
        engagement = self._get(engagement_id).engagement
        if engagement.sensitive and not sensitive:
            raise NotFound(NO_ENGAGEMENT)
        return engagement

    def _get_held(self, quarantine_id: str) -> Held:
        held = self._repository.find_held([quarantine_id]).get(quarantine_id)
        if held is None:
            raise NotFound("There is no such event in quarantine.")
        return held

    def _get_open(self, quarantine_id: str) -> Held:
        held = self._get_held(quarantine_id)
        if held.item.state != "open":
            raise Conflict(f"This event has been {held.item.state} before; that happens once.")
        return held

    def _record_replayed(self, engagement: Engagement, held: Held) -> Stored:
        new = stored(engagement, f"replayed:{held.item.quarantine_id}", held)
        self._repository.insert([new], outbox=True)
        return new

    def _correct(self, standing: Engagement, corrected: Engagement, by: str, accepted: str | None = None) -> Engagement:
        following, event = domain.correct(standing, corrected, by)
        envelope: Envelope[Event] = Envelope(
            event, SOURCE, following.engagement_id, following.version, correlation_id()
        )
        if not self._repository.replace(following, envelope, accepted):
            raise Conflict(CHANGED_MEANWHILE)
        return following

    def _replace_held(self, item: Quarantined, **changes: object) -> Quarantined:
        following = item.model_copy(update={**changes, "version": item.version + 1})
        if not self._repository.replace_held(following):
            raise Conflict(CHANGED_MEANWHILE)
        return following


def build(settings: Settings, bus: Bus) -> EventsService:
    return EventsService(MongoEngagements(connect(settings, "events")), bus, settings.public_url)


def _now() -> datetime:
    return datetime.now(UTC)
