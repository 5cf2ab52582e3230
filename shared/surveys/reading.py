"""Reads what a survey asks, and says of each fault at which question it is and what to do. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from shared.surveys.definition import Definition

MOST_FAULTS = 20


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong."""

    sentence: str
    question: int | None = None
    """The number of the question, counted from 0 over all pages; None when it is about the whole survey."""
    field: str = ""
    """As the JSON calls it: `title`, `choices`, `visibleIf`."""

    def __str__(self) -> str:
        return self.sentence if self.question is None else f"Question {self.question + 1}: {self.sentence}"


class DefinitionError(ValueError):
    """The JSON is no survey that can be asked; `faults` say why."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(map(str, self.faults)))


def read_definition(content: Mapping[str, Any]) -> Definition:
    """What the survey asks. Raises DefinitionError with up to 20 faults."""
    try:
        return Definition.model_validate(content)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False)
        found = [_fault(each, content) for each in errors if not _is_consequence(each, errors)]
        raise DefinitionError(list(dict.fromkeys(found))[:MOST_FAULTS]) from None


def _is_consequence(error: Any, errors: Sequence[Any]) -> bool:
    """Whether a list only seems too short because none of what stands in it could be read."""
    loc = error["loc"]
    return error["type"] == "too_short" and any(each["loc"][: len(loc)] == loc for each in errors if each is not error)


def _fault(error: Any, content: Mapping[str, Any]) -> Fault:
    loc, context = error["loc"], error.get("ctx") or {}
    if error["type"] == "survey":  # found by the survey as a whole, which says where
        return Fault(_sentence(error["msg"]), context.get("place"), str(context.get("field", "")))
    match loc:
        case ("pages", int(page), "elements", int(element), *rest):
            inside = [each for each in rest[1:] if isinstance(each, str)]
            return Fault(_said(error, inside), _number(content, page, element), inside[0] if inside else "")
    names = [each for each in loc if isinstance(each, str) and each not in ("pages", "elements")]
    if loc and loc[-1] in ("pages", "elements"):
        many = error["type"] == "too_long"
        sentence = "A survey has 200 questions and 50 pages at most." if many else "Ask at least one question."
        return Fault(sentence, None, str(loc[-1]))
    return Fault(_said(error, names), None, names[0] if names else "")


def _number(content: Mapping[str, Any], page: int, element: int) -> int:
    return sum(len(each["elements"]) for each in content["pages"][:page]) + element


def _said(error: Any, names: Sequence[str]) -> str:
    if error["type"] == "extra_forbidden":
        return f"“{names[-1] if names else error['loc'][-1]}” is not understood here. Take it out."
    if error["type"] in ("union_tag_invalid", "union_tag_not_found"):
        return "Choose a kind of question that is known."
    if error["type"] == "value_error":
        return _sentence(error["msg"].removeprefix("Value error, "))
    known = next((_SENTENCES[each] for each in reversed(names) if each in _SENTENCES), None)
    return known or _sentence(f"{' '.join(names)}: {error['msg']}" if names else error["msg"])


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "?")) else f"{text}."


_SENTENCES = {
    "title": "Enter a title of up to 1,000 characters.",
    "text": "Enter the text of each choice, up to 1,000 characters.",
    "value": "The value of a choice begins with a letter and holds letters, digits, - and _ only.",
    "name": "A name begins with a letter and holds letters, digits, - and _ only.",
    "description": "Shorten the explanation.",
    "choices": "Enter between 1 and 200 choices.",
    "min": "Enter a number or a day as the smallest value.",
    "max": "Enter a number or a day as the largest value.",
    "maxLength": "Enter how many characters an answer may have, from 1.",
    "rateMin": "A scale begins at 0 to 10.",
    "rateMax": "A scale ends at 1 to 10.",
    "minSelectedChoices": "Enter how many choices are wanted at least.",
    "maxSelectedChoices": "Enter how many choices are allowed at most.",
    "minRateDescription": "Shorten the words at the beginning of the scale to 100 characters.",
    "maxRateDescription": "Shorten the words at the end of the scale to 100 characters.",
}
