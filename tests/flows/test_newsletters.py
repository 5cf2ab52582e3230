"""News that was published reaches each reader once, without anybody writing a mailing."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.notifications.newsletters.press import Press
from shared.contracts.newsletters import CreateNewsletter, PublishItem, WriteItem
from shared.contracts.notifications import ListMailings, Mailing, ScheduleMailing
from tests.builders import a_newsletter_plan, a_recipient, an_item_draft
from tests.flows.test_mailings import Office


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path)
    made.contacts.members = [a_recipient(1), a_recipient(2)]
    yield made
    made.sink.close()


def a_fortnight_ago(office: Office, approval: bool) -> None:
    """A weekly newsletter was set up and an item published; nothing has run since."""
    press: Press = office.notifications._press
    long_ago = datetime.now(UTC) - timedelta(days=15)
    press.create("news", a_newsletter_plan(approval=approval), long_ago, "staff")
    item = press.write_item("item", an_item_draft(), long_ago, "staff")
    published = {"version": 2, "state": "published", "published_at": long_ago + timedelta(hours=1)}
    press.replace_item(item.model_copy(update=published))


def mailings(office: Office) -> tuple[Mailing, ...]:
    return office.bus.call(ListMailings()).items


def test_an_issue_goes_out_by_itself_once_however_often_it_is_looked_for(office: Office) -> None:
    a_fortnight_ago(office, approval=False)
    for _ in range(3):
        office.bus.tick()
        office.work()
    (issue,) = mailings(office)
    assert issue.state == "sent"
    assert sorted(to for to, _ in office.sink.got) == ["person1@example.org", "person2@example.org"]
    assert all("A new clinic" in content for _, content in office.sink.got)


def test_an_issue_that_waits_for_approval_is_sent_when_somebody_sends_it(office: Office) -> None:
    a_fortnight_ago(office, approval=True)
    office.bus.tick()
    office.work()
    (issue,) = mailings(office)
    assert (issue.state, office.sink.got) == ("draft", [])
    office.bus.call(ScheduleMailing(mailing_id=issue.mailing_id, version=issue.version))
    office.work()
    assert len(office.sink.got) == 2


def test_a_newsletter_of_today_sends_nothing_for_the_past(office: Office) -> None:
    item = office.bus.call(WriteItem(request_id="item", draft=an_item_draft()))
    office.bus.call(PublishItem(item_id=item.item_id, version=1))
    plan = a_newsletter_plan(approval=False)
    first = office.bus.call(CreateNewsletter(request_id="news", plan=plan))
    assert office.bus.call(CreateNewsletter(request_id="news", plan=plan)) == first
    office.bus.tick()
    assert mailings(office) == ()
