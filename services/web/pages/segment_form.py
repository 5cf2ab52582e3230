"""The form over a segment's rule: one row a condition, each with the fields that its kind needs."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from starlette.datastructures import FormData

from services.web.pages.forms import Form, as_sent, given, number, text, texts
from shared.contracts.contacts import Reference
from shared.contracts.segments import Rule, Segment

TITLES: Mapping[str, str] = {
    "locality": "Locality",
    "group": "Stakeholder group",
    "consent": "What they allow",
    "engaged": "Took part at least so often",
    "quiet": "Not heard from for a while",
    "practice": "Practice",
    "kind": "People or organisations",
    "name": "Name",
}
"""The kinds of conditions, those most used first."""
SENTENCES: Mapping[str, str] = {
    "locality": "Choose at least one locality",
    "group": "Choose at least one stakeholder group",
    "consent": "Choose a purpose and a channel",
    "engaged": "Enter how often (1 to 1,000), and either a day or a number of days up to 3,650, or neither",
    "quiet": "Enter either a day or a number of days up to 3,650",
    "practice": "Choose at least one practice",
    "kind": "Choose people or organisations",
    "name": "Enter at least one word, up to 200 characters in all",
}
PLAIN = ("field", "value", "words", "purpose", "channel", "at_least", "day", "days")
MANY = ("any_of", "kinds")
MAX_ROWS = 20
_DAYS = {"engaged": ("since", "within_days"), "quiet": ("before", "for_days")}


def blank() -> Form:
    return Form({"name": "", "match": "all", "rows": [], "version": 0})


def of_segment(segment: Segment) -> Form:
    """The form filled in with a segment."""
    rows = [_row_of(place, each.model_dump(mode="json")) for place, each in enumerate(segment.rule.conditions, 1)]
    return Form({"name": segment.name, "match": segment.rule.match, "rows": rows, "version": segment.version})


def typed(form: FormData) -> Form:
    """The form as it was sent."""
    ids = [each for each in dict.fromkeys(texts(form, "row")) if each.isdecimal()][:MAX_ROWS]
    rows = [_typed_row(form, each) for each in ids]
    values = {"name": text(form, "name"), "match": text(form, "match") or "all", "version": number(form, "version")}
    return as_sent(form, values | {"rows": [each for each in rows if each["field"] in TITLES]})


def rearrange(form: Form, action: str, new_field: str) -> bool:
    """Carry out a button that changes the form without sending it; False when it was none."""
    rows = form.values["rows"]
    if action == "add":
        if new_field in TITLES and len(rows) < MAX_ROWS:
            following = max((each["id"] for each in rows), default=0) + 1
            rows.append(_row(following, field=new_field))
        return True
    if action.startswith("remove-"):
        form.values["rows"] = [each for each in rows if f"remove-{each['id']}" != action]
        return True
    return action == "preview"


def read(form: Form) -> Rule | None:
    """The rule that the form says, or None with its errors filled."""
    rows = form.values["rows"]
    if not rows:
        form.errors["conditions"] = "Add at least one condition"
        form.status = 422
        return None
    data = {"match": form.values["match"], "conditions": [_condition(each) for each in rows]}
    try:
        return Rule.model_validate(data)
    except ValidationError as error:
        for each in error.errors():
            row = rows[int(each["loc"][1])] if len(each["loc"]) > 1 else None
            if row is not None:
                form.errors.setdefault(f"c{row['id']}", f"{TITLES[row['field']]}: {SENTENCES[row['field']].lower()}")
            else:
                form.errors.setdefault("conditions", "Choose whether all or any conditions are to hold")
        form.status = 422
        return None


def places(reference: Reference | None) -> dict[str, list[tuple[str, str]]]:
    """What one can choose from where a condition is a list of places or groups."""
    if reference is None:
        return {"locality": [], "practice": [], "group": []}
    return {
        "locality": [(each.code, each.name) for each in reference.localities],
        "practice": [(each.code, each.name) for each in reference.practices],
        "group": [(each.code, each.name) for each in reference.groups],
    }


def _row(number: int, **values: Any) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(PLAIN, "") | {name: [] for name in MANY}
    return row | {"id": number, "negated": False, "at_least": "1"} | values


def _typed_row(form: FormData, number: str) -> dict[str, Any]:
    name = f"c{number}_"
    values: dict[str, Any] = {each: text(form, name + each) for each in PLAIN}
    values |= {each: [one for one in texts(form, name + each) if one] for each in MANY}
    return values | {"id": int(number), "negated": bool(text(form, f"{name}negated"))}


def _row_of(number: int, condition: dict[str, Any]) -> dict[str, Any]:
    row = _row(number, **{name: value for name, value in condition.items() if value is not None})
    for day, days in _DAYS.values():
        row["day"] = row.pop(day, None) or row["day"]
        row["days"] = row.pop(days, None) or row["days"]
    return row


def _condition(row: dict[str, Any]) -> dict[str, Any]:
    field = row["field"]
    data = {name: row[name] for name in ("value", "words", "purpose", "channel", "at_least", *MANY)}
    asked: Mapping[str, tuple[str, ...]] = {
        "kind": ("value",),
        "name": ("words",),
        "consent": ("purpose", "channel"),
        "engaged": ("at_least", "kinds"),
        "quiet": (),
    }
    found = given({name: data[name] for name in asked.get(field, ("any_of",))})
    if field in _DAYS:
        day, days = _DAYS[field]
        found |= given({day: row["day"], days: row["days"]})
    return found | {"field": field, "negated": row["negated"]}
