"""Anybody asks and tells without sign-in, cookie or script; nothing that was typed is lost, nothing is taken twice."""

from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from services.web.allowance import Bucket, PerCaller
from services.web.pages import asking
from shared.contracts.case_lists import ListCases
from shared.contracts.cases import CaseOpened, GetHandled, Handled
from shared.contracts.events import WEBSITE, EngagementRecorded
from shared.contracts.history import SearchContacts, SearchHistory
from shared.errors import Invalid
from tests.web.conftest import County
from tests.web.test_pages import Fields, fill, text

pytestmark = pytest.mark.anyio
TYPED = {"title": "Why is the bus stop closed?", "body": "It was open.", "name": "Mary", "email": "mary@example.org"}


@pytest.fixture(autouse=True)
def limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "_limit", PerCaller(lambda: Bucket(30, seconds=600)))


async def send(http: httpx.AsyncClient, where: str = "/ask", **typed: Any) -> httpx.Response:
    return await fill(http, await http.get(where), **(TYPED | typed))


def receipt(answer: httpx.Response) -> str:
    assert answer.status_code == 303, text(answer)
    return str(httpx.QueryParams(urlsplit(answer.headers["location"]).query)["receipt"])


def recorded(county: County) -> list[Handled]:
    """Everything that was sent with the public forms."""
    county.settle()
    found = {each.data.engagement.engagement_id: None for each in county.bus.published if is_ours(each.data)}
    return [county.bus.call(GetHandled(engagement_id=each, sensitive=True)) for each in found]


def is_ours(event: object) -> bool:
    return isinstance(event, EngagementRecorded) and event.engagement.partner == WEBSITE


async def test_a_question_to_the_board_becomes_a_case_of_whoever_asked(county: County) -> None:
    async with county.client() as anybody:
        answer = await send(anybody)
        number = receipt(answer)
        thanks = await anybody.get(answer.headers["location"])
        assert number in text(thanks)
        assert "a question within 10" in text(thanks)
        assert anybody.cookies == httpx.Cookies()
    (found,) = recorded(county)
    said = found.engagement
    assert (said.kind, said.title, said.channel, said.sensitive) == ("question", TYPED["title"], "website", False)
    assert said.body == f"Put to: the board\n\nIt was open.\n\nReceipt: {number}"
    assert said.direction == "inbound"
    assert found.case is not None
    assert (found.case.state, found.case.owner) == ("open", "")
    (mary,) = county.bus.call(SearchContacts(q="Mary")).items
    assert mary.id in said.contact_ids()
    (line,) = county.bus.call(SearchHistory(q=f'"{number}"', source=("events",))).items
    assert line.sentence == "A question from Mary came through our website: Why is the bus stop closed?"


@pytest.mark.parametrize(
    ("typed", "kind", "begins", "sensitive"),
    [
        ({"about": "member", "whom": "Dr Amin"}, "question", "Put to: Dr Amin", False),
        ({"about": "meeting", "whom": "3 May"}, "question", "Put to: 3 May", False),
        ({"about": "pals"}, "enquiry", "It was open.", True),
        ({"about": "foi"}, "foi_request", "It was open.", False),
    ],
)
async def test_whom_one_asks_decides_what_it_is(
    county: County, typed: dict[str, str], kind: str, begins: str, sensitive: bool
) -> None:
    async with county.client() as anybody:
        receipt(await send(anybody, **typed))
    (found,) = recorded(county)
    assert (found.engagement.kind, found.engagement.sensitive) == (kind, sensitive)
    assert found.engagement.body.startswith(begins)
    assert found.case is not None


async def test_nobody_has_to_say_who_they_are(county: County) -> None:
    async with county.client() as anybody:
        answer = await send(anybody, name="", email="")
        receipt(answer)
        assert "nobody can answer you" in text(await anybody.get(answer.headers["location"]))
    (found,) = recorded(county)
    assert found.engagement.participants == ()
    assert found.case is not None


async def test_a_story_says_whether_it_may_be_published(county: County) -> None:
    async with county.client() as anybody:
        receipt(await send(anybody, "/story", may_publish="yes"))
        receipt(await send(anybody, "/story", title="Another"))
    allowed = {each.engagement.title: each.engagement.may_publish for each in recorded(county)}
    assert allowed == {TYPED["title"]: True, "Another": False}
    async with county.browser() as browser:
        key = next(each.engagement.engagement_id for each in recorded(county) if each.engagement.may_publish)
        assert "May be published Yes" in text(await browser.get(f"/engagements/{key}"))
        page = await browser.get(f"/engagements/{key}/correct")
        assert (await fill(browser, page, title="Corrected")).status_code == 303
    assert {each.engagement.title: each.engagement.may_publish for each in recorded(county)}["Corrected"] is True


