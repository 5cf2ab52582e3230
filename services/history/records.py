"""What the index holds: entries of the timeline, and what the search knows of contacts."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self, TypeVar, dataclass_transform

import orjson

_Made = TypeVar("_Made")


@dataclass_transform(frozen_default=True, kw_only_default=True)
def _record(made: type[_Made]) -> type[_Made]:
    """Frozen for the type checker, which reads all of our code: watched at run time too, each would cost 4 us more."""
    return dataclass(slots=True, kw_only=True, unsafe_hash=True)(made)


class _Record:
    """What entries and contacts share: an id, a version, and one canonical form in bytes."""

    __slots__ = ()

    @classmethod
    def from_fields(cls, stored: dict[str, Any]) -> Self:
        """The record that `to_json` was read from, by its fields as JSON has them."""
        return cls(**stored)

    @classmethod
    def from_json(cls, content: bytes) -> Self:
        return cls.from_fields(orjson.loads(content))

    def to_json(self) -> bytes:
        """The canonical form: the same content is the same bytes, whatever it was read from."""
        return orjson.dumps(self, option=orjson.OPT_UTC_Z)

    def checksum(self) -> int:
        """SHA-256 of kind and content as a number, so that a set of records adds up to one checksum."""
        return int.from_bytes(hashlib.sha256(type(self).__name__.encode() + self.to_json()).digest(), "big")


@_record
class Entry(_Record):
    """One line of the timeline. Contact ids and names are as recorded; times are UTC."""

    id: str
    version: int
    source: str
    """The service that told of it."""
    kind: str
    title: str
    sentence: str
    occurred_at: datetime
    recorded_at: datetime
    engagement_id: str | None = None
    about: tuple[str, ...] = ()
    """Ids of what it belongs to: a consultation, a survey."""
    body: str = ""
    channel: str | None = None
    contact_ids: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    """Everyone named, for the search."""
    mentions: tuple[str, ...] = ()
    """Those of the names that belong to no contact."""
    partner: str | None = None
    topics: tuple[str, ...] = ()
    locality: str | None = None
    localities: tuple[str, ...] = ()
    """More places whose timeline it stands on."""
    groups: tuple[str, ...] = ()
    links: tuple[tuple[str, str | None], ...] = ()
    sensitive: bool = False
    sentiment: str | None = None
    direction: str | None = None
    corrected: bool = False
    steps: tuple[str, ...] = ()
    """How a meeting of the calendar came about, as sentences."""

    @classmethod
    def from_fields(cls, stored: dict[str, Any]) -> Self:
        fields = _tuples(stored)
        fields["links"] = tuple((url, title) for url, title in fields["links"])
        for name in ("occurred_at", "recorded_at"):
            fields[name] = datetime.fromisoformat(fields[name])
        return cls(**fields)


@_record
class ContactRecord(_Record):
    """What the search knows of a contact: enough to find it by name and to name it on a timeline."""

    id: str
    version: int
    kind: str
    name: str
    locality: str | None = None
    practice: str | None = None
    groups: tuple[str, ...] = ()
    reported_by: tuple[str, ...] = ()
    withdrawn: bool = False
    """Found by nobody who looks for a contact; its name still stands on the lines of its timeline."""
    merged_into: str | None = None
    merged: tuple[str, ...] = ()

    @classmethod
    def from_fields(cls, stored: dict[str, Any]) -> Self:
        return cls(**_tuples(stored))


@dataclass(frozen=True, slots=True)
class Folded:
    """What one event comes to; one iterates over the two records."""

    entry: Entry | None = None
    contact: ContactRecord | None = None
    event_id: str = field(default="", compare=False)

    def __iter__(self) -> Iterator[Entry | ContactRecord | None]:
        yield self.entry
        yield self.contact


def _tuples(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}
