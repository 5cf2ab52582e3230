"""Counting answers, over all that a survey has asked; and hiding counts so that nobody can work them out."""

from collections.abc import Iterator, Sequence
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.surveys.analysis import FEWEST, analyse, suppress
from shared.contracts.surveys import QuestionResult
from shared.surveys.definition import Definition
from tests.surveys.asking import CHOICES, a_definition, a_question

SMALL = st.lists(st.integers(0, 12), min_size=1, max_size=5)


def asked(*questions: dict[str, Any]) -> Definition:
    return Definition.model_validate(a_definition(*questions))


def results(*responses: dict[str, Any], **definition: Any) -> dict[str, QuestionResult]:
    found = analyse({1: asked(*definition["of"])}, ((1, each) for each in responses))
    return {each.name: each for each in found}


def counts(result: QuestionResult) -> dict[str, int]:
    return {each.text: each.count for each in result.counts}


def test_choices_ratings_and_yes_and_no_are_counted_in_the_order_in_which_they_are_asked() -> None:
    questions = [a_question("ease"), a_question("ways", "checkbox"), a_question("stars", "rating", rateMax=3)]
    found = results(
        {"ease": "hard", "ways": ["hard", "easy"], "stars": 3, "again": False},
        {"ease": "hard", "ways": ["easy"], "again": True},
        of=[*questions, a_question("again", "boolean")],
    )
    assert counts(found["ease"]) == {"Easy": 0, "Hard": 2}
    assert (counts(found["ways"]), found["ways"].answered) == ({"Easy": 2, "Hard": 1}, 2)
    assert counts(found["stars"]) == {"1": 0, "2": 0, "3": 1}
    assert counts(found["again"]) == {"Yes": 1, "No": 1}


def test_texts_are_only_counted_and_numbers_have_a_middle() -> None:
    questions = [a_question("why", "comment"), a_question("age", "text", inputType="number")]
    found = results({"why": "No bus", "age": 30}, {"age": 50.5}, {"age": 7}, of=questions)
    assert (found["why"].answered, found["why"].counts) == (1, ())
    assert (found["age"].least, found["age"].median, found["age"].most) == (7, 30, 50.5)


def test_nothing_answered_is_no_fault() -> None:
    found = results(of=[a_question("ease"), a_question("age", "text", inputType="number")])
    assert (counts(found["ease"]), found["age"].median) == ({"Easy": 0, "Hard": 0}, None)


def test_what_a_changed_survey_asked_before_is_still_shown() -> None:
    before = asked(a_question("ease"), a_question("gone", "comment"), a_question("unanswered", "comment"))
    words = [{"value": "easy", "text": "Very easy"}, {"value": "so_so", "text": "So so"}]
    now = asked(a_question("ease", "dropdown", choices=words, title="How easy?"), a_question("new", "rating"))
    found = analyse({1: before, 2: now}, [(1, {"ease": "hard", "gone": "x"}), (2, {"ease": "easy"})])
    assert [(each.name, each.is_asked) for each in found] == [("ease", True), ("new", True), ("gone", False)]
    assert (found[0].title, counts(found[0])) == ("How easy?", {"Very easy": 1, "So so": 0, "Hard": 1})


def test_the_same_name_for_another_kind_of_question_is_counted_apart() -> None:
    before, now = asked(a_question("ease")), asked(a_question("ease", "comment"))
    found = analyse({1: before, 2: now}, [(1, {"ease": "hard"}), (2, {"ease": "No bus"})])
    assert [(each.type, each.answered, each.is_asked) for each in found] == [
        ("comment", 1, True),
        ("radiogroup", 1, False),
    ]
    assert {each["value"] for each in CHOICES} == {each.value for each in found[1].counts}


def test_counts_below_five_are_hidden_and_a_single_one_takes_the_next_smallest_along() -> None:
    assert suppress([20, 3, 2]) == (20, None, None)
    assert suppress([20, 3, 9]) == (20, None, None)
    assert suppress([20, 3, 9, 9]) == (20, None, None, None)
    assert suppress([20, 9, 5]) == (20, 9, 5)
    assert suppress([20, 9, 0, 0]) == (20, None, None, None)
    assert suppress([]) == ()


@given(SMALL)
def test_every_count_below_five_is_hidden_and_the_others_are_true(found: list[int]) -> None:
    for count, shown in zip(found, suppress(found), strict=True):
        assert shown in (None, count)
        assert shown is None or shown >= FEWEST


@settings(deadline=None, max_examples=60)
@given(SMALL)
@example([0, 0, 30])
@example([4, 4, 5])
@example([9, 9, 4])
@example([4, 4, 4, 6])
def test_no_hidden_count_can_be_computed_from_the_others_and_the_total(found: list[int]) -> None:
    """Whoever knows the rule tries every set of counts that would be shown in the same way."""
    shown = suppress(found)
    hidden = [place for place, count in enumerate(shown) if count is None]
    if len(hidden) == len(shown):
        return  # the total is not shown then
    total = sum(found[place] for place in hidden)
    possible: dict[int, set[int]] = {place: set() for place in hidden}
    for guess in _sums(len(hidden), total):
        counts = list(found)
        for place, count in zip(hidden, guess, strict=True):
            counts[place] = count
        if suppress(counts) == shown:
            for place, count in zip(hidden, guess, strict=True):
                possible[place].add(count)
    assert all(len(each) > 1 for each in possible.values())


def _sums(parts: int, total: int) -> Iterator[Sequence[int]]:
    """Every way to make the total of so many counts."""
    if parts < 2:
        yield (total,) * parts
        return
    for first in range(total + 1):
        for rest in _sums(parts - 1, total - first):
            yield (first, *rest)
