"""The fold: what one event adds to the timeline, and what it says of a contact; pure, in any order of arrival.

An event becomes one entry. Of several events about one engagement the highest sequence stands, so it never matters
in which order they arrive or how often. The same holds for what is known of a contact.
"""

from collections.abc import Collection
from datetime import UTC

from services.history.case_entries import CASE_EVENTS, case_entry
from services.history.consultation_entries import consultation_entry, marked_entry
from services.history.mail_entries import mailing_entry, messages_entry, returned_entry
from services.history.meeting_entries import MEETING_EVENTS, meeting_entry
from services.history.meeting_entries import about as meeting_about
from services.history.meeting_entries import steps as meeting_steps
from services.history.records import ContactRecord, Entry, Folded
from services.history.sentences import (
    change_sentence,
    consent_sentence,
    engagement_sentence,
    merge_sentence,
    registration_sentence,
    relationship_sentence,
    segment_sentence,
    withdrawal_sentence,
)
from services.history.survey_entries import response_entry, survey_entry
from shared.contracts.base import Envelope, Event
from shared.contracts.bounces import MessageBounced, MessageJunked
from shared.contracts.consent import ConsentChanged
from shared.contracts.consultations import ConsultationClosed, ConsultationOpened, OutcomePublished
from shared.contracts.contacts import Contact, ContactChanged, ContactRegistered, ContactWithdrawn
from shared.contracts.contributions import ContributionMarked
from shared.contracts.erasure import ContactErased, EngagementRedacted
from shared.contracts.events import EngagementCorrected, EngagementQuarantined, EngagementRecorded
from shared.contracts.merging import ContactsMerged, ContactsUnmerged
from shared.contracts.notifications import MailingFinished, MailingStarted, MessagesFailed, MessagesSent
from shared.contracts.relationships import RelationshipChanged
from shared.contracts.segments import SegmentsEntered, SegmentsLeft
from shared.contracts.surveys import ResponseReceived, SurveyClosed, SurveyOpened

_EngagementEvent = EngagementRecorded | EngagementCorrected | EngagementRedacted
_ContactEvent = ContactRegistered | ContactChanged | ContactWithdrawn
LOGGED_EVENTS = (
    EngagementRecorded,
    EngagementCorrected,
    EngagementQuarantined,
    EngagementRedacted,
    ContactRegistered,
    ContactChanged,
    ContactsMerged,
    ContactsUnmerged,
    ContactWithdrawn,
    ContactErased,
    ConsentChanged,
    RelationshipChanged,
    SegmentsEntered,
    SegmentsLeft,
    MailingStarted,
    MailingFinished,
    MessagesSent,
    MessagesFailed,
    MessageBounced,
    MessageJunked,
    SurveyOpened,
    SurveyClosed,
    ResponseReceived,
    *CASE_EVENTS,
    ConsultationOpened,
    ConsultationClosed,
    OutcomePublished,
    ContributionMarked,
    *MEETING_EVENTS,
)


def fold(envelope: Envelope[Event]) -> Folded:
    """The entry of one event, and the contact as the event knows it."""
    return Folded(*_fold(envelope), envelope.id)


