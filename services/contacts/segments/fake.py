"""The store of segments in memory; it passes the same contract tests as the real one."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from services.contacts.segments.documents import seen_in
from services.contacts.segments.domain import Job, Membership, Stored, bucket_of, slice_of
from services.contacts.segments.port import Place
from services.contacts.segments.rules import Person, Took
from shared.contracts.base import Envelope, Event
from shared.contracts.consent import Consent
from shared.contracts.contacts import Contact
from shared.contracts.events import Engagement
from shared.messaging.testbus import MemoryOutbox


class FakeSegments:
    """Segments in memory; `read` gives every contact with what it said of its consent."""

    def __init__(self, read: Callable[[], Mapping[str, tuple[Contact, Sequence[Consent]]]]) -> None:
        self._read = read
        self._segments: dict[str, Stored] = {}
        self._counts: Counter[tuple[str, int]] = Counter()
        self._memberships: dict[str, Membership] = {}
        self._engagements: dict[str, Engagement] = {}
        self.outbox = MemoryOutbox()

    def segments(self, counted: bool = False) -> list[Stored]:
        return [self._counted(each) if counted else each for each in self._segments.values()]

    def find_segment(self, segment_id: str) -> Stored | None:
        found = self._segments.get(segment_id)
        return self._counted(found) if found else None

    def insert_segment(self, segment: Stored) -> bool:
        return self._segments.setdefault(segment.segment_id, segment) is segment

    def replace_segment(self, segment: Stored) -> bool:
        return self._replace(segment, self._segments[segment.segment_id].version == segment.version - 1)

    def set_job(self, segment: Stored, job: Job | None, swept_at: datetime) -> bool:
        return self._replace(replace(segment, job=job, swept_at=swept_at), self._stands(segment))

    def finish_slices(self, segment: Stored, members: Mapping[int, int]) -> bool:
        job = segment.job
        stands = job is not None and self._stands(segment)
        if stands:
            for number, held in members.items():
                self._counts[segment.segment_id, number] = held
        return self._replace(replace(segment, job=job and job._replace(done=job.done + len(members))), stands)

    def count(self, moved: Mapping[tuple[str, int], int]) -> None:
        self._counts.update(moved)

    def store_counts(self) -> None:
        """Nothing: they are kept at once."""

    def people(self, contact_ids: Iterable[str], behaviour: bool) -> dict[str, Person]:
        everyone = self._read()
        return {each: self._person(*everyone[each], behaviour) for each in contact_ids if each in everyone}

    def slice_ids(self, first: int, width: int = 1) -> list[str]:
        return [each for each in self._read() if first <= slice_of(each) < first + width]

    def memberships(self, contact_ids: Iterable[str]) -> dict[str, Membership]:
        return {each: self._memberships.get(each, Membership(each)) for each in contact_ids}

    def put(self, memberships: Sequence[Membership], outbox: Mapping[str, Sequence[Envelope[Event]]]) -> set[str]:
        slower = set[str]()
        for each in memberships:
            if self._memberships.get(each.contact_id, Membership(each.contact_id)).n != each.n - 1:
                slower.add(each.contact_id)
                continue
            self._memberships[each.contact_id] = each
            for envelope in outbox.get(each.contact_id, ()):
                self.outbox.add(each.contact_id, envelope)
        return slower

    def forget_replaced(self, after: timedelta) -> None:
        """Nothing: here one state takes the place of the other."""

    def members(self, segment_id: str, begin: int, end: int) -> list[Place]:
        return sorted(
            Place(bucket_of(key), key, each.since[segment_id])
            for key, each in self._memberships.items()
            if segment_id in each.since and begin <= bucket_of(key) < end
        )

    def took_part(self, told: Sequence[tuple[str, Engagement]]) -> None:
        for _, each in told:
            known = self._engagements.get(each.engagement_id)
            if known is None or known.version < each.version:
                self._engagements[each.engagement_id] = each

    def _stands(self, segment: Stored) -> bool:
        kept = self._segments[segment.segment_id]
        return (kept.version, kept.job) == (segment.version, segment.job)

    def _replace(self, segment: Stored, stands: bool) -> bool:
        if stands:
            self._segments[segment.segment_id] = segment
        return stands

    def _counted(self, segment: Stored) -> Stored:
        counts = (each for (key, _), each in self._counts.items() if key == segment.segment_id)
        return replace(segment, members=sum(counts))

    def _person(self, contact: Contact, consents: Sequence[Consent], behaviour: bool) -> Person:
        took = [
            Took(each.occurred_at, each.kind)
            for each in self._engagements.values()
            if behaviour and not {contact.contact_id, *contact.merged}.isdisjoint(seen_in(each))
        ]
        asked = ("contact_id", "kind", "name", "locality", "practice", "groups")
        return Person(**{name: getattr(contact, name) for name in asked}, consents=consents, took=took)
