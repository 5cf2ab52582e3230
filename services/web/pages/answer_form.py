"""The form that a respondent fills in: what was typed, and what it answers."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from starlette.datastructures import FormData

from services.web.pages.forms import Form, number, text, texts
from shared.surveys.definition import Definition, Question, Rating, SomeOf, Text, YesNo

PREFIX = "q-"
"""Of the names of a survey's fields: a question may be called like a field of ours."""
_WHOLE = re.compile(r"[+-]?\d{1,13}")
_DECIMAL = re.compile(r"[+-]?\d{1,13}[.,]\d{1,10}")
_DAY = re.compile(r"(\d{1,2})[/. -](\d{1,2})[/. -](\d{4})")


def blank(definition_version: int, at: datetime) -> Form:
    """The form as it is shown first; it remembers when."""
    return Form({"definition_version": definition_version, "begun": at.isoformat(), "typed": {}})


def typed(sent: FormData) -> Form:
    """The form as it was sent, whatever the survey asks."""
    given = {name: texts(sent, name) for name in dict.fromkeys(sent.keys()) if name.startswith(PREFIX)}
    values = {"definition_version": number(sent, "definition_version"), "begun": text(sent, "begun")[:40]}
    form = Form(values | {"typed": {name: found for name, found in given.items() if any(found)}})
    form.request_id = text(sent, "request_id")[:64] or form.request_id
    return form


def shown(form: Form) -> dict[str, Any]:
    """What the templates of questions need of it."""
    return {"prefix": PREFIX, "typed": form.values["typed"], "answer_faults": form.values.get("faults", {})}


def begun_at(form: Form, received_at: datetime) -> datetime:
    """When the form was shown, as it says itself; never later than it was received."""
    try:
        said = datetime.fromisoformat(form.values["begun"])
    except ValueError:
        return received_at
    return min(said if said.tzinfo else said.replace(tzinfo=UTC), received_at)


def answers(definition: Definition, form: Form) -> dict[str, Any]:
    """What was typed, as answers of the shape that the questions ask for; what has none stays as it was typed."""
    given: Mapping[str, list[str]] = form.values["typed"]
    found = {each.name: _answer(each, given.get(PREFIX + each.name, [])) for each in definition.questions()}
    return {name: answer for name, answer in found.items() if answer not in (None, "", [])}


def tell_faults(definition: Definition, form: Form, faults: Mapping[str, str]) -> None:
    """Put what is wrong beside the fields, in the order in which they are asked."""
    titles = {each.name: each.title for each in definition.questions()}
    form.values["faults"] = dict(faults)
    form.errors = {PREFIX + name: f"{titles[name]}: {fault}" for name, fault in faults.items()}
    form.status = 422


def _answer(question: Question, given: list[str]) -> Any:
    if isinstance(question, SomeOf):
        return list(dict.fromkeys(filter(None, given)))
    only = given[0].replace("\r\n", "\n") if given else ""
    match question:
        case YesNo():
            return {"yes": True, "no": False}.get(only, only)
        case Rating():
            return int(only) if _WHOLE.fullmatch(only) else only
        case Text(input_type="number"):
            return _number(only)
        case Text(input_type="date"):
            return _day(only)
    return only


def _number(said: str) -> int | float | str:
    if _WHOLE.fullmatch(said):
        return int(said)
    return float(said.replace(",", ".")) if _DECIMAL.fullmatch(said) else said


def _day(said: str) -> str:
    """Also as people write one where the browser has no field for days: 27/3/2024."""
    found = _DAY.fullmatch(said)
    return f"{found[3]}-{int(found[2]):02}-{int(found[1]):02}" if found else said
