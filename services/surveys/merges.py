"""Who was merged into whom, as the events said last: whoever answered before a merge has answered after it."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from shared.contracts.contacts import Contact
from shared.mongo import Documents, put_newest


class Merges(Protocol):
    """Survivors of merges; the Mongo one and the fake pass the same contract tests."""

    def put(self, survivors: Sequence[Contact]) -> None:
        """Remember whom they stand for, unless a later version of them is known."""
        ...

    def merged(self, contact_ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Those who were merged into each of the contacts; who stands for nobody else is left out."""
        ...


class MongoMerges:
    """Collection `merges`, by survivor."""

    def __init__(self, database: Documents) -> None:
        self._merges = database["merges"]

    def put(self, survivors: Sequence[Contact]) -> None:
        put_newest(self._merges, [_document(each) for each in latest(survivors).values()])

    def merged(self, contact_ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
        found = self._merges.find({"_id": {"$in": list(contact_ids)}})
        return {each["_id"]: tuple(each["merged"]) for each in found if each["merged"]}


class FakeMerges:
    """The survivors in memory."""

    def __init__(self) -> None:
        self._survivors: dict[str, Contact] = {}

    def put(self, survivors: Sequence[Contact]) -> None:
        self._survivors = latest([*self._survivors.values(), *survivors])

    def merged(self, contact_ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
        found = {each: self._survivors[each].merged for each in contact_ids if each in self._survivors}
        return {contact_id: merged for contact_id, merged in found.items() if merged}


def latest(survivors: Iterable[Contact]) -> dict[str, Contact]:
    """The highest version of each; of two alike the earlier."""
    found: dict[str, Contact] = {}
    for each in survivors:
        if each.contact_id not in found or found[each.contact_id].version < each.version:
            found[each.contact_id] = each
    return found


def _document(survivor: Contact) -> dict[str, Any]:
    return {"_id": survivor.contact_id, "version": survivor.version, "merged": list(survivor.merged)}
