"""The contract of the store of rules, on a real store and on the fake."""

from dataclasses import replace
from datetime import timedelta

from services.notifications.rules.domain import Logged, create, put_away, switch, take_out
from shared.contracts.base import new_id
from shared.contracts.rules import RuleSettings, SendingRule
from tests.builders import AT
from tests.notifications.test_ledger import NOW, Stored, stored

__all__ = ["stored"]


def a_rule(name: str = "Welcome") -> SendingRule:
    settings = RuleSettings(name=name, occasion="contact_registered", template_id="tpl_1", purpose="newsletter")
    return create(new_id("rul"), settings, 1, AT, "staff")


def a_line(rule_id: str, number: int, event: str = "e", seconds: float = 0, **fields: object) -> Logged:
    contact_id = f"con_{number}"
    line = Logged(f"{rule_id}:{event}:{contact_id}", rule_id, event, contact_id, NOW + timedelta(seconds=seconds))
    return replace(line, **fields)  # type: ignore[arg-type]


def keys(lines: object) -> list[str]:
    return [each.contact_id for each in lines]  # type: ignore[attr-defined]


def test_a_rule_is_found_as_it_was_and_changed_by_the_faster_of_two(stored: Stored) -> None:
    rules, rule = stored.mailings.rules, a_rule()
    assert rules.insert(rule)
    assert not rules.insert(rule.model_copy(update={"changed_by": "other"}))
    assert rules.find(rule.rule_id) == rule
    following = switch(rule, True, AT, "staff")
    assert rules.replace(following)
    assert not rules.replace(following)
    assert rules.find(rule.rule_id) == following
    assert rules.find("none") is None
    other = a_rule("another")
    rules.insert(other)
    assert rules.list() == [other, following]


def test_a_rule_that_is_put_away_is_found_as_that_until_it_is_taken_out(stored: Stored) -> None:
    rules, rule = stored.mailings.rules, switch(a_rule(), True, AT, "staff")
    rules.insert(rule)
    away = put_away(rule, AT, "Sam")
    assert rules.replace(away)
    assert rules.find(rule.rule_id) == away
    assert (away.is_on, away.put_away is not None) == (False, True)
    out = take_out(away, AT, "Sam")
    assert rules.replace(out)
    assert rules.list() == [out]


def test_a_line_is_noted_once_and_waits_in_the_order_of_time(stored: Stored) -> None:
    rules, (one, other) = stored.mailings.rules, (new_id("rul"), new_id("rul"))
    rules.note([a_line(one, 2, seconds=2), a_line(one, 1, seconds=1), a_line(other, 3)])
    rules.note([a_line(one, 1, seconds=9), a_line(one, 4, state="kept_back", kept_back="import")])
    rules.note([])
    assert keys(rules.waiting(one, NOW + timedelta(seconds=5), 9)) == ["con_1", "con_2"]
    assert keys(rules.waiting(one, NOW + timedelta(seconds=1), 9)) == ["con_1"]
    assert keys(rules.waiting(one, NOW + timedelta(seconds=5), 1)) == ["con_1"]
    assert rules.count_waiting(one) == 2
    assert keys(rules.latest(one, 2, None)) == ["con_2", "con_1"]
    assert keys(rules.latest(one, 9, rules.latest(one, 2, None)[-1].order)) == ["con_4"]


def test_what_is_kept_back_waits_no_more(stored: Stored) -> None:
    rules, one = stored.mailings.rules, new_id("rul")
    rules.note([a_line(one, number, seconds=number) for number in range(4)])
    rules.let_go(one, NOW + timedelta(seconds=2), "expired")
    rules.keep_back([a_line(one, number).key for number in (0, 2)], "had_it")
    assert [each.kept_back for each in rules.latest(one, 9, None)] == ["", "had_it", "expired", "expired"]
    assert keys(rules.waiting(one, NOW + timedelta(seconds=9), 9)) == ["con_3"]


def test_what_is_taken_is_of_one_mailing_only_until_it_is_handed_over_or_put_back(stored: Stored) -> None:
    rules, one = stored.mailings.rules, new_id("rul")
    lines = [a_line(one, number, seconds=number) for number in range(4)]
    first, second = f"mlg_{'a' * 32}", f"mlg_{'b' * 32}"
    rules.note(lines)
    rules.take([each.key for each in lines[:3]], first, NOW)
    rules.take([each.key for each in lines], second, NOW + timedelta(minutes=1))
    assert sorted(keys(rules.of_mailing(first))) == ["con_0", "con_1", "con_2"]
    assert keys(rules.of_mailing(second)) == ["con_3"]
    taken_at = rules.of_mailing(first)[0].taken_at
    assert taken_at is not None
    assert abs(taken_at - NOW) < timedelta(milliseconds=1)
    assert rules.count_taken(one, NOW - timedelta(seconds=1)) == 4
    assert rules.count_taken(one, NOW + timedelta(seconds=1)) == 1
    assert sorted(keys(rules.taken_before(one, ["con_0", "con_9"]))) == ["con_0"]
    assert rules.unfinished(NOW + timedelta(seconds=1)) == [(one, first)]
    rules.put_back([each for each in rules.of_mailing(first) if each.contact_id == "con_2"])
    assert keys(rules.waiting(one, NOW + timedelta(seconds=9), 9)) == ["con_2"]
    assert rules.count_taken(one, NOW - timedelta(seconds=1)) == 3
    rules.hand_over(first)
    assert rules.unfinished(NOW + timedelta(hours=1)) == [(one, second)]
    assert sorted(keys(rules.of_mailing(first))) == ["con_0", "con_1"]
