"""The form over `Reported`: logging, correcting and mending a quarantined event all fill in the same one."""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

from starlette.datastructures import FormData

from services.web.pages.forms import Form, as_sent, given, lines, offered_names, text, texts
from services.web.words import LONDON
from shared.contracts.events import Engagement, Reported

PLAIN = (
    *("kind", "title", "body", "channel", "technique", "locality", "postcode", "sentiment", "direction"),
    "consultation_id",
)
ROW = ("kind", "name", "role", "reach", "contact")
"""What the form holds of one participant; `contact` are ids of contacts the row is linked to."""
SENTENCES: Mapping[str, str] = {
    "kind": "Choose what kind of engagement it was",
    "title": "Enter a title of up to 200 characters",
    "body": "What was said can have up to 100,000 characters",
    "occurred_at": "Enter the day as day, month and year, and the time as hours and minutes",
    "topics": "A topic has up to 200 characters, and there can be 100 of them",
    "people": "A name has up to 200 characters, and an address, number or reference 320",
    "organisations": "An organisation needs a name of up to 200 characters",
    "links": "Each link starts with https:// or http://",
    "postcode": "A postcode has up to 20 characters",
    "sentiment": "Choose one of the feelings listed",
    "direction": "Choose one of the directions listed",
    "consultation_id": "Choose one of the consultations listed",
}


def blank(now: datetime) -> Form:
    """An empty form: it happened now."""
    at = now.astimezone(LONDON)
    return Form({"occurred_date": f"{at:%Y-%m-%d}", "occurred_time": f"{at:%H:%M}", "people": [_row()], "chosen": []})


def of_engagement(engagement: Engagement) -> Form:
    """The form filled in with an engagement, for a correction."""
    values: dict[str, Any] = {name: getattr(engagement, name) or "" for name in PLAIN}
    at = engagement.occurred_at.astimezone(LONDON)
    people = [
        _row(kind=each.kind, name=each.name or "", role=each.role or "", contact=" ".join(each.contact_ids))
        for each in engagement.participants
    ]
    links = [f"{link.url} {link.title or ''}".strip() for link in engagement.links]
    return Form(
        values
        | {"occurred_date": f"{at:%Y-%m-%d}", "occurred_time": f"{at:%H:%M}", "sensitive": engagement.sensitive}
        | {"topics": ", ".join(engagement.topics), "links": "\n".join(links), "people": people, "chosen": []}
    )


def of_data(data: Any) -> Form:
    """The form filled in with a partner's `data`, whatever it holds: what cannot be shown is left out."""
    data = data if isinstance(data, dict) else {}
    values: dict[str, Any] = {name: _shown(data.get(name)) for name in PLAIN}
    at = _moment(data.get("occurred_at"))
    people = [_row_of(each, "person") for each in _dicts(data.get("people"))]
    people += [_row_of(each, "organisation") for each in _dicts(data.get("organisations"))]
    links = [f"{_shown(link.get('url'))} {_shown(link.get('title'))}".strip() for link in _dicts(data.get("links"))]
    topics = data.get("topics") if isinstance(data.get("topics"), list) else []
    return Form(
        values
        | {"occurred_date": f"{at:%Y-%m-%d}" if at else "", "occurred_time": f"{at:%H:%M}" if at else ""}
        | {"topics": ", ".join(map(_shown, topics or [])), "links": "\n".join(links), "people": people, "chosen": []}
        | {"sensitive": data.get("sensitive") is True}
    )


def typed(form: FormData) -> Form:
    """The form as it was sent."""
    values: dict[str, Any] = {name: text(form, name) for name in (*PLAIN, "topics", "links", "contact_q")}
    values |= {name: text(form, name) for name in ("occurred_date", "occurred_time")}
    values["sensitive"] = bool(text(form, "sensitive"))
    columns = [texts(form, f"person_{name}") for name in ROW]
    values["people"] = [dict(zip(ROW, row, strict=True)) for row in zip(*columns, strict=False)]
    names = offered_names(form)
    values["chosen"] = [{"id": each, "name": names.get(each) or None} for each in dict.fromkeys(texts(form, "chosen"))]
    return as_sent(form, values)


