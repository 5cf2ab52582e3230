"""A message that comes back is known as such, its address is spared, and nobody can make it up."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.notifications.tokens import Place, Tokens
from shared.contracts.base import new_id
from shared.contracts.bounces import ListBounces, MessageBounced, MessageJunked, Outcome, ReportBounce
from shared.contracts.notifications import SendNotice
from shared.contracts.subscriptions import ListSuppressions, Unsuppress
from shared.errors import Unavailable
from tests.flows.test_mailings import Office, people
from tests.notifications.returned import a_complaint, a_delivery_report, an_automatic_answer


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path)
    made.contacts.members = people(range(3))
    yield made
    made.sink.close()


def return_path(office: Office, mailing: int, person: int) -> str:
    """Where a message says that it is to be sent back to; mailings in the order in which they were sent."""
    found, path = [], ""
    for line in office.sink.lines:
        if line.startswith("MAIL FROM"):
            path = line.partition("<")[2].partition(">")[0]
        if line.startswith("RCPT") and f"person{person}@" in line:
            found.append(path)
    return found[mailing]


def report(office: Office, raw: bytes, recipient: str = "") -> Outcome:
    receipt = office.bus.call(ReportBounce(message=raw.decode("latin-1"), recipient=recipient))
    office.bus.deliver()
    return receipt.outcome


def suppressed(office: Office) -> list[tuple[str, str]]:
    return [(each.address, each.reason) for each in office.bus.call(ListSuppressions()).items]


def test_a_message_that_came_back_has_bounced_and_its_address_is_spared(office: Office) -> None:
    mailing_id = office.send()
    path = return_path(office, 0, 1)
    assert report(office, a_delivery_report(path)) == "bounced"
    assert office.progress(mailing_id).counts == {"sent": 2, "bounced": 1}
    (line,) = office.lines(mailing_id, "bounced")
    assert (line.name, line.reason, line.was) == ("Person 1", "5.1.1", "sent")
    assert suppressed(office) == [("person1@example.org", "bounced: 5.1.1")]
    (event,) = office.events(MessageBounced)
    assert isinstance(event, MessageBounced)
    assert (event.contact_id, event.mailing_id, event.kind) == ("con_00001", mailing_id, "permanent")
    office.send()
    assert [to for to, _ in office.sink.got].count("person1@example.org") == 1


def test_the_same_report_again_is_one(office: Office) -> None:
    mailing_id = office.send()
    raw = a_delivery_report(return_path(office, 0, 1))
    assert [report(office, raw) for _ in range(3)] == ["bounced"] * 3
    assert office.progress(mailing_id).counts == {"sent": 2, "bounced": 1}
    assert len(office.events(MessageBounced)) == 1
    assert len(office.bus.call(ListBounces()).items) == 1


def test_what_came_back_is_told_by_a_subject_without_merge_fields(office: Office) -> None:
    """It is a line on a timeline, where nobody in particular reads it."""
    office.send()
    report(office, a_delivery_report(return_path(office, 0, 1)))
    (told,) = office.events(MessageBounced)
    assert isinstance(told, MessageBounced)
    assert told.subject == "News for …"


def test_an_address_that_was_taken_off_the_list_is_not_put_back_by_an_old_report(office: Office) -> None:
    office.send()
    raw = a_delivery_report(return_path(office, 0, 1))
    report(office, raw)
    office.bus.call(Unsuppress(address="person1@example.org"))
    report(office, raw)
    assert suppressed(office) == []


def test_a_report_of_which_only_a_part_was_heeded_is_heeded_to_its_end(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the process had died between two steps: the mail server reports again."""
    mailing_id = office.send()
    raw = a_delivery_report(return_path(office, 0, 1))
    with monkeypatch.context() as broken:
        for place in ("suppress", "bounces"):
            broken.setattr(office.mailings, place, None)
        with pytest.raises((TypeError, AttributeError)):
            report(office, raw)
    assert report(office, raw) == "bounced"
    assert office.progress(mailing_id).counts == {"sent": 2, "bounced": 1}
    assert suppressed(office) == [("person1@example.org", "bounced: 5.1.1")]
    assert len(office.events(MessageBounced)) == 1