def _fold(envelope: Envelope[Event]) -> tuple[Entry | None, ContactRecord | None]:
    match envelope.data:
        case EngagementRecorded() | EngagementCorrected() | EngagementRedacted():
            return _engagement_entry(envelope, envelope.data), None
        case ContactChanged() if [each.field for each in envelope.data.changes] == ["merged_into"]:
            return None, _record(envelope.data.contact, envelope.sequence)  # the survivor's event is the entry
        case ContactRegistered() | ContactChanged() | ContactWithdrawn():
            return _contact_entry(envelope, envelope.data), _record(envelope.data.contact, envelope.sequence)
        case ContactErased():  # its lines stay as many as they were
            return None, _record(envelope.data.contact, envelope.sequence)
        case ConsentChanged():
            return _consent_entry(envelope, envelope.data), None
        case ContactsMerged() | ContactsUnmerged():
            return _merge_entry(envelope, envelope.data), _record(envelope.data.survivor, envelope.sequence)
        case RelationshipChanged():
            return _relationship_entry(envelope, envelope.data), None
        case SegmentsEntered() | SegmentsLeft():
            return _segment_entry(envelope, envelope.data), None
        case MessagesSent() | MessagesFailed():
            return messages_entry(envelope, envelope.data), None
        case MessageBounced() | MessageJunked():
            return returned_entry(envelope, envelope.data), None
        case MailingFinished():
            return mailing_entry(envelope, envelope.data), None
        case SurveyOpened() | SurveyClosed():
            return survey_entry(envelope, envelope.data), None
        case ConsultationOpened() | ConsultationClosed() | OutcomePublished():
            return consultation_entry(envelope, envelope.data), None
        case ContributionMarked():
            return marked_entry(envelope, envelope.data), None
        case ResponseReceived(contact_id=str(contact_id)):
            return response_entry(envelope, envelope.data, contact_id), None
        case _ if isinstance(envelope.data, CASE_EVENTS):
            return case_entry(envelope, envelope.data), None
        case _ if isinstance(envelope.data, MEETING_EVENTS):
            return meeting_entry(envelope, envelope.data), None
        case EngagementQuarantined() | MailingStarted() | ResponseReceived():
            # That it came is in the log; an entry comes of its replay, of the mailing's end, or of no one whom we know.
            return None, None
    raise TypeError(f"{envelope.data.type} has no place in the history")


def _engagement_entry(envelope: Envelope[Event], event: _EngagementEvent) -> Entry:
    engagement = event.engagement
    return Entry(
        id=engagement.engagement_id,
        version=envelope.sequence,
        engagement_id=engagement.engagement_id,
        about=meeting_about(engagement.planned.meeting_id, engagement.consultation_id)
        if engagement.planned
        else _once([engagement.consultation_id]),
        steps=meeting_steps(engagement.planned),
        source=_source(envelope),
        kind=engagement.kind,
        title=engagement.title,
        sentence=engagement_sentence(engagement),
        body=engagement.body,
        occurred_at=engagement.occurred_at.astimezone(UTC),
        recorded_at=engagement.recorded_at.astimezone(UTC),
        channel=engagement.channel,
        contact_ids=engagement.contact_ids(),
        names=_once([each.name for each in engagement.participants]),
        mentions=_once([each.name for each in engagement.participants if not each.contact_ids]),
        partner=engagement.partner,
        topics=_once(engagement.topics),
        locality=engagement.locality,
        groups=_once(engagement.groups),
        links=tuple((link.url, link.title) for link in engagement.links),
        sensitive=engagement.sensitive,
        sentiment=engagement.sentiment,
        direction=engagement.direction,
        corrected=isinstance(event, EngagementCorrected),
    )


def _contact_entry(envelope: Envelope[Event], event: _ContactEvent) -> Entry:
    contact = event.contact
    if isinstance(event, ContactRegistered):
        kind, by, at = "contact_registered", event.registered_by, contact.registered_at
        title, sentence = f"New contact: {contact.name}", registration_sentence(contact, by, event.through)
    elif isinstance(event, ContactChanged):
        kind, by, at = "contact_changed", event.changed_by, contact.changed_at
        title, sentence = f"Contact changed: {contact.name}", change_sentence(contact, event.changes, by, event.through)
    else:
        kind, by, at = "contact_withdrawn", event.withdrawn_by, contact.changed_at
        title, sentence = f"Contact taken back: {contact.name}", withdrawal_sentence(contact, event.through)
    return Entry(
        id=envelope.id,
        version=1,  # an event never changes, and each is an entry of its own
        source=_source(envelope),
        kind=kind,
        title=title,
        sentence=sentence,
        occurred_at=at.astimezone(UTC),
        recorded_at=at.astimezone(UTC),
        contact_ids=(contact.contact_id,),
        names=(contact.name,),
        partner=None if by == "staff" or event.through else by,
        locality=contact.locality,
        groups=_once(contact.groups),
    )


