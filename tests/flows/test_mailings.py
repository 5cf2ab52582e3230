"""A mailing reaches each person of a segment once, and nobody who does not allow it."""

import gc
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event as Signal
from threading import Thread
from typing import Any, ClassVar

import pytest

from services.notifications.domain import Outcome
from services.notifications.fake import FakeLedger, FakeMailings
from services.notifications.journal import Journal
from services.notifications.newsletters.fake import FakeNewsletters
from services.notifications.recovery import Desk, recover_all
from services.notifications.sender import MailSender
from services.notifications.sending import ChunkWork
from services.notifications.service import NotificationsService
from services.notifications.smtp import SmtpDispatcher
from services.notifications.tokens import Tokens
from shared.contracts.audiences import SummariseAudience
from shared.contracts.base import Event, new_id
from shared.contracts.consent import (
    Consent,
    ConsentChanged,
    Consents,
    ListRecipients,
    Recipient,
    RecipientPage,
    RecordConsents,
    Statement,
)
from shared.contracts.notifications import (
    CancelMailing,
    DraftMailing,
    EndState,
    GetMailing,
    LedgerLine,
    ListLedger,
    ListMailings,
    Mailing,
    MailingFinished,
    MailingProgress,
    MailingStarted,
    MessagesFailed,
    MessagesSent,
    PauseMailing,
    PreviewMailing,
    ResumeMailing,
    ScheduleMailing,
    SendNotice,
    SendTest,
)
from shared.contracts.preferences import GivePreferenceKeys, PreferenceKeys
from shared.contracts.subscriptions import GetSubscription, Suppress, Unsubscribe
from shared.errors import Conflict, Invalid, NotFound, Unavailable
from shared.messaging import rpc
from shared.messaging.testbus import TestBus
from shared.settings import Settings
from tests.builders import AT, a_mailing_draft, a_recipient, an_envelope
from tests.notifications.sink import Sink


class Contacts:
    """Stands in for contacts: who is in the segment, and what each allows."""

    name: ClassVar[str] = "contacts"

    def __init__(self) -> None:
        self.members: list[Recipient] = []
        self.said: dict[str, tuple[Statement, ...]] = {}

    @rpc
    def record_consents(self, request: RecordConsents) -> Consents:
        self.said[request.request_id] = request.statements
        return Consents(consents=())

    @rpc
    def give_preference_keys(self, request: GivePreferenceKeys) -> PreferenceKeys:
        return PreferenceKeys(keys={each: f"key-of-{each}" for each in request.contact_ids})

    @rpc
    def list_recipients(self, request: ListRecipients) -> RecipientPage:
        if request.segment_id == "seg_gone":
            raise NotFound("There is no such segment.")
        start = int(request.after or 0)
        page = self.members[start : start + request.limit]
        end = start + request.limit
        return RecipientPage(recipients=tuple(page), next=str(end) if end < len(self.members) else None)


