"""What can be recorded and what must be quarantined, and how an engagement comes to be. Pure: time is passed in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from hashlib import sha256
from typing import Any

import orjson
from pydantic import AwareDatetime, TypeAdapter, ValidationError

from services.events.rules import RejectedError, read_reported, references, text_reasons, time_reasons
from shared.contracts.contacts import ContactReference, Resolution
from shared.contracts.events import (
    REPORTED,
    Engagement,
    EngagementCorrected,
    EngagementRecorded,
    EventStatus,
    Participant,
    Quarantined,
    Reported,
)

STAFF = "/staff"
_TIME = TypeAdapter(AwareDatetime)


@dataclass(frozen=True)
class Inbound:
    """A partner's CloudEvent as it came from the queue."""

    partner: str
    content: dict[str, Any]
    received_at: datetime
    correlationid: str

    @property
    def source(self) -> str:
        return str(self.content["source"])

    @property
    def external_id(self) -> str:
        return str(self.content["id"])

    @cached_property
    def engagement_id(self) -> str:
        return engagement_id(self.partner, self.source, self.external_id)

    @cached_property
    def digest(self) -> str:
        """The same for the same body, however its members were ordered."""
        return sha256(orjson.dumps(self.content, option=orjson.OPT_SORT_KEYS)).hexdigest()


@dataclass(frozen=True, slots=True)
class Draft:
    """An engagement that breaks no rule; whom it names is still to be resolved."""

    engagement_id: str
    partner: str | None
    source: str
    external_id: str
    reported: Reported
    occurred_at: datetime
    recorded_at: datetime
    correlationid: str
    references: tuple[ContactReference, ...] = ()
    """Whom it names, in the order of its participants; without identifiers a mention."""
    chosen: tuple[str, ...] = ()
    """Contacts that staff chose by id; they stand last among the references."""


def engagement_id(partner: str | None, source: str, external_id: str) -> str:
    """One engagement for each (partner, source, id): the id is made of them."""
    key = orjson.dumps([partner, source, external_id])
    return f"eng_{sha256(key).hexdigest()[:32]}"


def quarantine_id(inbound: Inbound) -> str:
    """One place in quarantine for each body: the same event again is the same place."""
    key = orjson.dumps([inbound.partner, inbound.source, inbound.external_id, inbound.digest])
    return f"qua_{sha256(key).hexdigest()[:32]}"


def draft(inbound: Inbound, data: Mapping[str, Any] | None = None) -> Draft:
    """The draft of a partner's event, or of the `data` that staff put in its place. Raises RejectedError."""
    kind = inbound.content.get("type")
    if kind != REPORTED:
        raise RejectedError([f"type: {_quoted(kind)} is not a type we know; use {REPORTED}"])
    reported = read_reported(inbound.content.get("data") if data is None else data)
    occurred_at = reported.occurred_at or _envelope_time(inbound) or inbound.received_at
    found, reasons = references(reported, inbound.partner, inbound.correlationid)
    if reasons := [*time_reasons(occurred_at, inbound.received_at), *reasons]:
        raise RejectedError(reasons)
    return Draft(
        engagement_id=inbound.engagement_id,
        partner=inbound.partner,
        source=inbound.source,
        external_id=inbound.external_id,
        reported=reported,
        occurred_at=occurred_at.astimezone(UTC),
        recorded_at=inbound.received_at,
        correlationid=inbound.correlationid,
        references=found,
    )


def staff_draft(
    request_id: str, reported: Reported, chosen: tuple[str, ...], at: datetime, correlationid: str
) -> Draft:
    """The draft of what staff log themselves; the page's request id makes it one engagement. Raises RejectedError."""
    occurred_at = reported.occurred_at or at
    found, reasons = references(reported, None, correlationid)
    if reasons := [*text_reasons(reported), *time_reasons(occurred_at, at), *reasons]:
        raise RejectedError(reasons)
    picked = tuple(
        ContactReference(identifiers=(("contact_id", contact_id),), correlation_id=correlationid)
        for contact_id in chosen
    )
    return Draft(
        engagement_id=engagement_id(None, STAFF, request_id),
        partner=None,
        source=STAFF,
        external_id=request_id,
        reported=reported,
        occurred_at=occurred_at.astimezone(UTC),
        recorded_at=at,
        correlationid=correlationid,
        references=found + picked,
        chosen=chosen,
    )


