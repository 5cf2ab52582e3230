"""Judging answers: what was not asked does not count, what no form sends is refused, and why."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.surveys.definition import Definition
from shared.surveys.judging import judge
from tests.surveys.asking import EVERY_TYPE, a_definition, a_question

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(), part, max_size=3),
    max_leaves=5,
)


def survey(*questions: dict[str, Any]) -> Definition:
    return Definition.model_validate(a_definition(*questions))


def fault(question: dict[str, Any], answer: Any) -> str:
    """What is said against one answer; empty when nothing."""
    return judge(survey(question), {question["name"]: answer}).faults.get(question["name"], "")


def test_answers_to_what_was_not_shown_are_dropped_and_so_is_what_depends_on_them() -> None:
    asked = survey(
        a_question("ease"),
        a_question("why", "comment", visibleIf="{ease} = 'hard'", isRequired=True),
        a_question("more", "comment", visibleIf="{why} notempty"),
    )
    judged = judge(asked, {"ease": "easy", "why": "No bus", "more": "None at all"})
    assert judged.is_complete
    assert judged.answers == {"ease": "easy"}
    assert judge(asked, {"ease": "hard", "more": "x"}).faults == {"why": "Answer this question"}


def test_a_page_that_is_not_shown_asks_nothing() -> None:
    content = a_definition(a_question("ease"))
    content["pages"].append(
        {"name": "page2", "visibleIf": "{ease} = 'hard'", "elements": [a_question("why", "comment", isRequired=True)]}
    )
    assert judge(Definition.model_validate(content), {"ease": "easy", "why": "x"}).answers == {"ease": "easy"}


def test_a_question_can_be_required_on_a_condition() -> None:
    asked = survey(a_question("ease"), a_question("why", "comment", requiredIf="{ease} = 'hard'"))
    assert judge(asked, {"ease": "easy"}).is_complete
    assert judge(asked, {"ease": "hard"}).faults == {"why": "Answer this question"}


def test_names_that_no_question_has_are_named() -> None:
    judged = judge(survey(a_question("ease")), {"ease": "easy", "role": "x", "admin": "y"})
    assert judged.unknown == ("admin", "role")
    assert not judged.is_complete


@pytest.mark.parametrize(
    ("question", "answer", "sentence"),
    [
        (a_question(), "other", "Choose one of the answers"),
        (a_question(), ["easy"], "Choose one of the answers"),
        (a_question(type="checkbox"), ["easy", "easy"], "Choose among the answers"),
        (a_question(type="checkbox"), "easy", "Choose among the answers"),
        (a_question(type="checkbox", minSelectedChoices=2), ["easy"], "Choose at least 2"),
        (a_question(type="checkbox", maxSelectedChoices=1), ["easy", "hard"], "Choose 1 at most"),
        (a_question(type="rating"), 6, "Choose a number on the scale"),
        (a_question(type="rating"), True, "Choose a number on the scale"),
        (a_question(type="boolean"), "yes", "Choose yes or no"),
        (a_question(type="text", inputType="number", min=0, max=5), 6, "Enter something between 0 and 5"),
        (a_question(type="text", inputType="number", min=1), 0, "Enter 1 or more"),
        (a_question(type="text", inputType="number"), float("nan"), "Enter a number, such as 12 or 4.5"),
        (a_question(type="text", inputType="date"), "2024-02-30", "Enter a day, such as 27/03/2024"),
        (a_question(type="text", inputType="date", max="2024-03-01"), "2024-03-02", "Enter 01/03/2024 or less"),
        (a_question(type="text", inputType="email"), "nobody", "Enter an e-mail address such as name@example.org"),
        (a_question(type="text", maxLength=3), "four", "Shorten this to 3 characters"),
        (a_question(type="comment"), "a\0b", "Enter a text"),
        (a_question(isRequired=True), "", "Answer this question"),
    ],
)
def test_what_no_form_sends_or_is_out_of_bounds_is_refused_with_what_to_do(
    question: dict[str, Any], answer: Any, sentence: str
) -> None:
    assert fault(question, answer) == sentence


@given(st.dictionaries(st.sampled_from([each["name"] for each in EVERY_TYPE]) | st.text(), ANYTHING))
def test_whatever_is_sent_is_judged_and_what_counts_is_complete_by_itself(sent: dict[str, Any]) -> None:
    asked = survey(*EVERY_TYPE)
    judged = judge(asked, sent)
    if judged.is_complete:
        assert judge(asked, judged.answers).answers == judged.answers
    assert judged.answers.keys() <= sent.keys()
