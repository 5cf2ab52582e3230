"""What nobody uses any more is put away: offered nowhere, sent by nothing, and taken out again as it was."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.notifications.rules import work
from shared.contracts.base import new_id
from shared.contracts.notifications import CancelMailing, ScheduleMailing
from shared.contracts.rules import (
    ChangeRule,
    GetRule,
    ListRules,
    PutAwayRule,
    SendingRule,
    SwitchRule,
    TakeOutRule,
)
from shared.contracts.templates import (
    CreateTemplate,
    GetTemplate,
    ListTemplates,
    PutAwayTemplate,
    RestoreTemplate,
    SaveTemplate,
    TakeOutTemplate,
    Template,
)
from shared.errors import Conflict
from tests.builders import a_template_text
from tests.flows.test_rules import Rules, registered


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rules]:
    monkeypatch.setattr(work, "GATHER", timedelta(0))
    made = Rules(tmp_path)
    yield made
    made.sink.close()


def write(office: Rules, name: str) -> Template:
    return office.bus.call(CreateTemplate(request_id=new_id(), text=a_template_text(name=name)))


def put_away(office: Rules, rule: SendingRule) -> SendingRule:
    return office.bus.call(PutAwayRule(rule_id=rule.rule_id, version=rule.version, by="Sam"))


def names(office: Rules, away: bool = False) -> list[str]:
    return [each.text.name for each in office.bus.call(ListTemplates(put_away=away)).items]


def test_a_template_that_is_put_away_is_offered_nowhere_and_keeps_its_versions(office: Rules) -> None:
    template = write(office, "Old")
    away = office.bus.call(PutAwayTemplate(template_id=template.template_id, by="Sam"))
    assert away.put_away
    assert away.put_away.by == "Sam"
    assert (names(office), names(office, away=True)) == (["Welcome"], ["Old"])
    assert office.bus.call(GetTemplate(template_id=template.template_id, version=1)).text == template.text
    for question in (
        SaveTemplate(template_id=template.template_id, version=1, text=a_template_text(subject="New")),
        RestoreTemplate(template_id=template.template_id, version=1),
    ):
        with pytest.raises(Conflict, match="“Old” has been put away"):
            office.bus.call(question)
    with pytest.raises(Conflict, match="“Old” has been put away"):
        office.create(template_id=template.template_id)


def test_a_template_is_put_away_once_and_taken_out_as_it_was(office: Rules) -> None:
    template = write(office, "Old")
    first = office.bus.call(PutAwayTemplate(template_id=template.template_id, by="Sam"))
    assert office.bus.call(PutAwayTemplate(template_id=template.template_id, by="Eve")) == first
    for _ in range(2):
        assert office.bus.call(TakeOutTemplate(template_id=template.template_id)) == template
    assert names(office) == ["Old", "Welcome"]


def test_a_template_that_a_rule_or_a_waiting_mailing_uses_is_not_put_away_and_each_is_named(office: Rules) -> None:
    rule = office.create(name="New members")
    draft = office.draft(subject="In spring", template_id=office.template, template_version=1)
    later = datetime.now(UTC) + timedelta(days=1)
    office.bus.call(ScheduleMailing(mailing_id=draft.mailing_id, version=1, at=later))
    question = PutAwayTemplate(template_id=office.template)
    with pytest.raises(Conflict, match="by the rule “New members” and the mailing “In spring”"):
        office.bus.call(question)
    put_away(office, rule)
    with pytest.raises(Conflict, match="by the mailing “In spring”"):
        office.bus.call(question)
    office.bus.call(CancelMailing(mailing_id=draft.mailing_id))
    assert office.bus.call(question).put_away


def test_of_many_that_use_a_template_the_first_few_are_named(office: Rules) -> None:
    for number in range(7):
        office.create(name=f"R{number}")
    with pytest.raises(Conflict, match="the rule “R4” and 2 more"):
        office.bus.call(PutAwayTemplate(template_id=office.template))


def test_a_rule_that_is_put_away_never_sends_not_even_what_waited(office: Rules) -> None:
    rule = office.on()
    office.happens(registered(1))
    away = put_away(office, rule)
    office.happens(registered(2))
    office.turn()
    office.turn(hours=2)
    assert office.sink.got == []
    (line,) = office.log(rule)
    assert (line.contact_id, line.kept_back) == ("con_00001", "switched_off")
    assert (away.is_on, away.put_away is not None) == (False, True)
    for question in (
        SwitchRule(rule_id=rule.rule_id, version=away.version, on=True),
        ChangeRule(rule_id=rule.rule_id, version=away.version, settings=office.settings(name="Other")),
    ):
        with pytest.raises(Conflict, match="put away"):
            office.bus.call(question)


def test_a_rule_that_is_taken_out_is_off_until_it_is_switched_on(office: Rules) -> None:
    rule = put_away(office, office.on())
    assert put_away(office, rule) == rule
    assert office.bus.call(ListRules()).items == ()
    assert office.bus.call(ListRules(put_away=True)).items == (rule,)
    for _ in range(2):
        out = office.bus.call(TakeOutRule(rule_id=rule.rule_id, by="Sam"))
    assert (out.is_on, out.put_away, out.version) == (False, None, rule.version + 1)
    office.happens(registered(1))
    office.turn()
    assert office.sink.got == []
    office.switch(out)
    office.happens(registered(2))
    office.turn()
    assert office.reached() == ["person2@example.org"]


def test_the_later_of_two_is_told_that_the_rule_was_changed(office: Rules) -> None:
    rule = office.create()
    office.switch(rule)
    with pytest.raises(Conflict):
        put_away(office, rule)
    assert office.bus.call(GetRule(rule_id=rule.rule_id)).rule.is_on


def test_rules_that_are_put_away_leave_room_for_others(office: Rules, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.notifications.rules.desk.MOST_RULES", 1)
    rule = put_away(office, office.create())
    office.create()
    with pytest.raises(Exception, match="Put one away"):
        office.bus.call(TakeOutRule(rule_id=rule.rule_id))
