"""Merges contacts and undoes merges: two documents, step by step, each step safe to take again.

The tombstone is written first, with the note that its merge is unsettled: from then on it does not change, so what
the survivor absorbs is exact. A process that dies in between leaves the note, and `settle` takes the steps left.
"""

from services.contacts import merging
from services.contacts.domain import key_of
from services.contacts.envelopes import envelope, now
from services.contacts.merging import Merge
from services.contacts.repository import Contacts, Unsettled
from shared import failpoints
from shared.contracts.base import id_of
from shared.contracts.contacts import Contact
from shared.contracts.merging import ContactsMerged, ContactsUnmerged, MergeContacts, MergeRecord, UnmergeContacts
from shared.errors import Conflict, NotFound, Unavailable

ATTEMPTS = 5
CHANGED_MEANWHILE = "Somebody else changed one of these contacts in the meantime. Look at them again, then merge them."


class Merger:
    """Merges and un-merges."""

    def __init__(self, repository: Contacts) -> None:
        self._repository = repository

    def merge(self, request: MergeContacts) -> Contact:
        """The survivor."""
        merge_id = id_of("mrg", request.request_id)
        survivor, merged = self._get(request.survivor_id), self._get(request.merged_id)
        merges = self._repository.merges(survivor.contact_id)
        if any(each.merge_id == merge_id for each in merges):
            return survivor
        merging.check_merge(survivor, merged, merges)
        if (survivor.version, merged.version) != (request.survivor_version, request.merged_version):
            raise Conflict(CHANGED_MEANWHILE)
        tombstone, event = merging.bury(merged, survivor.contact_id, now(), request.by)
        unsettled = Unsettled(merged.contact_id, merge_id, survivor.contact_id, False, request.by)
        if not self._repository.bury(tombstone, envelope(event, tombstone), unsettled):
            raise Conflict(CHANGED_MEANWHILE)
        failpoints.reach("merge.after_bury")
        self._finish_merge(unsettled)
        return self._get(survivor.contact_id)

    def unmerge(self, request: UnmergeContacts) -> Contact:
        """The contact that has come back."""
        survivor, merged = self._get(request.survivor_id), self._get(request.merged_id)
        if survivor.merged_into:
            raise Conflict(f"{survivor.name} has been merged itself. Undo that merge first.")
        merge = merging.check_latest(self._repository.merges(survivor.contact_id), merged.contact_id)
        said = self._repository.find_said([survivor.contact_id, merged.contact_id])
        own, others = merging.statements_given_back(
            said[survivor.contact_id].consents, merge, said[merged.contact_id].consents
        )
        after = merging.give_back(survivor, merge, now())
        event = ContactsUnmerged(
            merge_id=merge.merge_id,
            survivor=after,
            restored_id=merged.contact_id,
            restored_name=merged.name,
            unmerged_by=request.by,
        )
        unsettled = Unsettled(survivor.contact_id, merge.merge_id, merged.contact_id, True, request.by, others)
        if not self._repository.give_back(after, own, envelope(event, after), unsettled):
            raise Conflict(CHANGED_MEANWHILE)
        failpoints.reach("merge.after_give_back")
        self._finish_unmerge(unsettled)
        return self._get(merged.contact_id)

    def records(self, contact_id: str) -> tuple[MergeRecord, ...]:
        """The merges into a contact that stand, the latest last."""
        return tuple(
            MergeRecord(
                merge_id=each.merge_id, merged_id=each.contact_id, merged_name=each.name, at=each.at, by=each.by
            )
            for each in self._repository.merges(contact_id)
        )

    def settle(self) -> None:
        """Take the steps that processes which died have left."""
        for each in self._repository.unsettled():
            (self._finish_unmerge if each.is_undone else self._finish_merge)(each)

    def _finish_merge(self, unsettled: Unsettled) -> None:
        tombstone = self._get(unsettled.contact_id)
        for _ in range(ATTEMPTS):
            survivor = self._get(unsettled.other_id)
            merges = self._repository.merges(survivor.contact_id)
            if any(each.merge_id == unsettled.merge_id for each in merges) or self._absorb(
                survivor, tombstone, unsettled
            ):
                break
        else:
            raise Unavailable("These contacts are being changed elsewhere just now. The merge goes on by itself.")
        keys = [key_of(each) for each in tombstone.identifiers]
        self._repository.share(keys, unsettled.other_id)
        self._repository.release(keys, tombstone.contact_id)
        self._repository.settled(unsettled)

    def _absorb(self, survivor: Contact, tombstone: Contact, unsettled: Unsettled) -> bool:
        at, said = now(), self._repository.find_said([survivor.contact_id, tombstone.contact_id])
        mine, others = said[survivor.contact_id].consents, said[tombstone.contact_id].consents
        after, everything = merging.absorb(survivor, tombstone, at), merging.statements_after(mine, others)
        merge = Merge(
            merge_id=unsettled.merge_id,
            contact_id=tombstone.contact_id,
            name=tombstone.name,
            before=survivor,
            after=after,
            said_before=tuple(each.consent_id for each in mine),
            said_after=tuple(each.consent_id for each in everything),
            at=at,
            by=unsettled.by,
        )
        event = ContactsMerged(
            merge_id=merge.merge_id,
            survivor=after,
            merged_id=tombstone.contact_id,
            merged_name=tombstone.name,
            merged_by=unsettled.by,
        )
        return self._repository.absorb(after, merge, everything, envelope(event, after))

    def _finish_unmerge(self, unsettled: Unsettled) -> None:
        for _ in range(ATTEMPTS):
            tombstone = self._get(unsettled.other_id)
            revived, event = merging.revive(tombstone, now(), unsettled.by)
            if tombstone.merged_into != unsettled.contact_id or self._repository.revive(
                revived, unsettled.others, envelope(event, revived)
            ):
                break
        else:
            raise Unavailable("This contact is being changed elsewhere just now. It comes back by itself.")
        self._repository.share([key_of(each) for each in revived.identifiers], revived.contact_id)
        survivor = self._get(unsettled.contact_id)
        kept = {key_of(each) for each in survivor.identifiers}
        self._repository.release(
            [key_of(each) for each in revived.identifiers if key_of(each) not in kept], survivor.contact_id
        )
        self._repository.settled(unsettled)

    def _get(self, contact_id: str) -> Contact:
        found = self._repository.find([contact_id]).get(contact_id)
        if found is None:
            raise NotFound("There is no such contact.")
        return found
