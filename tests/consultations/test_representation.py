"""Who is heard, who is missing, and that small numbers stay hidden from whoever reckons."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.surveys.consultations.contribution import Contributor, Noted
from services.surveys.consultations.representation import (
    PublicHeard,
    count,
    missing,
    missing_in,
    public,
    represent,
    score,
)
from shared.contracts.consultations import Target
from shared.contracts.representation import Representation, TargetHeard
from tests.builders import AT


def target(group: str = "", locality: str = "", expected: int = 10) -> Target:
    return Target(group=group, locality=locality, expected=expected)


def said(*contributors: Contributor, number: int = 1) -> Noted:
    at = AT + timedelta(minutes=number)
    return Noted(contribution_id=f"eng_{number}", version=1, of="cns_1", occurred_at=at, contributors=contributors)


@pytest.mark.parametrize(
    ("heard", "population", "expected"),
    [
        ({"a": 1, "b": 2}, {"a": 10, "b": 10}, 0.5),
        ({"a": 2, "b": 5}, {"a": 20, "b": 10}, 0.2),
        ({"a": 4}, {"a": 10, "b": 10}, 0.0),
        ({"a": 1, "other": 9}, {"a": 10}, 1.0),
        ({"c": 4}, {"a": 10, "b": 10}, None),
        ({}, {"a": 10}, None),
        ({"a": 1}, {}, None),
    ],
)
def test_the_score_is_the_least_participation_rate_divided_by_the_most(
    heard: dict[str, int], population: dict[str, int], expected: float | None
) -> None:
    """The first three and the one without a common group: the worked examples of the representativeness score."""
    assert score(heard, population) == expected


SIZES = st.dictionaries(st.sampled_from("abcd"), st.integers(1, 1_000), min_size=1)


@given(SIZES, st.data(), st.integers(1, 50))
def test_the_score_lies_between_0_and_1_and_does_not_change_when_everything_grows_alike(
    population: dict[str, int], data: st.DataObject, times: int
) -> None:
    heard = {each: data.draw(st.integers(0, people)) for each, people in population.items()}
    found = score(heard, population)
    assert found is None or 0 <= found <= 1
    more = {each: number * times for each, number in heard.items()}
    assert score(more, population) == pytest.approx(found)


def test_people_count_once_in_each_group_they_stand_in() -> None:
    mary = Contributor("con_1", ("carers", "patients"), "saltham")
    femi = Contributor("con_2", ("carers",), "eastmere")
    targets = [target("carers"), target("patients", "saltham"), target("patients", "eastmere"), target("media")]
    found = count(targets, [said(mary, femi), said(mary, number=2), said(Contributor("con_3")), said(number=3)])
    assert (found.of_targets, found.people, found.elsewhere, found.not_known) == ((2, 1, 0, 0), 3, 1, 1)


def test_whoever_moved_counts_where_they_were_last() -> None:
    before, after = (Contributor("con_1", ("carers",), each) for each in ("saltham", "eastmere"))
    targets = [target("carers", "saltham"), target("carers", "eastmere")]
    for order in ([said(before), said(after, number=2)], [said(after, number=2), said(before)]):
        assert count(targets, order).of_targets == (0, 1)


def test_whoever_is_heard_less_than_half_as_much_as_all_together_is_missing() -> None:
    targets = [
        target("a", expected=100),
        target("b", expected=100),
        target("c", expected=100),
        target("d", expected=10),
    ]
    assert missing(targets, [50, 5, 0, 5]) == ("", "few", "nobody", "")
    assert missing(targets, [0, 0, 0, 0]) == ("nobody",) * 4
    assert missing(targets[:2], [30, 10]) == ("", "")
    assert missing(targets[:2], [31, 9]) == ("", "few")
    assert missing([], []) == ()


def test_who_is_missing_follows_from_what_is_shown_and_says_nothing_of_what_is_hidden() -> None:
    targets = [target("a", expected=100), target("b", expected=900), target("c", expected=10)]
    assert missing_in(targets, [90, None, None]) == (False, True, False), "four of ten would not be few"
    assert missing_in(targets, [None, None, None]) == (False, False, False)
    assert missing_in([], []) == ()


def test_everything_together_as_staff_see_it() -> None:
    people = [Contributor(f"con_{number}", ("carers",), "saltham") for number in range(4)]
    found = represent([target("carers", "saltham", 20), target("media", "", 40)], [said(*people)])
    assert [(each.heard, each.missing) for each in found.targets] == [(4, ""), (0, "nobody")]
    assert (found.score, found.people) == (0.0, 4)
    assert represent([], []).score is None


def heard(counts: Sequence[int], rest: int, score: float | None = 0.5) -> Representation:
    """Groups that do not overlap: the hardest case, because the total is the sum."""
    targets = [
        TargetHeard(group=f"group-{place}", locality="", expected=100, heard=number)
        for place, number in enumerate(counts)
    ]
    return Representation(targets=tuple(targets), people=sum(counts), not_known=rest, score=score)


def test_a_count_below_five_is_hidden_with_as_many_more_as_it_takes() -> None:
    assert public(heard([20, 9], 7)) == PublicHeard((20, 9), 7, 36, 0.5)
    assert public(heard([20, 3, 9], 7)) == PublicHeard((20, None, 9), None, 39, None)
    assert public(heard([3], 0)) == PublicHeard((None,), None, None, None)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 12), min_size=1, max_size=4), st.integers(0, 12))
@example([4, 4], 5)
@example([0, 30], 0)
@example([9, 9], 4)
@example([5, 6, 7], 1)
def test_no_small_number_follows_from_the_others_the_rest_the_total_and_the_score(counts: list[int], rest: int) -> None:
    """Whoever knows the rule tries every set of counts that would be published in the same way."""
    shown = public(scored(counts, rest))
    whole = [*shown.of_targets, shown.rest]
    assert all(each is None or each >= 5 for each in whole)
    hidden = [place for place, number in enumerate(whole) if number is None]
    if shown.total is None:
        assert len(hidden) == len(whole)
        return
    assert shown.total == sum(counts) + rest
    known = [*counts, rest]
    possible: dict[int, set[int]] = {place: set() for place in hidden}
    for guess in sums(len(hidden), sum(known[place] for place in hidden)):
        tried = list(known)
        for place, number in zip(hidden, guess, strict=True):
            tried[place] = number
        if public(scored(tried[:-1], tried[-1])) == shown:
            for place, number in zip(hidden, guess, strict=True):
                possible[place].add(number)
    assert all(len(each) > 1 for each in possible.values())


def scored(counts: Sequence[int], rest: int) -> Representation:
    names = [str(place) for place in range(len(counts))]
    return heard(counts, rest, score(dict(zip(names, counts, strict=True)), dict.fromkeys(names, 100)))


def sums(parts: int, total: int) -> Iterator[Sequence[int]]:
    """Every way to make the total of so many counts."""
    if parts < 2:
        yield (total,) * parts
        return
    for first in range(total + 1):
        for more in sums(parts - 1, total - first):
            yield (first, *more)