async def test_sent_twice_is_once_and_another_text_is_another(county: County) -> None:
    async with county.client() as anybody:
        page = await anybody.get("/ask")
        sent = [await fill(anybody, page, **TYPED) for _ in range(3)]
        assert len({receipt(each) for each in sent}) == 1
        assert len(recorded(county)) == 1
        other = await fill(anybody, page, **(TYPED | {"body": "I forgot to say more."}))
        assert receipt(other) != receipt(sent[0])
    assert len(recorded(county)) == 2
    assert sum(isinstance(each.data, CaseOpened) for each in county.bus.published) == 2
    assert county.bus.call(ListCases(owner_id="")).counts["unowned"] == 2


@pytest.mark.parametrize(
    "email",
    ["o'brien+news@example.museum", '"mary okafor"@example.org', "mary@bücher.example", "δοκιμή@παράδειγμα.δοκιμή"],
)
async def test_every_address_that_the_standards_allow_is_taken(county: County, email: str) -> None:
    async with county.client() as anybody:
        receipt(await send(anybody, email=email))
    assert len(recorded(county)) == 1


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"title": ""}, "Write it in one line"),
        ({"email": "nobody"}, "is not an e-mail address"),
        ({"about": "member", "whom": ""}, "Name the member or the meeting"),
        ({"about": "everybody"}, "Choose whom you ask"),
        ({"body": "x" * 20_001}, "up to 20,000 characters"),
    ],
)
async def test_what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost(
    county: County, typed: dict[str, str], sentence: str
) -> None:
    async with county.client() as anybody:
        wrong = await send(anybody, **typed)
    assert wrong.status_code == 422
    assert sentence in text(wrong)
    kept = Fields(wrong.text, "title").values
    assert kept["name"] == ["Mary"]
    assert kept["body"] == [(TYPED | typed)["body"]]
    assert recorded(county) == []


async def test_while_the_broker_is_away_the_text_stays_in_the_page_and_is_sent_from_there_once(county: County) -> None:
    county.web_bus.down.add("broker")
    async with county.client() as anybody:
        for where in ("/ask", "/story"):
            failed = await send(anybody, where)
            assert (failed.status_code, failed.headers["retry-after"]) == (503, "5")
            assert "could not be sent just now" in text(failed)
            assert Fields(failed.text, "title").values["body"] == [TYPED["body"]]
            assert len(recorded(county)) == (where == "/story")
            county.web_bus.down.clear()
            receipt(await fill(anybody, failed))
            receipt(await fill(anybody, failed))
            county.web_bus.down.add("broker")
    assert [each.engagement.kind for each in recorded(county)] == ["question", "story"]


async def test_the_forms_are_there_whatever_service_is_away(county: County) -> None:
    county.web_bus.down |= {"broker", "contacts", "events", "history"}
    async with county.client() as anybody:
        for where in ("/ask", "/story", "/ask/thanks", "/story/thanks"):
            assert (await anybody.get(where)).status_code == 200


async def test_too_many_too_large_and_from_elsewhere_is_refused(county: County) -> None:
    async with county.client() as anybody:
        large = await anybody.post("/story", data=TYPED | {"body": "x" * 2_000_000})
        assert large.status_code == 413
        for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            assert (await anybody.post("/ask", data=TYPED, headers=headers)).status_code == 403
        page = await anybody.get("/ask")
        answers = [await fill(anybody, page, **(TYPED | {"title": f"Number {number}"})) for number in range(31)]
        assert [each.status_code for each in answers] == [303] * 30 + [429]
        assert "Number 30" in answers[-1].text


async def test_nothing_but_a_number_of_ours_is_shown_of_an_address(county: County) -> None:
    async with county.client() as anybody:
        page = await anybody.get("/ask/thanks?receipt=Ring+0900+123456&reply=yes")
        assert "0900" not in page.text
        page = await anybody.get("/ask/thanks?receipt=WH-AAAA-AAAA-AAAA-AAAA")
        assert "WH-AAAA-AAAA-AAAA-AAAA" in page.text


async def test_no_partner_can_be_called_as_our_forms_are(county: County) -> None:
    with pytest.raises(Invalid, match="public forms"):
        await county.keys.create("public website", ["events:write"])


async def test_what_no_text_may_hold_is_left_out(county: County) -> None:
    async with county.client() as anybody:
        receipt(await anybody.post("/ask", data=TYPED | {"about": "board", "title": "Why\0?", "request_id": "r" * 500}))
    (found,) = recorded(county)
    assert found.engagement.title == "Why?"