class Office:
    """The services of this story, and what a communications officer does with them."""

    def __init__(self, folder: Path) -> None:
        self.sink = Sink()
        self.bus = TestBus()
        self.contacts = self.bus.add(Contacts())
        self.mailings = FakeMailings()
        self.ledger = FakeLedger(self.mailings.outbox)
        self.notifications = self.bus.add(
            NotificationsService(self.mailings, self.ledger, FakeNewsletters(), self.bus, Tokens("s" * 32))
        )
        settings = Settings(state_dir=folder, secret="s" * 32, base_url="https://wellheard.example")
        self.sender = MailSender(
            self.mailings, self.ledger, self.bus, settings, lambda: SmtpDispatcher(self.sink.url, "test")
        )

    def draft(self, **fields: object) -> Mailing:
        return self.bus.call(DraftMailing(request_id=new_id(), draft=a_mailing_draft(**fields)))

    def send(self, **fields: object) -> str:
        mailing = self.draft(**fields)
        self.bus.call(ScheduleMailing(mailing_id=mailing.mailing_id, version=mailing.version))
        self.work()
        return mailing.mailing_id

    def work(self) -> None:
        done = Signal()
        looking = Thread(target=lambda: [self.sender.watch.refresh() for _ in iter(lambda: done.wait(0.1), True)])
        looking.start()
        try:
            self.sender.run_until_idle()
        finally:
            done.set()
            looking.join()
        self.bus.deliver()

    def progress(self, mailing_id: str) -> MailingProgress:
        return self.bus.call(GetMailing(mailing_id=mailing_id))

    def lines(self, mailing_id: str, state: EndState) -> tuple[LedgerLine, ...]:
        return self.bus.call(ListLedger(mailing_id=mailing_id, state=state)).items

    def events(self, kind: type[Event]) -> list[Event]:
        return [each.data for each in self.bus.published if isinstance(each.data, kind)]

    def withdraw(self, contact_id: str, **fields: object) -> None:
        consent = {"consent_id": new_id("cns"), "contact_id": contact_id, "purpose": "*", "channel": "*"}
        said = {"given": False, "at": AT, "method": "one_click", "wording": "Unsubscribe", "recorded_by": "person"}
        event = ConsentChanged(consent=Consent.model_validate(consent | said | fields), name="Somebody")
        self.bus.publish(an_envelope(event))
        self.bus.deliver()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path)
    yield made
    made.sink.close()


def people(numbers: Sequence[int]) -> list[Recipient]:
    return [a_recipient(each) for each in numbers]


def test_each_person_of_the_segment_gets_the_mailing_once(office: Office) -> None:
    office.contacts.members = people(range(120))
    mailing_id = office.send()
    assert sorted(to for to, _ in office.sink.got) == sorted(f"person{each}@example.org" for each in range(120))
    progress = office.progress(mailing_id)
    assert (progress.mailing.state, progress.counts, progress.waiting) == ("sent", {"sent": 120}, 0)
    sent = [each for each in office.events(MessagesSent) if isinstance(each, MessagesSent)]
    assert sorted(who for each in sent for who in each.contact_ids) == [f"con_{each:05}" for each in range(120)]
    assert len(office.events(MailingStarted)) == len(office.events(MailingFinished)) == 1


def test_more_than_a_page_of_people_are_all_reached(office: Office) -> None:
    office.contacts.members = people(range(1203))
    mailing_id = office.send()
    assert office.progress(mailing_id).counts == {"sent": 1203}
    assert len(set(office.sink.got)) == 1203


def test_nothing_of_a_part_that_was_sent_waits_for_the_garbage_collector(office: Office) -> None:
    office.contacts.members = people(range(30))
    gc.disable()
    try:
        office.send()
        left = [each for each in gc.get_objects() if isinstance(each, ChunkWork)]
    finally:
        gc.enable()
    assert left == []


def test_the_ledger_keeps_the_consent_that_allowed_each_message(office: Office) -> None:
    office.contacts.members = people([7])
    (line,) = office.lines(office.send(), "sent")
    assert (line.contact_id, line.consent_id, line.name) == ("con_00007", "cns_00007", "Person 7")


def test_who_does_not_allow_it_is_suppressed_with_the_rule(office: Office) -> None:
    office.bus.call(Suppress(address="person4@EXAMPLE.org", reason="asked by phone"))
    office.contacts.members = [
        a_recipient(1, consent_id=None, reason="no_consent"),
        a_recipient(2, consent_id=None, reason="withdrawn"),
        a_recipient(3, address=None),
        a_recipient(4),
        a_recipient(5),
    ]
    mailing_id = office.send()
    assert [to for to, _ in office.sink.got] == ["person5@example.org"]
    rules = {line.contact_id: line.rule for line in office.lines(mailing_id, "suppressed")}
    assert list(rules.values()) == ["no_consent", "withdrawn", "no_address", "suppression_list"]


