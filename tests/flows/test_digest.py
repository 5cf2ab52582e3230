"""Owners are told each Monday what waits for an answer: figures, once, and nothing that names anybody."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.desk import Desk
from services.notifications.rules.digest import Digest
from services.notifications.rules.domain import digest_week, switch
from services.notifications.tokens import Tokens
from shared.contracts.base import new_id
from shared.contracts.history import HistoryItem, HistoryPage, NamedContact, SearchHistory
from shared.contracts.rules import CreateRule, ListRuleLog, PreviewRule, RuleLine, RuleSettings, SendingRule
from shared.contracts.templates import CreateTemplate
from shared.errors import Invalid, Unavailable
from shared.messaging import rpc
from tests.builders import a_template_text
from tests.flows.test_mailings import Office

MONDAY = datetime(2026, 6, 1, 6, 30, tzinfo=UTC)
"""Half past seven in London."""


class History:
    """Stands in for the history: what was asked and answered."""

    name = "history"

    def __init__(self) -> None:
        self.said: list[HistoryItem] = []
        self.is_away = False

    def add(self, kind: str, days_ago: float, *who: str, direction: str | None = None) -> None:
        contacts = tuple(NamedContact(id=each, name="Ann Lee") for each in who)
        at = MONDAY - timedelta(days=days_ago)
        said = {"id": new_id(), "source": "events", "kind": kind, "title": "Parking", "sentence": "s"}
        times = {"occurred_at": at, "recorded_at": at}
        self.said.append(HistoryItem.model_validate(said | times | {"contacts": contacts, "direction": direction}))

    @rpc
    def search_history(self, request: SearchHistory) -> HistoryPage:
        if self.is_away:
            raise Unavailable("The history service does not answer.")
        assert not request.reader.sensitive
        found = [
            each
            for each in sorted(self.said, key=lambda each: each.occurred_at, reverse=request.sort == "newest")
            if each.kind in request.kind
            and (request.contact_id is None or request.contact_id in [who.id for who in each.contacts])
            and (request.from_ is None or each.occurred_at.date() >= request.from_)
        ]
        start = int(request.cursor or 0)
        end = start + request.limit
        following = str(end) if end < len(found) else None
        return HistoryPage(total=len(found), items=tuple(found[start:end]), next_cursor=following)


class Owners(Office):
    """The office with a digest to two owners."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.history = self.bus.add(History())
        desk = Desk(self.mailings, self.ledger, self.bus, Tokens("s" * 32))
        self.digest = Digest(self.mailings, self.bus, desk, "https://wellheard.example")

    def rule(self, on_since: datetime = MONDAY - timedelta(days=3), **fields: Any) -> SendingRule:
        text = a_template_text(subject="What waits", body="Good morning,\n\n{digest}\n\nThank you.")
        template = self.bus.call(CreateTemplate(request_id=new_id(), text=text)).template_id
        said = {"name": "Digest", "occasion": "weekly_digest", "purpose": "membership", "template_id": template}
        settings = RuleSettings.model_validate(said | {"owners": ("pals@example.org", "Chief@Example.org")} | fields)
        rule = self.bus.call(CreateRule(request_id=new_id(), settings=settings))
        on = switch(rule, True, on_since, "staff")
        assert self.mailings.rules.replace(on)
        return on

    def turn(self, **later: float) -> None:
        self.digest.turn(MONDAY + timedelta(**later))
        self.work()

    def log(self, rule: SendingRule) -> tuple[RuleLine, ...]:
        return self.bus.call(ListRuleLog(rule_id=rule.rule_id)).items


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Owners]:
    made = Owners(tmp_path)
    yield made
    made.sink.close()


def test_each_owner_is_told_once_a_week_how_much_waits_and_since_when(office: Owners) -> None:
    office.history.add("enquiry", 20, "con_1")
    office.history.add("enquiry", 4, "con_2")
    office.history.add("complaint", 8, "con_3")
    rule = office.rule()
    for hours in (0, 1, 30):
        office.turn(hours=hours)
    assert sorted(to for to, _ in office.sink.got) == ["chief@example.org", "pals@example.org"]
    content = office.sink.got[0][1].replace("=\r\n", "")
    assert "Subject: What waits" in content
    assert "2 enquiries, the oldest since 12 May 2026" in content
    assert "1 complaint, since 24 May 2026" in content
    assert "https://wellheard.example/search?kind=3Denquiry" in content
    assert "Ann Lee" not in content
    assert {(line.event_id, line.outcome) for line in office.log(rule)} == {("2026-W23", "sent")}
    office.turn(days=7)
    assert len(office.sink.got) == 4


