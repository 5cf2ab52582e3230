"""The repository of contacts as the service sees it, and the shapes that go in and out of it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from services.contacts.erasures import ErasureStore
from services.contacts.merging import Merge
from services.contacts.relating.store import RelationshipStore
from services.contacts.segments.port import SegmentStore
from shared.contracts.base import Envelope, Event
from shared.contracts.consent import Consent
from shared.contracts.contacts import Contact
from shared.contracts.erasure import Traces
from shared.messaging import Outbox


class Standing(NamedTuple):
    """Where a contact stands: its locality and its groups, and whose it is since it was merged."""

    locality: str | None
    groups: tuple[str, ...]
    merged_into: str | None = None


class Said(NamedTuple):
    """What a contact has said of its consent, and the version it has come to."""

    name: str
    version: int
    consents: tuple[Consent, ...]
    merged_into: str | None = None


class Unsettled(NamedTuple):
    """A merge, or the undoing of one, whose last steps are still to be taken."""

    contact_id: str
    """The tombstone of a merge; the survivor of one that is undone."""
    merge_id: str
    other_id: str
    is_undone: bool
    by: str
    others: tuple[Consent, ...] = ()
    """What the contact that comes back has said, when one is undone."""


class Likeable(NamedTuple):
    """What of a contact tells that it may be the same as another."""

    contact_id: str
    name: str
    locality: str | None
    practice: str | None


class Added(NamedTuple):
    """Statements to be added to a contact that stands at `version`, each with its event."""

    contact_id: str
    version: int
    consents: tuple[Consent, ...]
    envelopes: tuple[Envelope[Event], ...]


class Contacts(Protocol):
    """The repository as the service sees it; the Mongo one and the fake pass the same contract tests.

    An identifier is claimed for a contact before the contact is inserted: of two processes that register the same
    person at once, one loses the claim and finds the other's contact.
    """

    @property
    def outbox(self) -> Outbox:
        """What commands have left to be published."""
        ...

    @property
    def segments(self) -> SegmentStore:
        """Segments and who is in them, beside the contacts."""
        ...

    @property
    def relationships(self) -> RelationshipStore:
        """Who has which role where."""
        ...

    @property
    def erasures(self) -> ErasureStore:
        """The register of erasures."""
        ...

    def owners(self, keys: Iterable[str]) -> dict[str, list[str]]:
        """The contacts that carry each key (domain.key_of); keys nobody carries are left out."""
        ...

    def keys_of(self, contact_id: str) -> set[str]: ...

    def claim(self, owner_by_key: Mapping[str, str]) -> set[str]:
        """Make each key its contact's, if nobody has it; returns the keys that somebody else has."""
        ...

    def share(self, keys: Iterable[str], contact_id: str) -> None:
        """Let a contact carry keys that others may carry too."""
        ...

    def give_up(self, keys: Iterable[str], contact_id: str) -> None:
        """Undo claims, but for those that somebody has sealed meanwhile: their contact is being stored."""
        ...

    def seal(self, contact_ids: Iterable[str]) -> set[str]:
        """Let nobody give up the contacts' claims any more; returns those that have not been given up before."""
        ...

    def release(self, keys: Iterable[str], contact_id: str) -> None:
        """The contact does not carry the keys any more."""
        ...

    def find(self, contact_ids: Iterable[str]) -> dict[str, Contact]: ...

    def find_standings(self, contact_ids: Iterable[str]) -> dict[str, Standing]:
        """Where contacts stand: all that a resolution needs of them. Nobody who is erased stands anywhere."""
        ...

    def insert(self, contacts: Sequence[tuple[Contact, Envelope[Event]]]) -> set[str]:
        """Store new contacts with their events; returns the ids of those that were there, which stay as they are."""
        ...

    def insert_saying(self, contacts: Sequence[tuple[Contact, Envelope[Event], Added]]) -> None:
        """As `insert`, each with what it has said of its consent already, in one write."""
        ...

    def replace_all(self, changes: Sequence[tuple[Contact, Envelope[Event]]]) -> None:
        """As `replace`, one after another in one go; whose version has moved on stays as it is."""
        ...

    def replace(self, contact: Contact, envelope: Envelope[Event]) -> bool:
        """Store the next version with its event; False when somebody was faster."""
        ...

    def find_said(self, contact_ids: Iterable[str]) -> dict[str, Said]:
        """What contacts have said of their consent; those that are erased say nothing any more."""
        ...

    def add_consents(self, added: Sequence[Added]) -> None:
        """Add statements with their events, for each contact in one write; where somebody was faster, nothing."""
        ...

    def bury(self, tombstone: Contact, envelope: Envelope[Event], unsettled: Unsettled) -> bool:
        """Store the tombstone, and that the survivor has not absorbed it yet; False when somebody was faster."""
        ...

    def absorb(self, survivor: Contact, merge: Merge, said: Sequence[Consent], envelope: Envelope[Event]) -> bool:
        """Store the survivor with the merge and everything both said; False when somebody was faster."""
        ...

    def give_back(
        self, survivor: Contact, said: Sequence[Consent], envelope: Envelope[Event], unsettled: Unsettled
    ) -> bool:
        """Store the survivor without its latest merge, and that the other is to come back."""
        ...

    def revive(self, contact: Contact, said: Sequence[Consent], envelope: Envelope[Event]) -> bool:
        """Store the contact that comes back; False when somebody was faster."""
        ...

    def erase(self, left: Contact, envelope: Envelope[Event], traces: Traces) -> bool:
        """Store what is left, with the traces gone from statements, merges and waiting events; False as `replace`."""
        ...

    def merges(self, contact_id: str) -> tuple[Merge, ...]:
        """The merges into a contact that stand, the latest last."""
        ...

    def unsettled(self) -> list[Unsettled]: ...

    def settled(self, unsettled: Unsettled) -> None:
        """Its last steps have been taken."""
        ...

    def shared_keys(self, limit: int) -> list[list[str]]:
        """The contacts of identifiers that stand on several, for up to `limit` identifiers."""
        ...

    def likeable(self) -> Iterator[Likeable]:
        """Every contact that is not merged, one after another."""
        ...

    def declare_different(self, one_id: str, other_id: str, by: str) -> None:
        """Remember that two contacts are not the same."""
        ...

    def different(self) -> set[frozenset[str]]:
        """The pairs that have been declared different."""
        ...