def read(form: Form) -> Reported | None:
    """What the form says, or None with its errors filled."""
    reported: Reported | None = form.check(Reported, data_of(form), SENTENCES)
    return reported if not form.errors else None


def data_of(form: Form) -> dict[str, Any]:
    """The form as `data` of an event; a day that cannot be read becomes an error of the form."""
    values = form.values
    data = given({name: values.get(name, "") for name in PLAIN})
    data |= given(
        {
            "occurred_at": _occurred_at(form),
            "topics": [each.strip() for each in values.get("topics", "").split(",") if each.strip()],
            "links": [_link(line) for line in lines(values.get("links", ""))],
            "people": [_person(row) for row in _filled(values, "person")],
            "organisations": [_organisation(row) for row in _filled(values, "organisation")],
        }
    )
    return data | ({"sensitive": True} if values.get("sensitive") else {})


def add_row(form: Form) -> None:
    form.values["people"].append(_row())


def _occurred_at(form: Form) -> str:
    day, clock = form.values.get("occurred_date", ""), form.values.get("occurred_time", "")
    if not day and not clock:
        return ""
    try:
        at = datetime.combine(date.fromisoformat(day), time.fromisoformat(clock or "12:00"), LONDON)
    except ValueError:
        form.errors["occurred_at"] = SENTENCES["occurred_at"]
        return ""
    return at.isoformat()


def _filled(values: Mapping[str, Any], kind: str) -> list[dict[str, str]]:
    rows = [row for row in values.get("people", ()) if (row["kind"] or "person") == kind]
    return [row for row in rows if row["name"] or row["reach"] or row["contact"]]


def _person(row: Mapping[str, str]) -> dict[str, Any]:
    return given({"name": row["name"], "role": row["role"], "identifiers": _identifiers(row)})


def _organisation(row: Mapping[str, str]) -> dict[str, Any]:
    return given({"identifiers": _identifiers(row)}) | {"name": row["name"]}


def _identifiers(row: Mapping[str, str]) -> list[dict[str, str]]:
    linked = [{"scheme": "contact_id", "value": each} for each in row["contact"].split()]
    return linked + [_identifier(each.strip()) for each in row["reach"].split(";") if each.strip()]


def _identifier(typed_value: str) -> dict[str, str]:
    """`partner:A-12` is a partner's own reference; an @ makes an e-mail address, anything else is a number."""
    scheme, colon, value = typed_value.partition(":")
    if colon and scheme in ("email", "phone", "partner", "contact_id"):
        return {"scheme": scheme, "value": value.strip()}
    return {"scheme": "email" if "@" in typed_value else "phone", "value": typed_value}


def _link(line: str) -> dict[str, str]:
    url, _, title = line.partition(" ")
    return given({"url": url, "title": title.strip()})


def _row(**values: str) -> dict[str, str]:
    return dict.fromkeys(ROW, "") | {"kind": "person"} | values


def _row_of(participant: Mapping[str, Any], kind: str) -> dict[str, str]:
    reach = []
    for each in _dicts(participant.get("identifiers")):
        scheme, value = _shown(each.get("scheme")), _shown(each.get("value"))
        reach.append(value if scheme in ("email", "phone") else f"{scheme}:{value}")
    name, role = _shown(participant.get("name")), _shown(participant.get("role"))
    return _row(kind=kind, name=name, role=role, reach="; ".join(reach))


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _shown(value: Any) -> str:
    return "" if value is None or isinstance(value, (dict, list)) else str(value).replace("\0", "")


def _moment(value: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(str(value)).astimezone(LONDON)
    except (ValueError, OverflowError):
        return None