def test_a_person_who_stands_on_two_pages_gets_one_message(office: Office) -> None:
    office.contacts.members = [*people(range(1000)), a_recipient(3)]
    office.send()
    assert len(office.sink.got) == 1000


def test_who_withdraws_while_the_mailing_runs_gets_nothing_more(office: Office) -> None:
    office.contacts.members = people(range(60))
    office.sink.answer = lambda command, to: office.withdraw("con_00050") if to == "person9@example.org" else None
    mailing_id = office.send()
    assert office.progress(mailing_id).counts == {"sent": 59, "suppressed": 1}
    (line,) = office.lines(mailing_id, "suppressed")
    assert (line.contact_id, line.rule) == ("con_00050", "withdrawn")


def test_a_withdrawal_of_another_purpose_keeps_nothing_back(office: Office) -> None:
    office.contacts.members = people(range(30))
    office.sink.answer = lambda command, to: office.withdraw("con_00029", purpose="survey") if "9@" in to else None
    assert office.progress(office.send()).counts == {"sent": 30}


def test_a_mailing_waits_for_its_time(office: Office) -> None:
    office.contacts.members = people([1])
    mailing = office.draft()
    later = datetime.now(UTC) + timedelta(hours=1)
    office.bus.call(ScheduleMailing(mailing_id=mailing.mailing_id, version=1, at=later))
    office.work()
    assert office.sink.got == []
    with pytest.raises(Invalid, match="in the past"):
        office.bus.call(ScheduleMailing(mailing_id=mailing.mailing_id, version=2, at=AT))


def test_the_address_that_the_server_refuses_has_failed_and_one_that_is_told_not_now_waits(office: Office) -> None:
    office.contacts.members = people(range(3))
    answers = {
        "person0@example.org": "550 5.1.1 no such <person0@example.org> here",
        "person1@example.org": "451 later",
    }
    office.sink.answer = lambda command, to: answers.get(to) if command == "RCPT" else None
    mailing_id = office.send()
    assert office.progress(mailing_id).counts == {"sent": 1, "failed": 1}
    assert office.progress(mailing_id).waiting == 1
    (line,) = office.lines(mailing_id, "failed")
    assert line.reason == "550 5.1.1 no such here"
    (failed,) = office.events(MessagesFailed)
    assert isinstance(failed, MessagesFailed)
    assert failed.messages[0].contact_id == "con_00000"


def test_an_international_address_fails_where_the_server_cannot_take_it(office: Office) -> None:
    office.contacts.members = [a_recipient(1, address="jürgen@example.org"), a_recipient(2)]
    mailing_id = office.send()
    (line,) = office.lines(mailing_id, "failed")
    assert "SMTPUTF8" in line.reason
    assert office.progress(mailing_id).counts == {"sent": 1, "failed": 1}


def test_a_connection_that_ends_after_the_dot_leaves_that_one_message_in_doubt(office: Office) -> None:
    office.contacts.members = people(range(25))
    hung_up: list[str] = []

    def answer(command: str, to: str) -> str | None:
        if command == "." and to == "person5@example.org" and not hung_up:
            hung_up.append(to)
            return ""
        return None

    office.sink.answer = answer
    mailing_id = office.send()
    assert office.progress(mailing_id).counts == {"sent": 24, "uncertain": 1}
    (line,) = office.lines(mailing_id, "uncertain")
    assert line.name == "Person 5"
    assert "person5@example.org" not in {to for to, _ in office.sink.got}


def test_a_connection_that_ends_before_the_dot_costs_nothing(office: Office) -> None:
    office.contacts.members = people(range(25))
    hung_up: list[str] = []

    def answer(command: str, to: str) -> str | None:
        if command == "DATA" and to == "person5@example.org" and not hung_up:
            hung_up.append(to)
            return ""
        return None

    office.sink.answer = answer
    assert office.progress(office.send()).counts == {"sent": 25}


