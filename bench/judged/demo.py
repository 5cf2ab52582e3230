"""The demo county as events, without servers: the same ids, texts and times on every machine and on every day.

What `wellheard seed` loads through the bus and what is counted from today (consultations, meetings, messages) is left
out. An engagement is made by the events service's own rules; only the contacts' ids are made of their numbers here.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from deploy.seed.cases import CASES
from deploy.seed.county import County
from deploy.seed.engagements import DemoEngagement, engagements
from deploy.seed.load import CONTACTS, ENGAGEMENTS, SEED
from services.events.domain import Draft, Inbound, draft, engagement, staff_draft
from shared.contracts.base import Envelope, Event
from shared.contracts.contacts import Contact, ContactReference, ContactRegistered, NewContact, Resolution
from shared.contracts.events import EngagementRecorded, Reported
from shared.identifiers import compared

FIRST = datetime(2012, 7, 1, 9, tzinfo=UTC)
"""When all contacts were registered."""
ASKED = datetime(2015, 7, 1, 9, tzinfo=UTC)
"""The days of the demo's cases are counted back from here."""
LATER = timedelta(minutes=5)
"""After which it was recorded."""


def contact_id(number: int) -> str:
    return f"con_{number:05}"


def engagement_id(number: int) -> str:
    return f"eng_{number:05}"


def events() -> Iterator[Envelope[Event]]:
    """Contacts first, then what they said."""
    county = County(SEED, CONTACTS)
    known = _Known(county)
    for number in range(county.size):
        registered = ContactRegistered(contact=_contact(county, number), registered_by="staff")
        yield _envelope(registered, contact_id(number), FIRST)
    said = [_drafted(each) for each in engagements(county, ENGAGEMENTS)]
    said += [_asked(number, contact_id(number * 3 % county.size)) for number in range(len(CASES))]
    for number, each in enumerate(said):
        one = replace(each, engagement_id=engagement_id(number))
        recorded = EngagementRecorded(engagement=engagement(one, [known.whom(whom) for whom in one.references]))
        yield _envelope(recorded, one.engagement_id, one.recorded_at)


class _Known:
    """Whom the contacts service would find by what an engagement says of somebody."""

    def __init__(self, county: County) -> None:
        self._contacts: dict[str, tuple[str, NewContact]] = {}
        for number in range(county.size):
            contact = county.contact(number)
            identifiers = [compared("email", each) for each in contact.email]
            identifiers += [compared("phone", each) for each in contact.phone]
            for by in (contact_id(number), *identifiers):
                self._contacts[by] = (contact_id(number), contact)

    def whom(self, reference: ContactReference) -> Resolution:
        """By the first identifier; nobody when there is none, or when only the partner knows it."""
        by = next((value for _, value in reference.identifiers), "")
        if by not in self._contacts:
            return Resolution()
        found, contact = self._contacts[by]
        return Resolution(contact_ids=(found,), groups=contact.groups, locality=contact.locality)


def _drafted(each: DemoEngagement) -> Draft:
    at = datetime.fromisoformat(each.data["occurred_at"]) + LATER
    if each.partner is not None:
        return draft(Inbound(each.partner, each.cloudevent(), at, ""))
    chosen = tuple(map(contact_id, each.contacts))
    return staff_draft(str(each.number), Reported.model_validate(each.data), chosen, at, "")


def _asked(number: int, who: str) -> Draft:
    case = CASES[number]
    at = ASKED - timedelta(days=case.asked)
    said = {"kind": case.kind, "title": case.title, "body": case.body, "channel": "website", "occurred_at": at}
    said |= {"direction": "inbound", "sensitive": case.restricted}
    return staff_draft(f"case {number}", Reported.model_validate(said), (who,), at + LATER, "")


def _contact(county: County, number: int) -> Contact:
    new = county.contact(number)
    return Contact(
        contact_id=contact_id(number), version=1, kind=new.kind, name=new.name, locality=new.locality,
        practice=new.practice, groups=new.groups, registered_at=FIRST, changed_at=FIRST,
    )  # fmt: skip


def _envelope(event: Event, subject: str, at: datetime) -> Envelope[Event]:
    service = "contacts" if isinstance(event, ContactRegistered) else "events"
    source = f"/services/{service}"
    return Envelope(event, source=source, subject=subject, sequence=1, correlationid="", id=f"evt_{subject}", time=at)
