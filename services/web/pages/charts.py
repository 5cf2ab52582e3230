"""Charts as plain SVG: bars computed here, drawn by a template, each with its table of data."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.contracts.representation import TargetHeard

WIDTH = 720
HEIGHT = 96
MAX_MONTHS = 84
"""A longer time is drawn by years: thinner bars could not be told apart."""


@dataclass(frozen=True)
class Bar:
    """One month (`2014-03`) or year; the measures are of the drawing."""

    month: str
    count: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Histogram:
    bars: tuple[Bar, ...]
    unit: str
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def first(self) -> str:
        return self.bars[0].month

    @property
    def last(self) -> str:
        return self.bars[-1].month

    @property
    def most(self) -> int:
        return max(bar.count for bar in self.bars)


def histogram(counts: Mapping[str, int]) -> Histogram | None:
    """Bars of every month (of every year in a long time) from the first to the last; None for fewer than two."""
    months = {number: count for month, count in counts.items() if (number := _number(month)) is not None}
    if not months:
        return None
    unit, numbers = "month", Counter(months)
    if max(months) - min(months) >= MAX_MONTHS:
        unit, numbers = "year", Counter[int]()
        for number, count in months.items():
            numbers[number // 12] += count
    span = range(min(numbers), max(numbers) + 1)
    if len(span) < 2:
        return None
    most, step = max(numbers.values()), WIDTH / len(span)
    name = _month if unit == "month" else str
    return Histogram(tuple(_bar(name(each), numbers[each], i * step, step, most) for i, each in enumerate(span)), unit)


@dataclass(frozen=True)
class Rate:
    """How much one group is heard; widths are in hundredths of the drawing."""

    group: str
    locality: str
    expected: int
    heard: int
    missing: str
    share: str
    """Heard of those expected, as a percentage."""
    width: float
    least: float
    """Where half of the rate of all together stands: whoever is left of it is missing."""


def rates(targets: Sequence[TargetHeard]) -> tuple[Rate, ...]:
    """A bar for each group, the largest rate as wide as the drawing."""
    found = [each.heard / each.expected for each in targets]
    most = max(found, default=0) or 1
    overall = sum(each.heard for each in targets) / (sum(each.expected for each in targets) or 1)
    return tuple(
        Rate(
            each.group,
            each.locality,
            each.expected,
            each.heard,
            each.missing,
            percentage(rate),
            round(rate / most * 100, 1),
            round(overall / most * 50, 1),
        )
        for each, rate in zip(targets, found, strict=True)
    )


def percentage(rate: float) -> str:
    """0.25%, 3.1%, 42%"""
    return "0%" if not rate else f"{rate:.2%}" if rate < 0.01 else f"{rate:.1%}" if rate < 0.1 else f"{rate:.0%}"


def _bar(name: str, count: int, x: float, step: float, most: int) -> Bar:
    height = max(round(count / most * HEIGHT, 1), 1.5) if count else 0
    return Bar(name, count, round(x, 1), HEIGHT - height, round(step * 0.8, 1), height)


def _number(month: str) -> int | None:
    """Months since the year 0."""
    year, _, number = month.partition("-")
    return int(year) * 12 + int(number) - 1 if year.isdecimal() and number.isdecimal() else None


def _month(number: int) -> str:
    return f"{number // 12:04d}-{number % 12 + 1:02d}"
