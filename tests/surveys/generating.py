"""Surveys and answers as hypothesis makes them: every kind of question, conditions that look back, answers or none."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from hypothesis import strategies as st

CHOICES = ("always", "often", "seldom", "never")
WORDS = st.sampled_from(("", "yes", "The bus", "the BUS is late", "0", "café", "a'b", "x" * 40))
DAYS = st.dates(max_value=date(2999, 12, 31)).map(lambda each: each.isoformat())
NUMBERS = st.integers(-20, 20) | st.floats(-20, 20).map(lambda each: round(each, 2))
_TYPES = ("text", "number", "date", "email", "comment", "radiogroup", "dropdown", "checkbox", "rating", "boolean")


@st.composite
def questions(draw: st.DrawFn, name: str, before: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One question, which may depend on those before."""
    kind = draw(st.sampled_from(_TYPES))
    found: dict[str, Any] = {"name": name, "title": f"About {name}", "isRequired": draw(st.booleans())}
    if kind in ("number", "date", "email"):
        found |= {"type": "text", "inputType": kind}
    else:
        found["type"] = kind
    if kind == "number" and draw(st.booleans()):
        found |= {"min": draw(st.integers(-10, 0)), "max": draw(st.integers(1, 10))}
    if kind in ("radiogroup", "dropdown", "checkbox"):
        found["choices"] = [{"value": each, "text": each.title()} for each in CHOICES]
    if kind == "checkbox" and draw(st.booleans()):
        found |= {"minSelectedChoices": draw(st.integers(0, 2)), "maxSelectedChoices": draw(st.integers(2, 3))}
    if before and draw(st.booleans()):
        found["visibleIf"] = draw(conditions(before))
    if before and not found["isRequired"] and draw(st.booleans()):
        found["requiredIf"] = draw(conditions(before))
    return found


@st.composite
def conditions(draw: st.DrawFn, before: Sequence[dict[str, Any]], depth: int = 0) -> str:
    """A condition over questions that stand before."""
    if depth < 2 and draw(st.integers(0, 3)) == 0:
        parts = [draw(conditions(before, depth + 1)) for _ in range(draw(st.integers(2, 3)))]
        joined = f" {draw(st.sampled_from(('and', 'or')))} ".join(parts)
        return f"({joined})" if draw(st.booleans()) else joined
    question = draw(st.sampled_from(list(before)))
    return f"{{{question['name']}}} {draw(_comparisons(question))}"


@st.composite
def _comparisons(draw: st.DrawFn, question: dict[str, Any]) -> str:
    if draw(st.integers(0, 4)) == 0:
        return draw(st.sampled_from(("empty", "notempty")))
    in_order = st.sampled_from(("=", "<>", "<", "<=", ">", ">="))
    some = st.lists(st.sampled_from(CHOICES), min_size=1, max_size=3, unique=True)
    match question["type"], question.get("inputType"):
        case (("radiogroup" | "dropdown"), _):
            if draw(st.booleans()):
                return f"{draw(st.sampled_from(('=', '<>')))} '{draw(st.sampled_from(CHOICES))}'"
            return f"anyof [{', '.join(map(repr, draw(some)))}]"
        case "checkbox", _:
            if draw(st.booleans()):
                return f"{draw(st.sampled_from(('contains', 'notcontains')))} '{draw(st.sampled_from(CHOICES))}'"
            return f"{draw(st.sampled_from(('anyof', 'allof')))} [{', '.join(map(repr, draw(some)))}]"
        case "rating", _:
            return f"{draw(in_order)} {draw(st.integers(1, 5))}"
        case "text", "number":
            return f"{draw(in_order)} {draw(st.integers(-10, 10))}"
        case "text", "date":
            return f"{draw(in_order)} '{draw(DAYS)}'"
        case "boolean", _:
            return f"{draw(st.sampled_from(('=', '<>')))} {draw(st.sampled_from(('true', 'false')))}"
    word = draw(st.sampled_from(("yes", "bus", "café", "the bus")))
    return f"{draw(st.sampled_from(('=', '<>', 'contains', 'notcontains')))} '{word}'"


@st.composite
def definitions(draw: st.DrawFn) -> dict[str, Any]:
    """Up to three pages of up to four questions."""
    before: list[dict[str, Any]] = []
    pages = []
    for page in range(draw(st.integers(1, 3))):
        made: dict[str, Any] = {"name": f"page{page}"}
        if (usable := _bounded_by_nothing(before)) and draw(st.booleans()):
            made["visibleIf"] = draw(conditions(usable))
        elements = []
        for _ in range(draw(st.integers(1, 4))):
            elements.append(draw(questions(f"q{len(before)}", _bounded_by_nothing(before))))
            before.append(elements[-1])
        pages.append(made | {"elements": elements})
    return {"title": "A survey", "clearInvisibleValues": "onHidden", "pages": pages}


def _bounded_by_nothing(before: Sequence[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    """A value out of bounds is none for SurveyJS when it shows, and one when it asks what is required: not compared."""
    return tuple(each for each in before if "min" not in each)


@st.composite
def answers(draw: st.DrawFn, definition: dict[str, Any]) -> dict[str, Any]:
    """An answer to some of the questions, of the shape that a browser sends."""
    found = {}
    for page in definition["pages"]:
        for question in page["elements"]:
            if draw(st.integers(0, 3)):
                found[question["name"]] = draw(_answer(question))
    return found


def _answer(question: dict[str, Any]) -> st.SearchStrategy[Any]:
    match question["type"], question.get("inputType"):
        case (("radiogroup" | "dropdown"), _):
            return st.sampled_from(CHOICES)
        case "checkbox", _:
            # More than the most cannot be ticked in a browser: the others are greyed out.
            most = question.get("maxSelectedChoices") or len(CHOICES)
            return st.lists(st.sampled_from(CHOICES), unique=True, max_size=most)
        case "rating", _:
            return st.integers(1, 5)
        case "text", "number":
            return NUMBERS
        case "text", "date":
            return DAYS
        case "text", "email":
            return st.sampled_from(("a@example.org", "no address", "ann.lee+x@post.example.org", "@"))
        case "boolean", _:
            return st.booleans()
    return WORDS
