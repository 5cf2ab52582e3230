"""The ledger as the service and the sender see it, and the shapes that go in and out of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from services.notifications.domain import Addressee, Chunk
from shared.contracts.base import Envelope, Event
from shared.contracts.erasure import Traces
from shared.contracts.notifications import Counts, EndState, LedgerLine


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a sender adds to the ledger for a chunk it holds."""

    lines: Sequence[LedgerLine]
    events: Sequence[Envelope[Event]]
    told: int
    """Lines of the chunk's journal that are in the ledger now."""
    release: "Release | None" = None
    """None: the chunk stays claimed."""


@dataclass(frozen=True, slots=True)
class Release:
    """A chunk that a sender gives back; with nobody left in it, it is done."""

    left: int
    not_before: datetime
    tries: Mapping[int, int] = field(default_factory=dict)


LineKey = tuple[str, str]
"""(mailing id, contact id)"""


class Ledger(Protocol):
    """The ledger as the service and the sender see it; the Mongo one and the fake pass the same contract tests."""

    def add_audience(self, mailing_id: str, audience: int, number: int, recipients: Sequence[Addressee]) -> None:
        """Put a chunk there, waiting; the same again changes nothing."""
        ...

    def drop_audience(self, mailing_id: str, audience: int) -> None:
        """Forget a freezing that was interrupted."""
        ...

    def waiting(self, mailing_id: str, audience: int, at: datetime, limit: int) -> list[Chunk]:
        """Chunks that can be claimed now."""
        ...

    def claim(self, chunk: Chunk, owner: str, boot: str, session: str = "") -> Chunk | None:
        """The chunk as the owner's alone; None when somebody was faster."""
        ...

    def held_by(self, owner: str = "") -> list[Chunk]:
        """What an owner (none: anybody) has claimed and not given back."""
        ...

    def recipients(self, chunk: Chunk) -> list[Addressee]: ...

    def find_recipient(self, mailing_id: str, audience: int, number: int, place: int) -> Addressee | None:
        """Who stands at a place of an audience."""
        ...

    def settled(self, mailing_id: str, contact_ids: Iterable[str]) -> set[str]:
        """Those of the contacts whose end state is in the ledger."""
        ...

    def settle(self, chunk: Chunk, settlement: Settlement) -> None:
        """Ledger first, then the chunk with the events. Raises Conflict when the chunk is not the caller's."""
        ...

    def progress(self, mailing_id: str, audience: int) -> tuple[Counts, int]:
        """(recipients by end state, chunks that are not done)"""
        ...

    def has_open_chunks(self, mailing_id: str, audience: int) -> bool: ...

    def erase(self, traces: Traces) -> tuple[str, ...]:
        """Take people who are erased out of audiences and lines; whoever was not sent to yet is suppressed.

        Returns the mailings that had them. Raises Unavailable while a sender holds a part of an audience they are in:
        it knows their names until it gives it back.
        """
        ...

    def forget_names(self, mailing_id: str, audience: int) -> None:
        """Take names and addresses out of an audience and its lines; the lines stay."""
        ...

    def list_lines(self, mailing_id: str, state: EndState, limit: int, cursor: str | None) -> list[LedgerLine]:
        """By contact id, after the cursor (a contact id)."""
        ...

    def find_lines(self, keys: Iterable[LineKey]) -> dict[LineKey, LedgerLine]:
        """Lines by mailing and contact; those that are not there are left out."""
        ...

    def mark_bounced(self, line: LedgerLine, reason: str) -> None:
        """The one change of a line: a message that was sent, or in doubt, came back."""
        ...

    def remark(self, chunk: str, remark: str, moved: Counts, event: Envelope[Event] | None) -> bool:
        """Move counts of a chunk and tell an event, once for each remark; False when it was made before."""
        ...
