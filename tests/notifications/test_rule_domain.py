"""When a rule applies, and how many of its messages may go: whatever happens, in whatever order."""

from datetime import timedelta
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from services.notifications.rules import domain
from services.notifications.rules.domain import BATCH, Logged, first_of_each, log, room, switch
from services.notifications.rules.occasions import Cause
from shared.contracts.rules import Occasion, RuleSettings, SendingRule
from tests.builders import AT

OCCASIONS = st.sampled_from([each for each in get_args(Occasion) if each != "weekly_digest"])
PURPOSES = st.sampled_from(("newsletter", "membership"))
SEGMENTS = st.sampled_from(("seg_1", "seg_2"))
TIMES = st.integers(-100, 100).map(lambda minutes: AT + timedelta(minutes=minutes))


@st.composite
def rules(draw: st.DrawFn) -> SendingRule:
    settings = RuleSettings(
        name="r",
        occasion=draw(OCCASIONS),
        template_id="tpl_1",
        purpose=draw(PURPOSES),
        segment_id=draw(SEGMENTS),
        owners=("pals@example.org",),
        takes_imports=draw(st.booleans()),
        per_hour=draw(st.integers(1, 5000)),
    )
    rule = domain.create("rul_1", settings, 1, AT, "staff")
    return switch(rule, True, draw(TIMES), "staff") if draw(st.booleans()) else rule


causes = st.builds(
    Cause,
    occasion=OCCASIONS,
    event_id=st.sampled_from("abc"),
    contact_id=st.sampled_from("xyz"),
    at=TIMES,
    is_import=st.booleans(),
    purpose=PURPOSES,
    segment_id=SEGMENTS,
)


@given(rules(), causes)
def test_a_rule_never_applies_while_it_is_off_or_to_what_was_before(rule: SendingRule, cause: Cause) -> None:
    if domain.applies(rule, cause):
        assert rule.on_since is not None
        assert cause.at >= rule.on_since
        assert cause.occasion == rule.settings.occasion
    off = switch(rule, False, AT, "staff")
    assert not domain.applies(off, cause)


@given(rules(), causes)
def test_a_rule_of_a_consent_or_a_segment_applies_to_its_own_only(rule: SendingRule, cause: Cause) -> None:
    if domain.applies(rule, cause):
        assert cause.occasion != "consent_given" or cause.purpose == rule.settings.purpose
        assert cause.occasion != "segment_entered" or cause.segment_id == rule.settings.segment_id


@given(rules(), causes)
def test_an_import_waits_for_nothing_unless_the_rule_takes_imports(rule: SendingRule, cause: Cause) -> None:
    line = log(rule, cause)
    is_left_out = cause.is_import and not rule.settings.takes_imports
    assert (line.state, line.kept_back) == (("kept_back", "import") if is_left_out else ("waiting", ""))


@given(rules(), st.lists(causes, max_size=30))
def test_a_line_of_the_log_is_one_for_each_event_and_contact(rule: SendingRule, happened: list[Cause]) -> None:
    keys = {log(rule, each).key for each in happened}
    assert len(keys) == len({(each.event_id, each.contact_id) for each in happened})


@given(rules(), st.integers(0, 10_000))
def test_never_more_go_in_an_hour_than_the_rule_allows(rule: SendingRule, taken: int) -> None:
    assert 0 <= room(rule, taken) <= BATCH
    assert taken + room(rule, taken) <= max(taken, rule.settings.per_hour)


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("wxyz")), max_size=40), st.integers(0, 6))
def test_of_one_mailing_each_contact_gets_one_message(pairs: list[tuple[str, str]], limit: int) -> None:
    waiting = [Logged(f"r:{event}:{who}", "r", event, who, AT) for event, who in pairs]
    chosen = first_of_each(waiting, limit)
    contacts = [each.contact_id for each in chosen]
    assert len(contacts) == len(set(contacts)) == min(limit, len({who for _, who in pairs}))
    assert all(each in waiting for each in chosen)
