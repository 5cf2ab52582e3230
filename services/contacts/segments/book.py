"""The book of segments: making, changing and putting them away, and reading who is in them."""

import time
from collections.abc import Sequence

from services.contacts.consent import CLOCKS_DIFFER, Standing, standing
from services.contacts.envelopes import now_as_stored
from services.contacts.repository import Contacts
from services.contacts.segments import domain
from services.contacts.segments.domain import BUCKETS, MAX_SEGMENTS, SLICES, Stored
from services.contacts.segments.meaning import meaning
from services.contacts.segments.port import Place
from services.contacts.segments.rules import Person, asks_behaviour, matches
from shared.contracts.base import id_of
from shared.contracts.consent import ConsentChannel, FindRecipients, ListRecipients, Purpose, Recipient, RecipientPage
from shared.contracts.contacts import Contact
from shared.contracts.segments import (
    ChangeSegment,
    CreateSegment,
    ListSegmentMembers,
    Member,
    MemberPage,
    Preview,
    Rule,
    Segment,
    SegmentOfContact,
)
from shared.errors import Conflict, Invalid, NotFound

PREVIEW_SECONDS = 2.0
FIRST = 20
_SCHEMES: dict[ConsentChannel, str] = {"email": "email", "sms": "phone", "phone": "phone"}
"""The identifiers that a channel reaches; there is none for post."""
CHANGED_MEANWHILE = "Somebody else changed this segment in the meantime. Look at it again, then change it."


