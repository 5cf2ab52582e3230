"""The form over the plan of a consultation: plain fields, a row for each document, a row for each target."""

from collections.abc import Sequence
from datetime import date
from itertools import zip_longest
from typing import Any

from pydantic import ValidationError
from starlette.datastructures import FormData

from services.web.pages.forms import Form, as_sent, given, number, text, texts
from shared.contracts.consultations import Consultation, Document, Plan, Target, check_targets

PLAIN = ("title", "about", "can_change", "decider", "opens_on", "closes_on")
DOCUMENT = ("title", "url", "text")
TARGET = ("group", "locality", "expected")
SENTENCES = {
    "title": "Enter a title of up to 200 characters",
    "about": "Say what is decided and why, in up to 20,000 characters",
    "can_change": "Say what can still change in up to 5,000 characters",
    "decider": "Say who decides in up to 200 characters",
    "opens_on": "Enter the first day as day, month and year",
    "closes_on": "Enter the last day as day, month and year",
    "documents": "There can be 20 documents",
    "targets": "There can be 100 groups",
    "survey_ids": "There can be 20 surveys",
}


def blank() -> Form:
    return Form({"version": 0, "documents": [_row(DOCUMENT)], "targets": [_row(TARGET)], "survey_ids": []})


def of_consultation(standing: Consultation) -> Form:
    """The form filled in with a plan."""
    plan = standing.plan
    values: dict[str, Any] = {name: str(getattr(plan, name) or "") for name in PLAIN}
    documents = [{name: getattr(each, name) for name in DOCUMENT} for each in plan.documents]
    targets = [{name: str(getattr(each, name)) for name in TARGET} for each in plan.targets]
    values |= {"version": standing.version, "survey_ids": list(plan.survey_ids)}
    return Form(values | {"documents": documents or [_row(DOCUMENT)], "targets": targets or [_row(TARGET)]})


def typed(sent: FormData) -> Form:
    """The form as it was sent."""
    values: dict[str, Any] = {name: text(sent, name).replace("\r\n", "\n") for name in PLAIN}
    values |= {"version": number(sent, "version"), "survey_ids": list(dict.fromkeys(texts(sent, "survey_ids")))}
    values |= {"documents": _rows(sent, "document", DOCUMENT), "targets": _rows(sent, "target", TARGET)}
    return as_sent(sent, values)


def rearrange(form: Form, action: str) -> bool:
    """Carry out a button that changes the form without sending it."""
    if action == "add_document":
        form.values["documents"].append(_row(DOCUMENT))
    elif action == "add_target":
        form.values["targets"].append(_row(TARGET))
    return action in ("add_document", "add_target")


def read(form: Form) -> Plan | None:
    """What the form says, or None with its errors filled."""
    values = form.values
    data = given({name: values[name] for name in PLAIN})
    data |= {"documents": _documents(form), "targets": _targets(form), "survey_ids": values["survey_ids"]}
    first, last = (_day(form, name) for name in ("opens_on", "closes_on"))
    if first and last and last < first:
        form.errors["closes_on"] = "The last day is before the first"
    if form.errors:
        form.status = 422
        rest = {name: value for name, value in data.items() if name not in (*form.errors, "closes_on")}
        form.check(Plan, rest, SENTENCES)
        return None
    plan: Plan | None = form.check(Plan, data, SENTENCES)
    return plan


def _day(form: Form, name: str) -> date | None:
    try:
        return date.fromisoformat(form.values[name]) if form.values[name] else None
    except ValueError:
        form.errors[name] = SENTENCES[name]
        return None


def _documents(form: Form) -> list[Document]:
    found = []
    for place, row in enumerate(form.values["documents"], 1):
        if not any(row.values()):
            continue
        try:
            found.append(Document.model_validate(row))
        except ValidationError:
            if not row["title"] or len(row["title"]) > 200:
                fault = "needs a title of up to 200 characters"
            elif row["url"] and not row["url"].startswith(("https://", "http://")):
                fault = "needs an address that starts with https:// or http://"
            else:
                fault = "needs an address or a text of up to 20,000 characters"
            form.errors.setdefault("documents", f"Document {place} {fault}")
    return found


def _targets(form: Form) -> list[Target]:
    found = []
    for place, row in enumerate(form.values["targets"], 1):
        if not any(row.values()):
            continue
        try:
            found.append(Target.model_validate(row | {"expected": row["expected"].replace(",", "")}))
        except ValidationError:
            form.errors.setdefault("targets", f"Group {place} needs how many people there are, as a whole number")
    try:
        check_targets(found)
    except ValueError as error:
        sentence = str(error)
        form.errors.setdefault("targets", sentence[0].upper() + sentence[1:])
    return found


def _rows(sent: FormData, kind: str, names: Sequence[str]) -> list[dict[str, str]]:
    columns = [texts(sent, f"{kind}_{name}") for name in names]
    rows = [dict(zip(names, row, strict=True)) for row in zip_longest(*columns, fillvalue="")]
    return rows[:200] or [_row(names)]


def _row(names: Sequence[str]) -> dict[str, str]:
    return dict.fromkeys(names, "")
