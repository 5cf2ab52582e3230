"""A notice that is long over says nothing any more, and is still not sent again."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.notifications.notices import KEPT, empty_notices
from services.notifications.tokens import Place, Tokens
from shared.contracts.bounces import ListBounces, ReportBounce
from shared.contracts.deliveries import GetDelivery
from shared.contracts.notifications import SendNotice
from shared.contracts.subscriptions import ListSuppressions
from tests.flows.test_mailings import Office

ASKED = SendNotice(
    request_id="one",
    contact_id="con_1",
    name="Ann Lee",
    address="ann@example.org",
    subject="Your place",
    body="Dear Ann Lee, you have a place.",
)
LATER = timedelta(days=31)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path)
    yield made
    made.sink.close()


def emptied(office: Office) -> str:
    """The id of a notice that was sent and is old now."""
    notice = office.bus.call(ASKED)
    office.work()
    assert empty_notices(office.mailings, office.ledger, datetime.now(UTC) + KEPT - timedelta(days=1)) == 0
    assert empty_notices(office.mailings, office.ledger, datetime.now(UTC) + LATER) == 1
    return notice.mailing_id


def test_nothing_of_it_is_left_but_that_it_went(office: Office) -> None:
    mailing_id = emptied(office)
    kept = f"{office.progress(mailing_id)} {office.lines(mailing_id, 'sent')} {office.ledger._people}"
    for word in ("Ann", "ann@example.org", "place."):
        assert word not in kept
    assert office.progress(mailing_id).counts == {"sent": 1}
    assert office.bus.call(GetDelivery(request_id="one", contact_id="con_1")).state == "sent"


def test_the_same_request_again_sends_nothing_and_brings_nothing_back(office: Office) -> None:
    mailing_id = emptied(office)
    again = office.bus.call(ASKED)
    office.work()
    assert again.mailing_id == mailing_id
    assert "Ann" not in str(again)
    assert len(office.sink.got) == 1


def test_what_comes_back_of_it_is_ignored(office: Office) -> None:
    place = Place(emptied(office), 0, 0, 0)
    path = f"bounce-{Tokens('s' * 32).make('bounce', place)}@example.org"
    assert office.bus.call(ReportBounce(recipient=path, status="5.1.1")).outcome == "ignored"
    assert office.bus.call(ListBounces()).items == ()
    assert office.bus.call(ListSuppressions()).items == ()


def test_it_is_done_by_itself(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    notice = office.bus.call(ASKED)
    office.work()
    monkeypatch.setattr("services.notifications.notices.KEPT", -timedelta(seconds=1))
    office.bus.tick()
    assert "Ann" not in str(office.progress(notice.mailing_id))
