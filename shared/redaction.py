"""Takes what somebody who is erased can be recognised by out of a document: an event, a record, a partner's message.

Pure, and the same document gives the same result wherever it stands: the log of the history and the store of the
owner agree after both have been redacted. What is *about* the person loses its personal fields whole; in every other
text their addresses and numbers are replaced. A name in a text may be somebody else's: it goes only when asked for.
"""

import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any

import phonenumbers

from shared.contracts.contacts import ERASED_NAME
from shared.contracts.erasure import Traces
from shared.identifiers import InvalidIdentifierError, compared

BLANK: dict[str, Any] = {
    "name": ERASED_NAME,
    "identifiers": [],
    "postcode": None,
    "role": None,
    "evidence": "",
    "through": "",
    "before": "",
    "after": "",
    "address": "",
    "email": [],
    "phone": [],
    "references": [],
    "cells": [],
}
"""Fields of what is about a person, and what stands there afterwards; null where a null stood."""
_NAMED = "segment_id"
"""What has this id beside its name is a thing of ours: its name is no person's."""
_PARTS = ("contact", "consent", "relationship")
"""Events about a contact carry it, or its statement, under one of these."""
_LIKE_AN_ADDRESS = re.compile(r"[^\s<>(),;:]+@[^\s<>(),;:]+[^\s<>(),;:.]")
_SEPARATORS = r"[\s().\-/]*"
_GONE = {"address": "[address removed]", "number": "[number removed]", "name": "[name removed]"}


def redact(content: Any, traces: Traces, names: bool = False) -> Any:
    """A copy of a JSON value without the traces. `names`: the name goes from texts too."""
    return _Redaction(traces, names).of(content)


def redact_event(content: dict[str, Any], traces: Traces, names: bool = False) -> dict[str, Any]:
    """An event as logs and outboxes hold it. What staff wrote to somebody loses their name at once: it is theirs."""
    data = content.get("data") or {}
    is_case = str(content.get("type", "")).startswith("wellheard.case.")
    left: dict[str, Any] = redact(content, traces, names or (is_case and takes_part(data.get("contact_ids"), traces)))
    return left


def takes_part(contact_ids: Any, traces: Traces) -> bool:
    """Whether one of the contacts is the person."""
    return not set(traces.contact_ids).isdisjoint(contact_ids or ())


def names_in(text: str, traces: Traces) -> list[tuple[int, int]]:
    """Where a text names the person: (begin, end) of each."""
    pattern = _pattern(traces, True)
    return [each.span() for each in pattern.finditer(text) if each.lastgroup == "name"] if pattern else []


def is_named(content: Any, traces: Traces) -> bool:
    """Whether a text anywhere in the JSON value names the person."""
    return any(names_in(text, traces) for text in _texts(content))


def mark_of(secret: str, value: str) -> str:
    """A keyed mark of an address or number in compared form: recognises it, and nobody can read it from the mark."""
    return hmac.digest(secret.encode(), b"erasure\0" + value.encode(), hashlib.sha256).hex()


def identifiers_in(content: Any) -> Iterator[tuple[str, str]]:
    """(scheme, compared form) of every address and number that stands in the texts of a JSON value."""
    for text in _texts(content):
        for found in _LIKE_AN_ADDRESS.findall(text):
            with suppress(InvalidIdentifierError):
                yield "email", compared("email", found)
        for number in phonenumbers.PhoneNumberMatcher(text, "GB"):
            yield "phone", str(phonenumbers.format_number(number.number, phonenumbers.PhoneNumberFormat.E164))


class _Redaction:
    def __init__(self, traces: Traces, names: bool) -> None:
        self._ids = frozenset(traces.contact_ids)
        self._names = frozenset(each.casefold() for each in traces.names)
        self._identifiers = frozenset((*traces.emails, *traces.phones, *traces.references))
        self._pattern = _pattern(traces, names)

    def of(self, value: Any, about: bool = False) -> Any:
        match value:
            case str():
                return self._pattern.sub(_replaced, value) if self._pattern else value
            case list() | tuple():
                return [self.of(each, about) for each in value]
            case dict():
                about = about or self._is_about(value)
                return {key: self._field(value, key, each, about) for key, each in value.items()}
        return value

    def _field(self, whole: Mapping[str, Any], key: str, value: Any, about: bool) -> Any:
        if about and key in BLANK and not isinstance(value, dict) and not (key == "name" and _NAMED in whole):
            return None if value is None else BLANK[key]
        if key.endswith("_name") and whole.get(f"{key.removesuffix('name')}id") in self._ids:
            return ERASED_NAME
        if key == "subject" and about and whole.get("purpose") == "notice":
            return "Notice"
        return self.of(value, about)

    def _is_about(self, value: Mapping[str, Any]) -> bool:
        if any(value.get(each) in self._ids for each in ("contact_id", "with_id", "_id")):
            return True
        if any(isinstance(part := value.get(each), dict) and part.get("contact_id") in self._ids for each in _PARTS):
            return True
        several = value.get("contact_ids")
        if several and isinstance(several, list | tuple) and self._ids.intersection(several):
            return self._ids.issuperset(several) or str(value.get("name", "")).casefold() in self._names
        return any(map(self._is_theirs, _dicts(value.get("identifiers"))))

    def _is_theirs(self, identifier: Mapping[str, Any]) -> bool:
        scheme, value = str(identifier.get("scheme", "")), identifier.get("value")
        if not isinstance(value, str):
            return False
        if scheme == "contact_id":
            return value in self._ids
        try:
            return compared(scheme, value) in self._identifiers
        except InvalidIdentifierError:
            return False


def _dicts(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list | tuple) else []


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)


def _replaced(found: re.Match[str]) -> str:
    return _GONE[found.lastgroup or "name"]


@lru_cache(64)
def _pattern(traces: Traces, names: bool) -> re.Pattern[str] | None:
    """One expression over all of it: an address, a number in any spelling, and a name if it is asked for."""
    kinds = {
        "address": [_address(each) for each in traces.emails],
        "number": [_number(each) for each in traces.phones],
        "name": [_name(each) for each in traces.names if names and each != ERASED_NAME],
    }
    parts = [f"(?P<{kind}>{'|'.join(each)})" for kind, each in kinds.items() if each]
    return re.compile("|".join(parts), re.IGNORECASE) if parts else None


def _address(email: str) -> str:
    local, _, domain = email.rpartition("@")
    spellings = {domain}
    with suppress(UnicodeError):
        spellings.add(domain.encode().decode("idna"))
    domains = "|".join(sorted(map(re.escape, spellings), key=len, reverse=True))
    return rf"(?<![\w.+\-]){re.escape(local)}@(?:{domains})(?![\w\-])"


def _number(e164: str) -> str:
    number = phonenumbers.parse(e164)
    digits = _SEPARATORS.join(str(number.national_number))
    abroad = (
        rf"(?:\+|00){_SEPARATORS}{_SEPARATORS.join(str(number.country_code))}{_SEPARATORS}(?:\(?0\)?)?{_SEPARATORS}"
    )
    return rf"(?<!\d)(?:{abroad}|0{_SEPARATORS})?{digits}(?!\d)"


def _name(name: str) -> str:
    words = r"\s+".join(map(re.escape, name.split()))
    return rf"(?<!\w){words}(?!\w)"
