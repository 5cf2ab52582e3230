"""A newsletter assembles itself: one mailing of each period, every item in one issue, whatever goes wrong meanwhile."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.fake import FakeMailings
from services.notifications.newsletters import domain
from services.notifications.newsletters.domain import LONDON
from services.notifications.newsletters.fake import FakeNewsletters
from services.notifications.newsletters.press import Press
from shared.contracts.newsletters import Item, Newsletter, Rhythm
from shared.contracts.notifications import Mailing
from tests.builders import a_newsletter_plan, an_item_draft

MONDAY = datetime(2026, 11, 23, 12, tzinfo=LONDON)
FRIDAY = datetime(2026, 11, 27, 9, 1, tzinfo=LONDON)
WEEK = timedelta(weeks=1)


class Killed(BaseException):
    """The process ends here."""


class Room:
    """A press with its stores; its items are published at the times that a story says."""

    def __init__(self) -> None:
        self.mailings = FakeMailings()
        self.newsletters = FakeNewsletters()
        self.press = self.another_press()
        self.published = 0

    def another_press(self) -> Press:
        return Press(self.newsletters, self.mailings)

    def newsletter(self, **plan: Any) -> Newsletter:
        return self.press.create("county-news", a_newsletter_plan(**plan), MONDAY - timedelta(hours=1), "staff")

    def publish(self, title: str, at: datetime) -> Item:
        self.published += 1
        item = self.press.write_item(f"item-{self.published}", an_item_draft(title=title), at, "staff")
        return self.press.replace_item(domain.publish(item, at, "staff"))

    def issues(self) -> list[Mailing]:
        return sorted((each for _, each in self.mailings.latest(1_000, None)), key=lambda each: each.period)

    def now(self) -> Newsletter:
        (found,) = self.press.by_name()
        return found


@pytest.fixture
def room() -> Room:
    return Room()


def test_what_was_published_since_the_last_issue_goes_into_the_next(room: Room) -> None:
    room.newsletter()
    room.publish("A new clinic", MONDAY)
    room.publish("The car park", MONDAY + timedelta(hours=1))
    room.press.issue_due(FRIDAY - timedelta(minutes=2))
    assert room.issues() == []
    room.press.issue_due(FRIDAY)
    room.publish("Too late for it", FRIDAY)
    room.press.issue_due(FRIDAY + WEEK)
    first, second = room.issues()
    assert first.draft.subject == "County news of 27 November 2026"
    assert first.draft.body.startswith(
        "Dear {name|friend},\n\n## A new clinic\n\nIt opens in **May**.\n\n## The car park"
    )
    assert (first.newsletter_id, first.period) == (room.now().newsletter_id, "2026-11-27")
    assert "Too late for it" in second.draft.body
    assert "car park" not in second.draft.body


def test_an_issue_waits_for_approval_or_is_sent_at_once(room: Room) -> None:
    newsletter = room.newsletter()
    room.publish("A new clinic", MONDAY)
    room.press.issue_due(FRIDAY)
    plan = a_newsletter_plan(approval=False)
    room.press.change(newsletter.newsletter_id, room.now().version, plan, FRIDAY, "staff")
    room.publish("The car park", FRIDAY)
    room.press.issue_due(FRIDAY + WEEK)
    waiting, sent = room.issues()
    assert (waiting.state, waiting.scheduled_at) == ("draft", None)
    assert (sent.state, sent.scheduled_at) == ("scheduled", FRIDAY + WEEK)
    assert [each.mailing_id for each in room.mailings.unfinished()] == [sent.mailing_id]


def test_a_period_without_news_is_skipped_and_noted(room: Room) -> None:
    room.newsletter()
    room.press.issue_due(FRIDAY)
    assert room.issues() == []
    (issue,) = room.now().issues
    assert (issue.period, issue.items, issue.mailing_id) == ("2026-11-27", 0, "")


def test_after_an_outage_of_weeks_there_is_one_issue_not_many(room: Room) -> None:
    room.newsletter()
    for week in range(5):
        room.publish(f"News {week}", MONDAY + week * WEEK)
    room.press.issue_due(FRIDAY + 4 * WEEK + timedelta(days=2))
    (only,) = room.issues()
    assert only.period == "2026-12-25"
    assert all(f"News {week}" in only.draft.body for week in range(5))


def test_what_was_withdrawn_is_in_no_issue_that_is_made_later(room: Room) -> None:
    room.newsletter()
    room.publish("A new clinic", MONDAY)
    mistake = room.publish("A mistake", MONDAY)
    room.press.replace_item(domain.withdraw(mistake, MONDAY, "staff"))
    room.press.issue_due(FRIDAY)
    (only,) = room.issues()
    assert "A mistake" not in only.draft.body


def test_two_schedulers_make_one_issue(room: Room) -> None:
    room.newsletter()
    room.publish("A new clinic", MONDAY)
    stale, other = room.now(), room.another_press()
    room.press.issue_due(FRIDAY)
    period = domain.due_period(stale, FRIDAY)
    assert period is not None
    other._issue(stale, period, FRIDAY)  # it has read the newsletter before the first was done
    other.issue_due(FRIDAY)
    assert len(room.issues()) == len(room.now().issues) == 1


def test_killed_between_the_mailing_and_the_note_it_makes_no_second(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.newsletter()
    room.publish("A new clinic", MONDAY)

    def die(_: object) -> bool:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(room.newsletters, "replace", die)
        with pytest.raises(Killed):
            room.press.issue_due(FRIDAY)
    assert len(room.issues()) == 1
    room.press.issue_due(FRIDAY + timedelta(minutes=3))
    assert len(room.issues()) == 1
    assert [each.period for each in room.now().issues] == ["2026-11-27"]


def test_more_than_one_issue_holds_goes_into_the_next(room: Room) -> None:
    room.newsletter()
    for number in range(domain.MOST_ITEMS + 1):
        room.publish(f"News {number:03}.", MONDAY + timedelta(seconds=number))
    room.press.issue_due(FRIDAY)
    room.press.issue_due(FRIDAY + WEEK)
    first, second = room.issues()
    assert "News 100." not in first.draft.body
    assert "News 100." in second.draft.body
    assert "News 099." not in second.draft.body


def test_the_next_issue_can_be_looked_at_before(room: Room) -> None:
    newsletter = room.newsletter()
    empty = room.press.next_issue(newsletter.newsletter_id, "Mary Okafor", MONDAY)
    assert (empty.items, empty.preview) == ((), None)
    room.publish("A new clinic", MONDAY)
    found = room.press.next_issue(newsletter.newsletter_id, "Mary Okafor", MONDAY + timedelta(hours=1))
    assert found.due_at == datetime(2026, 11, 27, 9, tzinfo=LONDON)
    assert found.preview is not None
    assert found.preview.subject == "County news of 27 November 2026"
    assert "Dear Mary Okafor" in found.preview.text


minutes = st.integers(0, 60 * 24 * 70)


@given(
    publications=st.lists(minutes, max_size=12),
    looks=st.lists(st.tuples(minutes, st.sampled_from([-30, 0, 0, 0, 30])), max_size=25),
    weekday=st.integers(0, 6),
)
def test_every_item_comes_once_and_no_period_twice_however_clocks_jump(
    publications: list[int], looks: list[tuple[int, int]], weekday: int
) -> None:
    """Items are published as time goes by; schedulers look at any time, also with a clock that is a month off."""
    room = Room()
    room.newsletter(rhythm=Rhythm(weekday=weekday))
    events = [(minute, None) for minute in publications] + [(minute, days) for minute, days in looks]
    for minute, days in sorted(events, key=lambda each: each[0]):
        now = (MONDAY + timedelta(minutes=minute)).astimezone(UTC)
        if days is None:
            room.publish(f"News {room.published}.", now)
        else:
            room.press.issue_due(now + timedelta(days=days))
    room.press.issue_due(MONDAY + timedelta(days=120))
    issues = room.issues()
    assert len({each.period for each in issues}) == len(issues)
    for number in range(room.published):
        assert sum(f"News {number}." in each.draft.body for each in issues) == 1