def test_a_claim_that_the_store_took_and_did_not_answer_is_found_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.contacts.members = people(range(3))
    claim = office.ledger.claim

    def take_and_fall_silent(*asked: Any) -> None:
        monkeypatch.setattr(office.ledger, "claim", claim)
        claim(*asked)
        raise Unavailable("The store does not answer.")

    monkeypatch.setattr(office.ledger, "claim", take_and_fall_silent)
    mailing_id = office.send()
    assert office.progress(mailing_id).mailing.state == "sent"
    assert sorted(to for to, _ in office.sink.got) == [f"person{number}@example.org" for number in range(3)]


def test_a_paused_mailing_goes_on_where_it_stopped(office: Office) -> None:
    office.contacts.members = people(range(40))
    mailing = office.draft()

    def pause(command: str, to: str) -> None:
        if command == "." and len(office.sink.got) == 10:
            office.bus.call(PauseMailing(mailing_id=mailing.mailing_id))
            office.sender.watch.refresh()

    office.sink.answer = pause
    office.bus.call(ScheduleMailing(mailing_id=mailing.mailing_id, version=1))
    office.work()
    assert 10 <= len(office.sink.got) <= 12
    office.sink.answer = lambda command, to: None
    office.bus.call(ResumeMailing(mailing_id=mailing.mailing_id))
    office.work()
    assert len(office.sink.got) == len(set(office.sink.got)) == 40
    assert office.progress(mailing.mailing_id).mailing.state == "sent"


def test_a_cancelled_mailing_gives_everyone_an_end_state(office: Office) -> None:
    office.contacts.members = people(range(40))
    mailing = office.draft()

    def cancel(command: str, to: str) -> None:
        if command == "." and len(office.sink.got) == 10:
            office.bus.call(CancelMailing(mailing_id=mailing.mailing_id))
            office.sender.watch.refresh()

    office.sink.answer = cancel
    office.bus.call(ScheduleMailing(mailing_id=mailing.mailing_id, version=1))
    office.work()
    progress = office.progress(mailing.mailing_id)
    assert progress.mailing.state == "cancelled"
    assert sum(progress.counts.values()) == 40
    assert {line.rule for line in office.lines(mailing.mailing_id, "suppressed")} == {"cancelled"}
    with pytest.raises(Conflict):
        office.bus.call(ResumeMailing(mailing_id=mailing.mailing_id))


def test_a_notice_needs_no_consent_and_is_sent_once(office: Office) -> None:
    for _ in range(2):
        office.bus.call(
            SendNotice(request_id="r1", address="mary@example.org", name="Mary", subject="Confirm", body="Click.")
        )
    office.work()
    ((to, content),) = office.sink.got
    assert to == "mary@example.org"
    assert "List-Unsubscribe" not in content
    assert office.bus.call(ListMailings()).items == ()


def test_nobody_can_add_a_header_by_a_name_or_a_subject(office: Office) -> None:
    office.contacts.members = [a_recipient(1, name="Eve\r\nBcc: all@example.org")]
    office.send(subject="Hello\r\nX-Evil: {name}")
    ((_, content),) = office.sink.got
    head = content.partition("\r\n\r\n")[0]
    assert not [line for line in head.splitlines() if line.lower().startswith(("bcc", "x-evil"))]


def test_the_link_in_a_message_unsubscribes_that_person_once(office: Office) -> None:
    office.contacts.members = people([1, 2])
    office.send()
    content = next(content for to, content in office.sink.got if to == "person2@example.org")
    (link,) = re.findall(r"List-Unsubscribe: <(.*)>", content)
    assert link.startswith("https://wellheard.example/unsubscribe/")
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in content
    assert "con_00002" not in content
    token = link.rpartition("/")[2]
    assert office.bus.call(GetSubscription(token=token)).purpose == "newsletter"
    assert office.contacts.said == {}
    for _ in range(2):
        office.bus.call(Unsubscribe(token=token))
    ((statement,),) = office.contacts.said.values()
    assert (statement.contact_id, statement.purpose, statement.channel) == ("con_00002", "newsletter", "email")
    assert (statement.given, statement.method) == (False, "one_click")
    with pytest.raises(NotFound):
        office.bus.call(Unsubscribe(token=("y" if token.startswith("x") else "x") + token[1:]))


