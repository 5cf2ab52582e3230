"""The judged searches of queries.toml: what people type, and which entries and contacts are good answers to it.

An answer is named by what it is or says, not by what finds it: the texts of the demo are made of a few hundred
sentences, so a rule over them judges every entry there is, and what a search overlooks counts against it.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from bench.judged.ndcg import DEPTH
from services.history.records import ContactRecord, Entry, Folded

FILE = Path(__file__).parent / "queries.toml"
SETS = {"tuning": 40, "held out": 20}
LONDON = ZoneInfo("Europe/London")


def _compiled(written: str) -> re.Pattern[str]:
    try:
        return re.compile(written, re.IGNORECASE)
    except re.error as error:
        raise ValueError(f"{written!r} is no pattern: {error}") from None


Pattern = Annotated[re.Pattern[str], BeforeValidator(_compiled)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Rule(_Strict):
    """Whatever meets all of the conditions has this grade. Patterns are met anywhere, in letters of either case."""

    grade: Annotated[int, Field(ge=1, le=3)]
    """3: what one was looking for, 2: of use, 1: touches on it. Whatever meets no rule is no answer: 0."""
    ids: tuple[str, ...] = ()
    title: Pattern | None = None
    """The title of an entry, the name of a contact."""
    text: Pattern | None = None
    """Title and body."""
    never: Pattern | None = None
    """What must not stand in title or body."""
    who: Pattern | None = None
    """The name of somebody who took part, now or as it was written down."""
    kind: str | None = None
    channel: str | None = None
    topic: str | None = None
    locality: str | None = None
    partner: str | None = None
    group: str | None = None
    since: date | None = None
    until: date | None = None
    """Local days, both included."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if len(self.model_fields_set) < 2:
            raise ValueError("a rule without a condition judges everything")
        return self

    def holds(self, about: Mapping[str, Any]) -> bool:
        """about: what `_about_entry` or `_about_contact` tells."""
        values = ("kind", "channel", "topic", "locality", "partner", "group")
        if not all(getattr(self, name) in (None, *about[name]) for name in values):
            return False
        if self.ids and about["id"] not in self.ids:
            return False
        day = about["day"]
        if (self.since and day < self.since) or (self.until and day > self.until):
            return False
        patterns = ((self.title, "title"), (self.text, "text"), (self.who, "who"))
        return all(pattern.search(about[name]) for pattern, name in patterns if pattern) and not (
            self.never and self.never.search(about["text"])
        )


class Query(_Strict):
    """One search as somebody types it."""

    q: Annotated[str, Field(min_length=1)]
    of: Literal["tuning", "held out"]
    """Tuning may look at the first; the others are looked at by nobody until the end."""
    find: Literal["entries", "contacts"] = "entries"
    why: Annotated[str, Field(min_length=10)]
    """What they are after."""
    rules: Annotated[tuple[Rule, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Judged:
    """The demo as it is judged."""

    records: tuple[Entry | ContactRecord, ...]
    _about: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, folded: Iterable[Folded]) -> Self:
        """What was said, and the contacts; that somebody was registered is no answer to anything."""
        found = [record for each in folded for record in (each.entry, each.contact) if record is not None]
        said = tuple(each for each in found if isinstance(each, ContactRecord) or each.engagement_id)
        names = {each.id: each.name for each in said if isinstance(each, ContactRecord)}
        about = {
            each.id: _about_entry(each, names) if isinstance(each, Entry) else _about_contact(each) for each in said
        }
        return cls(said, about)

    def contacts(self) -> list[ContactRecord]:
        return [each for each in self.records if isinstance(each, ContactRecord)]

    def fingerprint(self) -> str:
        """Of everything that rules look at: another one, and what was judged was something else."""
        digest = sha256()
        for id in sorted(self._about):
            digest.update(repr(sorted(self._about[id].items())).encode())
        return digest.hexdigest()[:16]

    def grade(self, query: Query, id: str) -> int:
        """0 for whatever is no good answer, or is not judged at all."""
        about = self._about.get(id)
        return max((rule.grade for rule in query.rules if about and rule.holds(about)), default=0)

    def good(self, query: Query) -> Iterator[tuple[str, int]]:
        """Each good answer with its grade, in no order."""
        wanted = Entry if query.find == "entries" else ContactRecord
        for record in self.records:
            if isinstance(record, wanted) and (grade := self.grade(query, record.id)):
                yield record.id, grade

    def best(self, query: Query, depth: int = DEPTH) -> list[int]:
        """The grades of the best list that there could be, the highest first."""
        highest, found = max(rule.grade for rule in query.rules), list[int]()
        for _, grade in self.good(query):
            found.append(grade)
            if found.count(highest) == depth:  # nothing is better, so the others need no look
                break
        return sorted(found, reverse=True)[:depth]


class _File(_Strict):
    demo: str
    queries: tuple[Query, ...]


def judged_demo() -> str:
    """The fingerprint of the demo that was judged."""
    return _read().demo


def read_queries() -> tuple[Query, ...]:
    """Raises ValueError for a file that does not hold what it should."""
    found = _read().queries
    sizes = {name: sum(each.of == name for each in found) for name in SETS}
    if sizes != SETS:
        raise ValueError(f"there have to be {SETS}, there are {sizes}")
    asked = [(each.q, each.find) for each in found]
    if len(set(asked)) < len(asked):
        raise ValueError("a search is judged twice")
    return found


def _read() -> _File:
    return _File.model_validate(tomllib.loads(FILE.read_text()))


def _about_entry(entry: Entry, names: Mapping[str, str]) -> dict[str, Any]:
    who = [*entry.names, *(names[each] for each in entry.contact_ids if each in names)]
    return {
        "id": entry.id, "title": entry.title, "text": f"{entry.title}\n{entry.body}", "who": "\n".join(who),
        "kind": (entry.kind,), "channel": (entry.channel,), "topic": entry.topics, "locality": (entry.locality,),
        "partner": (entry.partner,), "group": entry.groups, "day": entry.occurred_at.astimezone(LONDON).date(),
    }  # fmt: skip


def _about_contact(contact: ContactRecord) -> dict[str, Any]:
    return {
        "id": contact.id, "title": contact.name, "text": contact.name, "who": contact.name, "kind": (contact.kind,),
        "channel": (), "topic": (), "locality": (contact.locality,), "partner": (), "group": contact.groups,
        "day": date.min,
    }  # fmt: skip
