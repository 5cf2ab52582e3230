"""What a survey asks, in the JSON of SurveyJS: the part of it that means the same on the server and in the browser.

A definition is read strictly: a property or kind of question that the server does not know would be judged by the
browser alone. Conditions look back only, at questions that stand before.
"""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from shared.surveys.conditions import Comparison, Condition, comparisons, parse

Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,59}$")]
Title = Annotated[str, Field(min_length=1, max_length=1_000)]
MOST_QUESTIONS = 200


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True)

    visible_if: str | None = None

    @field_validator("visible_if", "required_if", check_fields=False)
    @classmethod
    def _is_condition(cls, text: str | None) -> str | None:
        if text:
            parse(text)  # its ConditionError is a ValueError: pydantic tells it with the place
        return text or None

    def conditions(self) -> Iterator[Condition]:
        """What decides whether it is shown, and whether it has to be answered."""
        for text in (self.visible_if, getattr(self, "required_if", None)):
            if text:
                yield parse(text)


class _Question(_Part):
    name: Name
    title: Title
    description: Annotated[str, Field(max_length=2_000)] = ""
    is_required: bool = False
    required_if: str | None = None


class Text(_Question):
    """One line: a text, a number, a day or an e-mail address."""

    type: Literal["text"]
    input_type: Literal["text", "number", "date", "email"] = "text"
    min: float | date | None = None
    max: float | date | None = None
    max_length: Annotated[int, Field(ge=1, le=1_000)] = 1_000

    @model_validator(mode="after")
    def _bounds_fit(self) -> Self:
        wanted = {"number": (int, float), "date": (date,)}.get(self.input_type, ())
        for bound in (self.min, self.max):
            if bound is not None and not isinstance(bound, wanted):
                raise ValueError("a smallest and a largest value are for numbers and days; take them out")
        if self.min is not None and self.max is not None and self.max < self.min:  # type: ignore[operator]
            raise ValueError("the largest value is below the smallest; change one of them")
        return self


class Comment(_Question):
    """Several lines."""

    type: Literal["comment"]
    max_length: Annotated[int, Field(ge=1, le=20_000)] = 5_000


class Choice(BaseModel):
    """`value` is what is stored, `text` what people read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,59}$")]
    text: Title


class _WithChoices(_Question):
    choices: Annotated[tuple[Choice, ...], Field(min_length=1, max_length=200)]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        values = [each.value.lower() for each in self.choices]
        if len(set(values)) < len(values):
            raise ValueError("two choices have the same value; give each its own")
        return self


class OneOf(_WithChoices):
    """One choice: as buttons, or as a list."""

    type: Literal["radiogroup", "dropdown"]


class SomeOf(_WithChoices):
    """Any number of choices, or within bounds."""

    type: Literal["checkbox"]
    min_selected_choices: Annotated[int, Field(ge=0)] = 0
    max_selected_choices: Annotated[int, Field(ge=0)] = 0
    """0: as many as there are."""

    @model_validator(mode="after")
    def _can_be_met(self) -> Self:
        least, most = self.min_selected_choices, self.max_selected_choices or len(self.choices)
        if not least <= most <= len(self.choices):
            raise ValueError("so many choices cannot be chosen; change how many at least and at most")
        return self


class Rating(_Question):
    """A number on a scale."""

    type: Literal["rating"]
    rate_min: Annotated[int, Field(ge=0, le=10)] = 1
    rate_max: Annotated[int, Field(ge=1, le=10)] = 5
    min_rate_description: Annotated[str, Field(max_length=100)] = ""
    max_rate_description: Annotated[str, Field(max_length=100)] = ""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.rate_max <= self.rate_min:
            raise ValueError("the scale ends before it begins; let it end at a larger number")
        return self


class YesNo(_Question):
    """Yes or no."""

    type: Literal["boolean"]


Question = Annotated[Text | Comment | OneOf | SomeOf | Rating | YesNo, Field(discriminator="type")]


class Page(_Part):
    """Questions that are shown together."""

    name: Name
    title: Annotated[str, Field(max_length=1_000)] = ""
    description: Annotated[str, Field(max_length=5_000)] = ""
    elements: Annotated[tuple[Question, ...], Field(min_length=1, max_length=MOST_QUESTIONS)]


class Definition(BaseModel):
    """A survey. What was hidden again is forgotten at once, so that no condition sees it."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True)

    title: Title
    description: Annotated[str, Field(max_length=20_000)] = ""
    clear_invisible_values: Literal["onHidden"] = "onHidden"
    pages: Annotated[tuple[Page, ...], Field(min_length=1, max_length=50)]

    @model_validator(mode="after")
    def _names_and_conditions(self) -> Self:
        known: dict[str, Question] = {}
        for page in self.pages:
            _check_conditions(page, known)
            for question in page.elements:
                if question.name.lower() in {each.lower() for each in known}:
                    raise _fault(f"two questions are called “{question.name}”; give each its own name", len(known))
                _check_conditions(question, known)
                known[question.name] = question
        if len(known) > MOST_QUESTIONS:
            raise _fault(f"a survey has {MOST_QUESTIONS} questions at most; take some out")
        return self

    def questions(self) -> Iterator[Question]:
        """All of them, in order."""
        for page in self.pages:
            yield from page.elements

    def to_json(self) -> dict[str, Any]:
        """As SurveyJS reads it."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True) | {"clearInvisibleValues": "onHidden"}


def _fault(sentence: str, place: int | None = None, field: str = "") -> PydanticCustomError:
    """place: the number of the question, from 0 over all pages."""
    return PydanticCustomError("survey", "{sentence}", {"sentence": sentence, "place": place, "field": field})


def _check_conditions(part: _Part, known: dict[str, Question]) -> None:
    """Of a page: the conditions stand at its first question, which is the next."""
    for condition in part.conditions():
        for each in comparisons(condition):
            question = known.get(each.question)
            if question is None:
                sentence = f"its condition asks for “{each.question}”, which is not asked before it"
                raise _fault(f"{sentence}; choose a question above", len(known), "visibleIf")
            if not _fits(each, question):
                shown = "" if each.value is None else f" with {each.value!r}"
                sentence = f"its condition compares “{question.title}” by {each.operator}{shown}"
                raise _fault(f"{sentence}, which means nothing; choose otherwise", len(known), "visibleIf")


def _fits(comparison: Comparison, question: Question) -> bool:
    """Whether the comparison means something for the question: numbers with numbers, choices with choices."""
    operator, value = comparison.operator, comparison.value
    if operator in ("empty", "notempty"):
        return True
    match question:
        case OneOf():
            return operator in ("=", "<>", "anyof") and _are_choices(value, question)
        case SomeOf():
            return operator in ("contains", "notcontains", "anyof", "allof") and _are_choices(value, question)
        case Rating() | Text(input_type="number"):
            return operator in _IN_ORDER and type(value) in (int, float)
        case Text(input_type="date"):
            return operator in _IN_ORDER and isinstance(value, str) and _is_day(value)
        case YesNo():
            return operator in ("=", "<>") and isinstance(value, bool)
    return operator in ("=", "<>", "contains", "notcontains") and isinstance(value, str) and bool(value.strip())


_IN_ORDER = ("=", "<>", "<", "<=", ">", ">=")


def _are_choices(value: object, question: OneOf | SomeOf) -> bool:
    known = {each.value for each in question.choices}
    return value in known if isinstance(value, str) else isinstance(value, list) and known.issuperset(value)


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