def engagement(each: Draft, resolutions: Sequence[Resolution], version: int = 1) -> Engagement:
    """The engagement of a draft whose `references` have been resolved. Raises RejectedError for an unknown contact."""
    unknown = [
        f"{_path(each, place)}: no contact has this contact_id" for place, one in enumerate(resolutions) if one.unknown
    ]
    if unknown:
        raise RejectedError(unknown)
    reported = each.reported
    named = [("person", person.name, person.role) for person in reported.people]
    named += [("organisation", one.name, None) for one in reported.organisations]
    named += [("person", None, None) for _ in each.chosen]
    participants = tuple(
        Participant.model_validate({"kind": kind, "name": name, "role": role, "contact_ids": one.contact_ids})
        for (kind, name, role), one in zip(named, resolutions, strict=True)
    )
    return Engagement(
        engagement_id=each.engagement_id,
        version=version,
        partner=each.partner,
        source=each.source,
        external_id=each.external_id,
        occurred_at=each.occurred_at,
        recorded_at=each.recorded_at,
        participants=participants,
        locality=reported.locality or next((one.locality for one in resolutions if one.locality), None),
        groups=tuple(sorted({group for one in resolutions for group in one.groups})),
        kind=reported.kind,
        title=reported.title,
        body=reported.body,
        channel=reported.channel,
        technique=reported.technique,
        postcode=reported.postcode,
        topics=reported.topics,
        sentiment=reported.sentiment,
        direction=reported.direction,
        sensitive=reported.sensitive,
        may_publish=reported.may_publish,
        links=reported.links,
        consultation_id=reported.consultation_id,
    )


def record(each: Engagement) -> EngagementRecorded:
    return EngagementRecorded(engagement=each)


def correct(standing: Engagement, corrected: Engagement, by: str) -> tuple[Engagement, EngagementCorrected]:
    """The next version of an engagement: what it says changes, where it came from and when does not."""
    following = corrected.model_copy(
        update={
            "version": standing.version + 1,
            "engagement_id": standing.engagement_id,
            "partner": standing.partner,
            "source": standing.source,
            "external_id": standing.external_id,
            "recorded_at": standing.recorded_at,
            "planned": standing.planned,
            "may_publish": standing.may_publish if corrected.may_publish is None else corrected.may_publish,
        }
    )
    return following, EngagementCorrected(engagement=following, corrected_by=by)


def _path(each: Draft, place: int) -> str:
    people = len(each.reported.people)
    return f"people[{place}]" if place < people else f"organisations[{place - people}]"


def _envelope_time(inbound: Inbound) -> datetime | None:
    time = inbound.content.get("time")
    return _TIME.validate_python(time) if time is not None else None


def _quoted(value: object) -> str:
    return f"“{str(value)[:100]}”" if value else "no type"


def redraft(item: Quarantined, correlationid: str) -> Draft:
    """The draft of a quarantined event as staff corrected it. Raises RejectedError while it still breaks a rule."""
    inbound = Inbound(item.partner, item.original, item.received_at, correlationid)
    if item.corrected is None:
        return draft(inbound)
    # Staff decide what an event of an unknown type, or with an unusable time, says.
    content = {**item.original, "type": REPORTED}
    if _broken_time(content.get("time")):
        del content["time"]
    return draft(Inbound(item.partner, content, item.received_at, correlationid), item.corrected)


def status(known: Engagement | None, held: Sequence[Quarantined]) -> EventStatus:
    """What became of a partner's event, from the engagement and what is held under the same id (latest first)."""
    conflicts = sum(1 for each in held if each.conflict and each.state == "open")
    reason = "; ".join(held[0].reasons) if held else None
    if known is not None:
        return EventStatus(
            status="recorded",
            engagement_id=known.engagement_id,
            conflicts=conflicts,
            reason=reason if conflicts else None,
        )
    return EventStatus(status="quarantined", reason=reason)


def _broken_time(time: object) -> bool:
    try:
        return time is not None and _TIME.validate_python(time) is None
    except ValidationError:
        return True
