"""What an event means for segments: whom it touches, which conditions it can change, and how it is named as a cause."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from services.contacts.segments.domain import Cause, Stored
from shared.contracts.base import Envelope, Event
from shared.contracts.consent import ConsentChanged
from shared.contracts.contacts import ContactChanged, ContactRegistered, ContactWithdrawn
from shared.contracts.erasure import ContactErased
from shared.contracts.events import EngagementCorrected, EngagementRecorded
from shared.contracts.merging import ContactsMerged, ContactsUnmerged

FOLLOWED = (
    ContactRegistered,
    ContactChanged,
    ContactWithdrawn,
    ContactErased,
    ContactsMerged,
    ContactsUnmerged,
    ConsentChanged,
    EngagementRecorded,
    EngagementCorrected,
)
TIME_PASSED = Cause("time has passed")
_DETAILS = frozenset(("kind", "name", "group", "locality", "practice"))
_CONSENT = frozenset(("consent",))
_BEHAVIOUR = frozenset(("engaged", "quiet"))
_EVERYTHING = _DETAILS | _CONSENT | _BEHAVIOUR
_FIELDS = {"identifiers": "how to reach them", "merged_into": "merged"}


class Touched(NamedTuple):
    """One event as it touches one contact."""

    cause: Cause
    conditions: frozenset[str]
    """The fields of a rule that it can change."""


def touched(envelopes: Iterable[Envelope[Event]]) -> dict[str, list[Touched]]:
    """What touched each contact, in order."""
    found: dict[str, list[Touched]] = {}
    for envelope in envelopes:
        words, conditions, contact_ids = _read(envelope.data)
        for contact_id in contact_ids:
            found.setdefault(contact_id, []).append(Touched(Cause(words, envelope.id), conditions))
    return found


def cause_of(events: Sequence[Touched], segment: Stored) -> Cause:
    """The latest of the events that can have changed what the rule asks; else the latest."""
    asked = {each.field for each in segment.rule.conditions}
    return next((each.cause for each in reversed(events) if asked & each.conditions), events[-1].cause)


def _read(event: Event) -> tuple[str, frozenset[str], Sequence[str]]:
    match event:
        case ContactRegistered():
            return "became known", _DETAILS, (event.contact.contact_id,)
        case ContactChanged():
            fields = ", ".join(_FIELDS.get(each.field, each.field) for each in event.changes)
            return f"details changed: {fields}", _DETAILS, (event.contact.contact_id,)
        case ContactWithdrawn():
            return "taken back with its import", _EVERYTHING, (event.contact.contact_id,)
        case ContactErased():
            return "erased", _EVERYTHING, (event.contact.contact_id,)
        case ContactsMerged():
            return "another contact was merged into it", _EVERYTHING, (event.survivor.contact_id, event.merged_id)
        case ContactsUnmerged():
            return "a merge was undone", _EVERYTHING, (event.survivor.contact_id, event.restored_id)
        case ConsentChanged():
            said = event.consent
            what = "everything" if said.purpose == "*" else said.purpose
            over = "" if said.channel == "*" else f" by {said.channel}"
            verb = "given" if said.given else "withdrawn"
            return f"consent {verb}: {what}{over}", _CONSENT, (said.contact_id,)
        case EngagementRecorded() | EngagementCorrected():
            verb = "recorded" if isinstance(event, EngagementRecorded) else "corrected"
            kind = event.engagement.kind.replace("_", " ")
            return f"engagement {verb}: {kind}", _BEHAVIOUR, event.engagement.contact_ids()
    raise TypeError(f"{event.type} is not followed")
