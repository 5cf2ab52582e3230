"""Who was merged into whom, as the events said last: contacts that are one person answer as one."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from shared.contracts.contacts import Contact
from shared.mongo import Documents, put_newest

AT_ONCE = 1_000


class Merges(Protocol):
    """Survivors of merges; the Mongo one and the fake pass the same contract tests."""

    def put(self, survivors: Sequence[Contact]) -> None:
        """Remember whom they stand for, unless a later version of them is known."""
        ...

    def people(self, contact_ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Every contact that each of them is one person with, itself included, in the order of their ids."""
        ...


class MongoMerges:
    """Collection `merges`, by survivor."""

    def __init__(self, database: Documents) -> None:
        self._merges = database["merges"]
        self._merges.create_index("merged")

    def put(self, survivors: Sequence[Contact]) -> None:
        put_newest(self._merges, [_document(each) for each in latest(survivors).values()])

    def people(self, contact_ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
        asked, families = list(dict.fromkeys(contact_ids)), list[tuple[str, ...]]()
        for some in (asked[at : at + AT_ONCE] for at in range(0, len(asked), AT_ONCE)):
            for member in ("_id", "merged"):
                families += [(each["_id"], *each["merged"]) for each in self._merges.find({member: {"$in": some}})]
        return _people(asked, families)


class FakeMerges:
    """The survivors in memory."""

    def __init__(self) -> None:
        self._survivors: dict[str, Contact] = {}

    def put(self, survivors: Sequence[Contact]) -> None:
        self._survivors = latest([*self._survivors.values(), *survivors])

    def people(self, contact_ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
        return _people(contact_ids, [(each.contact_id, *each.merged) for each in self._survivors.values()])


def latest(survivors: Iterable[Contact]) -> dict[str, Contact]:
    """The highest version of each; of two alike the earlier."""
    found: dict[str, Contact] = {}
    for each in survivors:
        if each.contact_id not in found or found[each.contact_id].version < each.version:
            found[each.contact_id] = each
    return found


def _people(contact_ids: Iterable[str], families: Iterable[Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """families: survivors with everybody who was merged into them, and into those."""
    people = {each: {each} for each in contact_ids}
    for family in families:
        for each in people.keys() & set(family):
            people[each].update(family)
    return {each: tuple(sorted(ids)) for each, ids in people.items()}


def _document(survivor: Contact) -> dict[str, Any]:
    return {"_id": survivor.contact_id, "version": survivor.version, "merged": list(survivor.merged)}
