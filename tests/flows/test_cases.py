"""A question is taken on, answered once, closed with what came of it; each step is found, and nothing leaks."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.contacts.fake import FakeContacts, FakePreferences
from services.contacts.importing.fake import FakeImports
from services.contacts.service import ContactsService
from services.events.casework.working_days import add_working_days
from services.events.fake import FakeEngagements
from services.events.service import EventsService
from services.history.index.directory import Indexes
from services.history.log import FakeLog
from services.history.projector import HistoryProjector
from services.history.rebuild import checksum_of_index, checksum_of_log
from services.history.search import HistorySearch
from services.notifications.fake import FakeLedger, FakeMailings
from services.notifications.newsletters.fake import FakeNewsletters
from services.notifications.sender import MailSender
from services.notifications.service import NotificationsService
from services.notifications.smtp import SmtpDispatcher
from services.notifications.tokens import Tokens
from shared.contracts.case_lists import CaseList, ListCases
from shared.contracts.cases import (
    AnswerCase,
    AssignCase,
    Case,
    CaseAnswered,
    CaseLeftUnanswered,
    CaseOpened,
    CloseCase,
    EndFollowUp,
    GetHandled,
    NoteFollowUp,
    OpenCase,
    ReopenCase,
)
from shared.contracts.contacts import RegisterContact
from shared.contracts.erasure import EraseContact
from shared.contracts.events import CorrectEngagement, Engagement, RecordEngagement
from shared.contracts.history import Reader, SearchHistory
from shared.contracts.subscriptions import Suppress
from shared.contracts.waiting import CountWaiting
from shared.errors import Conflict, Invalid, NotFound
from shared.messaging.testbus import TestBus
from shared.settings import Settings
from tests.builders import a_new_contact, a_report, today
from tests.notifications.sink import Sink

ME = {"owner_id": "acc_1", "owner": "Ann Officer"}


class Board:
    """The services that a question passes through, and a mail server."""

    def __init__(self, directory: Path) -> None:
        self.bus, self.sink = TestBus(), Sink()
        settings = Settings(secret="s", state_dir=directory, smtp_url=self.sink.url)
        self.engagements, self.indexes = FakeEngagements(), Indexes(directory / "index")
        mailings = FakeMailings()
        ledger = FakeLedger(mailings.outbox)
        self.bus.add(ContactsService(FakeContacts(), FakeImports(), FakePreferences(), "secret"))
        self.bus.add(EventsService(self.engagements, self.bus))
        self.bus.add(NotificationsService(mailings, ledger, FakeNewsletters(), self.bus, Tokens("s")))
        self.sender = self.bus.add(
            MailSender(mailings, ledger, self.bus, settings, lambda: SmtpDispatcher(settings.smtp_url))
        )
        self.log = FakeLog()
        self.projector = self.bus.add(HistoryProjector(self.log, self.indexes, self.bus))
        self.bus.add(HistorySearch(self.indexes, "secret"))
        self.projector.follow_log()
        new = a_new_contact("Mary Okafor", email=("mary@example.org",))
        self.mary = self.bus.call(RegisterContact(request_id="mary", contact=new)).contact_id

    def settle(self) -> None:
        self.bus.deliver()
        self.sender.run_until_idle()
        self.bus.deliver()
        self.projector.follow_log()

    def ask(self, title: str = "Why is the bus stop closed?", **fields: Any) -> Engagement:
        report = a_report(**({"kind": "question", "title": title, "channel": "website"} | fields))
        asked = RecordEngagement(request_id=title, reported=report, contact_ids=(self.mary,))
        return self.bus.call(asked)

    def case(self, title: str = "Why is the bus stop closed?", **fields: Any) -> Case:
        """Asked just now and taken on."""
        asked = self.ask(title, **{name: fields.pop(name) for name in ("kind", "sensitive") if name in fields})
        about = {"engagement_id": asked.engagement_id, "sensitive": asked.sensitive, "by": "Ann Officer"}
        return self.bus.call(OpenCase.model_validate(about | ME | fields))

    def listed(self, **asked: Any) -> CaseList:
        return self.bus.call(ListCases.model_validate(asked))

    def entries(self, **asked: Any) -> list[Any]:
        self.settle()
        return list(self.bus.call(SearchHistory.model_validate({"source": ("cases",), "limit": 100} | asked)).items)


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Board]:
    made = Board(tmp_path)
    yield made
    made.projector.close()
    made.sink.close()


def step(case: Case, request_id: str = "r", **more: Any) -> dict[str, Any]:
    about = {"engagement_id": case.engagement_id, "version": case.version, "request_id": request_id}
    return about | {"by": "Ann Officer"} | more


def answer(case: Case, **more: Any) -> AnswerCase:
    return AnswerCase.model_validate(step(case, "answer", text="It opens in May.") | {"how": "phone"} | more)


def test_a_case_is_due_by_its_kind_in_working_days(board: Board) -> None:
    for kind, days in {"enquiry": 3, "story": 5, "question": 10, "foi_request": 20, "complaint": 25}.items():
        assert board.case(f"A {kind}", kind=kind).due_on == add_working_days(today(), days)
    assert board.case("Another", due_on=date(2030, 1, 2)).due_on == date(2030, 1, 2)


def test_what_nobody_expects_an_answer_to_is_not_handled(board: Board) -> None:
    with pytest.raises(Invalid, match="questions"):
        board.case("Coffee", kind="conversation")
    with pytest.raises(NotFound):
        board.bus.call(OpenCase(engagement_id="eng_none"))


def test_taking_on_twice_is_once(board: Board) -> None:
    case = board.case()
    assert board.bus.call(OpenCase(engagement_id=case.engagement_id, owner_id="acc_2", owner="Bob")) == case
    board.settle()
    assert sum(isinstance(each.data, CaseOpened) for each in board.bus.published) == 1


def test_from_the_question_to_what_we_did_every_step_is_a_line_and_found(board: Board) -> None:
    case = board.case()
    case = board.bus.call(AssignCase.model_validate(step(case, "give", owner_id="acc_2", owner="Bob", due_on=today())))
    case = board.bus.call(answer(case, to="Mary Okafor"))
    note = step(case, "note", note="Look whether it is open", due_on=today() + timedelta(days=7))
    case = board.bus.call(NoteFollowUp.model_validate(note))
    case = board.bus.call(EndFollowUp.model_validate(step(case, "done", number=1)))
    case = board.bus.call(CloseCase.model_validate(step(case, "close", result="we_did", text="The stop was moved.")))
    assert (case.state, case.version) == ("closed", 6)
    assert case.follow_ups[0].done_at
    lines = board.entries(contact_id=board.mary, sort="oldest")
    assert [each.kind for each in lines] == [
        "case_opened", "case_assigned", "case_answered", "case_noted", "case_closed",
    ]  # fmt: skip
    assert lines[0].sentence.startswith("Ann Officer sees to this question. It is to be answered by ")
    assert lines[2].sentence == "This question was answered by phone, to Mary Okafor."
    assert {each.engagement_id for each in lines} == {case.engagement_id}
    assert [each.kind for each in board.entries(q='"opens in May"')] == ["case_answered"]
    assert [each.kind for each in board.entries(q="moved")] == ["case_closed"]


def test_of_two_who_decide_at_once_the_later_is_told_and_the_same_again_changes_nothing(board: Board) -> None:
    case = board.case()
    once = board.bus.call(answer(case))
    assert board.bus.call(answer(case)) == once
    with pytest.raises(Conflict):
        board.bus.call(CloseCase.model_validate(step(case, "close", result="we_did", text="Done")))
    closed = board.bus.call(CloseCase.model_validate(step(once, "close", result="nothing_changed", text="No money")))
    with pytest.raises(Conflict, match="closed"):
        board.bus.call(AnswerCase.model_validate(step(closed, "again", text="More", how="phone")))


def test_an_answer_is_sent_once_and_says_what_became_of_it(board: Board) -> None:
    case = board.case("Why is {name} there?")
    sent = answer(case, send_to=board.mary, text="Because of {this}.\nSorry.")
    board.bus.call(sent)
    assert board.bus.call(GetHandled(engagement_id=case.engagement_id)).delivery == "waiting"
    board.settle()
    board.bus.call(sent)
    again = next(each for each in board.bus.published if isinstance(each.data, CaseAnswered))
    board.bus.publish(again)
    board.settle()
    ((to, content),) = board.sink.got
    assert to == "mary@example.org"
    assert "Our answer to your question" in content
    assert "this}" in content
    assert "List-Unsubscribe" not in content
    handled = board.bus.call(GetHandled(engagement_id=case.engagement_id))
    assert handled.delivery == "sent"
    assert handled.case is not None
    assert handled.case.answer is not None
    assert (handled.case.answer.how, handled.case.answer.to) == ("email", "Mary Okafor")


def test_an_answer_that_cannot_be_sent_says_why(board: Board) -> None:
    new = a_new_contact("Bea", phone=("0113 496 0123",))
    bea = board.bus.call(RegisterContact(request_id="bea", contact=new)).contact_id
    case = board.case()
    with pytest.raises(Invalid, match="took part"):
        board.bus.call(answer(case, send_to=bea))
    reported = a_report(kind="question", title="By phone")
    asked = board.bus.call(RecordEngagement(request_id="bea", reported=reported, contact_ids=(bea,)))
    opened = board.bus.call(OpenCase(engagement_id=asked.engagement_id))
    with pytest.raises(Invalid, match="no e-mail address"):
        board.bus.call(answer(opened, send_to=bea))
    board.bus.call(Suppress(address="mary@example.org", reason="asked us"))
    board.bus.call(answer(case, send_to=board.mary))
    board.settle()
    handled = board.bus.call(GetHandled(engagement_id=case.engagement_id))
    assert (handled.delivery, handled.delivery_reason) == ("suppressed", "suppression_list")
    assert board.sink.got == []


def test_what_is_restricted_is_restricted_in_every_list_and_line(board: Board) -> None:
    case = board.case("A complaint", kind="complaint", sensitive=True)
    with pytest.raises(NotFound):
        board.bus.call(answer(case))
    board.bus.call(answer(case, sensitive=True, send_to=board.mary))
    assert board.listed().items == ()
    assert board.listed().counts[""] == 0
    assert len(board.listed(sensitive=True).items) == 1
    assert board.entries(reader=Reader()) == []
    assert len(board.entries(reader=Reader(sensitive=True))) == 2
    ((_, content),) = board.sink.got
    assert "Our answer to you" in content
    assert "Subject: Our answer to your complaint" not in content


def test_a_correction_that_restricts_an_engagement_restricts_its_case(board: Board) -> None:
    case = board.case()
    corrected = a_report(kind="question", title="Now restricted", sensitive=True)
    board.bus.call(CorrectEngagement(engagement_id=case.engagement_id, version=1, reported=corrected))
    assert board.listed().items == ()


def test_what_stands_of_a_case_is_restricted_or_opened_with_its_engagement_whenever_that_is_decided(
    board: Board,
) -> None:
    board.case("Another")
    case = board.case()
    board.bus.call(answer(case))
    assert len(board.entries(reader=Reader())) == 3
    for version, restricted in enumerate((True, False, True), 1):
        report = a_report(kind="question", title="Why?", sensitive=restricted)
        correct = {"engagement_id": case.engagement_id, "version": version, "sensitive": True, "reported": report}
        board.bus.call(CorrectEngagement.model_validate(correct))
        assert len(board.entries(reader=Reader())) == (1 if restricted else 3)
        assert len(board.entries(reader=Reader(sensitive=True))) == 3
    assert checksum_of_index(board.indexes) == checksum_of_log(board.log)


def test_lists_and_counts_are_of_whom_and_what_one_asks_for(board: Board) -> None:
    late = board.case("Late", due_on=today() - timedelta(days=1))
    soon = board.case("Soon", due_on=today() + timedelta(days=6), kind="enquiry")
    board.case("Later", due_on=today() + timedelta(days=7), owner_id="acc_2", owner="Bob")
    board.case("Nobody's", owner_id="", owner="", due_on=today() + timedelta(days=30))
    answered = board.bus.call(answer(board.case("Answered", due_on=today() - timedelta(days=5))))
    assert [each.title for each in board.listed().items] == ["Answered", "Late", "Soon", "Later", "Nobody's"]
    assert board.listed().counts == {
        "": 5, "overdue": 1, "week": 1, "unanswered": 4, "answered": 1, "unowned": 1, "follow_up": 0,
    }  # fmt: skip
    assert [each.engagement_id for each in board.listed(owner_id="acc_1", when="overdue").items] == [late.engagement_id]
    assert [each.engagement_id for each in board.listed(kind=("enquiry",)).items] == [soon.engagement_id]
    assert [each.engagement_id for each in board.listed(when="answered").items] == [answered.engagement_id]
    first = board.listed(limit=2)
    rest = board.listed(limit=10, cursor=first.next_cursor)
    assert [each.title for each in (*first.items, *rest.items)] == ["Answered", "Late", "Soon", "Later", "Nobody's"]
    assert rest.next_cursor is None


def test_closed_cases_are_walked_page_by_page(board: Board) -> None:
    for number in range(5):
        case = board.case(f"Number {number}", kind="enquiry" if number % 2 else "question")
        board.bus.call(CloseCase.model_validate(step(case, result="we_did", text="Done")))
    first = board.listed(when="closed", limit=2)
    second = board.listed(when="closed", limit=2, cursor=first.next_cursor)
    last = board.listed(when="closed", limit=2, cursor=second.next_cursor)
    found = [each.title for page in (first, second, last) for each in page.items]
    assert found == [f"Number {number}" for number in (4, 3, 2, 1, 0)]
    assert [each.title for each in board.listed(when="closed", kind=("enquiry",)).items] == ["Number 3", "Number 1"]


def test_what_waits_is_counted_for_each_owner(board: Board) -> None:
    late = board.case("Late", due_on=today() - timedelta(days=1))
    board.case("Soon", due_on=today())
    board.case("Of Bob", due_on=today(), owner_id="acc_2", owner="Bob")
    board.case("Nobody's", owner_id="", owner="")
    board.case("Restricted", kind="complaint", sensitive=True, owner_id="", owner="")
    piles = board.bus.call(CountWaiting(service="events")).piles
    found = {(each.sort, each.owner): (each.count, each.only) for each in piles}
    assert found[("overdue", "acc_1")] == (1, late.engagement_id)
    assert found[("due", "acc_1")][0] == found[("due", "acc_2")][0] == 1
    assert found[("unowned", "")][0] == found[("unowned_restricted", "")][0] == 1


def test_whoever_is_not_answered_within_a_week_is_told_of_once(board: Board) -> None:
    case = board.case()
    answered = board.bus.call(answer(board.case("Answered")))
    for each in (case, answered):
        older = board.engagements.cases.kept[each.engagement_id].model_copy(
            update={"opened_at": datetime.now(UTC) - timedelta(days=8)}
        )
        board.engagements.cases.kept[each.engagement_id] = older
    for _ in range(3):
        board.bus.tick()
    told = [each for each in board.bus.published if isinstance(each.data, CaseLeftUnanswered)]
    assert [each.subject for each in told] == [case.engagement_id]
    assert board.entries(kind=("case_late",))[0].sentence.startswith("This question has not been answered since ")


def closed(board: Board, case: Case, request_id: str = "close") -> Case:
    said = step(case, request_id, result="nothing_changed", text="There is no money.")
    return board.bus.call(CloseCase.model_validate(said))


def reopened(board: Board, case: Case, **more: Any) -> Case:
    said = step(case, "reopen", reason="The council has found money.", **more)
    return board.bus.call(ReopenCase.model_validate(said))


def test_a_closed_case_is_opened_again_with_a_reason_and_the_timeline_says_so(board: Board) -> None:
    case = board.case()
    with pytest.raises(Conflict, match="not closed"):
        reopened(board, case)
    shut = closed(board, board.bus.call(answer(case)))
    again = reopened(board, shut)
    assert reopened(board, shut) == again  # the same request
    assert (again.state, again.outcome, again.due_on) == ("open", None, add_working_days(today(), 10))
    assert again.answer is not None
    assert again.reopenings[0].closed_with == shut.outcome
    assert board.listed(when="unanswered").items[0].engagement_id == case.engagement_id
    assert board.listed(when="closed").items == ()
    (line,) = board.entries(kind=("case_reopened",))
    assert line.title.startswith("Opened again: ")
    assert line.sentence.startswith("This question was opened again. It is to be answered by ")
    assert [each.kind for each in board.entries(q="council found money")] == ["case_reopened"]
    assert board.listed(when="closed").items == ()
    assert closed(board, again, "close again").state == "closed"
    assert len(board.listed(when="closed").items) == 1


def test_whoever_was_told_is_not_told_the_same_again_and_hears_what_is_new(board: Board) -> None:
    case = board.bus.call(answer(board.case(), send_to=board.mary))
    board.settle()
    case = reopened(board, closed(board, case))
    said = answer(case, send_to=board.mary, text="It  opens in MAY.", request_id="same")
    same = board.bus.call(said)
    board.settle()
    assert len(board.sink.got) == 1
    assert same.answer is not None
    assert same.answer.repeated
    assert board.bus.call(GetHandled(engagement_id=case.engagement_id)).delivery == "sent"
    board.bus.call(answer(same, send_to=board.mary, text="It opens in June.", request_id="new"))
    board.settle()
    assert len(board.sink.got) == 2


def test_an_answer_that_did_not_arrive_may_be_sent_again(board: Board) -> None:
    board.bus.call(Suppress(address="mary@example.org", reason="asked us"))
    first = board.bus.call(answer(board.case(), send_to=board.mary))
    board.settle()
    second = board.bus.call(answer(first, send_to=board.mary, request_id="again"))
    assert first.answer is not None
    assert second.answer is not None
    assert not second.answer.repeated
    assert second.answer.notice_id != first.answer.notice_id


def test_whoever_waits_again_is_late_a_week_after_that(board: Board) -> None:
    case = reopened(board, closed(board, board.case()))
    long_ago = {"opened_at": datetime.now(UTC) - timedelta(days=80)}
    board.engagements.cases.kept[case.engagement_id] = case.model_copy(update=long_ago)
    board.bus.tick()
    assert board.entries(kind=("case_late",)) == []
    since = case.reopenings[0].model_copy(update={"at": datetime.now(UTC) - timedelta(days=8)})
    board.engagements.cases.kept[case.engagement_id] = case.model_copy(update=long_ago | {"reopenings": (since,)})
    for _ in range(2):
        board.bus.tick()
    assert len(board.entries(kind=("case_late",))) == 1


def test_an_erasure_takes_the_person_out_of_answers_and_notes(board: Board) -> None:
    case = board.case()
    said = {"text": "Dear Mary Okafor, we wrote to mary@example.org.", "to": "Mary Okafor"}
    case = board.bus.call(answer(case, **said))
    note = step(case, "note", note="Ring Mary Okafor", due_on=today())
    case = board.bus.call(NoteFollowUp.model_validate(note))
    case = board.bus.call(CloseCase.model_validate(step(case, "close", result="we_did", text="Mary Okafor has a seat")))
    case = board.bus.call(ReopenCase.model_validate(step(case, "reopen", reason="Mary Okafor rang again")))
    board.settle()
    before = len(board.entries())
    board.bus.call(EraseContact(contact_id=board.mary))
    board.bus.tick()
    board.settle()
    found = board.engagements.cases.find(case.engagement_id)
    everything = f"{found}{board.log.contents(0, board.log.last())}{board.entries()}".casefold()
    assert "okafor" not in everything
    assert "mary@" not in everything
    assert "dear [name removed]" in everything
    assert len(board.entries()) == before
