"""Conditions: what is understood, what it means, and what whoever wrote another one is told."""

import pytest

from shared.surveys.conditions import DEEPEST, Comparison, ConditionError, Joined, Value, comparisons, holds, parse


@pytest.mark.parametrize(
    ("text", "answers", "expected"),
    [
        ("{ease} = 'hard'", {"ease": "HARD "}, True),
        ("{ease} = 'hard'", {}, False),
        ("{ease} <> 'hard'", {}, True),
        ("{age} > 17", {"age": 18}, True),
        ("{age} > 17", {}, False),
        ("{age} <= 17.5", {"age": 17}, True),
        ("{again} = false", {"again": False}, True),
        ("{again} empty", {"again": False}, False),
        ("{ways} contains 'bus'", {"ways": ["car", "bus"]}, True),
        ("{ways} notcontains 'bus'", {}, True),
        ("{ways} allof ['bus', 'car']", {"ways": ["car", "bus"]}, True),
        ("{ways} anyof ['bus']", {"ways": ["car"]}, False),
        ("{why} contains 'park'", {"why": "No PARKING"}, True),
        ("{day} >= '2024-03-01'", {"day": "2024-03-01"}, True),
    ],
)
def test_a_comparison_means_what_it_says(text: str, answers: dict[str, Value], expected: bool) -> None:
    assert holds(parse(text), answers) is expected


def test_and_binds_closer_than_or_and_brackets_closer_than_both() -> None:
    answers: dict[str, Value] = {"a": 1}
    assert holds(parse("{a} = 1 or {b} = 1 and {c} = 1"), answers)
    assert not holds(parse("({a} = 1 or {b} = 1) and {c} = 1"), answers)
    assert parse("{a} = 1 AND {b} notempty") == Joined("and", (Comparison("a", "=", 1), Comparison("b", "notempty")))


def test_every_question_that_a_condition_asks_for_is_found() -> None:
    asked = comparisons(parse("({a} = 1 or {b} empty) and ({c} = 'x')"))
    assert [each.question for each in asked] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "the condition ends too early"),
        ("{ease} =", "the condition ends too early"),
        ("ease = 'hard'", "a {question} is expected where “ease” stands"),
        ("{ease} is 'hard'", "“is” is no operator that is understood"),
        ("{ease} = hard", "“hard” is no value: a text stands between ' and '"),
        ("{ease} = 'hard' {age} > 1", "“{age}” is one too many"),
        ("({ease} = 'hard'", "the condition ends too early"),
        ("{ways} anyof 'bus'", "“[” is expected where “'bus'” stands"),
        ("{ways} anyof ['bus' 'car']", "“]” is expected where “'car'” stands"),
        ("{ease} = 'hard' && {age} > 1", "“&& {age} > 1” is not understood in a condition"),
        ("iif({a} = 1, 2, 3) = 2", "a {question} is expected where “iif” stands"),
        ("{a} = 1 or " * 300 + "{a} = 1", "a condition has 2,000 characters at most"),
        ("(" * (DEEPEST + 2) + "{a} = 1" + ")" * (DEEPEST + 2), "brackets stand in brackets up to 20 times"),
    ],
)
def test_what_is_not_understood_is_told_with_what_is_expected(text: str, sentence: str) -> None:
    with pytest.raises(ConditionError) as error:
        parse(text)
    assert str(error.value) == sentence
