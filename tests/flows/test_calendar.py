"""From planning a meeting to who was there: no place is given twice, and everybody hears what concerns them once."""

import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.events.calendar import domain
from services.events.calendar.domain import Guest, Kept
from services.history.timeline import fold
from shared.contracts.contacts import RegisterContact
from shared.contracts.erasure import EraseContact
from shared.contracts.events import GetEngagement
from shared.contracts.history import HistoryItem, SearchContacts, SearchHistory
from shared.contracts.meetings import (
    CallOffMeeting,
    CancelPlace,
    ChangeMeeting,
    GetMeeting,
    GetMeetingPeople,
    GetPlace,
    ListMeetings,
    Meeting,
    MeetingPlan,
    PlanMeeting,
    RecordAttendance,
    RegisterForMeeting,
    Visitor,
)
from shared.contracts.timelines import GetTimeline
from shared.errors import Conflict, Invalid, NotFound, Unavailable
from tests.builders import AT, a_new_contact, an_envelope, recorded
from tests.flows.test_cases import Board

NOW = datetime.now(UTC)


class Office(Board):
    """The same services, which keep a calendar too."""

    def plan(self, request_id: str = "one", days: int = 7, **fields: Any) -> Meeting:
        begins = NOW + timedelta(days=days)
        plan = {"title": "Board in public", "starts_at": begins, "ends_at": begins + timedelta(hours=2)}
        plan |= {"place": "Town Hall", "public": True} | fields
        return self.bus.call(PlanMeeting(request_id=request_id, plan=MeetingPlan.model_validate(plan), by="Ann"))

    def register(self, meeting: Meeting, name: str, **fields: str) -> None:
        typed = {"name": name, "email": f"{name.lower()}@example.org"} | fields
        self.bus.call(RegisterForMeeting.model_validate({"meeting_id": meeting.meeting_id} | typed))

    def tell(self) -> list[tuple[str, str]]:
        """What was sent since the last time: whom to, and the subject."""
        before = len(self.sink.got)
        for _ in range(3):
            self.bus.tick()
        self.settle()
        return [(to, subject(content)) for to, content in self.sink.got[before:]]

    def key_of(self, address: str) -> str:
        """Of the link in the latest message to somebody."""
        content = next(content for to, content in reversed(self.sink.got) if to == address)
        found = re.search(r"/places/([\w-]+)", content.replace("=\r\n", "").replace("=\n", ""))
        assert found
        return found[1]

    def states(self, meeting: Meeting) -> dict[str, str]:
        people = self.bus.call(GetMeetingPeople(meeting_id=meeting.meeting_id)).people
        return {each.name: each.state for each in people}


def subject(content: str) -> str:
    found = re.search(r"^Subject: (.*)$", content, re.MULTILINE)
    assert found
    return found[1].strip()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path)
    yield made
    made.projector.close()
    made.sink.close()


def test_who_registers_hears_whether_they_have_a_place_and_only_once(office: Office) -> None:
    meeting = office.plan(capacity=1)
    assert office.plan(capacity=5) == meeting
    office.register(meeting, "Mary", needs="An interpreter")
    office.register(meeting, "Bea")
    assert office.states(meeting) == {"Mary": "in", "Bea": "waiting"}
    assert office.tell() == [
        ("mary@example.org", "You have a place: Board in public"),
        ("bea@example.org", "You are on the waiting list: Board in public"),
    ]
    assert office.tell() == []
    found = office.bus.call(GetMeeting(meeting_id=meeting.meeting_id, public_only=True))
    assert (found.registered, found.waiting, found.is_full()) == (1, 1, True)


def test_a_place_that_is_given_back_goes_to_whoever_waits_first(office: Office) -> None:
    meeting = office.plan(capacity=1, online_url="https://meet.example.org/board")
    for name in ("Mary", "Bea", "Cas"):
        office.register(meeting, name)
    office.tell()
    assert office.bus.call(GetPlace(key=office.key_of("cas@example.org"))).before_me == 1
    for _ in range(2):
        gone = office.bus.call(CancelPlace(key=office.key_of("mary@example.org")))
        assert gone.state == "cancelled"
    assert office.tell() == [("bea@example.org", "You have a place: Board in public")]
    assert "https://meet.example.org/board" in office.sink.got[-1][1].replace("=\r\n", "")
    assert office.states(meeting) == {"Mary": "cancelled", "Bea": "in", "Cas": "waiting"}
    office.register(meeting, "Mary")
    assert office.states(meeting)["Mary"] == "waiting"
    assert office.tell() == [("mary@example.org", "You are on the waiting list: Board in public")]