class SegmentBook:
    """Segments as staff see them."""

    def __init__(self, repository: Contacts) -> None:
        self._contacts = repository
        self._store = repository.segments

    def create(self, request: CreateSegment) -> Segment:
        segment_id = id_of("seg", request.request_id)
        if (known := self._store.find_segment(segment_id)) is not None:
            return domain.as_segment(known)
        self._check_room()
        made = domain.create(segment_id, request.name, request.rule, now_as_stored(), request.by, self._slice_at_work())
        self._store.insert_segment(made)
        return self.get(segment_id)

    def change(self, request: ChangeSegment) -> Segment:
        segment = self._get(request.segment_id)
        if segment.version != request.version or segment.deleted:
            raise Conflict(CHANGED_MEANWHILE)
        if (segment.name, segment.rule) == (request.name, request.rule):
            return domain.as_segment(segment)
        first = self._slice_at_work()
        return self._replace(
            segment, domain.change(segment, request.name, request.rule, now_as_stored(), request.by, first)
        )

    def put_away(self, segment_id: str, by: str) -> Segment:
        segment = self._get(segment_id)
        return self._replace(segment, domain.put_away(segment, now_as_stored(), by, self._slice_at_work()))

    def restore(self, segment_id: str, by: str) -> Segment:
        segment = self._get(segment_id)
        if segment.deleted:
            self._check_room()
        return self._replace(segment, domain.restore(segment, now_as_stored(), by, self._slice_at_work()))

    def get(self, segment_id: str) -> Segment:
        return domain.as_segment(self._get(segment_id))

    def list(self) -> tuple[Segment, ...]:
        found = [each for each in self._store.segments(counted=True) if not each.deleted]
        return tuple(domain.as_segment(each) for each in sorted(found, key=lambda each: each.name.casefold()))

    def of_contact(self, contact_id: str) -> tuple[SegmentOfContact, ...]:
        """The segments that a contact is in, by name."""
        since = self._store.memberships([contact_id])[contact_id].since
        names = {each.segment_id: each.name for each in self._store.segments() if not each.deleted} if since else {}
        found = [
            SegmentOfContact(segment_id=key, name=names[key], since=at) for key, at in since.items() if key in names
        ]
        return tuple(sorted(found, key=lambda each: each.name.casefold()))

    def members(self, request: ListSegmentMembers) -> MemberPage:
        places, following = self._page(request.segment_id, request.after, request.limit)
        found = self._contacts.find(each.contact_id for each in places)
        members = tuple(
            Member(contact_id=each.contact_id, name=found[each.contact_id].name, since=each.since)
            for each in places
            if each.contact_id in found
        )
        return MemberPage(members=members, next=following)

    def recipients(self, request: ListRecipients) -> RecipientPage:
        places, following = self._page(request.segment_id, request.after, request.limit)
        found = self._recipients([each.contact_id for each in places], request.purpose, request.channel)
        return RecipientPage(recipients=tuple(found), next=following)

    def find_recipients(self, request: FindRecipients) -> RecipientPage:
        """By the rule of the segment as the contacts stand now, not by who has been settled into it."""
        ids = dict.fromkeys(request.contact_ids)
        found = self._recipients(list(ids), request.purpose, request.channel, is_standing=True)
        if request.segment_id:
            segment = self._get(request.segment_id)
            people = {} if segment.deleted else self._store.people(ids, asks_behaviour(segment.rule))
            inside = {key for key, each in people.items() if matches(segment.rule, each, now_as_stored())}
            found = [
                each if each.contact_id in inside else each.model_copy(update={"reason": "not_in_segment"})
                for each in found
            ]
        return RecipientPage(recipients=tuple(found), next=None)

    def _recipients(
        self, ids: Sequence[str], purpose: Purpose, channel: ConsentChannel, is_standing: bool = False
    ) -> Sequence[Recipient]:
        """Each with what it allows now; `is_standing` leaves out who was merged into another, or taken back."""
        at = now_as_stored() + CLOCKS_DIFFER
        contacts, said = self._contacts.find(ids), self._contacts.find_said(ids)
        known = [contacts[each] for each in ids if each in contacts and each in said]
        return [
            _recipient(each, channel, standing(said[each.contact_id].consents, purpose, channel, at))
            for each in known
            if each.stands or not is_standing
        ]

    def preview(self, rule: Rule) -> Preview:
        """Looks at slice after slice while there is time: each is an even share of the contacts."""
        at, ends = now_as_stored(), time.monotonic() + PREVIEW_SECONDS
        looked, width, count, first = 0, 1, 0, list[Person]()
        while not looked or (looked < SLICES and time.monotonic() < ends):
            width = min(width, SLICES - looked)
            contact_ids = self._store.slice_ids(looked, width)
            people = self._store.people(contact_ids, asks_behaviour(rule))
            found = [each for each in people.values() if matches(rule, each, at)]
            looked, count = looked + width, count + len(found)
            first += found[: FIRST - len(first)]
            width = domain.width_after(width, len(contact_ids))
        return Preview(
            count=round(count * SLICES / looked),
            exact=looked == SLICES,
            meaning=meaning(rule),
            first=tuple(Member(contact_id=each.contact_id, name=each.name) for each in first),
        )

    def _page(self, segment_id: str, after: str | None, limit: int) -> tuple[Sequence[Place], str | None]:
        """Members after a place in the order of their buckets, and where to go on; windows hold about a page each."""
        segment = self._get(segment_id)
        if segment.deleted:
            return (), None
        bucket, contact_id = _read_place(after)
        width = max(1, min(BUCKETS, BUCKETS * limit // max(1, segment.members)))
        found: list[Place] = []
        for begin in range(bucket, BUCKETS, width):
            window = self._store.members(segment_id, begin, min(BUCKETS, begin + width))
            found += [each for each in window if (each.bucket, each.contact_id) > (bucket, contact_id)]
            if len(found) > limit:
                break
        page = found[:limit]
        return page, f"{page[-1].bucket:04x}:{page[-1].contact_id}" if len(found) > limit else None

    def _slice_at_work(self) -> int:
        """Where the jobs stand: a new one that begins there goes along with them."""
        return next((each.job.following for each in self._store.segments() if each.job), 0)

    def _check_room(self) -> None:
        if sum(not each.deleted for each in self._store.segments()) >= MAX_SEGMENTS:
            raise Invalid(f"There can be {MAX_SEGMENTS} segments. Put one away that nobody needs.")

    def _get(self, segment_id: str) -> Stored:
        found = self._store.find_segment(segment_id)
        if found is None:
            raise NotFound("There is no such segment.")
        return found

    def _replace(self, before: Stored, after: Stored) -> Segment:
        if after is not before and not self._store.replace_segment(after):
            raise Conflict(CHANGED_MEANWHILE)
        return domain.as_segment(after)


def _recipient(contact: Contact, channel: ConsentChannel, allowed: Standing) -> Recipient:
    address = _address(contact, channel)
    return Recipient(
        contact_id=contact.contact_id,
        name=contact.name,
        address=address,
        consent_id=allowed.consent_id,
        reason=allowed.reason or ("" if address else "no_address"),
    )


def _address(contact: Contact, channel: ConsentChannel) -> str | None:
    scheme = _SCHEMES.get(channel)
    return next((each.value for each in contact.identifiers if each.scheme == scheme), None)


def _read_place(after: str | None) -> tuple[int, str]:
    """Raises Invalid for what is no place of ours."""
    if not after:
        return 0, ""
    bucket, _, contact_id = after.partition(":")
    try:
        return min(int(bucket, 16), BUCKETS), contact_id
    except ValueError:
        raise Invalid("This page cannot be continued. Begin again at the first.") from None
