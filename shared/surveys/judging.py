"""Judges a set of answers as the respondent's browser does: what was shown, what has to be answered, what is allowed.

Answers to questions that were not shown are dropped, whoever sent them; an answer of a shape that no browser sends,
or off the list, is refused. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from shared.identifiers import InvalidIdentifierError, compared
from shared.surveys.conditions import Value, holds, is_empty, parse
from shared.surveys.definition import Comment, Definition, OneOf, Question, Rating, SomeOf, Text, YesNo

LARGEST_NUMBER = 1e12
LAST_DAY = date(2999, 12, 31)
"""SurveyJS takes none after it."""


@dataclass(frozen=True, slots=True)
class Judged:
    """`answers` to what was shown, by question; `faults` say of a question why its answer cannot be taken."""

    answers: dict[str, Value] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    """Names that no question has."""

    @property
    def is_complete(self) -> bool:
        return not self.faults and not self.unknown


def judge(definition: Definition, sent: Mapping[str, Any]) -> Judged:
    """What of the answers counts. Conditions look back, so one pass in order is enough."""
    answers: dict[str, Value] = {}
    faults: dict[str, str] = {}
    for page in definition.pages:
        if not _holds(page.visible_if, answers):
            continue
        for question in page.elements:
            if not _holds(question.visible_if, answers):
                continue
            answer = sent.get(question.name)
            if fault := _fault(question, answer, answers):
                faults[question.name] = fault
            if not is_empty(answer) and _is_kept(question, answer):
                answers[question.name] = answer
    known = {each.name for each in definition.questions()}
    return Judged(answers, faults, tuple(sorted(sent.keys() - known)))


def judge_paper(definition: Definition, sent: Mapping[str, Any]) -> Judged:
    """The same of a form on paper: nobody can be asked again, so what was left empty is no fault."""
    judged = judge(definition, sent)
    return replace(judged, faults={name: each for name, each in judged.faults.items() if not is_empty(sent.get(name))})


def _holds(condition: str | None, answers: Mapping[str, Value]) -> bool:
    return not condition or holds(parse(condition), answers)


def _fault(question: Question, answer: Any, answers: Mapping[str, Value]) -> str:
    """Why the answer cannot be taken; empty when it can."""
    if is_empty(answer):
        is_required = question.is_required or (bool(question.required_if) and _holds(question.required_if, answers))
        least = question.min_selected_choices if isinstance(question, SomeOf) else 0
        return "Answer this question" if is_required else f"Choose at least {least}" if least else ""
    if not _has_shape(question, answer):
        return _SHAPES.get(question.input_type if isinstance(question, Text) else question.type, "Enter a text")
    return _beyond(question, answer)


def _is_kept(question: Question, answer: Any) -> bool:
    """Whether conditions see the answer: a number or day out of bounds is none, any other fault is one."""
    is_measured = isinstance(question, Text) and question.input_type in ("number", "date")
    return _has_shape(question, answer) and not (is_measured and _beyond(question, answer))


def _has_shape(question: Question, answer: Any) -> bool:
    """Whether a browser could have sent it."""
    match question:
        case OneOf():
            return isinstance(answer, str) and answer in _values(question)
        case SomeOf():
            return isinstance(answer, list) and _are_some_of(answer, question)
        case Rating():
            return type(answer) is int and question.rate_min <= answer <= question.rate_max
        case YesNo():
            return isinstance(answer, bool)
        case Text(input_type="number"):
            return type(answer) in (int, float) and abs(answer) <= LARGEST_NUMBER
        case Text(input_type="date"):
            return isinstance(answer, str) and _day(answer) is not None
    return isinstance(answer, str) and "\0" not in answer


def _beyond(question: Question, answer: Any) -> str:
    """What is wrong with an answer of the right shape."""
    match question:
        case Text(input_type="number") if not _is_between(answer, question.min, question.max):
            return _bounds(question.min, question.max)
        case Text(input_type="date") if not _is_between(_day(answer), question.min, question.max or LAST_DAY):
            return _bounds(question.min, question.max or LAST_DAY)
        case Text(input_type="email") if not _is_address(answer):
            return "Enter an e-mail address such as name@example.org"
        case Text() | Comment() if isinstance(answer, str) and len(answer) > question.max_length:
            return f"Shorten this to {question.max_length:,} characters"
        case SomeOf() if len(answer) < question.min_selected_choices:
            return f"Choose at least {question.min_selected_choices}"
        case SomeOf() if 0 < question.max_selected_choices < len(answer):
            return f"Choose {question.max_selected_choices} at most"
    return ""


_SHAPES = {
    "radiogroup": "Choose one of the answers",
    "dropdown": "Choose one of the answers",
    "checkbox": "Choose among the answers",
    "rating": "Choose a number on the scale",
    "boolean": "Choose yes or no",
    "number": "Enter a number, such as 12 or 4.5",
    "date": "Enter a day, such as 27/03/2024",
}


def _values(question: OneOf | SomeOf) -> set[str]:
    return {each.value for each in question.choices}


def _are_some_of(answer: list[Any], question: SomeOf) -> bool:
    return all(isinstance(each, str) for each in answer) and (
        len(set(answer)) == len(answer) and _values(question).issuperset(answer)
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None


def _is_between(value: Any, least: Any, most: Any) -> bool:
    return (least is None or value >= least) and (most is None or value <= most)


def _bounds(least: Any, most: Any) -> str:
    if least is not None and most is not None:
        return f"Enter something between {_shown(least)} and {_shown(most)}"
    return f"Enter {_shown(least)} or more" if least is not None else f"Enter {_shown(most)} or less"


def _shown(bound: Any) -> str:
    return bound.strftime("%d/%m/%Y") if isinstance(bound, date) else f"{bound:g}"


def _is_address(text: str) -> bool:
    try:
        compared("email", text)
    except InvalidIdentifierError:
        return False
    return True