def test_the_return_path_is_an_address_of_its_own_for_each_message(office: Office) -> None:
    office.contacts.members = people([1, 2])
    office.send()
    paths = {line for line in office.sink.lines if line.startswith("MAIL FROM")}
    assert len(paths) == 2
    assert all(len(path.partition("<")[2].partition("@")[0]) <= 64 for path in paths)


def test_markdown_is_laid_out_and_nothing_of_it_can_run(office: Office) -> None:
    body = (
        "# News\n\nDear {name|friend},\n\n* **one**\n* [two](https://example.org/?a=1&b=2)\n\n---\n\nLine  \nbreak\n\n"
        "<script>alert(1)</script> [x](javascript:alert(1)) ![p](https://spy.example/p.gif)"
    )
    mailing = office.draft(body=body)
    preview = office.bus.call(PreviewMailing(mailing_id=mailing.mailing_id, name="<b>Eve"))
    assert "<h1>News</h1>" in preview.html
    assert "&lt;b&gt;Eve" in preview.html
    assert not re.search(r'<script|href="javascript|<img|fonts\.googleapis', preview.html)
    assert "two <https://example.org/?a=1&b=2>" in preview.text
    assert preview.subject == "News for <b>Eve"


def test_a_merge_field_that_nobody_fills_in_is_named(office: Office) -> None:
    mailing = office.draft(body="Dear {nmae}")
    assert office.bus.call(PreviewMailing(mailing_id=mailing.mailing_id)).fields == ("nmae",)


def test_a_test_goes_to_one_address_only(office: Office) -> None:
    office.contacts.members = people([1])
    mailing = office.draft()
    office.bus.call(SendTest(request_id="t", mailing_id=mailing.mailing_id, address="me@example.org"))
    office.work()
    assert [to for to, _ in office.sink.got] == ["me@example.org"]
    assert office.progress(mailing.mailing_id).mailing.state == "draft"


def test_an_audience_is_counted_before_anything_is_sent(office: Office) -> None:
    office.contacts.members = [*people([1, 2]), a_recipient(3, consent_id=None, reason="no_consent")]
    summary = office.bus.call(SummariseAudience(mailing_id=office.draft().mailing_id))
    assert (summary.allowed, summary.kept_back, summary.is_complete) == (2, {"no_consent": 1}, True)


def test_a_mailing_whose_segment_is_gone_comes_back_as_a_draft_that_says_why(office: Office) -> None:
    mailing_id = office.send(segment_id="seg_gone")
    mailing = office.progress(mailing_id).mailing
    assert (mailing.state, mailing.problem) == ("draft", "There is no such segment.")
    office.contacts.members = people([1])
    assert office.progress(office.send()).counts == {"sent": 1}


def test_after_a_power_cut_who_may_have_been_sent_is_uncertain(office: Office, tmp_path: Path) -> None:
    office.contacts.members = people(range(3))
    mailing = office.draft()
    office.bus.call(ScheduleMailing(mailing_id=mailing.mailing_id, version=1))
    office.sender.watch.refresh()
    office.sender.direct()
    (chunk,) = office.ledger.waiting(mailing.mailing_id, 1, datetime.now(UTC), 5)
    desk = Desk(tmp_path / "senders" / "of-a-machine-that-lost-power")
    claimed = office.ledger.claim(chunk, desk.owner, "another boot")
    assert claimed is not None
    journal = Journal(desk.journal(claimed))
    journal.begin(0)
    journal.end(Outcome(0, "sent"))
    recover_all(desk, office.mailings, office.ledger)
    office.work()
    assert office.progress(mailing.mailing_id).counts == {"sent": 1, "uncertain": 2}
    assert office.sink.got == []
