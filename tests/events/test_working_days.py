"""Working days and bank holidays in England, as the government lists them."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.events.casework.working_days import add_working_days, bank_holidays, is_working_day


@pytest.mark.parametrize(
    ("year", "days"),
    [  # www.gov.uk/bank-holidays, without the ones proclaimed for one year only
        (2021, "01-01 04-02 04-05 05-03 05-31 08-30 12-27 12-28"),
        (2023, "01-02 04-07 04-10 05-01 05-29 08-28 12-25 12-26"),
        (2024, "01-01 03-29 04-01 05-06 05-27 08-26 12-25 12-26"),
        (2026, "01-01 04-03 04-06 05-04 05-25 08-31 12-25 12-28"),
    ],
)
def test_bank_holidays_are_those_of_the_calendar(year: int, days: str) -> None:
    assert sorted(f"{each:%m-%d}" for each in bank_holidays(year)) == days.split()


def test_christmas_on_a_sunday_is_given_back_on_the_tuesday() -> None:
    assert {date(2022, 12, 26), date(2022, 12, 27)} <= bank_holidays(2022)


def test_weekends_and_holidays_do_not_count() -> None:
    assert add_working_days(date(2026, 4, 1), 3) == date(2026, 4, 8)  # over Easter
    assert add_working_days(date(2026, 3, 6), 1) == date(2026, 3, 9)
    assert add_working_days(date(2026, 3, 7), 0) == date(2026, 3, 7)


@given(st.dates(date(1980, 1, 1), date(2090, 1, 1)), st.integers(1, 60))
def test_so_many_working_days_lie_between(day: date, number: int) -> None:
    end = add_working_days(day, number)
    between = [day + timedelta(days=each) for each in range(1, (end - day).days + 1)]
    assert sum(map(is_working_day, between)) == number
    assert is_working_day(end)
    assert len(bank_holidays(day.year)) == 8
