"""What is said in a consultation, over every channel, in whatever order it arrives."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.surveys.consultations.contribution import SURVEY, Contributor, Noted, only_in_results
from services.surveys.consultations.contributions import Asked, Contributions, MongoContributions, Told
from services.surveys.consultations.fake import FakeContributions
from shared.contracts.base import Envelope, Event, new_id
from shared.contracts.contributions import ContributionMarked
from shared.contracts.erasure import EngagementRedacted
from shared.contracts.events import EngagementCorrected, EngagementRecorded
from shared.mongo import connect
from tests.builders import AT, an_engagement, an_envelope
from tests.consultations.hearing import Hall


@pytest.fixture(params=["fake", pytest.param("mongo", marks=pytest.mark.servers)])
def contributions(request: pytest.FixtureRequest) -> Contributions:
    if request.param == "fake":
        return FakeContributions()
    return MongoContributions(connect(request.getfixturevalue("store"), f"con_{new_id()}"))


def a_contribution(number: int = 1, **fields: Any) -> Noted:
    defaults = {"contribution_id": f"eng_{number}", "version": 1, "of": "cns_1", "kind": "meeting", "channel": "event"}
    at = AT + timedelta(minutes=number)
    return Noted(**(defaults | {"title": "Parking\0", "excerpt": "Too far", "occurred_at": at} | fields))


def told(answered: bool) -> Told:
    def tell(each: Noted, number: int) -> Envelope[Event]:
        event = ContributionMarked(
            contribution_id=each.contribution_id, kind=each.kind, consultation_id="cns_1", title="Buses",
            answered=answered, at=AT, by="Jo",
        )  # fmt: skip
        return Envelope(event, "/services/surveys", each.contribution_id, number, "cor_1")

    return tell


def ids(found: Sequence[tuple[str, Noted]]) -> list[str]:
    return [each.contribution_id for _, each in found]


def test_a_contribution_comes_back_as_it_was_and_the_later_version_stands(contributions: Contributions) -> None:
    one = a_contribution(contributors=(Contributor("con_1", ("carers",), "saltham"), Contributor("con_2")))
    contributions.put([one, a_contribution(2)])
    contributions.put([])
    later = replace(one, version=3, title="Parking and buses", contributors=())
    contributions.put([later])
    contributions.put([one, replace(one, version=2, title="Never seen")])
    assert [each for _, each in contributions.latest(Asked(("cns_1",)), 9, None)] == [a_contribution(2), later]
    assert [each.title for each in contributions.every(Asked(("cns_1",)))] == ["", ""]


def test_they_are_listed_the_latest_first_of_a_consultation_and_its_surveys(contributions: Contributions) -> None:
    belonging = ("cns_1", "srv_1", "cns_2", "cns_1")
    contributions.put([a_contribution(number, of=of) for number, of in enumerate(belonging)])
    asked = Asked(("cns_1", "srv_1"))
    first = contributions.latest(asked, 2, None)
    assert ids(first) == ["eng_3", "eng_1"]
    assert ids(contributions.latest(asked, 2, first[-1][0])) == ["eng_0"]
    assert len(list(contributions.every(asked))) == 3


def test_they_are_filtered_and_restricted_ones_are_hidden(contributions: Contributions) -> None:
    contributions.put([a_contribution(1), a_contribution(2, channel=SURVEY), a_contribution(3, sensitive=True)])
    assert ids(contributions.latest(Asked(("cns_1",), channel="event"), 9, None)) == ["eng_1"]
    contributions.put([a_contribution(4, kind="letter")])
    assert ids(contributions.latest(Asked(("cns_1",), kind="letter"), 9, None)) == ["eng_4"]
    contributions.put([a_contribution(4, version=2, of="")])
    assert ids(contributions.latest(Asked(("cns_1",), sensitive=True), 9, None)) == ["eng_3", "eng_2", "eng_1"]
    assert len(list(contributions.every(Asked(("cns_1",))))) == 2


def test_they_are_marked_and_later_versions_keep_the_marks(contributions: Contributions) -> None:
    contributions.put([a_contribution(1), a_contribution(2, of="srv_1"), a_contribution(3, of="cns_2")])
    asked = Asked(("cns_1", "srv_1"))
    everything = ["eng_1", "eng_2", "eng_3", "eng_none"]
    assert contributions.give(asked, everything, "thm_1", taken=False) == 2
    assert contributions.give(asked, ["eng_1"], "thm_1", taken=False) == 1
    contributions.give(asked, ["eng_1"], "thm_2", taken=False)
    contributions.give(asked, ["eng_2"], "thm_1", taken=True)
    contributions.answer(asked, ["eng_2"], True, told(True))
    contributions.put([a_contribution(1, version=2)])
    marks = {each.contribution_id: (each.themes, each.answered_in) for each in contributions.every(asked)}
    assert marks == {"eng_1": (("thm_1", "thm_2"), ()), "eng_2": ((), ("cns_1",))}
    assert ids(contributions.latest(Asked(asked.of, theme_id="thm_2"), 9, None)) == ["eng_1"]
    contributions.answer(asked, ["eng_2"], False, told(False))
    assert {each.answered_in for each in contributions.every(asked)} == {()}


def test_each_that_is_marked_otherwise_than_before_is_told_of_once(contributions: Contributions) -> None:
    contributions.put([a_contribution(1), a_contribution(2, of="srv_1"), a_contribution(3, of="cns_2")])
    asked, both = Asked(("cns_1", "srv_1")), ["eng_1", "eng_2", "eng_3"]
    assert [contributions.answer(asked, ["eng_1"], True, told(True)) for _ in range(2)] == [1, 1]
    assert contributions.answer(asked, both, True, told(True)) == 2
    contributions.put([a_contribution(1, version=2)])
    assert contributions.answer(asked, ["eng_1"], False, told(False)) == 1
    waiting = [envelope for _, envelope in contributions.outbox.pending(9)]
    assert sorted((each.subject, each.sequence, each.data.answered) for each in waiting) == [
        ("eng_1", 1, True),
        ("eng_1", 2, False),
        ("eng_2", 1, True),
    ]


def test_a_contribution_is_answered_when_all_who_made_it_were_told(contributions: Contributions) -> None:
    mary, femi = Contributor("con_1"), Contributor("con_2")
    both, one, nobody = (
        a_contribution(1, contributors=(mary, femi)),
        a_contribution(2, contributors=(mary,)),
        a_contribution(3),
    )
    contributions.put([both, one, nobody, a_contribution(4, of="cns_2", contributors=(mary,))])
    waiting = Asked(("cns_1",), unanswered=True)
    assert ids(contributions.latest(waiting, 9, None)) == ["eng_2", "eng_1"]
    contributions.tell(waiting, ["con_1", "con_9"])
    assert ids(contributions.latest(waiting, 9, None)) == ["eng_1"]
    for _ in range(2):
        contributions.tell(waiting, ["con_2"])
    assert ids(contributions.latest(waiting, 9, None)) == []
    assert ids(contributions.latest(Asked(("cns_2",), unanswered=True), 9, None)) == ["eng_4"]


def test_of_whoever_is_erased_nobody_knows_any_more_what_they_said(contributions: Contributions) -> None:
    mary, femi = Contributor("con_1", ("carers",), "saltham"), Contributor("con_2")
    contributions.put([a_contribution(1, contributors=(mary, femi)), a_contribution(2, contributors=(mary,))])
    asked = Asked(("cns_1",))
    contributions.tell(asked, ["con_1"])
    for _ in range(2):
        contributions.forget(["con_1", "con_9"])
    assert {each.contribution_id: each.contributors for each in contributions.every(asked)} == {
        "eng_1": (femi,),
        "eng_2": (),
    }
    assert ids(contributions.latest(Asked(("cns_1",), unanswered=True), 9, None)) == ["eng_1"]


def test_responses_that_nothing_tells_of_are_counted(contributions: Contributions) -> None:
    said = [a_contribution(1, contribution_id="rsp_1", of="srv_1"), a_contribution(2)]
    assert only_in_results({"srv_1": 3, "srv_2": 4}, said) == 6
    assert only_in_results({"srv_1": 0}, said) == 0


def version(number: int, of: str | None) -> Envelope[Event]:
    """One version of one engagement, which belongs to a consultation or to none."""
    engagement = an_engagement(engagement_id="eng_1", version=number, consultation_id=of, title=f"Version {number}")
    event: Event = EngagementRecorded(engagement=engagement)
    if number % 3 == 2:
        event = EngagementCorrected(engagement=engagement, corrected_by="Jo")
    elif number > 1:
        event = EngagementRedacted(engagement=engagement, erasure_id="ers_1")
    return an_envelope(event, source="/services/events", subject="eng_1", sequence=number)


@settings(deadline=None)
@given(st.lists(st.sampled_from([None, "cns_1", "cns_2"]), min_size=1, max_size=5), st.randoms(), st.data())
def test_whatever_order_versions_come_in_and_however_often_the_last_one_stands(
    belonging: list[str | None], random: Any, data: st.DataObject
) -> None:
    hall = Hall()
    versions = [version(number, of) for number, of in enumerate(belonging, 1)]
    shuffled = [*versions, *data.draw(st.lists(st.sampled_from(versions), max_size=3))]
    random.shuffle(shuffled)
    cut = data.draw(st.integers(0, len(shuffled)))
    for part in (shuffled[:cut], shuffled[cut:]):
        hall.listening.take(part)
    stand = {of: hall.titles(of) for of in ("cns_1", "cns_2")}
    expected = {of: [f"Version {len(belonging)}"] if belonging[-1] == of else [] for of in ("cns_1", "cns_2")}
    assert stand == expected
