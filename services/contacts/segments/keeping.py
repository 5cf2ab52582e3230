"""Keeps segments current: events settle the contacts they touch, jobs go through all contacts slice by slice."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from services.contacts.envelopes import SOURCE, now_as_stored
from services.contacts.segments import domain
from services.contacts.segments.causes import TIME_PASSED, cause_of, touched
from services.contacts.segments.domain import SLICES, Cause, Job, Membership, Move, Stored, slice_of
from services.contacts.segments.port import SegmentStore
from services.contacts.segments.rules import Person, asks_behaviour
from shared.contracts.base import Envelope, Event, new_id
from shared.contracts.events import EngagementCorrected, EngagementRecorded
from shared.errors import Unavailable
from shared.logs import correlation_id

ROUNDS = 5
"""How often contacts that somebody else settles at the same time are looked at again."""
REPLACED_STAY = timedelta(minutes=5)
"""How long a state of a membership stays that another has followed: longer than anybody takes to store one."""
TURN = 1.0
"""Seconds of work of a job at a time; calls and events come in between."""


class Keeper:
    """Settles contacts: reads them, asks the rules, and stores who came in and who went out."""

    def __init__(self, store: SegmentStore) -> None:
        self._store = store
        self._width = 1

    def follow(self, envelopes: Sequence[Envelope[Event]]) -> list[Envelope[Event]]:
        """What the events come to; the same batch again tells the same."""
        told = [
            (each.id, each.data.engagement)
            for each in envelopes
            if isinstance(each.data, EngagementRecorded | EngagementCorrected)
        ]
        if told:
            self._store.took_part(told)
        events = touched(envelopes)

        def look(contact_ids: Sequence[str]) -> tuple[Sequence[Stored], Sequence[str]]:
            segments = [each for each in self._store.segments() if not each.deleted or each.job]
            asked = {each.field for segment in segments for each in segment.rule.conditions}
            return segments, [key for key in contact_ids if any(asked & each.conditions for each in events[key])]

        correlations = {each.id: each.correlationid for each in envelopes}
        moves = self._settle(events, look, lambda contact_id, segment: cause_of(events[contact_id], segment))
        return [
            _envelope(contact_id, together, correlations[cause])
            for contact_id, together in moves
            if (cause := together[0].cause.event_id) in correlations
        ]

    def sweep(self) -> bool:
        """A turn of the jobs; False when there is none."""
        self._store.store_counts()
        self._store.forget_replaced(REPLACED_STAY)
        at, ends = now_as_stored(), time.monotonic() + TURN
        segments = self._store.segments()
        if due := [each for each in segments if each.is_due(at)]:
            for each in due:
                self._store.set_job(each, Job("time", 0), each.swept_at)
            segments = self._store.segments()
        while jobs := [each for each in segments if each.job]:
            self._sweep_slices(jobs)
            if time.monotonic() > ends:
                return True
            segments = self._store.segments()
        return False

    def _sweep_slices(self, jobs: Sequence[Stored]) -> None:
        """Some slices from where the first job stands, for every job that stands there too."""
        first = jobs[0].job.following if jobs[0].job else 0
        mine = [(each, each.job) for each in jobs if each.job and each.job.following == first]
        width = min(self._width, SLICES - first, *(SLICES - job.done for _, job in mine))
        contact_ids = self._store.slice_ids(first, width)
        segments = [each for each, _ in mine]
        self._settle(contact_ids, lambda keys: (segments, keys), lambda *_: TIME_PASSED, outbox=True)
        memberships = self._store.memberships(contact_ids)
        inside = Counter((key, slice_of(contact_id)) for contact_id, each in memberships.items() for key in each.since)
        for each, job in mine:
            members = {number: inside[each.segment_id, number] for number in range(first, first + width)}
            self._store.finish_slices(each, members)
            if job.done + width == SLICES:
                self._end(each)
        self._width = domain.width_after(width, len(contact_ids))

    def _end(self, segment: Stored) -> None:
        ended = self._store.find_segment(segment.segment_id)
        if ended is not None and ended.job is not None and ended.job.done >= SLICES:
            self._store.set_job(ended, None, now_as_stored())

    def _settle(
        self,
        contact_ids: Iterable[str],
        look: Callable[[Sequence[str]], tuple[Sequence[Stored], Sequence[str]]],
        cause: Callable[[str, Stored], Cause],
        outbox: bool = False,
    ) -> list[tuple[str, list[Move]]]:
        """Every move that stands in the store, by cause: made now, or by the same event before.

        `look` tells the segments as they are, and whom of the contacts they concern: nothing is read of the others, of
        whom an event of everyday has many. What a membership follows from is read after it, the segments once more
        too, and its next state is stored only where it is still the latest: so what was read before somebody else's
        change never has the last word. Where somebody was faster everything is read again.
        """
        left: Sequence[str] = list(contact_ids)
        told: dict[str, tuple[str, list[Move]]] = {}
        for _ in range(ROUNDS):
            _, left = look(left)
            if not left:
                return list(told.values())
            held = self._store.memberships(left)
            segments, concerned = look(left)
            people = self._store.people(concerned, any(asks_behaviour(each.rule) for each in segments))
            at, before = now_as_stored(), {key: held[key] for key in concerned}
            changed = {
                key: after
                for key, each in before.items()
                if (after := _settled(each, people.get(key), segments, at, cause)) is not None
            }
            left = self._put(changed, before, outbox)
            for key in concerned:
                if key not in left:
                    told |= _told(changed.get(key, before[key]))
        raise Unavailable("The same contacts are being settled elsewhere. They are looked at again.")

    def _put(self, changed: Mapping[str, Membership], before: Mapping[str, Membership], outbox: bool) -> list[str]:
        """Store what has changed; returns the contacts for whom somebody else was faster."""
        events = {
            key: [_envelope(key, group, correlation_id()) for group in domain.by_cause(each.moves)]
            for key, each in changed.items()
            if outbox and each.moves != before[key].moves
        }
        slower = self._store.put(list(changed.values()), events)
        if not outbox:  # a job counts each slice anew when it has done it
            self._count([each for key, each in changed.items() if key not in slower], before)
        return list(slower)

    def _count(self, changed: Sequence[Membership], before: Mapping[str, Membership]) -> None:
        moved: Counter[tuple[str, int]] = Counter()
        for each in changed:
            number = slice_of(each.contact_id)
            since = before[each.contact_id].since
            moved.update((key, number) for key in each.since if key not in since)
            moved.subtract((key, number) for key in since if key not in each.since)
        self._store.count(moved)


def _told(membership: Membership) -> dict[str, tuple[str, list[Move]]]:
    groups = (*domain.by_cause(membership.moves_before), *domain.by_cause(membership.moves))
    return {group[0].id: (membership.contact_id, group) for group in groups}


def _settled(
    membership: Membership,
    person: Person | None,
    segments: Sequence[Stored],
    at: datetime,
    cause: Callable[[str, Stored], Cause],
) -> Membership | None:
    contact_id = membership.contact_id
    return domain.settle(membership, person, segments, at, lambda segment: cause(contact_id, segment), new_id)


def _envelope(contact_id: str, together: Sequence[Move], correlation: str) -> Envelope[Event]:
    """The event of moves with one cause, the same whenever it is made."""
    first = together[0]
    event, cause = domain.told(contact_id, together), first.cause.event_id or ""
    return Envelope(event, SOURCE, contact_id, first.n, correlation, cause, id=first.id, time=first.at)
