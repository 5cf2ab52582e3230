"""When issues are due: on the day and at the hour that staff chose, whatever the clocks and the seasons do."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.newsletters import domain
from services.notifications.newsletters.domain import GRACE, LONDON, latest_period, next_period
from shared.contracts.newsletters import Rhythm
from shared.errors import Conflict
from tests.builders import AT, a_newsletter_plan, an_item_draft

rhythms = st.builds(
    Rhythm,
    every=st.sampled_from(["week", "month"]),
    weekday=st.integers(0, 6),
    day=st.integers(1, 31),
    hour=st.integers(0, 23),
    minute=st.integers(0, 59),
)
times = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))


def at(text: str) -> datetime:
    """A local time."""
    return datetime.fromisoformat(text).replace(tzinfo=LONDON)


@given(rhythms, times)
def test_each_moment_lies_between_one_period_and_the_next(rhythm: Rhythm, moment: datetime) -> None:
    latest, following = latest_period(rhythm, moment), next_period(rhythm, moment)
    assert latest.due_at <= moment < following.due_at
    assert latest.name < following.name
    assert latest_period(rhythm, following.due_at) == following
    longest = timedelta(days=8) if rhythm.every == "week" else timedelta(days=33)
    assert following.due_at - latest.due_at < longest


@given(rhythms, times)
def test_an_issue_is_due_on_its_local_day(rhythm: Rhythm, moment: datetime) -> None:
    local = latest_period(rhythm, moment).due_at.astimezone(LONDON)
    if rhythm.every == "week":
        assert datetime.fromisoformat(latest_period(rhythm, moment).name).weekday() == rhythm.weekday
    elif rhythm.day <= 28:
        assert local.day == rhythm.day


@pytest.mark.parametrize(
    ("rhythm", "now", "due"),
    [
        (Rhythm(every="week", weekday=4), "2026-11-27T09:00", "2026-11-27T09:00"),
        (Rhythm(every="week", weekday=4), "2026-11-27T08:59", "2026-11-20T09:00"),
        (Rhythm(every="month", day=31), "2026-03-01T00:00", "2026-02-28T09:00"),
        (Rhythm(every="month", day=31), "2028-03-01T00:00", "2028-02-29T09:00"),
        (Rhythm(every="month", day=15), "2027-01-02T00:00", "2026-12-15T09:00"),
    ],
)
def test_the_latest_period(rhythm: Rhythm, now: str, due: str) -> None:
    assert latest_period(rhythm, at(now)).due_at == at(due)


def test_nine_in_the_morning_stays_nine_when_the_clocks_change() -> None:
    rhythm = Rhythm(every="week", weekday=0, hour=9)
    winter, summer = (next_period(rhythm, at(day)).due_at for day in ("2026-03-17T00:00", "2026-03-24T00:00"))
    assert summer.astimezone(UTC) - winter.astimezone(UTC) == timedelta(days=7, hours=-1)


def test_a_newsletter_makes_up_for_no_time_before_it_was_switched_on_or_given_another_rhythm() -> None:
    created = at("2026-11-25T12:00")
    newsletter = domain.create("nsl_1", a_newsletter_plan(), created, "staff")
    assert domain.due_period(newsletter, created + timedelta(hours=1)) is None
    off = domain.change(newsletter, a_newsletter_plan(active=False), created, "staff")
    friday = at("2026-11-27T12:00")
    assert domain.due_period(newsletter, friday) is not None
    assert domain.due_period(off, friday) is None
    on = domain.change(off, a_newsletter_plan(), friday, "staff")
    assert domain.due_period(on, friday + timedelta(hours=1)) is None
    other = domain.change(newsletter, a_newsletter_plan(rhythm=Rhythm(weekday=3)), friday, "staff")
    assert domain.due_period(other, friday + timedelta(hours=1)) is None
    assert domain.due_period(other, at("2026-12-03T09:00") + GRACE) is not None


def test_only_what_is_published_can_be_withdrawn_and_it_can_be_news_again() -> None:
    item = domain.write("itm_1", an_item_draft(), AT, "staff")
    with pytest.raises(Conflict):
        domain.withdraw(item, AT, "staff")
    published = domain.publish(item, AT, "staff")
    with pytest.raises(Conflict):
        domain.publish(published, AT, "staff")
    again = domain.publish(domain.withdraw(published, AT, "staff"), AT + timedelta(days=1), "staff")
    assert again.published_at == AT + timedelta(days=1)


def test_what_looks_like_markup_in_a_title_is_text_and_a_link_leads_where_it_should() -> None:
    draft = an_item_draft(title="5 * 3 [sic] <b>", link="https://example.org/a_(b)?x={name}")
    plan = a_newsletter_plan()
    item = domain.write("itm_1", draft, AT, "staff")
    body = domain.compose(plan, [item], AT.date()).body
    assert "## [5 \\* 3 \\[sic\\] \\<b\\>](https://example.org/a_%28b%29?x=%7Bname%7D)" in body


@given(st.lists(st.integers(1, 5_000), max_size=120))
def test_an_issue_holds_the_oldest_items_that_fit_and_never_none(sizes: list[int]) -> None:
    plan = a_newsletter_plan(body="b" * 20_000)
    items = [
        domain.publish(domain.write(f"itm_{n}", an_item_draft(summary="s" * size), AT, "s"), AT, "s")
        for n, size in enumerate(sizes)
    ]
    chosen = domain.choose(plan, items)
    assert list(chosen) == items[: len(chosen)]
    assert bool(chosen) == bool(items)
    if chosen:
        assert len(domain.compose(plan, chosen, AT.date()).body) < 100_000
