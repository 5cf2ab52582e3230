"""Working days in England: not Saturday, Sunday or a bank holiday. Pure."""

from datetime import date, timedelta
from functools import lru_cache

_DAY = timedelta(days=1)


def add_working_days(day: date, number: int) -> date:
    """The day that is so many working days later; the day itself does not count."""
    while number > 0:
        day += _DAY
        number -= is_working_day(day)
    return day


def is_working_day(day: date) -> bool:
    return day.weekday() < 5 and day not in bank_holidays(day.year)


@lru_cache(50)
def bank_holidays(year: int) -> frozenset[date]:
    """The regular ones of England and Wales; those proclaimed for one year only are not among them."""
    easter = _easter(year)
    return frozenset(
        {
            _working(date(year, 1, 1)),
            easter - 2 * _DAY,
            easter + _DAY,
            _first_monday(date(year, 5, 1)),
            _first_monday(date(year, 5, 25)),
            _first_monday(date(year, 8, 25)),
            *_christmas(year),
        }
    )


def _christmas(year: int) -> tuple[date, date]:
    """Christmas Day and Boxing Day, or the days given in their place."""
    first = _working(date(year, 12, 25))
    second = _working(date(year, 12, 26))
    return first, second if second != first else first + _DAY


def _working(day: date) -> date:
    """The day, or the Monday after it when it falls on a weekend."""
    return day + max(0, 7 - day.weekday()) * _DAY if day.weekday() >= 5 else day


def _first_monday(day: date) -> date:
    """The first Monday from this day on."""
    return day + (-day.weekday() % 7) * _DAY


def _easter(year: int) -> date:
    """Easter Sunday, by the Gregorian computus (Meeus)."""
    century = year // 100
    leap = century // 4
    moon = (century - leap - (8 * century + 13) // 25 + 19 * (year % 19) + 15) % 30
    moon -= (moon // 28) * (1 - (29 // (moon + 1)) * ((21 - year % 19) // 11))
    week = (year + year // 4 + moon + 2 - century + leap) % 7
    days = moon - week
    month = 3 + (days + 40) // 44
    return date(year, month, days + 28 - 31 * (month // 4))
