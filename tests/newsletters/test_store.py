"""The contract of items and newsletters, on a real store and on the fake."""

import os
from datetime import timedelta

import pytest

from services.notifications.newsletters import domain
from services.notifications.newsletters.fake import FakeNewsletters
from services.notifications.newsletters.repository import MongoNewsletters, Newsletters
from shared.mongo import connect
from tests.builders import AT, a_newsletter_plan, an_item_draft

LATER = AT + timedelta(hours=1)


@pytest.fixture(params=["fake", pytest.param("mongo", marks=pytest.mark.servers)])
def stored(request: pytest.FixtureRequest) -> Newsletters:
    if request.param == "fake":
        return FakeNewsletters()
    return MongoNewsletters(connect(request.getfixturevalue("store"), f"notifications_{os.urandom(4).hex()}"))


def test_an_item_is_found_as_it_was_and_changed_by_the_faster_of_two(stored: Newsletters) -> None:
    item = domain.write("itm_1", an_item_draft(topics=("clinics",)), AT, "staff")
    stored.insert_item(item)
    stored.insert_item(item.model_copy(update={"changed_by": "other"}))
    assert stored.find_item("itm_1") == item
    published = domain.publish(item, LATER, "staff")
    assert stored.replace_item(published)
    assert not stored.replace_item(published)
    assert stored.find_item("itm_1") == published
    assert stored.find_item("itm_2") is None


def test_published_items_lie_after_the_one_time_and_up_to_the_other(stored: Newsletters) -> None:
    times = [AT + timedelta(microseconds=each) for each in (0, 1, 500_000)]
    for number, moment in enumerate(times):
        stored.insert_item(domain.publish(domain.write(f"itm_{number}", an_item_draft(), AT, "s"), moment, "s"))
    stored.insert_item(domain.write("itm_draft", an_item_draft(), AT, "s"))
    assert [each.item_id for each in stored.published(times[0], times[2])] == ["itm_1", "itm_2"]
    assert [each.item_id for each in stored.published(times[1], times[2] - timedelta(microseconds=1))] == []
    gone = stored.find_item("itm_1")
    assert gone is not None
    stored.replace_item(domain.withdraw(gone, LATER, "s"))
    assert [each.item_id for each in stored.published(times[0], times[2])] == ["itm_2"]


def test_items_are_listed_newest_first(stored: Newsletters) -> None:
    for number in range(3):
        stored.insert_item(domain.write(f"itm_{number}", an_item_draft(), AT + timedelta(days=number), "s"))
    (cursor, newest), (second, _) = stored.latest_items(2, None)
    assert newest.item_id == "itm_2"
    assert cursor != second
    assert [each.item_id for _, each in stored.latest_items(2, second)] == ["itm_0"]


def test_a_newsletter_is_found_as_it_was_and_changed_by_the_faster_of_two(stored: Newsletters) -> None:
    newsletter = domain.create("nsl_1", a_newsletter_plan(), AT, "staff")
    stored.insert(newsletter)
    stored.insert(newsletter.model_copy(update={"changed_by": "other"}))
    assert stored.find("nsl_1") == newsletter
    changed = domain.change(newsletter, a_newsletter_plan(name="Other"), LATER, "staff")
    assert stored.replace(changed)
    assert not stored.replace(changed)
    assert stored.all() == [changed]
    assert stored.find("nsl_2") is None
