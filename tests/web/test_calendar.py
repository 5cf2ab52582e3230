"""Staff plan meetings, anybody registers and gives a place back, and calendars follow them."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from services.web.allowance import Bucket, PerCaller
from services.web.pages import meetings as meeting_pages
from shared.contracts.meetings import GetMeetingPeople, MeetingWithPeople
from tests.notifications.sink import Sink
from tests.web.conftest import County
from tests.web.test_pages import fill, text

pytestmark = pytest.mark.anyio
DAY = (datetime.now(UTC) + timedelta(days=20)).date()
PLAN = {
    "title": "Board in public",
    "day": f"{DAY}",
    "begins": "10:00",
    "ends": "12:30",
    "place": "Town Hall",
    "public": "yes",
}
MARY = {"name": "Mary Okafor", "email": "mary@example.org", "needs": "An interpreter"}


@pytest.fixture(autouse=True)
def limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meeting_pages, "_limit", PerCaller(lambda: Bucket(30, seconds=600)))


async def plan(browser: httpx.AsyncClient, **typed: Any) -> str:
    """The id of a meeting that staff have planned."""
    page = await browser.get("/calendar/new")
    saved = await fill(browser, page, **(PLAN | typed))
    assert saved.status_code == 303, text(saved)
    return saved.headers["location"].partition("?")[0].rpartition("/")[2]


def people(county: County, meeting_id: str) -> MeetingWithPeople:
    return county.bus.call(GetMeetingPeople(meeting_id=meeting_id))


def link_in(content: str) -> str:
    found = re.search(r"/places/[\w-]+", content.replace("=\r\n", ""))
    assert found
    return found[0]


async def test_a_meeting_is_planned_changed_and_shown_in_its_month(browser: httpx.AsyncClient) -> None:
    month = f"/calendar?month={DAY:%Y-%m}"
    assert "Nothing is on in" in text(await browser.get(month))
    meeting_id = await plan(browser)
    page = text(await browser.get(month))
    assert "Board in public" in page
    assert f"{DAY:%A} {DAY.day} {DAY:%B %Y}, 10:00 to 12:30" in page
    edit = await browser.get(f"/calendar/{meeting_id}/edit")
    assert (await fill(browser, edit, title="The board")).status_code == 303
    late = await fill(browser, edit, title="Another title")
    assert (late.status_code, "Another title" in late.text) == (409, True)
    assert "The board" in text(await browser.get(f"/calendar/{meeting_id}"))
    assert (await browser.get("/calendar?month=nonsense")).status_code == 200


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"title": ""}, "Enter a title"),
        ({"begins": "soon"}, "Enter the day and when it begins"),
        ({"ends": "09:00"}, "It ends after it begins"),
        ({"capacity": "many"}, "Enter how many can come"),
        ({"online_url": "javascript:alert(1)"}, "The link starts with https://"),
    ],
)
async def test_what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost(
    browser: httpx.AsyncClient, typed: dict[str, str], sentence: str
) -> None:
    wrong = await fill(browser, await browser.get("/calendar/new"), **(PLAN | typed))
    assert wrong.status_code == 422
    assert sentence in text(wrong)
    assert "Town Hall" in wrong.text


async def test_anybody_registers_and_gives_the_place_back_by_the_link_in_the_message(
    browser: httpx.AsyncClient, county: County, sink: Sink
) -> None:
    meeting_id = await plan(browser, capacity="1", online_url="https://meet.example.org/board")
    async with county.client() as anybody:
        assert "Board in public" in text(await anybody.get("/meetings"))
        page = await anybody.get(f"/meetings/{meeting_id}")
        assert "1 place left" in text(page)
        assert "meet.example.org" not in page.text
        for typed in (MARY, MARY | {"name": "Bea", "email": "bea@example.org"}):
            asked = await anybody.post(f"/meetings/{meeting_id}", data=typed)
            assert asked.headers["location"] == f"/meetings/{meeting_id}?done=asked"
        assert "Look into your mailbox" in text(await anybody.get(asked.headers["location"]))
        assert "Join the waiting list" in text(await anybody.get(f"/meetings/{meeting_id}"))
        county.bus.tick()
        county.sender.run_until_idle()
        messages = dict(sink.got)
        mine = link_in(messages["mary@example.org"])
        place = await anybody.get(mine)
        assert "You have a place." in text(place)
        assert "meet.example.org" in place.text
        assert "You are on the waiting list" in text(await anybody.get(link_in(messages["bea@example.org"])))
        for _ in range(2):
            assert "You have given your place back." in text(await anybody.post(mine))
        assert "You have a place." in text(await anybody.get(link_in(messages["bea@example.org"])))
        assert anybody.cookies == httpx.Cookies()
        assert (await anybody.get("/places/none")).status_code == 404
    assert [each.state for each in people(county, meeting_id).people] == ["cancelled", "in"]


async def test_nobody_learns_who_has_registered_before(browser: httpx.AsyncClient, county: County) -> None:
    meeting_id = await plan(browser)
    async with county.client() as anybody:
        answers = [await anybody.post(f"/meetings/{meeting_id}", data=MARY) for _ in range(3)]
        page = await anybody.get(f"/meetings/{meeting_id}")
    assert len({(each.status_code, each.headers["location"], each.text) for each in answers}) == 1
    assert "Mary" not in page.text
    assert len(people(county, meeting_id).people) == 1


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"name": ""}, "Enter your name"),
        ({"email": ""}, "Enter your e-mail address"),
        ({"email": "nobody"}, "is not an e-mail address"),
        ({"needs": "x" * 1001}, "up to 1,000 characters"),
    ],
)
async def test_what_is_wrong_with_a_registration_is_said_and_kept(
    browser: httpx.AsyncClient, county: County, typed: dict[str, str], sentence: str
) -> None:
    meeting_id = await plan(browser)
    async with county.client() as anybody:
        wrong = await anybody.post(f"/meetings/{meeting_id}", data=MARY | typed)
    assert wrong.status_code == 422
    assert sentence in text(wrong)
    assert (MARY | typed)["needs"] in wrong.text
    assert people(county, meeting_id).people == ()


async def test_while_the_service_is_away_what_was_typed_stays_in_the_page(
    browser: httpx.AsyncClient, county: County
) -> None:
    meeting_id = await plan(browser)
    county.web_bus.down.add("events")
    async with county.client() as anybody:
        failed = await anybody.post(f"/meetings/{meeting_id}", data=MARY)
        assert (failed.status_code, failed.headers["retry-after"]) == (503, "5")
        assert "An interpreter" in failed.text
        county.web_bus.down.clear()
        assert (await fill(anybody, failed, "needs")).status_code == 303
    assert len(people(county, meeting_id).people) == 1


async def test_what_is_for_staff_only_is_not_there_for_others(browser: httpx.AsyncClient, county: County) -> None:
    meeting_id = await plan(browser, public="")
    async with county.client() as anybody:
        assert "Board in public" not in text(await anybody.get("/meetings"))
        assert b"VEVENT" not in (await anybody.get("/meetings.ics")).content
        for path in (f"/meetings/{meeting_id}", f"/meetings/{meeting_id}.ics"):
            assert (await anybody.get(path)).status_code == 404
        refused = await anybody.post(f"/meetings/{meeting_id}", data=MARY)
        assert refused.status_code == 404
    async with county.browser("board_reader") as reader:
        page = await reader.get(f"/calendar/{meeting_id}")
        assert "Staff only" in text(page)
        assert (await reader.get("/calendar/new")).status_code == 403


async def test_calendars_follow_what_is_public(browser: httpx.AsyncClient, county: County) -> None:
    meeting_id = await plan(browser)
    async with county.client() as anybody:
        whole, one = await anybody.get("/meetings.ics"), await anybody.get(f"/meetings/{meeting_id}.ics")
    for answer in (whole, one):
        assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
        assert answer.content.count(b"BEGIN:VEVENT\r\n") == 1
        assert f"UID:{meeting_id}@".encode() in answer.content


async def test_who_was_there_is_ticked_off_and_becomes_an_engagement(
    browser: httpx.AsyncClient, county: County
) -> None:
    meeting_id = await plan(browser)
    async with county.client() as anybody:
        for typed in (MARY, MARY | {"name": "Bea", "email": "bea@example.org"}):
            await anybody.post(f"/meetings/{meeting_id}", data=typed)
    page = await browser.get(f"/calendar/{meeting_id}")
    assert "Needs: An interpreter" in text(page)
    assert "Record it" not in text(page)
    async with county.browser("board_reader") as reader:
        assert "An interpreter" not in (await reader.get(f"/calendar/{meeting_id}")).text
    begin(county, meeting_id)
    page = await browser.get(f"/calendar/{meeting_id}")
    wrong = await fill(browser, page, "visitors", visitors=f"{'x' * 201}, dee@example.org", notes="Parking again.")
    assert (wrong.status_code, "Parking again." in wrong.text) == (422, True)
    typed_in = {"attended": ["1"], "visitors": "Dee, dee@example.org", "notes": "Parking again."}
    done = await fill(browser, page, "visitors", **typed_in)
    assert done.headers["location"] == f"/calendar/{meeting_id}?done=held"
    county.settle()
    page = await browser.get(done.headers["location"])
    engagement = re.search(r'href="(/engagements/eng_[^"]+)"', page.text)
    assert engagement
    shown = text(await browser.get(engagement[1]))
    assert "Mary Okafor" in shown
    assert "Dee" in shown
    assert "Bea" not in shown
    assert "Parking again." in shown


def begin(county: County, meeting_id: str) -> None:
    """It is now."""
    store = county.engagements.meetings
    kept, now = store._meetings[meeting_id], datetime.now(UTC)
    times = {"starts_at": now - timedelta(hours=2), "ends_at": now - timedelta(hours=1)}
    plan_now = kept.meeting.plan.model_copy(update=times)
    store._meetings[meeting_id] = replace(kept, meeting=kept.meeting.model_copy(update={"plan": plan_now}))