def test_a_failure_for_now_is_noted_and_the_third_within_a_month_spares_the_address(office: Office) -> None:
    for number, outcome in enumerate(("noted", "noted", "suppressed")):
        mailing_id = office.send()
        raw = a_delivery_report(return_path(office, number, 1), "4.4.1", "delayed")
        assert [report(office, raw) for _ in range(2)] == [outcome] * 2
        assert office.progress(mailing_id).counts == {"sent": 3}
    assert suppressed(office) == [("person1@example.org", "bounced 3 times: 4.4.1")]
    (event,) = office.events(MessageBounced)
    assert isinstance(event, MessageBounced)
    assert event.kind == "temporary"


def test_failures_for_now_of_different_addresses_do_not_add_up(office: Office) -> None:
    office.send()
    raws = [a_delivery_report(return_path(office, 0, person), "4.4.1") for person in range(3)]
    assert [report(office, raw) for raw in raws] == ["noted"] * 3


def test_whoever_complains_is_written_to_no_more(office: Office) -> None:
    mailing_id = office.send()
    content = next(content for to, content in office.sink.got if to == "person2@example.org")
    (message_id,) = re.findall(r"(Message-ID: <.*>)", content)
    raw = a_complaint(f"{message_id}\nTo: person2@example.org")
    assert [report(office, raw) for _ in range(2)] == ["suppressed"] * 2
    assert suppressed(office) == [("person2@example.org", "complaint")]
    assert office.progress(mailing_id).counts == {"sent": 3}
    (event,) = office.events(MessageJunked)
    assert isinstance(event, MessageJunked)
    assert event.contact_id == "con_00002"


def test_an_automatic_answer_changes_nothing(office: Office) -> None:
    office.send()
    assert report(office, an_automatic_answer(return_path(office, 0, 1))) == "ignored"
    assert suppressed(office) == []


def test_a_forged_report_changes_nothing_and_is_counted(office: Office) -> None:
    mailing_id = office.send()
    others = Tokens("another secret").make("bounce", Place(mailing_id, 1, 0, 1))
    link = Tokens("s" * 32).make("unsubscribe", Place(mailing_id, 1, 0, 1))
    nobody = Tokens("s" * 32).make("bounce", Place(new_id("mlg")[:4] + "0" * 32, 1, 0, 1))
    far = Tokens("s" * 32).make("bounce", Place(mailing_id, 1, 0, 499))
    for token in (others, link, nobody, far, "a" * 48):
        assert report(office, a_delivery_report(f"bounce-{token}@wellheard.example")) == "refused"
    assert report(office, a_delivery_report("person1@example.org")) == "refused"
    assert office.progress(mailing_id).counts == {"sent": 3}
    assert suppressed(office) == []
    page = office.bus.call(ListBounces())
    assert (page.items, page.refused) == ((), 6)


def test_a_report_that_is_faster_than_the_ledger_is_to_come_again(office: Office) -> None:
    early: list[bytes] = []

    def answer(command: str, to: str) -> None:
        if command == "." and to == "person0@example.org":
            early.append(a_delivery_report(return_path(office, 0, 0)))
            with pytest.raises(Unavailable):
                report(office, early[0])

    office.sink.answer = answer
    mailing_id = office.send()
    assert report(office, early[0]) == "bounced"
    assert office.progress(mailing_id).counts == {"sent": 2, "bounced": 1}


def test_a_notice_that_came_back_spares_the_address_too(office: Office) -> None:
    office.bus.call(SendNotice(request_id="r", address="person1@example.org", subject="Confirm", body="Click."))
    office.work()
    assert report(office, a_delivery_report(return_path(office, 0, 1))) == "bounced"
    assert suppressed(office) == [("person1@example.org", "bounced: 5.1.1")]
    assert office.events(MessageBounced) == []
    assert office.bus.call(ListBounces()).items[0].subject == ""


def test_a_report_by_recipient_and_status_is_as_good(office: Office) -> None:
    office.send()
    office.bus.call(ReportBounce(recipient=return_path(office, 0, 1), status="5.2.1"))
    assert suppressed(office) == [("person1@example.org", "bounced: 5.2.1")]


def test_what_is_kept_of_a_report_names_nobody(office: Office) -> None:
    office.send()
    report(office, a_delivery_report(return_path(office, 0, 1), "4.4.1"))
    (kept,) = office.mailings.bounces.latest(5, None)
    assert "person1" not in repr(kept).lower()
    assert office.bus.call(ListBounces()).items[0].name == "Person 1"
