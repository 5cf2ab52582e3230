"""Segments are made, changed, put away, restored, previewed and read."""

import pytest

from shared.contracts.consent import ListRecipients
from shared.contracts.segments import (
    ChangeSegment,
    CreateSegment,
    DeleteSegment,
    GetProfile,
    GetSegment,
    ListSegmentMembers,
    ListSegments,
    PreviewSegment,
    RestoreSegment,
)
from shared.errors import Conflict, Invalid, NotFound
from tests.contacts.segments.panel import NORTH, Panel, a_rule


def test_another_rule_is_filled_in_silence_and_another_name_is_not_filled_at_all(panel: Panel) -> None:
    segment = panel.create(NORTH)
    panel.register("Ann", locality="eastmere")
    panel.register("Bob", locality="saltham")
    told = panel.moves()
    other = a_rule({"field": "locality", "any_of": ["saltham"]})
    asked = ChangeSegment(segment_id=segment.segment_id, version=1, name="Panel", rule=other)
    assert panel.bus.call(asked).filled == 0
    panel.fill()
    assert (panel.members(segment), panel.get(segment).members, panel.moves()) == ({"Bob"}, 1, told)
    with pytest.raises(Conflict, match="Somebody else"):
        panel.bus.call(asked.model_copy(update={"name": "Other"}))
    assert panel.bus.call(asked.model_copy(update={"name": "Other", "version": 2})).filled == 1


def test_a_segment_put_away_can_be_restored_with_its_members(panel: Panel) -> None:
    segment = panel.create(NORTH)
    ann = panel.register("Ann", locality="eastmere")
    told = panel.moves()
    panel.bus.call(DeleteSegment(segment_id=segment.segment_id))
    panel.fill()
    assert panel.bus.call(ListSegments()).segments == ()
    assert panel.members(segment) == set()
    assert panel.bus.call(GetProfile(contact_id=ann.contact_id)).segments == ()
    panel.move(ann, 1, "saltham")
    panel.move(ann, 2, "eastmere")
    panel.bus.call(RestoreSegment(segment_id=segment.segment_id))
    panel.fill()
    assert [each.members for each in panel.bus.call(ListSegments()).segments] == [1]
    assert panel.moves() == told
    assert [each.name for each in panel.bus.call(GetProfile(contact_id=ann.contact_id)).segments] == ["Panel"]


def test_the_same_form_sent_twice_makes_one_segment(panel: Panel) -> None:
    asked = CreateSegment(request_id="form-1", name="Panel", rule=a_rule(NORTH))
    assert panel.bus.call(asked).segment_id == panel.bus.call(asked).segment_id
    assert len(panel.bus.call(ListSegments()).segments) == 1


def test_nobody_finds_a_segment_that_does_not_exist(panel: Panel) -> None:
    with pytest.raises(NotFound):
        panel.bus.call(GetSegment(segment_id="seg_nowhere"))
    with pytest.raises(NotFound):
        panel.bus.call(ListSegmentMembers(segment_id="seg_nowhere"))


def test_members_come_in_pages_each_once(panel: Panel) -> None:
    names = {f"Person {number}" for number in range(57)}
    for name in names:
        panel.register(name, locality="eastmere")
    segment = panel.create(NORTH)
    seen, after = list[str](), None
    while True:
        page = panel.bus.call(ListSegmentMembers(segment_id=segment.segment_id, after=after, limit=10))
        assert len(page.members) <= 10
        seen += [each.name for each in page.members]
        if (after := page.next) is None:
            break
    assert (len(seen), set(seen)) == (57, names)
    with pytest.raises(Invalid, match="cannot be continued"):
        panel.bus.call(ListSegmentMembers(segment_id=segment.segment_id, after="nonsense"))


def test_a_preview_counts_and_names_the_first(panel: Panel) -> None:
    for number in range(30):
        panel.register(f"Person {number}", locality="eastmere")
    found = panel.bus.call(PreviewSegment(rule=a_rule(NORTH)))
    assert (found.count, found.exact, len(found.first)) == (30, True, 20)
    assert found.meaning == "Contacts who are of Eastmere."


def test_recipients_are_told_with_what_each_allows_now(panel: Panel) -> None:
    segment = panel.create(NORTH)
    likes = panel.register("Likes", locality="eastmere", email=["likes@example.org"])
    no_more = panel.register("No more", locality="eastmere", email=["nomore@example.org"])
    nowhere = panel.register("Nowhere", locality="eastmere")
    panel.register("Never asked", locality="eastmere", email=["never@example.org"])
    for each in (likes, no_more, nowhere):
        panel.say(each)
    panel.say(no_more, False)
    page = panel.bus.call(ListRecipients(segment_id=segment.segment_id, purpose="newsletter", channel="email"))
    assert {each.name: (each.address, bool(each.consent_id), each.reason) for each in page.recipients} == {
        "Likes": ("likes@example.org", True, ""),
        "No more": ("nomore@example.org", False, "withdrawn"),
        "Nowhere": (None, True, "no_address"),
        "Never asked": ("never@example.org", False, "no_consent"),
    }
    post = panel.bus.call(ListRecipients(segment_id=segment.segment_id, purpose="newsletter", channel="post", limit=1))
    assert len(post.recipients) == 1
    assert post.next is not None
