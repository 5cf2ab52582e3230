"""Contacts who turn out to be the same: merged by a person, and un-merged. Owned by services/contacts."""

from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, Field

from shared.contracts.base import Done, Event, Personal, Request, Value
from shared.contracts.contacts import Contact


class ContactsMerged(Event):
    """Published when one contact has been merged into another; carries the survivor's whole new state."""

    type: ClassVar[str] = "wellheard.contact.merged.v1"
    merge_id: str
    survivor: Contact
    merged_id: str
    merged_name: Annotated[str, Personal]
    merged_by: str


class ContactsUnmerged(Event):
    """Published when a merge has been undone; carries the survivor's whole new state."""

    type: ClassVar[str] = "wellheard.contact.unmerged.v1"
    merge_id: str
    survivor: Contact
    restored_id: str
    restored_name: Annotated[str, Personal]
    unmerged_by: str


# -- requests ---------------------------------------------------------------------------------------


class MergeContacts(Request[Contact]):
    """Merge one contact into another, which survives. The same `request_id` again is the same merge.

    Conflict when either has changed since its version, or one of them has been merged already.
    """

    service: ClassVar[str] = "contacts"
    reply: ClassVar = Contact
    request_id: str
    survivor_id: str
    survivor_version: int
    merged_id: str
    merged_version: int
    by: str = "staff"


class UnmergeContacts(Request[Contact]):
    """Undo the latest merge into a contact; the answer is the contact that comes back.

    It comes back exactly as it was. The survivor gives back what it got by the merge and keeps what has been changed
    since; what was withdrawn since counts for both. Conflict when the merge is not the survivor's latest.
    """

    service: ClassVar[str] = "contacts"
    reply: ClassVar = Contact
    survivor_id: str
    merged_id: str
    by: str = "staff"


class Likeness(Value):
    """Contacts who may be the same, and why."""

    contacts: Annotated[tuple[Contact, ...], Field(min_length=2)]
    reasons: tuple[Literal["identifier", "name_locality", "name_practice"], ...]


class Likenesses(Value):
    likenesses: tuple[Likeness, ...]
    complete: bool
    """False: there are more than are shown."""


class ListDuplicates(Request[Likenesses]):
    """Up to 100 pairs of contacts who may be the same and whom nobody has declared different; the surest first."""

    service: ClassVar[str] = "contacts"
    reply: ClassVar = Likenesses


class DeclareDifferent(Request[Done]):
    """Remember that two contacts are not the same."""

    service: ClassVar[str] = "contacts"
    reply: ClassVar = Done
    one_id: str
    other_id: str
    by: str = "staff"


class MergeRecord(Value):
    """A merge that stands."""

    merge_id: str
    merged_id: str
    merged_name: Annotated[str, Personal]
    at: AwareDatetime
    by: str
