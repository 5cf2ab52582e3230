"""The entry points of merges and of who may be the same, a part of the contacts service."""

from services.contacts.duplicates import Duplicates
from services.contacts.merger import Merger
from services.contacts.waiting_entry import WaitingEntry
from shared.contracts.base import Done
from shared.contracts.contacts import Contact
from shared.contracts.merging import DeclareDifferent, Likenesses, ListDuplicates, MergeContacts, UnmergeContacts
from shared.messaging import every, rpc


class MergingEntry(WaitingEntry):
    """What a person decides about contacts that look alike, of which fewer wait then; whoever inherits makes both."""

    _merger: Merger
    _duplicates: Duplicates

    @rpc
    def merge_contacts(self, request: MergeContacts) -> Contact:
        self._count_anew()
        return self._merger.merge(request)

    @rpc
    def unmerge_contacts(self, request: UnmergeContacts) -> Contact:
        self._count_anew()
        return self._merger.unmerge(request)

    @rpc
    def list_duplicates(self, request: ListDuplicates) -> Likenesses:
        return self._duplicates.list()

    @rpc
    def declare_different(self, request: DeclareDifferent) -> Done:
        self._count_anew()
        self._duplicates.declare_different(request.one_id, request.other_id, request.by)
        return Done()

    @every(5.0)
    def settle_merges(self) -> None:
        """Takes the last steps of merges that a process left when it died."""
        self._merger.settle()
