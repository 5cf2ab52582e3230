"""Makes the data of tests: a builder for each noun, with defaults that are valid, everything else by keyword."""

from datetime import UTC, date, datetime
from typing import Any

import orjson

from services.events.casework.domain import local_day
from services.events.domain import Inbound
from shared.contracts.base import Envelope, Event, new_id
from shared.contracts.consent import Consent, Recipient, Statement
from shared.contracts.contacts import Contact, ContactRegistered, NewContact
from shared.contracts.events import REPORTED, Engagement, EngagementRecorded, Reported
from shared.contracts.merging import MergeContacts
from shared.contracts.newsletters import ItemDraft, NewsletterPlan
from shared.contracts.notifications import MailingDraft
from shared.contracts.templates import TemplateText

AT = datetime(2014, 1, 15, 10, 30, tzinfo=UTC)


def today() -> date:
    """The day on which cases are due; asked for when it is needed, for midnight may come while tests run."""
    return local_day(datetime.now(UTC))


def a_cloudevent(id: str = "", source: str = "/st-agnes/pals", type: str = REPORTED, **data: Any) -> dict[str, Any]:
    """A partner's event; keywords go into its data, None leaves a member out."""
    content = {"kind": "conversation", "title": "Parking at the clinic"} | data
    return {
        "specversion": "1.0",
        "id": id or new_id(),
        "source": source,
        "type": type,
        "time": "2014-01-15T10:30:00Z",
        "datacontenttype": "application/json",
        "data": {name: value for name, value in content.items() if value is not None},
    }


def a_body(**event: Any) -> bytes:
    return orjson.dumps(a_cloudevent(**event))


def a_person(name: str | None = "Mary Okafor", email: str | None = None, **identifiers: str) -> dict[str, Any]:
    """A person as a partner names one; without identifiers a mention."""
    found = identifiers | ({"email": email} if email else {})
    named = [{"scheme": scheme, "value": value} for scheme, value in found.items()]
    return {"name": name, "identifiers": named} if named else {"name": name}


def an_inbound(partner: str = "St Agnes", **event: Any) -> Inbound:
    return Inbound(partner, a_cloudevent(**event), AT, new_id())


def headers(partner: str = "St Agnes") -> dict[str, str]:
    """What the web says of the events it publishes."""
    return {"partner": partner, "received_at": AT.isoformat(), "correlation_id": new_id()}


def a_new_contact(name: str = "Mary Okafor", **fields: Any) -> NewContact:
    return NewContact.model_validate({"name": name} | fields)


def a_contact(name: str = "Mary Okafor", **fields: Any) -> Contact:
    defaults = {"contact_id": new_id("con"), "version": 1, "kind": "person", "registered_at": AT, "changed_at": AT}
    return Contact.model_validate(defaults | {"name": name} | fields)


def a_merge(survivor: Contact, merged: Contact, request_id: str = "") -> MergeContacts:
    """Of the contacts as they are known."""
    return MergeContacts(
        request_id=request_id or new_id(),
        survivor_id=survivor.contact_id,
        survivor_version=survivor.version,
        merged_id=merged.contact_id,
        merged_version=merged.version,
    )


def a_consent(given: bool = True, **fields: Any) -> Consent:
    defaults = {
        "consent_id": new_id("cst"),
        "contact_id": "con_1",
        "purpose": "newsletter",
        "channel": "email",
        "at": AT,
        "method": "paper_form",
        "wording": "May we send you our newsletter by e-mail?",
        "recorded_by": "staff",
    }
    return Consent.model_validate(defaults | {"given": given} | fields)


def a_statement(contact_id: str = "con_1", given: bool = True, **fields: Any) -> Statement:
    defaults = {"purpose": "newsletter", "channel": "email", "method": "paper_form", "wording": "May we write to you?"}
    return Statement.model_validate({"contact_id": contact_id, "given": given} | defaults | fields)


def a_report(**fields: Any) -> Reported:
    return Reported.model_validate({"kind": "conversation", "title": "Parking at the clinic"} | fields)


def an_engagement(**fields: Any) -> Engagement:
    defaults = {
        "engagement_id": new_id("eng"),
        "version": 1,
        "partner": "St Agnes",
        "source": "/st-agnes/pals",
        "external_id": new_id(),
        "kind": "conversation",
        "title": "Parking at the clinic",
        "occurred_at": AT,
        "recorded_at": AT,
    }
    return Engagement.model_validate(defaults | fields)


def an_envelope(event: Event, **fields: Any) -> Envelope[Event]:
    owner = {"engagement": "events", "mailing": "notifications", "message": "notifications"}
    owner |= {"survey": "surveys", "response": "surveys", "consultation": "surveys", "outcome": "surveys"}
    owner |= {"contribution": "surveys"}
    source = f"/services/{owner.get(event.routing_key().partition('.')[0], 'contacts')}"
    return Envelope(event, **({"source": source, "subject": "s", "sequence": 1, "correlationid": "c"} | fields))


def recorded(**fields: Any) -> Envelope[Event]:
    """The event of a recorded engagement."""
    engagement = an_engagement(**fields)
    return an_envelope(
        EngagementRecorded(engagement=engagement), subject=engagement.engagement_id, sequence=engagement.version
    )


def registered(**fields: Any) -> Envelope[Event]:
    """The event of a registered contact."""
    contact = a_contact(**fields)
    return an_envelope(
        ContactRegistered(contact=contact, registered_by="staff"), subject=contact.contact_id, sequence=contact.version
    )


def a_mailing_draft(**fields: Any) -> MailingDraft:
    defaults = {"subject": "News for {name}", "body": "Dear {name|friend},\n\nwe met.", "segment_id": "seg_1"}
    return MailingDraft.model_validate(defaults | fields)


def a_recipient(number: int, **fields: Any) -> Recipient:
    defaults = {
        "contact_id": f"con_{number:05}",
        "name": f"Person {number}",
        "address": f"person{number}@example.org",
        "consent_id": f"cns_{number:05}",
    }
    return Recipient.model_validate(defaults | fields)


def a_template_text(**fields: Any) -> TemplateText:
    defaults = {"name": "Welcome", "subject": "Welcome, {first_name}", "body": "Dear {name|friend},\n\nwelcome."}
    return TemplateText.model_validate(defaults | fields)


def an_item_draft(**fields: Any) -> ItemDraft:
    return ItemDraft.model_validate({"title": "A new clinic", "summary": "It opens in **May**."} | fields)


def a_newsletter_plan(**fields: Any) -> NewsletterPlan:
    defaults = {
        "name": "County news",
        "subject": "County news of {issue_date}",
        "body": "Dear {name|friend},\n\n{items}\n\nYours, the county",
        "segment_id": "seg_1",
    }
    return NewsletterPlan.model_validate(defaults | fields)
