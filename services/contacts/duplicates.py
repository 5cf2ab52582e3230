"""Contacts who may be the same: pairs with the reasons, the surest first, without those declared different."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, islice
from typing import Literal

from services.contacts.repository import Contacts, Likeable
from services.contacts.segments.rules import folded_words
from shared.contracts.merging import Likeness, Likenesses

Reason = Literal["identifier", "name_locality", "name_practice"]
SHOWN = 100
LOOKED_AT = 2000
"""Identifiers, and pairs of one sort, that are looked at."""
PAIRS_OF_ONE = 10
"""Pairs that one address or one name can make: twenty of one household are no two hundred duplicates."""


class Duplicates:
    """Finds pairs and remembers those that are none."""

    def __init__(self, repository: Contacts) -> None:
        self._repository = repository

    def list(self) -> Likenesses:
        reasons: dict[frozenset[str], list[Reason]] = {}
        for reason, pair in self._pairs():
            known = reasons.setdefault(pair, [])
            if reason not in known:
                known.append(reason)
        for pair in self._repository.different():
            reasons.pop(pair, None)
        surest = sorted(reasons, key=lambda pair: (-_weight(reasons[pair]), sorted(pair)))
        contacts = self._repository.find(each for pair in surest[: 2 * SHOWN] for each in pair)
        found = [
            Likeness(contacts=tuple(contacts[each] for each in sorted(pair)), reasons=tuple(reasons[pair]))
            for pair in surest[: 2 * SHOWN]
            if all(each in contacts and contacts[each].stands for each in pair)
        ]
        return Likenesses(likenesses=tuple(found[:SHOWN]), complete=len(surest) <= SHOWN)

    def _pairs(self) -> Iterator[tuple[Reason, frozenset[str]]]:
        for owners in self._repository.shared_keys(LOOKED_AT):
            yield from (("identifier", pair) for pair in _pairs_of(owners))
        everybody = list(self._repository.likeable())
        for reason, groups in (
            ("name_locality", _alike(everybody, "locality")),
            ("name_practice", _alike(everybody, "practice")),
        ):
            pairs = (pair for group in groups for pair in _pairs_of(group))
            yield from ((reason, pair) for pair in islice(pairs, LOOKED_AT))  # type: ignore[misc]

    def declare_different(self, one_id: str, other_id: str, by: str) -> None:
        self._repository.declare_different(one_id, other_id, by)


def _alike(everybody: Iterable[Likeable], place: Literal["locality", "practice"]) -> list[list[str]]:
    """Contacts of the same name, without case, accents and the order of its words, at the same place."""
    groups: dict[tuple[str, str], list[str]] = {}
    for each in everybody:
        if at := getattr(each, place):
            groups.setdefault((" ".join(sorted(folded_words(each.name))), at), []).append(each.contact_id)
    return [group for group in groups.values() if len(group) > 1]


def _pairs_of(contact_ids: Sequence[str]) -> Iterator[frozenset[str]]:
    return (frozenset(pair) for pair in islice(combinations(contact_ids, 2), PAIRS_OF_ONE))


def _weight(reasons: Sequence[Reason]) -> int:
    """A shared address and the same name is surer than either alone; the same name surer than a shared address."""
    return sum({"identifier": 2, "name_locality": 3, "name_practice": 3}[each] for each in reasons)
