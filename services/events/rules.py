"""The rules of the partner API, and the sentences that say which one an event breaks. Pure."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from pydantic import ValidationError

from shared.contracts.contacts import ContactReference
from shared.contracts.events import Reported, ReportedOrganisation, ReportedPerson
from shared.identifiers import InvalidIdentifierError, compared

EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
LATEST_AFTER_RECEIPT = timedelta(hours=48)
MAX_REASONS = 20


class RejectedError(Exception):
    """The event cannot be recorded; `reasons` are sentences that its partner understands, without personal data."""

    def __init__(self, reasons: Iterable[str]) -> None:
        self.reasons = tuple(reasons)[:MAX_REASONS]
        super().__init__("; ".join(self.reasons))


def read_reported(data: object) -> Reported:
    """Checks a partner's `data` strictly, by the partner API. Raises RejectedError with every rule it breaks."""
    if not isinstance(data, dict):
        raise RejectedError(["data: must be a JSON object"])
    encoded = orjson.dumps(data)
    if b"\\u0000" in encoded and _holds_nul(data):  # an escaped backslash before u0000 is no NUL
        raise RejectedError(["data: holds the NUL character (U+0000), which no text may hold; remove it"])
    try:
        return Reported.model_validate_json(encoded, strict=True)
    except ValidationError as error:
        raise RejectedError(_sentence(each) for each in error.errors(include_input=False, include_url=False)) from None


def references(
    reported: Reported, partner: str | None, correlationid: str
) -> tuple[tuple[ContactReference, ...], list[str]]:
    """Whom it names, with identifiers in compared form; and why identifiers cannot be used."""
    found, reasons = [], []
    named: list[tuple[str, str, ReportedPerson | ReportedOrganisation]] = [
        (f"people[{index}]", "person", one) for index, one in enumerate(reported.people)
    ]
    named += [(f"organisations[{index}]", "organisation", one) for index, one in enumerate(reported.organisations)]
    for path, kind, one in named:
        identifiers = []
        for number, identifier in enumerate(one.identifiers):
            try:
                identifiers.append((identifier.scheme, compared(identifier.scheme, identifier.value)))
            except InvalidIdentifierError as error:
                reasons.append(f"{path}.identifiers[{number}].value: {error}")
        reference = {"kind": kind, "name": one.name, "identifiers": tuple(identifiers), "partner": partner}
        more = {"locality": reported.locality, "correlation_id": correlationid}
        found.append(ContactReference.model_validate(reference | more))
    return tuple(found), reasons


def time_reasons(occurred_at: datetime, received_at: datetime) -> list[str]:
    if EARLIEST <= occurred_at <= received_at + LATEST_AFTER_RECEIPT:
        return []
    return ["occurred_at: must lie between 1900 and 48 hours after we received the event"]


def text_reasons(reported: Reported) -> list[str]:
    if _holds_nul(reported.model_dump()):
        return ["The text holds the NUL character (U+0000), which no text may hold; remove it"]
    return []


def _holds_nul(value: object) -> bool:
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, Mapping):
        return any(_holds_nul(each) for pair in value.items() for each in pair)
    return isinstance(value, (list, tuple)) and any(_holds_nul(each) for each in value)


def _sentence(error: Any) -> str:
    """pydantic's finding as a partner reads it: the path in their JSON, then the rule."""
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error["loc"]).lstrip(".")
    rule = _RULES.get(error["type"]) or error["msg"].replace("Input should be", "must be")
    rule = rule[0].lower() + rule[1:]
    return f"{path or 'data'}: {rule}"


_RULES = {
    "missing": "is required",
    "extra_forbidden": "is not a field of this event; remove it",
    "string_pattern_mismatch": "must begin with http:// or https://",
    "timezone_aware": "must carry a zone, as in 2014-01-15T10:30:00Z",
    "datetime_parsing": "must be an RFC 3339 time, as 2014-01-15T10:30:00Z",
    "datetime_from_date_parsing": "must be an RFC 3339 time, as 2014-01-15T10:30:00Z",
    "bool_type": "must be true or false",
    "string_type": "must be text",
    "tuple_type": "must be a list",
    "model_type": "must be a JSON object",
}
"""pydantic's kinds of findings in the partner's words; the others say what is allowed well enough themselves."""
