"""Entries over time: a bar for each year, or for each month of a short time, each leading to its entries."""

from calendar import monthrange
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal, NamedTuple

from services.web.words import month_name

HEIGHT = 72
MONTHS = 24
"""A longer time is drawn by years."""
MOST_YEARS = 40
"""Years before them are one bar: thinner ones could be neither told apart nor chosen."""
_LABELS = 12
Link = Callable[[date | None, date | None], str]
"""The address that asks for the days from one to another, both included; None: without an end."""


@dataclass(frozen=True)
class Bar:
    """A year or a month; the measures are of the drawing, `HEIGHT` high."""

    name: str
    count: int
    said: int
    """How many of them are engagements."""
    href: str
    label: str
    """What stands below it; empty below most of many."""
    height: float
    said_height: float


@dataclass(frozen=True)
class OverTime:
    """The bars, none when they would be one, and addresses that ask for a longer time."""

    bars: tuple[Bar, ...]
    unit: str
    wider: tuple[tuple[str, str], ...]
    has_others: bool
    """Some entries are no engagements, so each bar has two parts."""
    height: int = HEIGHT

    @property
    def most(self) -> int:
        return max(bar.count for bar in self.bars)


class Period(NamedTuple):
    """The days that are asked for, both included; None: without an end."""

    since: date | None = None
    until: date | None = None


ALWAYS = Period()


class _Span(NamedTuple):
    """Years or months, counted from the year 0, and what stands in each."""

    unit: Literal["year", "month"]
    first: int
    last: int
    months_of_one: int


def over_time(
    counts: Mapping[str, int], link: Link, period: Period = ALWAYS, said: Mapping[str, int] | None = None
) -> OverTime | None:
    """Of counts by month (`2014-03`); None when there is nothing to draw and no longer time to ask for.

    said: how many of each month are engagements; None: nobody asks.
    """
    all_months, said_months = _numbered(counts), _numbered(counts if said is None else said)
    if not all_months:
        return None
    span = _span(all_months, period)
    entries, engagements = (_summed(each, span) for each in (all_months, said_months))
    most, numbers = max(entries.values()), range(span.first, span.last + 1)
    bars = tuple(_bar(each, span, entries[each], engagements[each], most, link) for each in numbers)
    shown, wider = bars if len(bars) > 1 else (), _wider(period, link)
    has_others = sum(said_months.values()) < sum(all_months.values())
    return OverTime(shown, span.unit, wider, has_others) if shown or wider else None


def _span(months: Iterable[int], period: Period) -> _Span:
    """What is asked for, when both its ends are known and it is short; else from the first entry to the last."""
    first, last = min(months), max(months)
    if period.since and period.until and _month_of(period.until) - _month_of(period.since) < MONTHS:
        first, last = min(first, _month_of(period.since)), max(last, _month_of(period.until))
    if last - first < MONTHS:
        return _Span("month", first, last, 1)
    return _Span("year", max(first // 12, last // 12 - MOST_YEARS), last // 12, 12)


def _summed(months: Mapping[int, int], span: _Span) -> Counter[int]:
    """What is before the first bar stands in it."""
    found = Counter[int]()
    for number, count in months.items():
        found[max(number // span.months_of_one, span.first)] += count
    return found


def _bar(number: int, span: _Span, count: int, said: int, most: int, link: Link) -> Bar:
    is_rest = span.unit == "year" and number == span.last - MOST_YEARS
    since, until = _days(number, span)
    height = max(round(count / most * HEIGHT, 1), 2) if count else 0
    return Bar(
        name=_name(number, span) + (" and before" if is_rest else ""),
        count=count,
        said=said,
        href=link(None if is_rest else since, until),
        label=_label(number, span),
        height=height,
        said_height=round(height * said / count, 1) if count else 0,
    )


def _name(number: int, span: _Span) -> str:
    return str(number) if span.unit == "year" else month_name(f"{number // 12:04d}-{number % 12 + 1:02d}")


def _label(number: int, span: _Span) -> str:
    """Twelve at most; where months are of two years, January is called by its year."""
    step = -((span.last + 1 - span.first) // -_LABELS)
    if span.unit == "year":
        return "" if (span.last - number) % step else str(number)
    if number % 12 % step:
        return ""
    is_new_year = not number % 12 and span.first // 12 != span.last // 12
    return str(number // 12) if is_new_year else f"{date(2000, number % 12 + 1, 1):%b}"


def _days(number: int, span: _Span) -> tuple[date, date]:
    first = number * span.months_of_one
    (year, month), last = divmod(first, 12), divmod(first + span.months_of_one - 1, 12)
    return date(year, month + 1, 1), date(last[0], last[1] + 1, monthrange(last[0], last[1] + 1)[1])


def _wider(period: Period, link: Link) -> tuple[tuple[str, str], ...]:
    """The whole year, when a part of it is asked for, and all years, when not all are."""
    since, until = period
    found = []
    if since and until and since.year == until.year:
        whole = date(since.year, 1, 1), date(since.year, 12, 31)
        if (since, until) != whole:
            found.append((f"All of {since.year}", link(*whole)))
    return (*found, ("All years", link(None, None))) if since or until else ()


def _numbered(counts: Mapping[str, int]) -> dict[int, int]:
    return {number: count for month, count in counts.items() if (number := _number(month)) is not None}


def _number(month: str) -> int | None:
    """Months since the year 0."""
    year, _, number = month.partition("-")
    return int(year) * 12 + int(number) - 1 if year.isdecimal() and number.isdecimal() else None


def _month_of(day: date) -> int:
    return day.year * 12 + day.month - 1
