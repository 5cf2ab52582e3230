"""A rule says whom a segment finds, as conditions and as a sentence; how work over all contacts is cut."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.contacts.segments import domain
from services.contacts.segments.domain import SLICES, Job, bucket_of, slice_of
from services.contacts.segments.meaning import meaning
from services.contacts.segments.rules import Took, follows_time, matches
from shared.contracts.segments import (
    Rule,
)
from tests.builders import a_consent
from tests.contacts.segments.panel import LIKES_MAIL, NORTH, NOW, TWICE, a_rule, a_someone


def took(*days_ago: int, kind: str = "call") -> list[Took]:
    return [Took(NOW - timedelta(days=each), kind) for each in days_ago]


@pytest.mark.parametrize(
    ("condition", "found", "not_found"),
    [
        ({"field": "kind", "value": "organisation"}, {"kind": "organisation"}, {}),
        ({"field": "name", "words": "zoe o'hara"}, {}, {"name": "Joe O'Hara"}),
        ({"field": "name", "words": "smith"}, {"name": "Ann Smithson"}, {"name": "Goldsmith"}),
        ({"field": "group", "any_of": ["carers", "media"]}, {"groups": ("media",)}, {"groups": ("police",)}),
        (NORTH, {"locality": "eastmere"}, {"locality": "saltham"}),
        (NORTH | {"negated": True}, {}, {"locality": "eastmere"}),
        ({"field": "practice", "any_of": ["practice-01"]}, {"practice": "practice-01"}, {}),
        (LIKES_MAIL, {"consents": (a_consent(),)}, {"consents": (a_consent(channel="post"),)}),
        (TWICE, {"took": took(1, 5000)}, {"took": took(1)}),
        (TWICE | {"within_days": 30}, {"took": took(1, 29)}, {"took": took(1, 31)}),
        (TWICE | {"since": "2026-11-01"}, {"took": took(1, 20)}, {"took": took(1, 40)}),
        (TWICE | {"kinds": ["call"]}, {"took": took(1, 2)}, {"took": took(1, 2, kind="letter")}),
        (TWICE, {"took": took(1, 2)}, {"took": took(1, -1)}),
        ({"field": "quiet", "for_days": 30}, {"took": took(31, 400)}, {"took": took(29, 400)}),
        ({"field": "quiet", "for_days": 30}, {"took": took(31)}, {"took": ()}),
        ({"field": "quiet", "before": "2026-11-01"}, {"took": took(40)}, {"took": took(40, 2)}),
    ],
)
def test_a_condition_finds_whom_it_says(
    condition: dict[str, Any], found: dict[str, Any], not_found: dict[str, Any]
) -> None:
    assert matches(a_rule(condition), a_someone(**found), NOW)
    assert not matches(a_rule(condition), a_someone(**not_found), NOW)


def test_all_or_any_of_the_conditions_hold() -> None:
    person = a_someone(locality="eastmere")
    assert not matches(a_rule(NORTH, TWICE), person, NOW)
    assert matches(a_rule(NORTH, TWICE, match="any"), person, NOW)


@given(st.lists(st.integers(-5, 60), max_size=6), st.integers(1, 3), st.integers(1, 50))
def test_a_negated_condition_finds_everybody_else(days: list[int], at_least: int, within: int) -> None:
    condition = {"field": "engaged", "at_least": at_least, "within_days": within}
    person = a_someone(took=took(*days))
    assert matches(a_rule(condition), person, NOW) != matches(a_rule(condition | {"negated": True}), person, NOW)


@pytest.mark.parametrize(
    "condition",
    [
        {"field": "engaged", "since": "2026-01-01", "within_days": 3},
        {"field": "quiet"},
        {"field": "quiet", "before": "2026-01-01", "for_days": 3},
        {"field": "locality", "any_of": []},
        {"field": "shoe_size", "value": 9},
        {"field": "name", "words": ""},
    ],
)
def test_a_condition_that_asks_nothing_or_two_things_is_refused(condition: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        a_rule(condition)


def test_only_conditions_of_the_last_days_follow_time() -> None:
    assert follows_time(a_rule(NORTH, TWICE | {"within_days": 3}))
    assert follows_time(a_rule({"field": "quiet", "for_days": 3}))
    assert not follows_time(a_rule(NORTH, LIKES_MAIL, TWICE | {"since": "2026-01-01"}))


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        (a_rule(NORTH, LIKES_MAIL), "Contacts who are of Eastmere, and allow the newsletter by e-mail."),
        (
            a_rule({"field": "group", "any_of": ["carers", "media"], "negated": True}, TWICE, match="any"),
            "Contacts who are not in Carers or Media, or took part at least twice.",
        ),
        (
            a_rule({"field": "engaged", "at_least": 3, "kinds": ["foi_request"], "within_days": 90}),
            "Contacts who took part in foi request at least 3 times in the last 90 days.",
        ),
        (
            a_rule({"field": "kind", "value": "person"}, {"field": "quiet", "before": "2014-01-05"}),
            "Contacts who are people, and took part for the last time before 5 January 2014.",
        ),
        (a_rule({"field": "name", "words": "mill"}), "Contacts who have “mill” in their name."),
        (
            a_rule(
                {"field": "quiet", "for_days": 365, "negated": True}, {"field": "practice", "any_of": ["practice-01"]}
            ),
            "Contacts who did not take part for the last time over 365 days ago, and are at Abbey Lane Surgery.",
        ),
    ],
)
def test_a_rule_is_a_sentence(rule: Rule, sentence: str) -> None:
    assert meaning(rule) == sentence


def test_the_engagement_of_a_day_counts_from_its_local_midnight() -> None:
    rule = a_rule({"field": "engaged", "at_least": 1, "since": date(2014, 6, 1)})
    just_before, just_after = datetime(2014, 5, 31, 22, 59, tzinfo=UTC), datetime(2014, 5, 31, 23, 1, tzinfo=UTC)
    assert not matches(rule, a_someone(took=[Took(just_before, "call")]), NOW)
    assert matches(rule, a_someone(took=[Took(just_after, "call")]), NOW)


@given(st.text(alphabet="0123456789abcdef", min_size=1))
def test_every_contact_has_a_bucket_and_a_slice(letters: str) -> None:
    assert 0 <= bucket_of(f"con_{letters}") < domain.BUCKETS
    assert slice_of(f"con_{letters}") == bucket_of(f"con_{letters}") // 256


@given(st.integers(0, SLICES - 1))
def test_a_job_does_every_slice_once_wherever_it_begins(first: int) -> None:
    job, done = Job("fill", first), []
    for _ in range(SLICES):
        assert not job.has_done(job.following)
        done.append(job.following)
        job = job._replace(done=job.done + 1)
        assert job.has_done(done[-1])
    assert sorted(done) == list(range(SLICES))
