"""What becomes of two contacts that are merged, and of one merge that is undone. Pure: time is passed in.

The merged contact stays as it is, as a tombstone that points to the survivor. The survivor gets what it lacks. Undone,
the tombstone is itself again, and the survivor loses what it got, but keeps what has been changed since.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TypeVar

from pydantic import AwareDatetime

from shared.contracts.base import Value
from shared.contracts.consent import Consent
from shared.contracts.contacts import Contact, ContactChanged, FieldChange
from shared.errors import Conflict, Invalid

T = TypeVar("T")
PLAIN = ("kind", "name", "locality", "practice")
LISTS = ("identifiers", "groups", "reported_by", "merged")
MAX_MERGES = 50


class Merge(Value):
    """A merge as the survivor remembers it."""

    merge_id: str
    contact_id: str
    name: str
    before: Contact
    """The survivor before it."""
    after: Contact
    """The survivor after it."""
    said_before: tuple[str, ...] = ()
    """The ids of the statements that it had."""
    said_after: tuple[str, ...] = ()
    at: AwareDatetime
    by: str


def check_merge(survivor: Contact, merged: Contact, merges: Sequence[Merge]) -> None:
    """Raises what forbids the merge."""
    if survivor.contact_id == merged.contact_id:
        raise Invalid("A contact cannot be merged with itself.")
    if survivor.erased or merged.erased:
        raise Conflict("One of these contacts has been erased: there is nothing left to merge.")
    if survivor.merged_into or merged.merged_into:
        raise Conflict("One of these contacts has been merged already. Look at them again.")
    if len(merges) >= MAX_MERGES:
        raise Invalid(f"{MAX_MERGES} contacts can be merged into one.")


def bury(contact: Contact, survivor_id: str, at: datetime, by: str) -> tuple[Contact, ContactChanged]:
    """The tombstone of a contact: all that it was, and whose it is now."""
    buried = contact.model_copy(update={"merged_into": survivor_id, "version": contact.version + 1, "changed_at": at})
    change = FieldChange(field="merged_into", before="", after=survivor_id)
    return buried, ContactChanged(contact=buried, changes=(change,), changed_by=by)


def revive(tombstone: Contact, at: datetime, by: str) -> tuple[Contact, ContactChanged]:
    """The contact of a tombstone, as it was."""
    revived = tombstone.model_copy(update={"merged_into": None, "version": tombstone.version + 1, "changed_at": at})
    change = FieldChange(field="merged_into", before=tombstone.merged_into or "", after="")
    return revived, ContactChanged(contact=revived, changes=(change,), changed_by=by)


def absorb(survivor: Contact, tombstone: Contact, at: datetime) -> Contact:
    """The survivor with what the other knew: its own stands, what it lacks is filled in, lists are joined."""
    update: dict[str, object] = {
        name: getattr(survivor, name) or getattr(tombstone, name) for name in ("locality", "practice")
    }
    for name in LISTS:
        update[name] = _once((*getattr(survivor, name), *getattr(tombstone, name)))
    update["merged"] = _once((*survivor.merged, tombstone.contact_id, *tombstone.merged))
    return survivor.model_copy(update=update | {"version": survivor.version + 1, "changed_at": at})


def give_back(survivor: Contact, merge: Merge, at: datetime) -> Contact:
    """The survivor as it was before the merge, with what has been changed since."""
    update: dict[str, object] = {}
    for name in PLAIN:
        is_changed = getattr(survivor, name) != getattr(merge.after, name)
        update[name] = getattr(survivor if is_changed else merge.before, name)
    for name in LISTS:
        update[name] = _kept(getattr(survivor, name), getattr(merge.before, name), getattr(merge.after, name))
    return survivor.model_copy(update=update | {"version": survivor.version + 1, "changed_at": at})


def statements_after(own: Sequence[Consent], others: Sequence[Consent]) -> tuple[Consent, ...]:
    """Everything either of the two said, each statement once."""
    return tuple({each.consent_id: each for each in (*own, *others)}.values())


def statements_given_back(
    said: Sequence[Consent], merge: Merge, others: Sequence[Consent]
) -> tuple[tuple[Consent, ...], tuple[Consent, ...]]:
    """(the survivor's, the other's) statements after the merge is undone; what was withdrawn since counts for both."""
    got = set(merge.said_after) - set(merge.said_before)
    own = tuple(each for each in said if each.consent_id not in got)
    withdrawn = [each for each in said if not each.given and each.consent_id not in merge.said_after]
    return own, statements_after(others, withdrawn)


def check_latest(merges: Sequence[Merge], merged_id: str) -> Merge:
    """The merge, if it is the survivor's latest: they are undone in the order in which they were made."""
    if not any(each.contact_id == merged_id for each in merges):
        raise Conflict("These contacts are not merged, or not any more. Look at them again.")
    if merges[-1].contact_id != merged_id:
        raise Conflict(f"{merges[-1].name} was merged after that. Undo that merge first.")
    return merges[-1]


def _kept(now: Sequence[T], before: Sequence[T], after: Sequence[T]) -> tuple[T, ...]:
    """What was there before and has not been taken away since, and what has been added since."""
    return tuple(each for each in now if each in before or each not in after)


def _once(values: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(values))
