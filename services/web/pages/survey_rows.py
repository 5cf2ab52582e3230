"""One question as a row of the editor, and back: choices by their texts, a condition in three fields."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from services.web.pages.forms import lines
from services.web.survey_words import YES_NO, kind_of
from shared.surveys.conditions import Comparison, parse
from shared.surveys.definition import Definition, OneOf, Question, Rating, SomeOf, Text

OPERATORS: Mapping[str, str] = {
    "=": "is",
    "<>": "is not",
    ">": "is more than",
    "<": "is less than",
    ">=": "is at least",
    "<=": "is at most",
    "contains": "contains",
    "notcontains": "does not contain",
    "notempty": "is answered",
    "empty": "is not answered",
}
"""Of a condition, as the editor offers them."""
_BARE = ("empty", "notempty")
_OF_CHOICES = {"=": "contains", "<>": "notcontains"}
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_FIELDS = ("title", "help", "choices", "known", "low", "high", "low_text", "high_text")
_WITH_CHOICES = ("radiogroup", "dropdown", "checkbox")


class Asked(NamedTuple):
    """A question that stands before: its row, and what was read of it."""

    row: Mapping[str, Any]
    question: Mapping[str, Any]


def blank(number: int, **values: Any) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(_FIELDS, "") | {"if_question": "", "if_operator": "=", "if_value": ""}
    scale = {"low": "1", "high": "5"} if values.get("kind") == "rating" else {}
    return row | {"id": number, "required": False} | scale | values


def of_question(number: int, question: Question, definition: Definition) -> dict[str, Any]:
    """The row that says the question, as far as a row can."""
    row = blank(number, name=question.name, kind=kind_of(question), title=question.title, help=question.description)
    row["required"] = question.is_required
    match question:
        case OneOf() | SomeOf():
            row["choices"] = "\n".join(each.text for each in question.choices)
            row["known"] = "\n".join(f"{each.value} {each.text}" for each in question.choices)
        case Rating():
            row |= {"low": str(question.rate_min), "high": str(question.rate_max)}
            row |= {"low_text": question.min_rate_description, "high_text": question.max_rate_description}
        case Text():
            row |= {"low": _shown(question.min), "high": _shown(question.max)}
    condition = parse(question.visible_if) if question.visible_if else None
    return row | _condition_fields(condition, definition) if isinstance(condition, Comparison) else row


def to_question(row: Mapping[str, Any], before: Mapping[str, Asked]) -> dict[str, Any]:
    """The question as SurveyJS has it. Raises ValueError with what is wrong about its condition."""
    kind = row["kind"]
    found: dict[str, Any] = {"name": row["name"], "title": row["title"], "type": kind}
    if kind in ("number", "date", "email"):
        found |= {"type": "text", "inputType": kind}
    if row["help"]:
        found["description"] = row["help"]
    if row["required"]:
        found["isRequired"] = True
    if kind in _WITH_CHOICES:
        found["choices"] = [{"value": value, "text": text} for value, text in choices(row)]
    if kind == "rating":
        found |= _given({"rateMin": _number(row["low"]), "rateMax": _number(row["high"])})
        found |= _given({"minRateDescription": row["low_text"], "maxRateDescription": row["high_text"]})
    if kind in ("number", "date"):
        found |= _given({"min": _number(row["low"]), "max": _number(row["high"])})
    if row["if_question"]:
        found["visibleIf"] = _condition(row, before)
    return found


def choices(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(value, text) of each line. A text that was changed in its line keeps its value, and so its answers."""
    said = lines(row["choices"])
    known = _known(row)
    by_text = {text: value for value, text in known}
    found: list[tuple[str, str]] = []
    for place, line in enumerate(said):
        value = by_text.get(line, "")
        if not value and place < len(known) and known[place][1] not in said:
            value = known[place][0]
        taken = {each.lower() for each, _ in found} | {each.lower() for each, _ in known}
        found.append((value or _new_value(line, taken), line))
    return found


def _known(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(value, text) of each choice as it was saved last."""
    return [(value, text) for value, _, text in (line.partition(" ") for line in lines(row["known"]))]


def _new_value(text: str, taken: set[str]) -> str:
    words = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:40]
    stem = words if words[:1].isalpha() else f"c_{words}".rstrip("_")
    return next(each for each in (stem, *(f"{stem}_{n}" for n in range(2, 1_000))) if each not in taken)


def _condition(row: Mapping[str, Any], before: Mapping[str, Asked]) -> str:
    asked = before.get(row["if_question"])
    operator, said = row["if_operator"], row["if_value"]
    if asked is None:
        raise ValueError("it can only depend on a question above it. Choose another, or move it down.")
    if operator not in OPERATORS:
        raise ValueError("choose how the answer is compared.")
    name, kind = row["if_question"], asked.row["kind"]
    if operator in _BARE:
        return f"{{{name}}} {operator}"
    if kind == "checkbox":
        operator = _OF_CHOICES.get(operator, operator)
    return f"{{{name}}} {operator} {_value(said, kind, asked)}"


def _value(said: str, kind: str, asked: Asked) -> str:
    """The value of a condition as it is written there."""
    if kind in _WITH_CHOICES:
        return f"'{_choice(said, asked)}'"
    if kind == "boolean":
        answer = next((value for value, text in YES_NO.items() if said.lower() in (value, text.lower())), None)
        if answer is None:
            raise ValueError("the question that it depends on is answered with yes or no. Enter one of them.")
        return "true" if answer == "yes" else "false"
    if kind in ("rating", "number"):
        if not _NUMBER.fullmatch(said):
            raise ValueError("the question that it depends on is answered with a number. Enter one, such as 3.")
        return said
    if not said or "'" in said:
        raise ValueError("enter what the answer is compared with, without the sign '.")
    return f"'{said}'"


def _choice(said: str, asked: Asked) -> str:
    options: Sequence[Mapping[str, str]] = asked.question["choices"]
    values = {text.lower(): value for value, text in _known(asked.row)}
    values |= {each["text"].lower(): each["value"] for each in options}
    found = values.get(said.lower())
    if found is None or found not in {each["value"] for each in options}:
        known = ", ".join(f"“{each['text']}”" for each in options[:8])
        raise ValueError(f"enter one of the choices that it depends on: {known}.")
    return found


def _condition_fields(condition: Comparison, definition: Definition) -> dict[str, Any]:
    asked = {each.name: each for each in definition.questions()}[condition.question]
    texts = {each.value: each.text for each in asked.choices} if isinstance(asked, OneOf | SomeOf) else {}
    value = condition.value
    if isinstance(value, bool):
        said = YES_NO["yes" if value else "no"]
    elif isinstance(value, str):
        said = texts.get(value, value)
    else:
        said = "" if value is None or not isinstance(value, int | float) else _shown(value)
    return {"if_question": condition.question, "if_operator": condition.operator, "if_value": said}


def _given(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value != ""}


def _number(said: str) -> int | float | str:
    """As a number if it is one; days stay as they are written, and what is neither is refused with the question."""
    if not _NUMBER.fullmatch(said):
        return said
    return float(said) if "." in said else int(said)


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.12g}" if isinstance(value, float) else str(value)
