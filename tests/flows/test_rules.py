"""A rule sends by itself when what it waits for happens: to whoever allows it, once, and says why it did or did not."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.notifications.rules import work
from services.notifications.rules.work import RuleWork
from shared.contracts.base import Envelope, Event, new_id
from shared.contracts.consent import ConsentChanged, FindRecipients, RecipientPage
from shared.contracts.contacts import ContactRegistered
from shared.contracts.history import HistoryItem, HistoryPage, SearchHistory
from shared.contracts.notifications import ListMailings, MailingFinished, MessagesSent
from shared.contracts.rules import (
    ChangeRule,
    CreateRule,
    GetRule,
    ListRuleLog,
    ListRules,
    PreviewRule,
    RuleLine,
    RuleSettings,
    SendingRule,
    SwitchRule,
)
from shared.contracts.segments import GetSegment, Segment, SegmentRef, SegmentsEntered
from shared.contracts.subscriptions import Suppress
from shared.contracts.templates import CreateTemplate, SaveTemplate
from shared.errors import Conflict, NotFound
from shared.messaging import rpc
from tests.builders import AT, a_consent, a_contact, a_recipient, a_template_text, an_envelope
from tests.flows.test_mailings import Contacts, Office

NOW = datetime.now(UTC)


class Panel(Contacts):
    """Contacts that also says what somebody allows; `inside` are in every segment."""

    def __init__(self) -> None:
        super().__init__()
        self.inside: set[str] = set()

    @rpc
    def get_segment(self, request: GetSegment) -> Segment:
        said = {"name": "Panel", "version": 1, "meaning": "carers", "members": 3, "filled": 1}
        who = {"created_by": "s", "created_at": AT, "changed_by": "s", "changed_at": AT}
        rule = {"conditions": [{"field": "group", "any_of": ["carers"]}]}
        return Segment.model_validate(said | who | {"segment_id": request.segment_id, "rule": rule})

    @rpc
    def find_recipients(self, request: FindRecipients) -> RecipientPage:
        known = [each for each in self.members if each.contact_id in request.contact_ids]
        if request.segment_id:
            outside = {"reason": "not_in_segment"}
            known = [each if each.contact_id in self.inside else each.model_copy(update=outside) for each in known]
        return RecipientPage(recipients=tuple(known), next=None)


class History:
    """Stands in for the history: these became known last."""

    name = "history"

    @rpc
    def search_history(self, request: SearchHistory) -> HistoryPage:
        said = {"occurred_at": AT, "recorded_at": AT, "source": "contacts", "title": "t", "sentence": "s"}
        who = [{"id": f"e{n}", "contacts": ({"id": f"con_{n:05}", "name": "n"},)} for n in range(3)]
        items = [HistoryItem.model_validate(said | each | {"kind": request.kind[0]}) for each in who]
        return HistoryPage(total=3, items=tuple(items))


class Rules(Office):
    """The office, whose communications officer has written a welcome."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.contacts = self.bus.add(Panel())
        self.bus.add(History())
        self.contacts.members = [a_recipient(number) for number in range(400)]
        self.template = self.bus.call(CreateTemplate(request_id="t", text=a_template_text())).template_id
        self.rule_work = RuleWork(self.mailings, self.ledger, self.bus)

    def settings(self, **fields: Any) -> RuleSettings:
        said = {"name": "Welcome", "occasion": "contact_registered", "purpose": "newsletter"}
        return RuleSettings.model_validate(said | {"template_id": self.template} | fields)

    def create(self, **fields: Any) -> SendingRule:
        return self.bus.call(CreateRule(request_id=new_id(), settings=self.settings(**fields)))

    def switch(self, rule: SendingRule, on: bool = True) -> SendingRule:
        return self.bus.call(SwitchRule(rule_id=rule.rule_id, version=rule.version, on=on))

    def on(self, **fields: Any) -> SendingRule:
        return self.switch(self.create(**fields))

    def happens(self, *events: Envelope[Event]) -> None:
        self.bus.publish(*events)
        self.bus.deliver()

    def turn(self, **later: float) -> None:
        self.rule_work.turn(datetime.now(UTC) + timedelta(**later))
        self.work()

    def log(self, rule: SendingRule) -> tuple[RuleLine, ...]:
        return self.bus.call(ListRuleLog(rule_id=rule.rule_id, limit=100)).items

    def reached(self) -> list[str]:
        return sorted(to for to, _ in self.sink.got)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "GATHER", timedelta(0))


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Rules]:
    made = Rules(tmp_path)
    yield made
    made.sink.close()


