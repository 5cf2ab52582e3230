"""Segments follow what happens to contacts, and tell of everyone who comes in or goes out, once, with the cause."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.contacts.fake import FakeContacts, FakePreferences
from services.contacts.importing.fake import FakeImports
from services.contacts.segments import domain
from services.contacts.segments.domain import SLICES, Job, Membership, bucket_of, slice_of
from services.contacts.segments.fake import FakeSegments
from services.contacts.segments.meaning import meaning
from services.contacts.segments.rules import Person, Took, follows_time, matches
from services.contacts.service import ContactsService
from shared.contracts.base import Envelope, Event, new_id
from shared.contracts.consent import ConsentChanged, ListRecipients, RecordConsents
from shared.contracts.contacts import ChangeContact, Contact, RegisterContact
from shared.contracts.events import EngagementCorrected
from shared.contracts.merging import MergeContacts, UnmergeContacts
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
    Rule,
    Segment,
    SegmentsEntered,
    SegmentsLeft,
)
from shared.errors import Conflict, Invalid, NotFound
from shared.messaging.testbus import TestBus
from tests.builders import AT, a_consent, a_new_contact, a_statement, an_engagement, an_envelope, recorded

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def a_rule(*conditions: dict[str, Any], match: str = "all") -> Rule:
    return Rule.model_validate({"match": match, "conditions": conditions})


NORTH = {"field": "locality", "any_of": ["eastmere"]}
LIKES_MAIL = {"field": "consent", "purpose": "newsletter", "channel": "email"}
AT_ABBEY_LANE = {"field": "practice", "any_of": ["practice-01"]}
TWICE = {"field": "engaged", "at_least": 2}


# -- rules ------------------------------------------------------------------------------------------


def a_someone(**fields: Any) -> Person:
    return Person(**({"contact_id": "con_1", "kind": "person", "name": "Zoë O'Hara-Smith"} | fields))


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


# -- domain -----------------------------------------------------------------------------------------


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


# -- the service ------------------------------------------------------------------------------------


class Panel:
    """The contacts service on a bus, and what one does with segments."""

    def __init__(self) -> None:
        self.bus = TestBus()
        self.repository = FakeContacts()
        self.service: ContactsService = self.bus.add(ContactsService(self.repository, FakeImports(), FakePreferences()))

    def register(self, name: str = "Mary Okafor", **fields: Any) -> Contact:
        contact = self.bus.call(RegisterContact(request_id=new_id(), contact=a_new_contact(name, **fields)))
        self.bus.deliver()
        return contact

    def say(self, contact: Contact, given: bool = True, **fields: Any) -> None:
        said = (a_statement(contact.contact_id, given, **fields),)
        self.bus.call(RecordConsents(request_id=new_id(), statements=said))
        self.bus.deliver()

    def move(self, contact: Contact, version: int, locality: str) -> None:
        new = a_new_contact(contact.name, locality=locality)
        self.bus.call(ChangeContact(contact_id=contact.contact_id, version=version, contact=new))
        self.bus.deliver()

    def publish(self, envelope: Envelope[Event]) -> None:
        self.bus.publish(envelope)
        self.bus.deliver()

    def create(self, *conditions: dict[str, Any], name: str = "Panel", match: str = "all") -> Segment:
        rule = a_rule(*conditions, match=match)
        made = self.bus.call(CreateSegment(request_id=new_id(), name=name, rule=rule))
        self.fill()
        return made

    def fill(self) -> None:
        while self.service._keeper.sweep():
            pass
        self.bus.deliver()

    def members(self, segment: Segment) -> set[str]:
        page = self.bus.call(ListSegmentMembers(segment_id=segment.segment_id, limit=1000))
        return {each.name for each in page.members}

    def get(self, segment: Segment) -> Segment:
        return self.bus.call(GetSegment(segment_id=segment.segment_id))

    def moves(self) -> list[tuple[str, str]]:
        """(in or out, cause) of every event, each once."""
        seen = {each.id: each.data for each in self.bus.published}
        return [
            ("in" if isinstance(each, SegmentsEntered) else "out", each.cause)
            for each in seen.values()
            if isinstance(each, SegmentsEntered | SegmentsLeft)
        ]


@pytest.fixture
def panel() -> Panel:
    return Panel()


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
    panel.bus.call(
        MergeContacts(
            request_id="r",
            survivor_id=ann.contact_id,
            survivor_version=1,
            merged_id=anne.contact_id,
            merged_version=1,
        )
    )
    panel.bus.deliver()
    assert panel.members(segment) == {"Ann"}
    assert panel.moves() == [("in", "another contact was merged into it")]
    panel.bus.call(UnmergeContacts(survivor_id=ann.contact_id, merged_id=anne.contact_id))
    panel.bus.deliver()
    assert panel.members(segment) == set()


def test_the_engagement_of_a_day_counts_from_its_local_midnight() -> None:
    rule = a_rule({"field": "engaged", "at_least": 1, "since": date(2014, 6, 1)})
    just_before, just_after = datetime(2014, 5, 31, 22, 59, tzinfo=UTC), datetime(2014, 5, 31, 23, 1, tzinfo=UTC)
    assert not matches(rule, a_someone(took=[Took(just_before, "call")]), NOW)
    assert matches(rule, a_someone(took=[Took(just_after, "call")]), NOW)


def test_consent_changed_of_somebody_in_no_segment_tells_nothing(panel: Panel) -> None:
    ann = panel.register("Ann")
    panel.say(ann)
    assert any(isinstance(each.data, ConsentChanged) for each in panel.bus.published)
    assert panel.moves() == []
