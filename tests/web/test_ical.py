"""The feed of meetings is one that every calendar can read (RFC 5545)."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.web.ical import OCTETS, calendar, escaped, folded
from shared.contracts.meetings import Meeting, MeetingPlan
from tests.builders import AT

URL = "https://voice.example.org"


def a_meeting(**fields: Any) -> Meeting:
    plan = {"title": "Board", "starts_at": AT, "ends_at": AT + timedelta(hours=2), "public": True}
    about = {"version": 1, "created_by": "Ann", "created_at": AT, "changed_by": "Ann", "changed_at": AT}
    given_plan = MeetingPlan.model_validate(plan | fields.pop("plan", {}))
    return Meeting.model_validate({"meeting_id": "mtg_1", "state": "planned"} | about | {"plan": given_plan} | fields)


def lines(feed: bytes) -> list[str]:
    """The lines as a reader joins them."""
    assert feed.endswith(b"\r\n")
    return feed.decode().replace("\r\n ", "").removesuffix("\r\n").split("\r\n")


def unescaped(value: str) -> str:
    found, at = "", 0
    while at < len(value):
        if value[at] == "\\":
            at += 1
            found += {"n": "\n", "N": "\n"}.get(value[at], value[at])
        else:
            found += value[at]
        at += 1
    return found


def test_a_meeting_is_an_event_with_its_times_in_utc() -> None:
    begins = datetime.fromisoformat("2014-06-03T10:00:00+01:00")
    said = {"place": "Town Hall; room 2, upstairs", "starts_at": begins, "ends_at": begins + timedelta(hours=1)}
    found = lines(calendar([a_meeting(plan=said, version=3)], URL, "Meetings"))
    assert found[:3] == ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Wellheard//Meetings//EN"]
    assert found[-1] == "END:VCALENDAR"
    assert "UID:mtg_1@voice.example.org" in found
    assert {"DTSTART:20140603T090000Z", "DTEND:20140603T100000Z"} <= {*found}
    assert "LOCATION:Town Hall\\; room 2\\, upstairs" in found
    assert "SEQUENCE:2" in found
    assert f"URL:{URL}/meetings/mtg_1" in found


def test_one_that_is_called_off_says_so_and_where_it_is_online_is_not_told() -> None:
    feed = calendar([a_meeting(state="called_off", plan={"online_url": "https://meet.example.org/x"})], URL, "M")
    assert "STATUS:CANCELLED" in lines(feed)
    assert b"meet.example.org" not in feed


@given(st.text(max_size=400), st.text(min_size=1, max_size=200))
def test_every_text_comes_back_from_lines_of_75_octets(about: str, title: str) -> None:
    plan = {"about": about, "title": title}
    try:
        feed = calendar([a_meeting(plan=plan)], URL, "Meetings")
    except UnicodeEncodeError:  # half a character, which no form can send
        return
    assert all(len(line) <= OCTETS for line in feed.split(b"\r\n"))
    found = {line.partition(":")[0]: line.partition(":")[2] for line in lines(feed)}
    assert unescaped(found["SUMMARY"]) == plain(title)
    assert unescaped(found.get("DESCRIPTION", "")) == plain(about)


def plain(text: str) -> str:
    """Without control characters, which no calendar takes."""
    kept = "".join(each for each in text.replace("\r\n", "\n") if each >= " " or each in "\n\t")
    return kept.replace("\x7f", "")


def test_no_line_breaks_into_another() -> None:
    feed = calendar([a_meeting(plan={"title": "x\r\nEND:VEVENT\rATTACH:evil"})], URL, "M")
    assert lines(feed).count("END:VEVENT") == 1
    assert not any(line.startswith("ATTACH") for line in lines(feed))
    assert escaped("a\\b;c,d\ne") == "a\\\\b\\;c\\,d\\ne"
    assert list(folded("x" * 80)) == ["x" * 75, " " + "x" * 5]
    assert AT.tzinfo == UTC
