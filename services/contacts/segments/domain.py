"""How a segment changes, and who comes in and goes out of it. Pure: time and ids are passed in.

Contacts are spread evenly over 65,536 buckets by their id, and 256 buckets are one slice: a job that looks at every
contact goes slice by slice, and each segment remembers which slices its job has done.
"""

import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from services.contacts.segments.meaning import meaning
from services.contacts.segments.rules import Person, follows_time, matches
from shared.contracts.segments import Rule, Segment, SegmentRef, SegmentsEntered, SegmentsLeft

BUCKETS = 65_536
SLICES = 256
MAX_SEGMENTS = 200
SWEEP_AFTER = timedelta(hours=1)
"""How long a segment that follows time stands before it is looked over again; the others a day."""
SWEEP_OTHERS_AFTER = timedelta(days=1)


AT_ONCE = 500
"""About so many contacts are looked at together: small slices are taken several at a time."""


def width_after(width: int, held: int) -> int:
    """How many slices to take next, when so many held so many contacts."""
    if held < AT_ONCE // 2:
        return min(SLICES, width * 2)
    return max(1, width // 2) if held > AT_ONCE else width


def bucket_of(contact_id: str) -> int:
    return zlib.crc32(contact_id.encode()) % BUCKETS


def slice_of(contact_id: str) -> int:
    return bucket_of(contact_id) * SLICES // BUCKETS


class Job(NamedTuple):
    """Looking at every contact for one segment: `fill` tells nobody of moves, `time` does."""

    kind: Literal["fill", "time"]
    first: int
    """The slice it began with."""
    done: int = 0

    def has_done(self, number: int) -> bool:
        return (number - self.first) % SLICES < self.done

    @property
    def following(self) -> int:
        return (self.first + self.done) % SLICES


@dataclass(frozen=True, kw_only=True)
class Stored:
    """A segment as it is kept."""

    segment_id: str
    version: int
    name: str
    rule: Rule
    created_by: str
    created_at: datetime
    changed_by: str
    changed_at: datetime
    swept_at: datetime
    """When the last job ended, or the segment was made."""
    deleted: bool = False
    job: Job | None = None
    members: int = 0

    def is_silent_for(self, number: int) -> bool:
        """Whether moves of contacts in the slice are part of its being filled, and no news."""
        return self.deleted or (self.job is not None and self.job.kind == "fill" and not self.job.has_done(number))

    def is_due(self, at: datetime) -> bool:
        after = SWEEP_AFTER if follows_time(self.rule) else SWEEP_OTHERS_AFTER
        return self.job is None and not self.deleted and at - self.swept_at >= after


class Cause(NamedTuple):
    """Why somebody came in or went out."""

    words: str
    event_id: str | None = None


class Move(NamedTuple):
    """One contact has come into one segment or gone out of it."""

    id: str
    segment_id: str
    segment: str
    entered: bool
    at: datetime
    cause: Cause
    n: int
    """The change of the membership that it was part of."""


@dataclass(frozen=True)
class Membership:
    """The segments of one contact. The moves of the last two changes stay, so that a redelivery tells the same."""

    contact_id: str
    n: int = 0
    since: Mapping[str, datetime] = field(default_factory=dict)
    moves: tuple[Move, ...] = ()
    moves_before: tuple[Move, ...] = ()


def create(segment_id: str, name: str, rule: Rule, at: datetime, by: str, first: int) -> Stored:
    return Stored(
        segment_id=segment_id,
        version=1,
        name=name,
        rule=rule,
        created_by=by,
        created_at=at,
        changed_by=by,
        changed_at=at,
        swept_at=at,
        job=Job("fill", first),
    )


def change(segment: Stored, name: str, rule: Rule, at: datetime, by: str, first: int) -> Stored:
    """Another name, another rule; only another rule has to be filled."""
    job = Job("fill", first) if rule != segment.rule else segment.job
    return _next(replace(segment, name=name, rule=rule, job=job), at, by)


def put_away(segment: Stored, at: datetime, by: str, first: int) -> Stored:
    """It finds nobody any more; whoever was in it is taken out in the background."""
    return segment if segment.deleted else _next(replace(segment, deleted=True, job=Job("fill", first)), at, by)


def restore(segment: Stored, at: datetime, by: str, first: int) -> Stored:
    return _next(replace(segment, deleted=False, job=Job("fill", first)), at, by) if segment.deleted else segment


def _next(segment: Stored, at: datetime, by: str) -> Stored:
    return replace(segment, version=segment.version + 1, changed_at=at, changed_by=by)


def as_segment(stored: Stored) -> Segment:
    filling = stored.job is not None and stored.job.kind == "fill"
    return Segment(
        segment_id=stored.segment_id,
        version=stored.version,
        name=stored.name,
        rule=stored.rule,
        meaning=meaning(stored.rule),
        members=0 if stored.deleted else max(0, stored.members),
        filled=stored.job.done / SLICES if stored.job and filling else 1.0,
        deleted=stored.deleted,
        created_by=stored.created_by,
        created_at=stored.created_at,
        changed_by=stored.changed_by,
        changed_at=stored.changed_at,
    )


def settle(
    membership: Membership,
    person: Person | None,
    among: Sequence[Stored],
    at: datetime,
    cause_of: Callable[[Stored], Cause],
    make_id: Callable[[], str],
) -> Membership | None:
    """The membership as the rules have it at a moment; None when nothing is different. Nobody known is in nothing."""
    since, moves = dict(membership.since), list[Move]()
    number = slice_of(membership.contact_id)
    for segment in among:
        key = segment.segment_id
        inside = person is not None and not segment.deleted and matches(segment.rule, person, at)
        if inside == (key in since):
            continue
        if inside:
            since[key] = at
        else:
            del since[key]
        if not segment.is_silent_for(number):
            moves.append(Move(make_id(), key, segment.name, inside, at, cause_of(segment), membership.n + 1))
    if since.keys() == membership.since.keys():
        return None
    kept = membership.moves if moves else membership.moves_before
    return Membership(membership.contact_id, membership.n + 1, since, tuple(moves) or membership.moves, kept)


def told(contact_id: str, together: Sequence[Move]) -> SegmentsEntered | SegmentsLeft:
    """The event of moves that have all in common but their segments."""
    first = together[0]
    kind = SegmentsEntered if first.entered else SegmentsLeft
    return kind(
        contact_id=contact_id,
        segments=tuple(SegmentRef(segment_id=each.segment_id, name=each.segment) for each in together),
        cause=first.cause.words,
        cause_id=first.cause.event_id,
        at=first.at,
    )


def by_cause(moves: Iterable[Move]) -> list[list[Move]]:
    """The moves of one change that one cause brought about in one direction stand together: they are one event."""
    found: dict[tuple[Cause, bool], list[Move]] = {}
    for each in moves:
        found.setdefault((each.cause, each.entered), []).append(each)
    return list(found.values())
