"""The store of segments as the service sees it, and the shapes that go in and out of it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from services.contacts.segments.domain import Job, Membership, Stored
from services.contacts.segments.rules import Person
from shared.contracts.base import Envelope, Event
from shared.contracts.events import Engagement
from shared.messaging import Outbox


class Place(NamedTuple):
    """Where a member stands in the order of its segment."""

    bucket: int
    contact_id: str
    since: datetime


class SegmentStore(Protocol):
    """The store of segments as the service sees it; the Mongo one and the fake pass the same contract tests."""

    @property
    def outbox(self) -> Outbox: ...

    def segments(self, counted: bool = False) -> list[Stored]:
        """Every segment, also those put away; `members` is 0 unless they are to be counted."""
        ...

    def find_segment(self, segment_id: str) -> Stored | None: ...

    def insert_segment(self, segment: Stored) -> bool:
        """False when it is there already."""
        ...

    def replace_segment(self, segment: Stored) -> bool:
        """Store the next version; False when somebody was faster."""
        ...

    def set_job(self, segment: Stored, job: Job | None, swept_at: datetime) -> bool:
        """Let a job begin or end, at this version of the segment; False when it is another by now."""
        ...

    def finish_slices(self, segment: Stored, members: Mapping[int, int]) -> bool:
        """The next slices of the job are done and hold so many members each; False when somebody else did them."""
        ...

    def count(self, moved: Mapping[tuple[str, int], int]) -> None:
        """Add to the number of members of (segment, slice); it is kept in mind until `store_counts`."""
        ...

    def store_counts(self) -> None:
        """Store what has been added. What a killed process had not stored is put right by the daily job."""
        ...

    def people(self, contact_ids: Iterable[str], behaviour: bool) -> dict[str, Person]:
        """Contacts as rules see them; what they took part in only when `behaviour` is asked for."""
        ...

    def slice_ids(self, first: int, width: int = 1) -> list[str]:
        """The contacts of a slice, or of so many in a row."""
        ...

    def memberships(self, contact_ids: Iterable[str]) -> dict[str, Membership]:
        """The segments of each contact; of whom nothing is stored, an empty one."""
        ...

    def put(self, memberships: Sequence[Membership], outbox: Mapping[str, Sequence[Envelope[Event]]]) -> set[str]:
        """Store the next state of each, where nobody was faster, with the events of `outbox` by contact.

        Returns the contacts for whom somebody was: nothing of theirs is stored.
        """
        ...

    def forget_replaced(self, after: timedelta) -> None:
        """Forget states of memberships that have been noticed so long ago to be followed by others; a bulk at a time.

        Whoever is slow to store what follows an old state must still find it taken.
        """
        ...

    def members(self, segment_id: str, begin: int, end: int) -> list[Place]:
        """Members in buckets from `begin` to before `end`, in order."""
        ...

    def took_part(self, told: Sequence[tuple[str, Engagement]]) -> None:
        """Remember who took part in what, by (id of the event that tells it, the engagement); the latest version says
        so. Restricted engagements are forgotten."""
        ...
