"""Which condition of a search excludes everything, and what is found without it."""

from collections.abc import Callable, Iterator, Sequence

from shared import searching
from shared.contracts.history import Condition, Looser, SearchHistory

MOST = 8
"""Conditions that are tried."""
FILTERS: tuple[Condition, ...] = ("kind", "channel", "topic", "locality", "group", "partner")
"""Not `source`: its facet says already what its other values would find."""


def loosen(request: SearchHistory, fixed: Sequence[str], count: Callable[[SearchHistory], int]) -> list[Looser]:
    """What the search, which has found nothing, finds without each of its conditions; without all filters at last.

    fixed: filters that make a timeline what it is. A search of one condition is not loosened: that is everything.
    """
    tried = list(_without_one(request, fixed))
    if len(tried) < 2:
        return []
    found = [_looser(*each, count) for each in tried[:MOST]]
    several = [condition for condition, _, _ in tried if condition != "part"]
    if not any(each.total for each in found) and len(several) > 1:
        found.append(_looser("filters", "", without_filters(request, fixed), count))
    return [each for each in found if each.total]


def _looser(condition: Condition, part: str, asked: SearchHistory, count: Callable[[SearchHistory], int]) -> Looser:
    return Looser(condition=condition, part=part, q=asked.q, total=count(asked))


def _without_one(request: SearchHistory, fixed: Sequence[str]) -> Iterator[tuple[Condition, str, SearchHistory]]:
    """(condition, the part of what was typed that it is, the search without it)"""
    for name in FILTERS:
        if getattr(request, name) and name not in fixed:
            yield name, "", request.model_copy(update={name: ()})
    if request.from_ or request.to:
        yield "period", "", request.model_copy(update={"from_": None, "to": None})
    parts = searching.parts(request.q)
    for number, part in enumerate(parts):
        others = " ".join([*parts[:number], *parts[number + 1 :]])
        yield "part", part, request.model_copy(update={"q": others})


def without_filters(request: SearchHistory, fixed: Sequence[str]) -> SearchHistory:
    """The search with what was typed only, in a timeline that stays what it is."""
    values: dict[str, object] = {name: () for name in FILTERS if name not in fixed}
    return request.model_copy(update=values | {"from_": None, "to": None})