@pytest.mark.parametrize("kind", ["case_answered", "case_closed"])
def test_whose_case_was_answered_or_closed_is_not_waiting(office: Owners, kind: str) -> None:
    office.history.add("enquiry", 20, "con_1")
    assert office.digest.lines(MONDAY) != []
    office.history.add(kind, 10, "con_1")
    assert office.digest.lines(MONDAY) == []


def test_who_was_answered_since_is_not_waiting(office: Owners) -> None:
    office.history.add("enquiry", 20, "con_1")
    office.history.add("call", 10, "con_1", direction="outbound")
    office.history.add("enquiry", 20, "con_2")
    office.history.add("letter", 10, "con_2", direction="inbound")
    office.history.add("enquiry", 5, "con_3")
    office.history.add("email", 10, "con_3", direction="outbound")
    office.history.add("enquiry", 5, "con_4", direction="outbound")
    office.history.add("complaint", 5)
    office.history.add("complaint", 100, "con_5")
    assert office.digest.lines(MONDAY) == ["2 enquiries, the oldest since 12 May 2026"]


def test_more_than_a_page_is_counted(office: Owners) -> None:
    for number in range(130):
        office.history.add("enquiry", 10, f"con_{number}")
    assert office.digest.lines(MONDAY) == ["130 enquiries, the oldest since 22 May 2026"]


def test_when_nothing_waits_nobody_is_told_and_the_log_says_so(office: Owners) -> None:
    rule = office.rule()
    office.turn()
    office.turn(hours=1)
    assert office.sink.got == []
    assert [line.kept_back for line in office.log(rule)] == ["nothing_waits"]


def test_a_digest_waits_while_the_history_is_away(office: Owners) -> None:
    office.history.add("enquiry", 20, "con_1")
    office.rule()
    office.history.is_away = True
    with pytest.raises(Unavailable):
        office.turn()
    office.history.is_away = False
    office.turn(hours=1)
    assert len(office.sink.got) == 2


def test_a_rule_that_is_switched_on_after_monday_waits_for_the_next(office: Owners) -> None:
    office.history.add("enquiry", 20, "con_1")
    office.rule(on_since=MONDAY + timedelta(hours=2))
    office.turn(hours=3)
    assert office.sink.got == []
    office.turn(days=7)
    assert len(office.sink.got) == 2


def test_a_crash_between_notices_and_log_tells_nobody_twice(office: Owners, monkeypatch: pytest.MonkeyPatch) -> None:
    office.history.add("enquiry", 20, "con_1")
    rule = office.rule()
    with monkeypatch.context() as broken:
        broken.setattr(office.mailings.rules, "note", None)
        with pytest.raises(TypeError):
            office.turn()
    office.turn(minutes=1)
    assert len(office.sink.got) == 2
    assert len(office.log(rule)) == 2


def test_what_it_would_say_is_shown_before_it_is_switched_on(office: Owners) -> None:
    rule = office.rule()
    assert office.bus.call(PreviewRule(rule_id=rule.rule_id)).digest == ()


def test_an_owner_needs_an_address_and_a_digest_an_owner(office: Owners) -> None:
    with pytest.raises(ValueError, match="name the owners"):
        office.rule(owners=())
    with pytest.raises(Invalid):
        office.rule(owners=("not an address",))


@given(st.integers(0, 60 * 24 * 400), st.integers(0, 60 * 24 * 400))
def test_a_week_is_due_from_monday_at_seven_for_three_days_if_the_rule_was_on(on: int, now: int) -> None:
    on_since, at = (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=each) for each in (on, now))
    week = digest_week(on_since, at)
    if week:
        assert on_since <= at
        year, number, weekday = at.isocalendar()
        assert week == f"{year}-W{number:02}"
        assert weekday <= 4
    if at < on_since:
        assert week == ""


@pytest.mark.parametrize(
    ("at", "week"),
    [
        (datetime(2026, 6, 1, 5, 59, tzinfo=UTC), ""),  # summer time: seven in London is six
        (datetime(2026, 6, 1, 6, 0, tzinfo=UTC), "2026-W23"),
        (datetime(2026, 12, 7, 6, 59, tzinfo=UTC), ""),
        (datetime(2026, 12, 7, 7, 0, tzinfo=UTC), "2026-W50"),
        (datetime(2026, 12, 10, 7, 1, tzinfo=UTC), ""),
    ],
)
def test_seven_is_seven_in_london_the_year_round(at: datetime, week: str) -> None:
    assert digest_week(datetime(2026, 1, 1, tzinfo=UTC), at) == week