def test_one_address_has_one_place_and_is_not_written_to_without_end(office: Office) -> None:
    meeting = office.plan()
    for name in ("Mary", "M. Okafor", "Mary", "Mary", "Mary", "Mary"):
        office.register(meeting, name, email="Mary@Example.org")
    for _ in range(6):
        office.register(meeting, "Mary", email="mary@example.org")
        office.tell()
    assert len(office.states(meeting)) == 1
    assert 1 <= len(office.sink.got) <= domain.MOST_SENDS


def test_everybody_hears_of_another_time_and_when_it_is_called_off(office: Office) -> None:
    meeting = office.plan()
    office.register(meeting, "Mary")
    office.tell()
    renamed = meeting.plan.model_copy(update={"title": "The board"})
    changed = office.bus.call(ChangeMeeting(meeting_id=meeting.meeting_id, version=1, plan=renamed))
    assert office.tell() == []
    moved = renamed.model_copy(update={"place": "Library"})
    changed = office.bus.call(ChangeMeeting(meeting_id=meeting.meeting_id, version=changed.version, plan=moved))
    assert office.tell() == [("mary@example.org", "You have a place: The board")]
    with pytest.raises(Conflict):
        office.bus.call(ChangeMeeting(meeting_id=meeting.meeting_id, version=1, plan=renamed))
    for _ in range(2):
        off = office.bus.call(CallOffMeeting(meeting_id=meeting.meeting_id, version=changed.version))
    assert off.state == "called_off"
    assert office.tell() == [("mary@example.org", "Called off: The board")]
    with pytest.raises(Conflict):
        office.register(meeting, "Bea")
    with pytest.raises(Invalid):
        office.bus.call(ChangeMeeting(meeting_id=meeting.meeting_id, version=off.version, plan=moved))


def test_while_messages_cannot_be_sent_they_wait(office: Office) -> None:
    meeting = office.plan()
    office.register(meeting, "Mary")
    service = office.bus._services.pop("notifications")
    with pytest.raises(Unavailable):
        office.bus.tick()
    office.bus._services["notifications"] = service
    assert office.tell() == [("mary@example.org", "You have a place: Board in public")]


def test_who_was_there_becomes_an_engagement_and_is_corrected_by_saving_again(office: Office) -> None:
    meeting = office.plan(days=7)
    for name in ("Mary", "Bea"):
        office.register(meeting, name)
    office.tell()
    early = {"meeting_id": meeting.meeting_id, "version": 1, "by": "Ann"}
    with pytest.raises(Conflict, match="not begun"):
        office.bus.call(RecordAttendance.model_validate(early))
    begun(office, meeting)
    visitors = (Visitor(name="Dee"), Visitor(name="Eve", email="eve@example.org"))
    said = RecordAttendance.model_validate(early | {"attended": (1,), "visitors": visitors, "notes": "Parking again."})
    done = office.bus.call(said)
    assert done.state == "held"
    engagement = office.bus.call(GetEngagement(engagement_id=done.engagement_id))
    assert (engagement.kind, engagement.title, engagement.body) == ("meeting", "Board in public", "Parking again.")
    assert [each.name for each in engagement.participants] == ["Mary", "Dee", "Eve"]
    office.settle()
    assert office.bus.call(SearchContacts(q="Eve")).total == 1
    again = said.model_copy(update={"version": done.version, "attended": (1, 2), "visitors": ()})
    corrected = office.bus.call(again)
    engagement = office.bus.call(GetEngagement(engagement_id=corrected.engagement_id))
    assert corrected.engagement_id == done.engagement_id
    assert [each.name for each in engagement.participants] == ["Mary", "Bea"]
    with pytest.raises(Conflict):
        office.bus.call(again)
    office.settle()
    assert office.bus.call(SearchHistory(q="parking again")).total == 1


