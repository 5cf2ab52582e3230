"""The form over what a survey asks: one row a question, each with the fields that its kind needs."""

from collections.abc import Mapping
from typing import Any

from starlette.datastructures import FormData

from services.web.pages import survey_rows
from services.web.pages.forms import Form, as_sent, number, text, texts
from services.web.survey_words import TYPES
from shared.contracts.base import new_id
from shared.contracts.surveys import DefinitionJson, Survey
from shared.surveys.definition import MOST_QUESTIONS, Definition
from shared.surveys.reading import DefinitionError, read_definition

PLAIN = ("name", "kind", "title", "help", "choices", "known", "low", "high", "low_text", "high_text")
CONDITION = ("if_question", "if_operator", "if_value")


def blank() -> Form:
    return Form({"title": "", "introduction": "", "anonymous": False, "rows": [], "version": 0})


def of_survey(survey: Survey) -> Form | None:
    """The form filled in with a survey; None when the survey asks something that the form cannot say."""
    definition = Definition.model_validate(survey.definition)
    rows = [survey_rows.of_question(place, each, definition) for place, each in enumerate(definition.questions(), 1)]
    values = {"title": definition.title, "introduction": definition.description, "version": survey.version}
    form = Form(values | {"rows": rows, "anonymous": survey.anonymous})
    return form if read(Form(dict(form.values))) == survey.definition else None


def typed(sent: FormData) -> Form:
    """The form as it was sent."""
    ids = [each for each in dict.fromkeys(texts(sent, "row")) if each.isdecimal() and len(each) < 5][:MOST_QUESTIONS]
    rows = [row for row in (_typed_row(sent, each) for each in ids) if row["kind"] in TYPES]
    values: dict[str, Any] = {
        "title": text(sent, "title"),
        "introduction": text(sent, "introduction").replace("\r\n", "\n"),
    }
    values["anonymous"] = bool(text(sent, "anonymous"))
    return as_sent(sent, values | {"version": number(sent, "version"), "rows": rows})


def rearrange(form: Form, action: str, new_kind: str) -> int | None:
    """Carry out a button that changes the form without sending it: the row to go on at, 0 for none; None for `save`."""
    rows: list[dict[str, Any]] = form.values["rows"]
    what, _, which = action.partition("-")
    place = next((place for place, each in enumerate(rows) if str(each["id"]) == which), None)
    if what == "add" and new_kind in TYPES and len(rows) < MOST_QUESTIONS:
        following = max((each["id"] for each in rows), default=0) + 1
        # A name that no question of this survey ever had: the answers to one that was taken out are not this one's.
        rows.append(survey_rows.blank(following, name=f"q_{new_id()[-8:]}", kind=new_kind))
        return following
    if place is not None and what in ("up", "down"):
        other = max(0, place - 1) if what == "up" else min(len(rows) - 1, place + 1)
        rows[place], rows[other] = rows[other], rows[place]
        return int(which)
    if place is not None and what == "remove":
        del rows[place]
    return None if action in ("", "save") else 0


def read(form: Form) -> DefinitionJson | None:
    """What the form asks, or None with its errors filled."""
    rows: list[dict[str, Any]] = form.values["rows"]
    elements: list[dict[str, Any]] = []
    known: dict[str, survey_rows.Asked] = {}
    for place, row in enumerate(rows, 1):
        try:
            elements.append(survey_rows.to_question(row, known))
        except ValueError as error:
            form.errors[f"c{row['id']}"] = f"Question {place}: {error}"
            elements.append(survey_rows.to_question(row | dict.fromkeys(CONDITION, ""), known))
        known[row["name"]] = survey_rows.Asked(row, elements[-1])
    asked: dict[str, Any] = {"title": form.values["title"], "pages": [{"name": "page1", "elements": elements}]}
    if form.values["introduction"]:
        asked["description"] = form.values["introduction"]
    try:
        found = read_definition(asked).to_json()
    except DefinitionError as error:
        _tell(form, error)
        found = {}
    if form.errors:
        form.status = 422
        return None
    return found


def earlier(form: Form) -> Mapping[int, list[tuple[str, str]]]:
    """(name, title) of the questions before each row: what it can depend on."""
    rows = form.values["rows"]
    titles = [(each["name"], f"{place}. {each['title'] or 'no title yet'}"[:100]) for place, each in enumerate(rows, 1)]
    return {row["id"]: titles[:place] for place, row in enumerate(rows)}


def _tell(form: Form, error: DefinitionError) -> None:
    for each in error.faults:
        if each.question is not None:
            field = f"c{form.values['rows'][each.question]['id']}"
        else:
            field = {"title": "title", "description": "introduction"}.get(each.field, "questions")
        form.errors.setdefault(field, str(each))


def _typed_row(sent: FormData, number: str) -> dict[str, Any]:
    values: dict[str, Any] = {each: text(sent, f"c{number}_{each}") for each in (*PLAIN, *CONDITION)}
    values |= {each: values[each].replace("\r\n", "\n") for each in ("choices", "known", "help")}
    return values | {"id": int(number), "required": bool(text(sent, f"c{number}_required"))}
