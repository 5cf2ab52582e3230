"""What people type into the search box beside words: `-bus`, `kind:complaint`, `from:2024-01`, `with:"Ann Lee"`.

>>> asked = read('parking -bus kind:complaint from:2024-01 with:"Ann Lee"')
>>> asked.words, asked.without, asked.filters, str(asked.since), asked.people
('parking', ('bus',), {'kind': ('complaint',)}, '2024-01-01', ('Ann Lee',))
"""

import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

FILTERS = ("kind", "channel", "topic", "locality", "group", "partner")
"""Fields that can be named in a search; several values of one are alternatives."""
_TERM = re.compile(
    r'(?<!\S)(?P<minus>-?)(?P<name>\w+):(?:"(?P<quoted>[^"]*)"|(?P<plain>[^\s"]+))(?!\S)'
    r'|(?<!\S)-(?:"(?P<phrase>[^"]+)"|(?P<word>\w[^\s":]*))(?!\S)'
    r'|"[^"]*"?'
)
"""A field with its value, or a word or phrase with a minus, standing alone; or a phrase, in which nothing is either."""
_WORD = re.compile(r"[^\W_]+")
_DAYS = (
    re.compile(r"(?P<year>\d{4})(?:-(?P<month>\d{1,2})(?:-(?P<day>\d{1,2}))?)?"),
    re.compile(r"(?:(?:(?P<day>\d{1,2})/)?(?P<month>\d{1,2})/)(?P<year>\d{4})"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A search as it was understood. What could not be read as a field stays among the words."""

    words: str = ""
    """Words and "phrases"."""
    without: tuple[str, ...] = ()
    """Words and phrases that must not occur."""
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Values as they were typed."""
    without_values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Values of fields that it must not have."""
    since: date | None = None
    """A local day, included."""
    until: date | None = None
    """A local day, included."""
    people: tuple[str, ...] = ()
    """Names; all of them took part."""


def read(q: str) -> Asked:
    """Never an error: a search is read as far as it can be, and the rest is words."""
    reading = _Reading()
    words = _TERM.sub(reading.take, q)
    return Asked(
        words=q if words == q else " ".join(words.split()),
        without=tuple(dict.fromkeys(reading.without)),
        filters=_each_once(reading.filters),
        without_values=_each_once(reading.without_values),
        since=reading.since,
        until=reading.until,
        people=tuple(dict.fromkeys(reading.people)),
    )


def parts(q: str) -> list[str]:
    """What a search is made of, as it was typed: words, phrases, fields and what has a minus.

    >>> parts('parking -bus "day centre" kind:complaint')
    ['parking', '-bus', '"day centre"', 'kind:complaint']
    """
    found, end = [], 0
    for term in _TERM.finditer(q):
        found += [*q[end : term.start()].split(), term.group()]
        end = term.end()
    return [*found, *q[end:].split()]


def respelt(q: str, spelling: Mapping[str, str]) -> str:
    """The search with some of its words spelt otherwise; fields and what has a minus stay as they are.

    >>> respelt('parkng -parkng "parkng place" topic:parkng', {"parkng": "parking"})
    'parking -parkng "parking place" topic:parkng'
    """
    reading, found, end = _Reading(), [], 0
    for term in _TERM.finditer(q):
        typed = term.group()
        found += [_spelt(q[end : term.start()], spelling), typed if not reading.take(term) else _spelt(typed, spelling)]
        end = term.end()
    return "".join([*found, _spelt(q[end:], spelling)])


def words_of(text: str) -> list[str]:
    """Each word as it was typed, without what stands between."""
    return _WORD.findall(text)


def _spelt(text: str, spelling: Mapping[str, str]) -> str:
    return _WORD.sub(lambda word: spelling.get(word.group(), word.group()), text)


def spellings(value: str) -> tuple[str, ...]:
    """How a value may be written where it is stored: codes are in small letters with underscores, topics as said.

    >>> spellings("Community Event")
    ('Community Event', 'community event', 'community_event', 'Community event', 'COMMUNITY EVENT')
    """
    small = value.lower()
    found = (value, small, re.sub(r"[\s-]+", "_", small), small.capitalize(), small.title(), small.upper())
    return tuple(dict.fromkeys(found))


def _each_once(values: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(dict.fromkeys(each)) for name, each in values.items()}


class _Reading:
    """What has been taken out of a search so far."""

    def __init__(self) -> None:
        self.without: list[str] = []
        self.filters: dict[str, list[str]] = {}
        self.without_values: dict[str, list[str]] = {}
        self.people: list[str] = []
        self.since: date | None = None
        self.until: date | None = None
        self._fields: Mapping[str, Callable[[str], bool]] = {
            "with": self._person,
            "from": self._from,
            "to": self._to,
            "in": self._in,
        }

    def take(self, found: "re.Match[str]") -> str:
        """Empty for what was understood; anything else is left as it is."""
        understood = self._minus(found) if found["name"] is None else self._field(found)
        return "" if understood else found.group()

    def _minus(self, found: "re.Match[str]") -> bool:
        unwanted = found["phrase"] or found["word"]
        if unwanted:
            self.without.append(unwanted)
        return bool(unwanted)

    def _field(self, found: "re.Match[str]") -> bool:
        name, value = found["name"].lower(), (found["quoted"] or found["plain"] or "").strip()
        if not value:
            return False
        if name in FILTERS:
            values = self.without_values if found["minus"] else self.filters
            values.setdefault(name, []).append(value)
            return True
        return not found["minus"] and self._fields.get(name, _unknown)(value)

    def _person(self, value: str) -> bool:
        self.people.append(value)
        return True

    def _from(self, value: str) -> bool:
        if (period := _period(value)) is None:
            return False
        self.since = max(period[0], self.since or period[0])
        return True

    def _to(self, value: str) -> bool:
        if (period := _period(value)) is None:
            return False
        self.until = min(period[1], self.until or period[1])
        return True

    def _in(self, value: str) -> bool:
        return self._from(value) and self._to(value)


def _unknown(_: str) -> bool:
    return False


def _period(value: str) -> tuple[date, date] | None:
    """The first and the last day of a year, a month or a day: 2024, 2024-03, 2024-03-31, 31/03/2024.

    >>> [str(day) for day in _period("2024-02")]
    ['2024-02-01', '2024-02-29']
    """
    match = next(filter(None, (each.fullmatch(value) for each in _DAYS)), None)
    if match is None:
        return None
    year, month, day = (int(part) if (part := match[name]) else None for name in ("year", "month", "day"))
    try:
        first = date(year or 0, month or 1, day or 1)
        last_month = month or 12
        return first, date(first.year, last_month, day or monthrange(first.year, last_month)[1])
    except ValueError:
        return None