def registered(number: int, **fields: Any) -> Envelope[Event]:
    contact = a_contact(contact_id=f"con_{number:05}")
    return an_envelope(ContactRegistered(contact=contact, registered_by="staff", **fields))


def consented(number: int, **fields: Any) -> Envelope[Event]:
    consent = a_consent(contact_id=f"con_{number:05}", consent_id=new_id("cst"), **fields)
    return an_envelope(ConsentChanged(consent=consent, name="Somebody"))


def entered(number: int, segment_id: str = "seg_1") -> Envelope[Event]:
    segments = tuple(SegmentRef(segment_id=each, name="Panel") for each in ("seg_other", segment_id))
    said = {"segments": segments, "cause": "became known", "cause_id": "e", "at": AT}
    return an_envelope(SegmentsEntered(contact_id=f"con_{number:05}", **said))


def test_whoever_registers_is_welcomed_once_and_the_log_says_why(office: Rules) -> None:
    rule, event = office.on(), registered(1)
    office.happens(event)
    office.turn()
    ((to, content),) = office.sink.got
    assert to == "person1@example.org"
    assert "Subject: Welcome, Person" in content
    assert "List-Unsubscribe" in content
    (line,) = office.log(rule)
    assert (line.contact_id, line.event_id, line.state) == ("con_00001", event.id, "taken")
    assert (line.outcome, line.consent_id, line.name) == ("sent", "cns_00001", "Person 1")
    assert len(office.events(MessagesSent)) == 1


def test_the_same_event_however_often_it_comes_is_one_occasion(office: Rules) -> None:
    rule, event = office.on(repeats=True), registered(1)
    for _ in range(3):
        office.happens(event)
        office.turn()
    assert len(office.sink.got) == len(office.log(rule)) == 1


def test_a_rule_that_is_switched_on_sends_nothing_for_the_past(office: Rules) -> None:
    rule, before = office.create(), registered(1)
    office.happens(registered(2))
    rule = office.switch(rule)
    office.happens(before)  # redelivered after a long time in its queue
    office.turn()
    assert office.sink.got == []
    assert office.log(rule) == ()


def test_what_waits_when_a_rule_is_switched_off_is_let_go(office: Rules) -> None:
    rule = office.on()
    office.happens(registered(1))
    off = office.switch(rule, on=False)
    office.turn()
    office.switch(off)
    office.turn()
    assert office.sink.got == []
    (line,) = office.log(rule)
    assert (line.state, line.kept_back) == ("kept_back", "switched_off")


def test_consent_given_for_its_purpose_is_an_occasion(office: Rules) -> None:
    office.on(occasion="consent_given", purpose="membership")
    office.happens(
        consented(1, purpose="membership"),
        consented(2, purpose="newsletter"),
        consented(3, purpose="membership", channel="post"),
        consented(4, purpose="membership", given=False),
    )
    office.turn()
    assert office.reached() == ["person1@example.org"]


def test_coming_into_the_segment_is_an_occasion(office: Rules) -> None:
    office.contacts.inside = {"con_00001", "con_00002"}
    office.on(occasion="segment_entered", segment_id="seg_1")
    office.happens(entered(1), entered(2, "seg_2"))
    office.turn()
    assert office.reached() == ["person1@example.org"]


