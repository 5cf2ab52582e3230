"""When consultations open and close, and what makes them fair."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from services.surveys.consultations import domain
from shared.errors import Conflict
from tests.builders import AT
from tests.consultations.planning import a_consultation, a_plan

DAY = domain.local_day(AT)


def test_it_opens_closes_and_opens_again_until_its_outcome_is_published() -> None:
    opened, told = domain.open_consultation(a_consultation(), AT, "Jo")
    assert (opened.state, opened.version, opened.opened_at, told.opened_by) == ("open", 2, AT, "Jo")
    closed, _ = domain.close_consultation(opened, AT + timedelta(days=1), "Jo")
    assert (closed.state, closed.closed_at) == ("closed", AT + timedelta(days=1))
    again, _ = domain.open_consultation(closed, AT + timedelta(days=2), "Jo")
    assert (again.state, again.closed_at) == ("open", None)
    published = closed.model_copy(update={"state": "published"})
    for forbidden in (domain.open_consultation, domain.close_consultation):
        with pytest.raises(Conflict):
            forbidden(published, AT, "Jo")
    with pytest.raises(Conflict, match="published"):
        domain.change(published, a_plan(), AT, "Jo")


@pytest.mark.parametrize("last", [None, DAY - timedelta(days=1)])
def test_nobody_can_take_part_without_a_last_day_that_is_to_come(last: date | None) -> None:
    with pytest.raises(Conflict, match="last"):
        domain.open_consultation(a_consultation(plan=a_plan(closes_on=last)), AT, "Jo")


def test_the_last_day_is_open_until_its_end() -> None:
    plan = a_plan(opens_on=DAY, closes_on=DAY)
    assert domain.due_on(a_consultation(plan=plan)) == ("open", DAY)
    assert domain.due_on(a_consultation(plan=plan, state="open")) == ("close", DAY + timedelta(days=1))
    assert domain.due_on(a_consultation(plan=plan, state="closed")) is None
    assert domain.due_on(a_consultation()) is None


def test_days_are_those_of_the_county() -> None:
    """In summer a day begins an hour before it does in UTC."""
    assert domain.local_day(datetime(2014, 6, 30, 23, 30, tzinfo=UTC)) == date(2014, 7, 1)
    assert domain.local_day(datetime(2014, 1, 31, 23, 30, tzinfo=UTC)) == date(2014, 1, 31)


@pytest.mark.parametrize(
    ("fields", "missing"),
    [
        ({}, {"formative", "information"}),
        ({"about": "Whether"}, {"formative", "information"}),
        ({"about": "Whether", "documents": [{"title": "Paper", "text": "Read"}]}, {"formative"}),
        ({"can_change": "The place"}, {"information"}),
        ({"closes_on": DAY + timedelta(days=27)}, {"formative", "information", "time"}),
        ({"closes_on": DAY + timedelta(days=28)}, {"formative", "information"}),
        ({"closes_on": None}, {"formative", "information", "time"}),
    ],
)
def test_what_is_still_missing_for_a_fair_consultation_is_said(fields: dict[str, Any], missing: set[str]) -> None:
    """The Gunning principles (R v Brent London Borough Council, ex parte Gunning, 1985)."""
    found = domain.hints(a_consultation(plan=a_plan(**fields)), AT)
    assert {each.principle for each in found if each.missing} == missing


def test_no_target_is_part_of_another() -> None:
    """Else the count of a part that is hidden could be reckoned from the whole."""
    carers, everybody = {"group": "carers", "expected": 10}, {"locality": "saltham", "expected": 10}
    a_plan(targets=[carers, everybody, carers | {"group": "patients", "locality": "eastmere"}])
    for other in (carers, carers | {"locality": "saltham"}, everybody | {"group": "patients"}, {"expected": 10}):
        with pytest.raises(ValidationError):
            a_plan(targets=[carers, everybody, other])
