"""The contract of the store of meetings, on a real store and on the fake."""

import os
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.events.calendar import domain
from services.events.calendar.domain import Guest, Kept
from services.events.calendar.fake import FakeMeetings
from services.events.calendar.store import Meetings, MongoMeetings
from shared.contracts.base import Envelope, Event, new_id
from shared.contracts.meetings import Meeting, MeetingPlan
from shared.messaging.testbus import MemoryOutbox
from shared.mongo import connect
from tests.builders import AT


@pytest.fixture(params=["fake", pytest.param("mongo", marks=pytest.mark.servers)])
def meetings(request: pytest.FixtureRequest) -> Meetings:
    if request.param == "fake":
        return FakeMeetings(MemoryOutbox())
    settings = request.getfixturevalue("store")
    return MongoMeetings(connect(settings, f"events_{os.urandom(4).hex()}"))


def a_meeting(meetings: Meetings, days: int = 0, **fields: Any) -> Meeting:
    begins = AT + timedelta(days=days)
    plan = {"title": "Board", "starts_at": begins, "ends_at": begins + timedelta(hours=2), "public": True} | fields
    made = domain.plan(new_id("mtg"), MeetingPlan.model_validate(plan), AT, "Ann")
    meetings.insert(made)
    return made


def a_guest(number: int = 1, **fields: Any) -> Guest:
    named = {"name": f"Guest {number}", "email": f"g{number}@example.org", "needs": "", "key": f"key-{number}"}
    return Guest(**({"number": number, "at": AT} | named | fields))


def with_guests(meetings: Meetings, meeting: Meeting, *guests: Guest) -> Kept:
    standing = meetings.find(meeting.meeting_id)
    assert standing is not None
    following = replace(standing, guests=guests, people_version=standing.people_version + 1)
    assert meetings.replace_people(following)
    return following


def test_a_meeting_is_stored_once_and_found(meetings: Meetings) -> None:
    made = a_meeting(meetings)
    meetings.insert(made.model_copy(update={"created_by": "Bob"}))
    assert meetings.find(made.meeting_id) == Kept(made)
    assert meetings.find("mtg_none") is None


def told(meeting: Meeting) -> Envelope[Event]:
    event = domain.told_of(meeting, "eng_1")
    return Envelope(event, "/services/events", meeting.meeting_id, meeting.version, "c")


def test_what_staff_decide_waits_to_be_published_once(meetings: Meetings) -> None:
    made = a_meeting(meetings)
    other = made.model_copy(update={"meeting_id": new_id("mtg")})
    for _ in range(2):
        meetings.insert(other, told(other))
    assert [each.data.type for _, each in meetings.outbox.pending(10)] == ["wellheard.meeting.planned.v1"]
    following = domain.call_off(other, AT, "Ann")
    assert meetings.replace(following, told(following))
    assert not meetings.replace(following, told(following))
    waiting = meetings.outbox.pending(10)
    assert [each.sequence for _, each in waiting] == [1, 2]
    meetings.outbox.forget([(key, each.id) for key, each in waiting])
    assert list(meetings.outbox.pending(10)) == []
    assert meetings.find(other.meeting_id) == Kept(following)


def test_what_staff_write_and_who_comes_do_not_touch_each_other(meetings: Meetings) -> None:
    made = a_meeting(meetings)
    kept = with_guests(meetings, made, a_guest())
    following = made.model_copy(update={"version": 2, "state": "called_off"})
    assert meetings.replace(following)
    assert not meetings.replace(following)
    assert not meetings.replace_people(kept)
    assert meetings.find(made.meeting_id) == Kept(following, (a_guest(),), 2)


def test_a_key_opens_one_place_and_nothing_opens_none(meetings: Meetings) -> None:
    made, other = a_meeting(meetings), a_meeting(meetings)
    with_guests(meetings, made, a_guest(1), a_guest(2))
    with_guests(meetings, other, a_guest(3))
    found = meetings.find_by_key("key-2")
    assert found is not None
    assert found.meeting == made
    assert meetings.find_by_key("key-9") is None
    assert meetings.find_by_key("") is None


def test_meetings_are_listed_by_time(meetings: Meetings) -> None:
    days = [a_meeting(meetings, number) for number in (5, 1, 3)]
    found = [each.meeting for each in meetings.ending_after(AT, None, 10)]
    assert found == [days[1], days[2], days[0]]
    until = AT + timedelta(days=4)
    assert [each.meeting for each in meetings.ending_after(AT + timedelta(days=2), until, 10)] == [days[2]]
    assert len(meetings.ending_after(AT, None, 2)) == 2


def test_there_is_news_until_everybody_has_been_told(meetings: Meetings) -> None:
    made = a_meeting(meetings)
    assert meetings.with_news(10) == []
    seen = with_guests(meetings, made, a_guest())
    assert meetings.with_news(10) == [seen]
    with_guests(meetings, made, a_guest(), a_guest(2))
    meetings.told_all(seen)  # somebody has registered meanwhile
    (now,) = meetings.with_news(10)
    meetings.told_all(now)
    assert meetings.with_news(10) == []


def test_who_registered_is_found_to_be_forgotten(meetings: Meetings) -> None:
    made, later = a_meeting(meetings), a_meeting(meetings, 10)
    with_guests(meetings, made, a_guest(1))
    with_guests(meetings, later, a_guest(2))
    assert [each.meeting for each in meetings.naming(("g2@example.org", "x@example.org"))] == [later]
    assert meetings.naming(()) == []
    (over,) = meetings.with_people_before(AT + timedelta(days=5), 10)
    assert over.meeting == made
    assert meetings.replace_people(domain.without(over, ["g1@example.org"]))
    assert meetings.with_people_before(AT + timedelta(days=5), 10) == []
