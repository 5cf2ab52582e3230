"""Who is heard of those who should be, who is missing, and what of it others may see. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from services.surveys.analysis import FEWEST, suppress
from services.surveys.consultations.contribution import Contributor, Noted
from shared.contracts.consultations import Target
from shared.contracts.representation import Missing, Representation, TargetHeard

FEW = 0.5
"""Of the rate of all together: whoever is heard less than that is missing."""


class Heard(NamedTuple):
    """Counts of people."""

    of_targets: tuple[int, ...]
    people: int
    elsewhere: int
    not_known: int
    """Of contributions."""


def count(targets: Sequence[Target], contributions: Iterable[Noted]) -> Heard:
    """Each contact counts once in each target it stands in, as it was known when it contributed last."""
    latest: dict[str, tuple[Noted, Contributor]] = {}
    not_known = 0
    for each in contributions:
        not_known += not each.contributors
        for one in each.contributors:
            known = latest.get(one.contact_id)
            if known is None or known[0].order < each.order:
                latest[one.contact_id] = each, one
    people = [one for _, one in latest.values()]
    of_targets = tuple(sum(_stands_in(target, one) for one in people) for target in targets)
    elsewhere = sum(not any(_stands_in(target, one) for target in targets) for one in people)
    return Heard(of_targets, len(people), elsewhere, not_known)


def _stands_in(target: Target, one: Contributor) -> bool:
    return (not target.group or target.group in one.groups) and target.locality in ("", one.locality)


def score(heard: Mapping[str, int], population: Mapping[str, int]) -> float | None:
    """The participation rate of the least represented group divided by that of the most represented.

    heard, population: people by group; a group that is not in `heard` was not heard. None when no group is in both.
    """
    common = [each for each in population if heard.get(each)]
    if not common:
        return None
    rates = [heard.get(each, 0) / people for each, people in population.items()]
    return min(rates) / max(rates)


def missing(targets: Sequence[Target], heard: Sequence[int]) -> tuple[Missing, ...]:
    """Of each target whether nobody of it is heard, or few."""
    overall = sum(heard) / sum(each.expected for each in targets) if targets else 0
    return tuple(_missing(number / target.expected, overall) for target, number in zip(targets, heard, strict=True))


def _missing(rate: float, overall: float) -> Missing:
    if rate == 0:
        return "nobody"
    return "few" if rate < overall * FEW else ""


def represent(targets: Sequence[Target], contributions: Iterable[Noted], only_in_results: int = 0) -> Representation:
    """Everything of it, as staff see it. only_in_results: further responses, of whom nobody knows who made them."""
    found = count(targets, contributions)
    names = [f"{each.group}:{each.locality}" for each in targets]
    heard = {name: number for name, number in zip(names, found.of_targets, strict=True) if number}
    population = {name: each.expected for name, each in zip(names, targets, strict=True)}
    lines = zip(targets, found.of_targets, missing(targets, found.of_targets), strict=True)
    return Representation(
        targets=tuple(
            TargetHeard(group=each.group, locality=each.locality, expected=each.expected, heard=number, missing=which)
            for each, number, which in lines
        ),
        people=found.people,
        elsewhere=found.elsewhere,
        not_known=found.not_known + only_in_results,
        score=score(heard, population),
    )


def missing_in(targets: Sequence[Target], shown: Sequence[int | None]) -> tuple[bool, ...]:
    """Of each target whether few or nobody of it is heard, by what is shown alone: so nothing of what is hidden.

    A hidden count is taken for the largest it may be, and for none where it would make others look few.
    """
    if not targets:
        return ()
    overall = sum(each or 0 for each in shown) / sum(each.expected for each in targets)
    most = [FEWEST - 1 if each is None else each for each in shown]
    return tuple(number / each.expected < overall * FEW for number, each in zip(most, targets, strict=True))


class PublicHeard(NamedTuple):
    """What everybody may see: None in place of counts that could be recognised, or that others follow from."""

    of_targets: tuple[int | None, ...]
    rest: int | None
    """Whoever stands in none of the groups, and contributions of whom we do not know who made them."""
    total: int | None
    """None when nothing else can be seen: it would be the sum of what is hidden."""
    score: float | None
    """None also when a count is hidden: with how many there are it would say what the least represented count is."""


def public(found: Representation) -> PublicHeard:
    """Counts below five are hidden, and as many more as it takes so that none follows from the others and the total."""
    counts = [each.heard for each in found.targets]
    rest = found.elsewhere + found.not_known
    shown = suppress([*counts, rest])
    is_whole = None not in shown
    total = found.people + found.not_known
    can_be_told = any(each is not None for each in shown)
    return PublicHeard(shown[:-1], shown[-1], total if can_be_told else None, found.score if is_whole else None)
