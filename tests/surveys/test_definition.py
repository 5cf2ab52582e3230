"""What a survey may ask: everything else is refused, with the question and what to do."""

from typing import Any

import pytest

from shared.surveys.reading import DefinitionError, read_definition
from tests.surveys.asking import CHOICES, EVERY_TYPE, a_definition, a_question


def faults(content: dict[str, Any]) -> list[str]:
    with pytest.raises(DefinitionError) as error:
        read_definition(content)
    return [str(each) for each in error.value.faults]


def test_every_kind_of_question_is_read_and_written_as_it_was() -> None:
    read = read_definition(a_definition(*EVERY_TYPE))
    assert [each.name for each in read.questions()] == [each["name"] for each in EVERY_TYPE]
    assert read_definition(read.to_json()) == read


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        (a_question(title=""), "Enter a title of up to 1,000 characters."),
        (a_question(type="matrix"), "Choose a kind of question that is known."),
        (a_question(choices=[]), "Enter between 1 and 200 choices."),
        (a_question(choices=CHOICES + CHOICES), "Two choices have the same value; give each its own."),
        (
            a_question(choices=[{"value": "1", "text": "One"}]),
            "The value of a choice begins with a letter and holds letters, digits, - and _ only.",
        ),
        (a_question(valueName="x"), "“valueName” is not understood here. Take it out."),
        (
            a_question(type="rating", rateMin=5, rateMax=5),
            "The scale ends before it begins; let it end at a larger number.",
        ),
        (
            a_question(type="text", min=1),
            "A smallest and a largest value are for numbers and days; take them out.",
        ),
        (
            a_question(type="text", inputType="number", min=5, max=1),
            "The largest value is below the smallest; change one of them.",
        ),
        (
            a_question(type="checkbox", minSelectedChoices=3),
            "So many choices cannot be chosen; change how many at least and at most.",
        ),
        (a_question(visibleIf="{ease} is 1"), "“is” is no operator that is understood."),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused_with_its_number(question: dict[str, Any], sentence: str) -> None:
    assert faults(a_definition(a_question("first"), question)) == [f"Question 2: {sentence}"]


def test_the_number_counts_over_all_pages() -> None:
    content = a_definition(a_question("a"), a_question("b"))
    content["pages"].append({"name": "page2", "elements": [a_question("c"), a_question("d", title="")]})
    assert faults(content) == ["Question 4: Enter a title of up to 1,000 characters."]


@pytest.mark.parametrize(
    ("condition", "sentence"),
    [
        ("{later} = 'easy'", "Its condition asks for “later”, which is not asked before it; choose a question above."),
        ("{self} notempty", "Its condition asks for “self”, which is not asked before it; choose a question above."),
        (
            "{ease} = 'never'",
            "Its condition compares “About ease” by = with 'never', which means nothing; choose otherwise.",
        ),
        ("{ease} > 3", "Its condition compares “About ease” by > with 3, which means nothing; choose otherwise."),
    ],
)
def test_a_condition_looks_back_and_compares_what_can_be_compared(condition: str, sentence: str) -> None:
    asking = a_question("self", visibleIf=condition)
    assert faults(a_definition(a_question(), asking, a_question("later"))) == [f"Question 2: {sentence}"]


def test_two_questions_of_one_name_are_refused_whatever_their_case() -> None:
    found = faults(a_definition(a_question("ease"), a_question("Ease")))
    assert found == ["Question 2: Two questions are called “Ease”; give each its own name."]


def test_a_survey_asks_something_and_has_a_title() -> None:
    assert faults({"title": "Empty", "pages": []}) == ["Ask at least one question."]
    assert faults({"title": "Empty", "pages": [{"name": "page1", "elements": []}]}) == ["Ask at least one question."]
    assert faults(a_definition(title="")) == ["Enter a title of up to 1,000 characters."]


def test_several_faults_are_told_together_and_no_more_than_one_can_read() -> None:
    many = [a_question(f"q{number}", title="") for number in range(50)]
    assert len(faults(a_definition(*many))) == 20