def test_who_does_not_allow_it_is_not_in_the_segment_or_suppressed_gets_nothing_and_the_log_says_so(
    office: Rules,
) -> None:
    office.contacts.members[1] = a_recipient(1, consent_id=None, reason="no_consent")
    office.contacts.inside = {f"con_{number:05}" for number in (1, 3, 4)}
    office.bus.call(Suppress(address="person3@example.org"))
    rule = office.on(segment_id="seg_1")
    office.happens(*(registered(number) for number in (1, 2, 3, 4, 999)))
    office.turn()
    assert office.reached() == ["person4@example.org"]
    rules = {line.contact_id: line.rule for line in office.log(rule)}
    assert rules == {
        "con_00001": "no_consent",
        "con_00002": "not_in_segment",
        "con_00003": "suppression_list",
        "con_00004": "",
        "con_00999": "unknown",
    }


def test_who_withdraws_before_it_is_sent_gets_nothing(office: Rules) -> None:
    rule = office.on()
    office.happens(registered(1))
    office.rule_work.turn(datetime.now(UTC))
    office.withdraw("con_00001")
    office.work()
    assert office.sink.got == []
    assert office.log(rule)[0].rule == "withdrawn"


def test_the_same_contact_gets_it_again_only_if_the_rule_repeats(office: Rules) -> None:
    once = office.on(occasion="consent_given")
    again = office.on(occasion="consent_given", repeats=True)
    for _ in range(2):
        office.happens(consented(1))
        office.turn()
    assert len(office.sink.got) == 3
    assert [line.kept_back for line in office.log(once)] == ["had_it", ""]
    assert [line.kept_back for line in office.log(again)] == ["", ""]


def test_two_occasions_of_one_contact_at_once_are_two_messages_of_a_rule_that_repeats(office: Rules) -> None:
    rule = office.on(occasion="consent_given", repeats=True)
    office.happens(consented(1), consented(1))
    office.turn()
    office.turn()
    assert len(office.sink.got) == 2
    assert {line.outcome for line in office.log(rule)} == {"sent"}


def test_an_import_is_no_occasion_unless_the_rule_says_so(office: Rules) -> None:
    rule = office.on()
    taking = office.on(takes_imports=True)
    office.happens(*(registered(number, through="panel.csv, row 7") for number in range(60)))
    office.turn()
    assert len(office.sink.got) == 60
    assert {line.kept_back for line in office.log(rule)} == {"import"}
    assert {line.outcome for line in office.log(taking)} == {"sent"}


def test_no_more_go_in_an_hour_than_the_rule_says_and_the_others_wait_for_their_turn(office: Rules) -> None:
    rule = office.on(per_hour=50)
    office.happens(*(registered(number) for number in range(120)))
    office.turn()
    office.turn(minutes=30)
    assert len(office.sink.got) == 50
    assert office.bus.call(GetRule(rule_id=rule.rule_id)).waiting == 70
    office.turn(minutes=61)
    assert len(office.sink.got) == 100
    office.turn(days=4)
    assert len(office.sink.got) == len(set(office.sink.got)) == 100
    assert [line.kept_back for line in office.log(rule)].count("expired") == 20


def test_an_occasion_waits_until_what_comes_with_it_is_there(office: Rules, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "GATHER", timedelta(seconds=10))
    office.on()
    office.happens(registered(1))
    office.turn()
    assert office.sink.got == []
    office.turn(seconds=11)
    assert len(office.sink.got) == 1