def _consent_entry(envelope: Envelope[Event], event: ConsentChanged) -> Entry:
    said = event.consent
    return Entry(
        id=envelope.id,
        version=1,
        source=_source(envelope),
        kind="consent_given" if said.given else "consent_withdrawn",
        title=f"{'Consent given' if said.given else 'Consent withdrawn'}: {event.name}",
        sentence=consent_sentence(said, event.name),
        occurred_at=said.at.astimezone(UTC),
        recorded_at=envelope.time.astimezone(UTC),
        contact_ids=(said.contact_id,),
        names=(event.name,),
    )


def _relationship_entry(envelope: Envelope[Event], event: RelationshipChanged) -> Entry:
    """It is found on the timelines of both."""
    noted = event.relationship
    return Entry(
        id=envelope.id,
        version=1,
        source=_source(envelope),
        kind="relationship_changed",
        title=f"{'Role removed' if noted.removed else 'Role'}: {noted.role}" if noted.role else "Role",
        sentence=relationship_sentence(noted),
        occurred_at=event.at.astimezone(UTC),
        recorded_at=event.at.astimezone(UTC),
        contact_ids=(noted.contact_id, noted.with_id),
    )


def _segment_entry(envelope: Envelope[Event], event: SegmentsEntered | SegmentsLeft) -> Entry:
    entered, names = isinstance(event, SegmentsEntered), [each.name for each in event.segments]
    return Entry(
        id=envelope.id,
        version=1,
        source=_source(envelope),
        kind="segments_entered" if entered else "segments_left",
        title=f"{'Entered' if entered else 'Left'}: {', '.join(names)}",
        sentence=segment_sentence(names, entered, event.cause),
        occurred_at=event.at.astimezone(UTC),
        recorded_at=event.at.astimezone(UTC),
        contact_ids=(event.contact_id,),
    )


def _merge_entry(envelope: Envelope[Event], event: ContactsMerged | ContactsUnmerged) -> Entry:
    survivor, is_merge = event.survivor, isinstance(event, ContactsMerged)
    other_id = event.merged_id if isinstance(event, ContactsMerged) else event.restored_id
    other = event.merged_name if isinstance(event, ContactsMerged) else event.restored_name
    return Entry(
        id=envelope.id,
        version=1,
        source=_source(envelope),
        kind="contacts_merged" if is_merge else "contacts_unmerged",
        title=f"{'Contacts merged' if is_merge else 'Merge undone'}: {survivor.name}",
        sentence=merge_sentence(survivor.name, other, is_merge),
        occurred_at=survivor.changed_at.astimezone(UTC),
        recorded_at=survivor.changed_at.astimezone(UTC),
        contact_ids=(survivor.contact_id, other_id),
        names=_once((survivor.name, other)),
        locality=survivor.locality,
        groups=_once(survivor.groups),
    )


def _source(envelope: Envelope[Event]) -> str:
    """The service that an event comes from, of `/services/<name>`."""
    return envelope.source.rpartition("/")[2]


def _record(contact: Contact, sequence: int) -> ContactRecord:
    return ContactRecord(
        id=contact.contact_id,
        version=sequence,
        kind=contact.kind,
        name=contact.name,
        locality=contact.locality,
        practice=contact.practice,
        groups=_once(contact.groups),
        reported_by=_once(contact.reported_by),
        merged_into=contact.merged_into,
        merged=contact.merged,
        withdrawn=contact.withdrawn or contact.erased,
    )


def _once(values: Collection[str | None]) -> tuple[str, ...]:
    """Each of them once, in their order; most fields of most events have none."""
    if not values:
        return ()
    return tuple(dict.fromkeys(filter(None, values)))
