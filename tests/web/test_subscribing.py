"""Subscribing on the public page: two steps, one answer for everybody, and nothing that a program could trigger."""

import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from services.web.allowance import Bucket, PerCaller
from services.web.pages import subscribing
from shared import signed_links
from shared.contracts.consent import ConsentChanged
from shared.contracts.contacts import ContactRegistered, RegisterContact
from shared.contracts.subscriptions import Suppress
from tests.builders import a_new_contact
from tests.notifications.sink import Sink
from tests.web.conftest import SECRET, County
from tests.web.test_pages import text

pytestmark = pytest.mark.anyio
TYPED = {"address": "mary@example.org", "name": "Mary Okafor", "purposes": ["newsletter"]}


@pytest.fixture(autouse=True)
def limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscribing, "_limit", PerCaller(lambda: Bucket(20, seconds=600)))


def link_in(sink: Sink) -> str:
    found = re.search(r"/subscribe/[\w.=\r\n-]+>", sink.got[-1][1])
    assert found
    return re.sub(r"=\r?\n|>", "", found[0])


def published(county: County, kind: type) -> list[object]:
    county.settle()
    return [each.data for each in county.bus.published if isinstance(each.data, kind)]


async def test_who_asks_confirms_by_the_link_and_chooses_afterwards(county: County, sink: Sink) -> None:
    async with county.client() as stranger:
        assert "Hear from us by e-mail" in text(await stranger.get("/subscribe"))
        asked = await stranger.post("/subscribe", data=TYPED)
        assert (asked.status_code, asked.headers["location"]) == (303, "/subscribe?done=asked")
        assert "Look into your mailbox" in text(await stranger.get(asked.headers["location"]))
        county.sender.run_until_idle()
        ((to, content),) = sink.got
        assert to == "mary@example.org"
        assert "List-Unsubscribe" not in content
        assert "Okafor" not in content
        link = link_in(sink)
        for _ in range(2):
            assert "One step more" in text(await stranger.get(link))
            assert (await stranger.head(link)).status_code in (200, 405)
        assert published(county, ContactRegistered) == []
        done = await stranger.post(link)
        assert "You are subscribed" in text(done)
        preferences = re.search(r'href="(/preferences/[^"]+)"', done.text)
        assert preferences
        assert "Mary Okafor" in text(await stranger.get(preferences[1]))
        assert "You have confirmed this" in text(await stranger.get(link))
        assert "You are subscribed" in text(await stranger.post(link))
    (consent,) = published(county, ConsentChanged)
    assert isinstance(consent, ConsentChanged)
    said = consent.consent
    assert (said.purpose, said.channel, said.given, said.method) == ("newsletter", "email", True, "double_opt_in")
    assert said.wording == subscribing.WORDING.format(chosen="newsletter")


async def test_nobody_learns_who_is_known(county: County, sink: Sink) -> None:
    county.bus.call(RegisterContact(request_id="mary", contact=a_new_contact(email=("mary@example.org",))))
    county.bus.call(Suppress(address="gone@example.org", reason="asked by phone"))
    answers = []
    async with county.client() as stranger:
        for address in ("mary@example.org", "nobody@example.org", "gone@example.org"):
            answer = await stranger.post("/subscribe", data=TYPED | {"address": address})
            answers.append((answer.status_code, answer.headers["location"], answer.text))
    assert len(set(answers)) == 1
    county.sender.run_until_idle()
    assert sorted(to for to, _ in sink.got) == ["mary@example.org", "nobody@example.org"]


async def test_a_mailbox_is_not_filled_by_asking_again_and_again(county: County, sink: Sink) -> None:
    async with county.client() as stranger:
        for _ in range(5):
            assert (await stranger.post("/subscribe", data=TYPED)).status_code == 303
    county.sender.run_until_idle()
    assert len(sink.got) == 3


async def test_who_asks_too_much_has_to_wait(county: County) -> None:
    async with county.client() as stranger:
        answers = [await stranger.post("/subscribe", data=TYPED) for _ in range(21)]
    assert answers[19].status_code == 303
    assert answers[20].status_code == 429
    assert 0 < int(answers[20].headers["retry-after"]) <= 30


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"address": ""}, "Enter your e-mail address"),
        ({"address": "nobody"}, "is not an e-mail address"),
        ({"purposes": []}, "Choose what you want to get"),
        ({"purposes": ["everything"]}, "Choose what you want to get"),
    ],
)
async def test_what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost(
    county: County, typed: dict[str, object], sentence: str
) -> None:
    async with county.client() as stranger:
        answer = await stranger.post("/subscribe", data=TYPED | typed)
    assert answer.status_code == 422
    assert sentence in text(answer)
    assert "Mary Okafor" in answer.text


async def test_a_form_of_far_more_fields_than_the_page_has_is_refused(county: County) -> None:
    async with county.client() as stranger:
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = await stranger.post("/subscribe", content="&".join(["purposes=newsletter"] * 51), headers=kind)
    assert (answer.status_code, "50 fields" in answer.text) == (400, True)


async def test_another_site_makes_nobody_ask(county: County, sink: Sink) -> None:
    async with county.client() as stranger:
        for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            assert (await stranger.post("/subscribe", data=TYPED, headers=headers)).status_code == 403
    county.sender.run_until_idle()
    assert sink.got == []


async def test_a_link_that_is_forged_ended_or_of_another_use_opens_nothing(county: County) -> None:
    later, now = datetime.now(UTC) + timedelta(days=3), datetime.now(UTC)
    key = "k" * 32
    tokens = [
        signed_links.sign("another secret", "subscribe", key, later),
        signed_links.sign(SECRET, "preferences", key, later),
        signed_links.sign(SECRET, "subscribe", key, now - timedelta(days=2)),
        signed_links.sign(SECRET, "subscribe", key, later),
        "x",
    ]
    async with county.client() as stranger:
        answers = [await how(f"/subscribe/{each}") for each in tokens for how in (stranger.get, stranger.post)]
    assert {each.status_code for each in answers} == {404}
    assert all(subscribing.GONE in text(each) for each in answers)


async def test_nothing_of_a_link_travels_to_another_site(county: County) -> None:
    async with county.client() as stranger:
        assert (await stranger.get("/subscribe/x")).headers["referrer-policy"] == "no-referrer"


async def test_while_a_service_is_away_nothing_typed_is_lost(county: County) -> None:
    county.web_bus.down.add("notifications")
    async with county.client() as stranger:
        answer: httpx.Response = await stranger.post("/subscribe", data=TYPED)
    assert answer.status_code == 503
    assert "mary@example.org" in answer.text