def begun(office: Office, meeting: Meeting) -> None:
    """As if its time had come."""
    kept = office.engagements.meetings._meetings[meeting.meeting_id]
    plan = kept.meeting.plan.model_copy(update={"starts_at": NOW - timedelta(hours=3), "ends_at": NOW})
    there = replace(kept, meeting=kept.meeting.model_copy(update={"plan": plan}))
    office.engagements.meetings._meetings[meeting.meeting_id] = there


def test_a_meeting_is_one_entry_of_its_consultation_and_its_place_with_all_that_happened_to_it(office: Office) -> None:
    meeting = office.plan(consultation_id="cns_1", locality="eastmere", place="Town Hall")

    def entry() -> HistoryItem:
        office.settle()
        found = office.bus.call(GetTimeline(search=SearchHistory(about=("cns_1",))))
        there = office.bus.call(SearchHistory(locality=("eastmere",)))
        assert found.page.items == there.items
        (item,) = found.page.items
        return item

    first = entry()
    assert (first.kind, first.source, first.engagement_id) == ("meeting_planned", "meetings", None)
    assert "is planned" in first.sentence
    moved = meeting.plan.model_copy(update={"place": "Library"})
    changed = office.bus.call(ChangeMeeting(meeting_id=meeting.meeting_id, version=1, plan=moved, by="Bob"))
    assert entry().sentence.endswith("Library.")
    begun(office, meeting)
    said = {"meeting_id": meeting.meeting_id, "version": changed.version, "notes": "Parking again.", "by": "Cas"}
    held = office.bus.call(RecordAttendance.model_validate(said))
    last = entry()
    assert (last.id, last.engagement_id, last.kind) == (first.id, held.engagement_id, "meeting")
    assert [each.partition(" on ")[0] for each in last.steps] == [
        "Planned by Ann", "Moved by Bob", "Noted down as held by Cas",
    ]  # fmt: skip
    office.bus.call(RecordAttendance.model_validate(said | {"version": held.version, "notes": "And the buses."}))
    assert entry().steps == last.steps
    office.bus.call(RecordAttendance.model_validate(said | {"version": held.version + 1}))


def test_a_meeting_that_is_called_off_says_so(office: Office) -> None:
    meeting = office.plan(consultation_id="cns_1")
    office.bus.call(CallOffMeeting(meeting_id=meeting.meeting_id, version=1, by="Bob"))
    office.settle()
    (item,) = office.bus.call(SearchHistory(about=("cns_1",))).items
    assert item.kind == "meeting_called_off"
    assert "was called off" in item.sentence
    assert [each.partition(" on ")[0] for each in item.steps] == ["Planned by Ann", "Called off by Bob"]


@given(st.permutations(range(4)))
def test_in_whatever_order_its_steps_arrive_the_entry_is_the_last(order: list[int]) -> None:
    content = {"title": "Board", "starts_at": AT, "ends_at": AT + timedelta(hours=2)}
    plan = MeetingPlan.model_validate(content)
    steps = [domain.plan("mtg_1", plan, AT, "Ann")]
    steps.append(domain.change(steps[-1], plan.model_copy(update={"place": "Library"}), AT, "Bob"))
    steps.append(domain.change(steps[-1], plan.model_copy(update={"about": "Buses"}), AT, "Bob"))
    events = [an_envelope(domain.told_of(each, "eng_1"), sequence=each.version) for each in steps]
    events.append(recorded(engagement_id="eng_1", planned=domain.as_held(steps[-1], AT, "Cas")))
    entries = [fold(events[each]).entry for each in order]
    latest = max((each for each in entries if each), key=lambda each: each.version)
    assert {each.id for each in entries if each} == {"eng_1"}
    assert (latest.kind, len(latest.steps)) == ("conversation", 4)


def test_of_many_steps_the_first_and_the_latest_are_kept() -> None:
    plan = MeetingPlan.model_validate({"title": "Board", "starts_at": AT, "ends_at": AT + timedelta(hours=2)})
    meeting = domain.plan("mtg_1", plan, AT, "Ann")
    for number in range(40):
        meeting = domain.change(meeting, plan.model_copy(update={"place": f"Room {number}"}), AT, "Bob")
    assert [each.place for each in meeting.steps] == ["", *(f"Room {number}" for number in range(21, 40))]


