"""How surveys are said to people: states, kinds of questions, and conditions as sentences."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from services.web.words import date_in_words
from shared.surveys.conditions import Comparison, Condition, Joined, Value, parse
from shared.surveys.definition import Definition, OneOf, Question, Rating, SomeOf, Text, YesNo

STATES: Mapping[str, str] = {"draft": "Draft", "open": "Open", "closed": "Closed"}
COLOURS: Mapping[str, str] = {"draft": "grey", "open": "green", "closed": "blue"}
TYPES: Mapping[str, str] = {
    "radiogroup": "One choice, as buttons",
    "dropdown": "One choice, from a list",
    "checkbox": "Any number of choices",
    "rating": "A number on a scale",
    "boolean": "Yes or no",
    "text": "A short text",
    "comment": "A long text",
    "number": "A number",
    "date": "A day",
    "email": "An e-mail address",
}
"""The kinds of questions, as the editor offers them."""
YES_NO: Mapping[str, str] = {"yes": "Yes", "no": "No"}
_OPERATORS: Mapping[str, str] = {
    "=": "is",
    "<>": "is not",
    "<": "is less than",
    "<=": "is at most",
    ">": "is more than",
    ">=": "is at least",
    "contains": "contains",
    "notcontains": "does not contain",
    "empty": "is not answered",
    "notempty": "is answered",
    "anyof": "is one of",
    "allof": "has all of",
}


def only_if(definition: Definition, condition: str | None) -> str:
    """`“How was it?” is “Hard”`; empty without a condition."""
    if not condition:
        return ""
    return _phrase(parse(condition), {each.name: each for each in definition.questions()})


def kind_of(question: Question) -> str:
    """One of TYPES."""
    if isinstance(question, Text):
        return "text" if question.input_type == "text" else question.input_type
    return question.type


def texts_of(question: Question) -> dict[str, str]:
    """What one can choose from, by what the form sends; empty where one writes."""
    match question:
        case OneOf() | SomeOf():
            return {each.value: each.text for each in question.choices}
        case YesNo():
            return dict(YES_NO)
        case Rating():
            ends = {question.rate_min: question.min_rate_description, question.rate_max: question.max_rate_description}
            scale = range(question.rate_min, question.rate_max + 1)
            return {str(each): f"{each} – {ends[each]}" if ends.get(each) else str(each) for each in scale}
    return {}


def said(question: Question | None, answer: Any) -> str:
    """An answer as people read it: the words of choices, not their values. Without a question, as it was sent."""
    match answer:
        case list():
            return "; ".join(said(question, each) for each in answer)
        case bool():
            return "Yes" if answer else "No"
        case float():
            return f"{answer:.12g}"
        case str() if isinstance(question, OneOf | SomeOf):
            return {each.value: each.text for each in question.choices}.get(answer, answer)
        case None:
            return ""
    return str(answer)


def _phrase(condition: Condition, questions: Mapping[str, Question]) -> str:
    if isinstance(condition, Joined):
        parts = [_phrase(each, questions) for each in condition.parts]
        inside = [
            f"({part})" if isinstance(each, Joined) else part for part, each in zip(parts, condition.parts, strict=True)
        ]
        return f" {condition.word} ".join(inside)
    return _compared(condition, questions[condition.question])


def _compared(comparison: Comparison, question: Question) -> str:
    words = f"“{question.title}” {_OPERATORS[comparison.operator]}"
    if comparison.operator in ("empty", "notempty"):
        return words
    return f"{words} {_said(comparison.value, question)}"


def _said(value: Value, question: Question) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value:g}"
    texts = {each.value: each.text for each in question.choices} if isinstance(question, OneOf | SomeOf) else {}
    if isinstance(value, str):
        is_day = isinstance(question, Text) and question.input_type == "date"
        return date_in_words(date.fromisoformat(value)) if is_day else f"“{texts.get(value, value)}”"
    return " or ".join(f"“{texts.get(each, each)}”" for each in value or ())