@pytest.mark.parametrize("step", ["add_audience", "recipients"])
def test_a_process_that_dies_between_two_steps_sends_to_everyone_once(
    office: Rules, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    rule = office.on()
    office.happens(registered(1), registered(2))
    with monkeypatch.context() as broken:
        broken.setattr(office.ledger, step, None)
        with pytest.raises(TypeError):
            office.rule_work.turn(datetime.now(UTC))
    office.turn()
    assert office.sink.got == []  # it may only be slow
    office.happens(registered(3))
    office.turn(seconds=31)
    office.turn(seconds=62)
    assert office.reached() == [f"person{number}@example.org" for number in (1, 2, 3)]
    assert {line.outcome for line in office.log(rule)} == {"sent"}


@pytest.mark.parametrize("late", [31, 3600])
def test_who_withdraws_while_a_mailing_is_left_half_made_gets_nothing(
    office: Rules, monkeypatch: pytest.MonkeyPatch, late: int
) -> None:
    rule = office.on()
    office.happens(registered(1), registered(2))
    with monkeypatch.context() as broken:
        broken.setattr(office.ledger, "recipients", None)
        with pytest.raises(TypeError):
            office.rule_work.turn(datetime.now(UTC))
    office.withdraw("con_00001")
    office.work()
    office.sender.watch._forget(datetime.now(UTC) + timedelta(seconds=late))
    office.turn(seconds=late)
    assert office.reached() == ["person2@example.org"]
    assert {line.rule for line in office.log(rule)} == {"withdrawn", ""}


def test_whoever_is_taken_while_another_process_makes_the_mailing_waits_again(office: Rules) -> None:
    """A slow process marks one more line after another has finished its mailing for it."""
    rule = office.on()
    office.happens(registered(1), registered(2))
    first, second = office.mailings.rules.waiting(rule.rule_id, datetime.now(UTC), 5)
    mailing_id, at = f"mlg_{'ab' * 16}", datetime.now(UTC)
    office.mailings.rules.take([first.key], mailing_id, at)
    office.rule_work._make_mailing(rule.rule_id, mailing_id, at)
    office.mailings.rules.take([second.key], mailing_id, at)
    office.rule_work._make_mailing(rule.rule_id, mailing_id, at)
    office.turn()
    assert office.reached() == ["person1@example.org", "person2@example.org"]
    assert {line.outcome for line in office.log(rule)} == {"sent"}


def test_a_rule_sends_the_version_of_the_template_that_it_was_saved_with(office: Rules) -> None:
    rule = office.on()
    newer = a_template_text(subject="Newer")
    office.bus.call(SaveTemplate(template_id=office.template, version=1, text=newer))
    office.happens(registered(1))
    office.turn()
    assert "Subject: Welcome, Person" in office.sink.got[0][1]
    progress = office.bus.call(GetRule(rule_id=rule.rule_id))
    assert (progress.rule.template_version, progress.newest_template_version) == (1, 2)


def test_a_rule_that_is_changed_is_off_until_somebody_has_looked_at_it(office: Rules) -> None:
    rule = office.on()
    changed = office.bus.call(
        ChangeRule(rule_id=rule.rule_id, version=rule.version, settings=office.settings(per_hour=5))
    )
    assert not changed.is_on
    office.happens(registered(1))
    office.turn()
    assert office.sink.got == []
    with pytest.raises(Conflict):
        office.bus.call(SwitchRule(rule_id=rule.rule_id, version=rule.version, on=True))


def test_what_rules_send_is_not_listed_among_mailings_and_ends_without_a_line_of_its_own(office: Rules) -> None:
    office.on()
    office.happens(registered(1))
    office.turn()
    assert office.bus.call(ListMailings()).items == ()
    assert office.events(MailingFinished) == []


def test_a_preview_says_who_would_have_got_it(office: Rules) -> None:
    office.contacts.members[2] = a_recipient(2, consent_id=None, reason="no_consent")
    preview = office.bus.call(PreviewRule(rule_id=office.create().rule_id))
    assert (preview.looked_at, preview.would_get) == (3, 2)
    assert preview.names == ("Person 0", "Person 1")
    assert preview.kept_back == {"no_consent": 1}
    assert office.sink.got == []


def test_rules_are_listed_by_name_and_one_needs_a_template_that_is_there(office: Rules) -> None:
    for name in ("welcome", "Joined"):
        office.create(name=name)
    assert [each.settings.name for each in office.bus.call(ListRules()).items] == ["Joined", "welcome"]
    with pytest.raises(NotFound):
        office.create(template_id="tpl_none")
    with pytest.raises(ValueError, match="choose the segment"):
        office.settings(occasion="segment_entered")