def test_what_is_for_staff_is_not_there_for_others(office: Office) -> None:
    secret = office.plan("staff", public=False)
    shown = office.plan("public")
    since = NOW
    assert [each.meeting_id for each in office.bus.call(ListMeetings(since=since, public_only=True)).meetings] == [
        shown.meeting_id
    ]
    assert len(office.bus.call(ListMeetings(since=since)).meetings) == 2
    with pytest.raises(NotFound):
        office.bus.call(GetMeeting(meeting_id=secret.meeting_id, public_only=True))
    with pytest.raises(NotFound):
        office.register(secret, "Mary")
    with pytest.raises(NotFound):
        office.bus.call(GetPlace(key=""))


def test_an_erased_person_is_out_of_every_meeting_and_the_number_stays(office: Office) -> None:
    new = a_new_contact("Olga Petrova", email=("olga@example.org",))
    olga = office.bus.call(RegisterContact(request_id="olga", contact=new))
    meeting = office.plan()
    office.register(meeting, "Olga", needs="I use a wheelchair")
    office.register(meeting, "Bea")
    office.tell()
    key = office.key_of("olga@example.org")
    office.bus.call(EraseContact(contact_id=olga.contact_id))
    office.tell()
    people = office.bus.call(GetMeetingPeople(meeting_id=meeting.meeting_id)).people
    assert [(each.name, each.needs) for each in people] == [("", ""), ("Bea", "")]
    assert office.bus.call(GetMeeting(meeting_id=meeting.meeting_id)).registered == 2
    with pytest.raises(NotFound):
        office.bus.call(GetPlace(key=key))


def test_a_month_after_a_meeting_nobody_knows_who_had_registered(office: Office) -> None:
    meeting = office.plan()
    office.register(meeting, "Mary")
    office.tell()
    standing = office.engagements.meetings._meetings[meeting.meeting_id]
    plan = standing.meeting.plan.model_copy(
        update={"starts_at": NOW - timedelta(days=32), "ends_at": NOW - timedelta(days=31)}
    )
    over = standing.meeting.model_copy(update={"plan": plan})
    office.engagements.meetings._meetings[meeting.meeting_id] = replace(standing, meeting=over)
    office.tell()
    (mary,) = office.bus.call(GetMeetingPeople(meeting_id=meeting.meeting_id)).people
    assert (mary.name, mary.email) == ("", "")


def test_fifty_who_register_at_once_all_get_an_answer_and_no_place_is_given_twice(office: Office) -> None:
    meeting = office.plan(capacity=10)
    calendar = office.bus._services["events"]._calendar  # type: ignore[attr-defined]
    asked = [
        RegisterForMeeting(meeting_id=meeting.meeting_id, name=f"Guest {n}", email=f"g{n}@example.org")
        for n in range(50)
    ]
    threads = [threading.Thread(target=calendar.register, args=(each, NOW)) for each in asked]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    states = list(office.states(meeting).values())
    assert (states.count("in"), states.count("waiting")) == (10, 40)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 8)), max_size=30), st.integers(1, 4))
def test_no_place_is_given_twice_whoever_comes_and_goes(steps: list[tuple[bool, int]], capacity: int) -> None:
    plan = {"title": "x", "starts_at": AT, "ends_at": AT + timedelta(hours=1), "public": True, "capacity": capacity}
    kept = Kept(domain.plan("m", MeetingPlan.model_validate(plan), AT, "Ann"))
    for comes, number in steps:
        guest = Guest(0, f"k{number}", f"G{number}", f"g{number}@x.org", "", AT)
        known = any(each.key == guest.key for each in kept.guests)
        if comes:
            kept = domain.register(kept, guest, AT - timedelta(days=1))
        elif known:
            kept = domain.cancel(kept, guest.key)
        states = [state for _, state in domain.states(kept)]
        here = len(states) - states.count("cancelled")
        assert states.count("in") == min(here, capacity)
        assert len({each.email for each in kept.guests}) == len(kept.guests)
        assert len({each.number for each in kept.guests}) == len(kept.guests)
