"""Segments follow what happens to contacts, and tell of everyone who comes in or goes out, once, with the cause."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.contacts.segments import domain
from services.contacts.segments.domain import Membership
from services.contacts.segments.fake import FakeSegments
from services.contacts.segments.rules import Person
from shared.contracts.base import new_id
from shared.contracts.consent import ConsentChanged
from shared.contracts.contacts import ChangeContact
from shared.contracts.events import EngagementCorrected
from shared.contracts.merging import UnmergeContacts
from shared.contracts.segments import (
    ChangeSegment,
    SegmentsEntered,
    SegmentsLeft,
)
from tests.builders import AT, a_merge, a_new_contact, an_engagement, an_envelope, recorded
from tests.contacts.segments.panel import LIKES_MAIL, NORTH, TWICE, Panel, a_rule, a_someone


def test_a_new_segment_is_filled_with_whom_it_finds_and_tells_nobody(panel: Panel) -> None:
    panel.register("Ann", locality="eastmere")
    panel.register("Bob", locality="saltham")
    segment = panel.create(NORTH)
    assert segment.filled == 0
    assert panel.members(segment) == {"Ann"}
    assert (panel.get(segment).members, panel.get(segment).filled) == (1, 1.0)
    assert panel.moves() == []


def test_who_comes_to_match_enters_and_who_ceases_to_leaves_each_with_its_cause(panel: Panel) -> None:
    segment = panel.create(NORTH)
    ann = panel.register("Ann", locality="eastmere")
    panel.move(ann, 1, "saltham")
    panel.move(ann, 2, "eastmere")
    assert panel.members(segment) == {"Ann"}
    changed = "details changed: locality"
    assert panel.moves() == [("in", "became known"), ("out", changed), ("in", changed)]
    entered = next(each for each in panel.bus.published if isinstance(each.data, SegmentsEntered))
    assert isinstance(entered.data, SegmentsEntered)
    assert entered.data.cause_id == entered.causationid == panel.bus.published[0].id
    assert ([each.name for each in entered.data.segments], entered.data.contact_id) == (["Panel"], ann.contact_id)


def test_one_change_is_told_once_for_all_segments_that_it_moves_somebody_into_and_out_of(panel: Panel) -> None:
    south = {"field": "locality", "any_of": ["saltham"]}
    for name, condition in {"North": NORTH, "Coast": NORTH, "South": south}.items():
        panel.create(condition, name=name)
    ann = panel.register("Ann", locality="saltham")
    panel.move(ann, 1, "eastmere")
    told = [each.data for each in panel.bus.published if isinstance(each.data, SegmentsEntered | SegmentsLeft)]
    moves = [(type(each), {one.name for one in each.segments}) for each in told]
    came, went = (SegmentsEntered, {"North", "Coast"}), (SegmentsLeft, {"South"})
    assert moves[0] == (SegmentsEntered, {"South"})
    assert sorted(moves[1:], key=str) == sorted([came, went], key=str)


def test_consent_withdrawn_takes_out_of_the_segment_at_once(panel: Panel) -> None:
    segment = panel.create(LIKES_MAIL)
    ann = panel.register("Ann", email=["ann@example.org"])
    panel.say(ann)
    assert panel.get(segment).members == 1
    panel.say(ann, False, purpose="*", channel="*", method="one_click")
    assert (panel.members(segment), panel.get(segment).members) == (set(), 0)
    assert panel.moves() == [("in", "consent given: newsletter by email"), ("out", "consent withdrawn: everything")]


def test_what_somebody_takes_part_in_counts_once_and_as_it_was_corrected(panel: Panel) -> None:
    segment = panel.create(TWICE | {"kinds": ["complaint"]})
    ann = panel.register("Ann")
    people = ({"name": "Ann", "contact_ids": (ann.contact_id,)},)
    first = recorded(engagement_id="eng_1", kind="complaint", participants=people)
    second = recorded(engagement_id="eng_2", kind="complaint", participants=people)
    for each in (first, first, second, second):
        panel.publish(each)
    assert panel.members(segment) == {"Ann"}
    corrected = an_engagement(engagement_id="eng_2", version=2, kind="compliment", participants=people)
    panel.publish(an_envelope(EngagementCorrected(engagement=corrected, corrected_by="Jo"), sequence=2))
    panel.publish(second)
    assert panel.members(segment) == set()
    assert panel.moves() == [("in", "engagement recorded: complaint"), ("out", "engagement corrected: compliment")]


def test_a_restricted_engagement_does_not_show_in_a_segment(panel: Panel) -> None:
    segment = panel.create({"field": "engaged", "at_least": 1})
    ann = panel.register("Ann")
    people = ({"contact_ids": (ann.contact_id,)},)
    panel.publish(recorded(engagement_id="eng_1", participants=people, sensitive=True))
    assert panel.members(segment) == set()
    panel.publish(recorded(engagement_id="eng_2", participants=people))
    assert panel.members(segment) == {"Ann"}


def test_a_batch_that_comes_again_tells_the_same_under_the_same_ids(panel: Panel) -> None:
    segment = panel.create(NORTH)
    ann = panel.register("Ann", locality="eastmere")
    registered = panel.bus.published[0]
    again = panel.service.settle_segments([registered])
    assert [each.id for each in again] == [
        each.id for each in panel.bus.published if isinstance(each.data, SegmentsEntered)
    ]
    assert again[0] == next(each for each in panel.bus.published if isinstance(each.data, SegmentsEntered))
    panel.move(ann, 1, "saltham")
    assert len(panel.service.settle_segments([registered])) == 1
    assert panel.get(segment).members == 0


def test_time_that_passes_takes_out_and_tells_so(panel: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
    segment = panel.create({"field": "engaged", "at_least": 1, "within_days": 30})
    ann = panel.register("Ann")
    at = datetime.now(UTC) - timedelta(days=29)
    panel.publish(recorded(engagement_id="eng_1", occurred_at=at, participants=({"contact_ids": (ann.contact_id,)},)))
    assert panel.members(segment) == {"Ann"}
    later = datetime.now(UTC) + timedelta(days=2)
    monkeypatch.setattr("services.contacts.segments.keeping.now_as_stored", lambda: later)
    panel.fill()
    assert panel.members(segment) == set()
    assert panel.moves()[-1] == ("out", "time has passed")


def test_two_who_settle_the_same_contact_at_once_agree_in_the_end(panel: Panel) -> None:
    """One has read the contact before it changed, and writes after the other has settled what it is now."""
    segment = panel.create(NORTH)
    ann = panel.register("Ann", locality="saltham")
    store, service = panel.repository.segments, panel.service
    read = store.people

    def read_and_lose_time(*asked: Any) -> dict[str, Person]:
        found = read(*asked)
        store.people = read  # type: ignore[method-assign]
        service.change_contact(
            ChangeContact(contact_id=ann.contact_id, version=1, contact=a_new_contact("Ann", locality="eastmere"))
        )
        panel.bus.deliver()
        return found

    store.people = read_and_lose_time  # type: ignore[method-assign]
    service.settle_segments([panel.bus.published[0]])
    assert panel.members(segment) == {"Ann"}


@pytest.mark.parametrize("step", ["memberships", "people"])
def test_who_settles_by_a_rule_that_has_changed_meanwhile_has_not_the_last_word(panel: Panel, step: str) -> None:
    segment = panel.create(NORTH)
    panel.register("Ann", locality="saltham")
    store, service = panel.repository.segments, panel.service
    read = getattr(store, step)

    def lose_time() -> None:
        setattr(store, step, read)
        south = a_rule({"field": "locality", "any_of": ["saltham"]})
        panel.bus.call(ChangeSegment(segment_id=segment.segment_id, version=1, name="South", rule=south))
        panel.fill()

    def read_and_lose_time(*asked: Any) -> Any:
        if step == "memberships":  # read before it, the rule has not the last word either
            lose_time()
            return read(*asked)
        found = read(*asked)
        lose_time()
        return found

    setattr(store, step, read_and_lose_time)
    service.settle_segments([panel.bus.published[0]])
    assert panel.members(segment) == {"Ann"}


def test_of_somebody_whom_no_segment_asks_about_nothing_is_read(panel: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
    panel.create(NORTH)
    ann = panel.register("Ann", locality="eastmere")
    monkeypatch.delattr(FakeSegments, "memberships")
    panel.publish(recorded(participants=({"contact_ids": (ann.contact_id,)},)))


def test_a_membership_keeps_the_moves_of_its_last_two_changes() -> None:
    rule = a_rule(NORTH)
    segment = domain.create("seg_1", "Panel", rule, AT, "Jo", 0)
    done = domain.Stored(**{**vars(segment), "job": None})
    membership = Membership("con_1")
    for number in range(4):
        person = a_someone(locality="eastmere" if number % 2 == 0 else None)
        cause = domain.Cause("because", f"event-{number}")
        following = domain.settle(membership, person, [done], AT, lambda _: cause, new_id)  # noqa: B023
        assert following is not None
        membership = following
    kept = [each.cause.event_id for each in (*membership.moves_before, *membership.moves)]
    assert (membership.n, kept) == (4, ["event-2", "event-3"])
    assert domain.settle(membership, None, [done], AT, lambda _: domain.Cause(""), new_id) is None


def test_what_a_merged_contact_took_part_in_counts_for_the_survivor(panel: Panel) -> None:
    segment = panel.create(TWICE)
    ann, anne = panel.register("Ann"), panel.register("Anne")
    for contact in (ann, anne):
        panel.publish(recorded(participants=({"contact_ids": (contact.contact_id,)},)))
    assert panel.members(segment) == set()
    panel.bus.call(a_merge(ann, anne))
    panel.bus.deliver()
    assert panel.members(segment) == {"Ann"}
    assert panel.moves() == [("in", "another contact was merged into it")]
    panel.bus.call(UnmergeContacts(survivor_id=ann.contact_id, merged_id=anne.contact_id))
    panel.bus.deliver()
    assert panel.members(segment) == set()


def test_consent_changed_of_somebody_in_no_segment_tells_nothing(panel: Panel) -> None:
    ann = panel.register("Ann")
    panel.say(ann)
    assert any(isinstance(each.data, ConsentChanged) for each in panel.bus.published)
    assert panel.moves() == []
