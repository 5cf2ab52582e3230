"""The partner API answers every post with one clear status, a sentence and what to do."""

import asyncio
from pathlib import Path
from urllib.parse import quote

import orjson
import pytest

from services.web import allowance
from services.web.api import intake
from shared.contracts.events import MAX_REPORT_BYTES
from tests.builders import a_cloudevent, a_person
from tests.web.conftest import County, Partner

pytestmark = pytest.mark.anyio
STRUCTURED = "application/cloudevents+json"


def problem(response: object, status: int) -> dict[str, object]:
    """The problem details of an answer, which must have a title and a sentence."""
    assert response.status_code == status, response.text  # type: ignore[attr-defined]
    assert response.headers["content-type"] == "application/problem+json"  # type: ignore[attr-defined]
    content: dict[str, object] = response.json()  # type: ignore[attr-defined]
    assert content["status"] == status
    assert content["title"]
    assert str(content["detail"]).endswith(".")
    return content


async def test_an_event_is_accepted_with_the_bytes_it_came_in(county: County, partner: Partner) -> None:
    body = orjson.dumps(a_cloudevent(id="one"), option=orjson.OPT_INDENT_2)
    response = await partner.post(body)
    assert response.status_code == 202
    (accepted,) = response.json()["accepted"]
    assert accepted["id"] == "one"
    ((bodies, headers),) = county.web_bus.posted
    assert list(bodies) == [body]
    assert headers["partner"] == "St Agnes"
    assert headers["correlation_id"] == response.headers["x-correlation-id"]


async def test_the_status_url_says_accepted_before_and_recorded_after_the_event_was_seen(
    county: County, partner: Partner
) -> None:
    county.web_bus._deliver = False
    response = await partner.post(a_cloudevent(id="one"))
    url = response.json()["accepted"][0]["status_url"]
    assert (await partner.http.get(url)).json()["status"] == "accepted"
    county.settle()
    status = (await partner.http.get(url)).json()
    assert status["status"] == "recorded"
    assert status["engagement_id"]


@pytest.mark.parametrize("id", ["a/b", "//", "ä ?&#%", "with\nbreak", "x" * 300, "null\0"])
async def test_any_text_is_an_id_and_its_status_can_be_asked(county: County, partner: Partner, id: str) -> None:
    response = await partner.post(a_cloudevent(id=id))
    assert response.status_code == 202
    url = response.json()["accepted"][0]["status_url"]
    assert (await partner.http.get(url)).json()["status"] in ("recorded", "quarantined")


async def test_an_event_never_seen_is_not_found_and_may_be_asked_again(partner: Partner) -> None:
    response = await partner.get("/events/unseen")
    problem(response, 404)
    assert response.headers["retry-after"] == "1"


async def test_a_forged_receipt_proves_nothing(county: County, partner: Partner) -> None:
    county.web_bus._deliver = False
    url = (await partner.post(a_cloudevent(id="one"))).json()["accepted"][0]["status_url"]
    problem(await partner.http.get(url[:-3] + "abc"), 404)
    problem(await Partner(county, "Council").http.get(url), 404)


async def test_a_binary_event_is_published_in_its_structured_form(county: County, partner: Partner) -> None:
    event = a_cloudevent(id="one")
    headers = {f"ce-{name}": event[name] for name in ("specversion", "id", "type", "time")}
    response = await partner.post(
        event["data"], "application/json", **headers, **{"ce-source": quote("/straße", safe="/")}
    )
    assert response.status_code == 202
    ((bodies, _),) = county.web_bus.posted
    published = orjson.loads(bodies[0])
    assert published["source"] == "/straße"
    assert published["data"] == event["data"]
    assert (await partner.get("/events/one")).json()["status"] == "recorded"


async def test_a_batch_is_accepted_as_a_whole(county: County, partner: Partner) -> None:
    response = await partner.post_batch([a_cloudevent(id=str(number)) for number in range(1000)])
    assert response.status_code == 202
    assert [each["id"] for each in response.json()["accepted"]] == [str(number) for number in range(1000)]
    assert len(county.web_bus.posted[0][0]) == 1000


async def test_an_empty_batch_is_accepted(partner: Partner) -> None:
    assert (await partner.post_batch([])).json() == {"accepted": []}


async def test_a_batch_with_bad_members_names_each_and_takes_nothing(county: County, partner: Partner) -> None:
    no_id = a_cloudevent() | {"id": ""}
    late = a_cloudevent() | {"time": "2014-01-15T10:30:00"}
    content = problem(await partner.post_batch([a_cloudevent(), no_id, "text", late]), 422)
    assert [each["index"] for each in content["errors"]] == [1, 2, 3]  # type: ignore[attr-defined]
    assert county.web_bus.posted == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[" * 10_000 + b"]" * 10_000,
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        b'"text"',
        b"null",
        b"\xff\xfe",
        b'{"specversion": "1.0", "id": "\\ud800", "source": "/s", "type": "t"}',
        orjson.dumps({}),
        orjson.dumps(a_cloudevent() | {"specversion": "0.3"}),
        orjson.dumps(a_cloudevent() | {"id": 7}),
        orjson.dumps(a_cloudevent() | {"source": None}),
        orjson.dumps(a_cloudevent() | {"time": "yesterday"}),
        orjson.dumps({name: value for name, value in a_cloudevent().items() if name != "id"}),
        orjson.dumps([a_cloudevent()]),
    ],
)
async def test_what_is_not_a_cloudevent_is_refused(county: County, partner: Partner, body: bytes) -> None:
    problem(await partner.post(body), 400)
    assert county.web_bus.posted == []


async def test_a_batch_that_is_no_array_is_refused(partner: Partner) -> None:
    problem(await partner.post(a_cloudevent(), intake.BATCH_TYPE), 400)


@pytest.mark.parametrize(
    "content_type", ["application/json", "text/plain", "", "application/xml", f"{STRUCTURED}; charset=latin-1"]
)
async def test_another_content_type_is_refused_and_the_right_one_named(partner: Partner, content_type: str) -> None:
    problem(await partner.post(a_cloudevent(), content_type), 415)


async def test_a_compressed_body_is_refused(partner: Partner) -> None:
    problem(await partner.post(a_cloudevent(), STRUCTURED, **{"Content-Encoding": "gzip"}), 415)


async def test_binary_data_that_is_not_json_is_refused(partner: Partner) -> None:
    headers = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/s", "ce-type": "t"}
    problem(await partner.post(b"<xml/>", "application/xml", **headers), 415)


async def test_a_charset_of_utf_8_is_welcome(partner: Partner) -> None:
    assert (await partner.post(a_cloudevent(), f'{STRUCTURED}; charset="UTF-8"')).status_code == 202


async def test_five_megabytes_are_the_limit_whether_declared_or_streamed(partner: Partner) -> None:
    problem(await partner.post(b" " * (MAX_REPORT_BYTES + 1)), 413)
    read = 0

    async def stream() -> object:
        nonlocal read
        for _ in range(100):
            read += 1
            yield b" " * 1024 * 1024

    content = stream()
    response = await partner.http.post("/api/v1/events", content=content, headers={"Content-Type": STRUCTURED})
    problem(response, 413)
    assert read < 10


async def test_too_many_events_are_refused(county: County, partner: Partner) -> None:
    problem(await partner.post_batch([a_cloudevent()] * 1001), 413)
    assert county.web_bus.posted == []


async def test_without_a_valid_key_nothing_is_read(county: County) -> None:
    for token in ("", "wh_wrong"):
        async with county.client(token) as http:
            response = await http.post("/api/v1/events", content=b"{", headers={"Content-Type": STRUCTURED})
        problem(response, 401)
        assert response.headers["www-authenticate"].startswith("Bearer")


async def test_a_key_without_the_scope_is_forbidden(county: County) -> None:
    reader = Partner(county, "Reader", "history:read")
    assert "events:write" in str(problem(await reader.post(a_cloudevent()), 403)["detail"])


async def test_more_than_the_limit_is_told_when_to_come_again(tmp_path: Path) -> None:
    county = County(tmp_path, partner_requests_per_second=2, partner_events_per_second=2)
    partner, other = Partner(county, "Busy"), Partner(county, "Other")
    answers = [await partner.post(a_cloudevent()) for _ in range(3)]
    assert [each.status_code for each in answers] == [202, 202, 429]
    problem(answers[2], 429)
    assert int(answers[2].headers["retry-after"]) >= 1
    assert (await other.post(a_cloudevent())).status_code == 202


async def test_events_are_limited_beside_requests(tmp_path: Path) -> None:
    partner = Partner(County(tmp_path, partner_events_per_second=10), "Busy")
    assert (await partner.post_batch([a_cloudevent()] * 10)).status_code == 202
    problem(await partner.post_batch([a_cloudevent()] * 10), 429)


async def test_a_partner_holds_a_bounded_number_of_batches_in_flight(partner: Partner) -> None:
    limits = partner_allowance()
    gate, held = asyncio.Event(), []

    async def hold() -> None:
        async with limits.batch("Busy"):
            held.append(1)
            await gate.wait()

    waiting = [asyncio.create_task(hold()) for _ in range(allowance.BATCHES_HELD)]
    await asyncio.sleep(0)
    with pytest.raises(allowance.TooMany):
        async with limits.batch("Busy"):
            pass
    assert len(held) == allowance.BATCHES_AT_ONCE
    gate.set()
    await asyncio.gather(*waiting)
    async with limits.batch("Busy"):
        pass


def partner_allowance() -> allowance.Allowance:
    return allowance.Allowance(1000, 1000)


@pytest.mark.parametrize("down", ["broker", "store"])
async def test_while_a_part_is_down_nothing_is_taken_and_the_partner_may_come_again(
    county: County, partner: Partner, down: str
) -> None:
    county.web_bus.down.add(down)
    county.keys.is_down = down == "store"
    response = await partner.post(a_cloudevent())
    problem(response, 503)
    assert int(response.headers["retry-after"]) >= 1
    assert county.web_bus.posted == []


@pytest.mark.parametrize(
    "fault",
    [
        {"type": "uk.example.unknown"},
        {"kind": "gossip"},
        {"occurred_at": "0001-01-01T00:00:00Z"},
        {"occurred_at": "9999-12-31T00:00:00Z"},
        {"occurred_at": "2014-01-15T10:30:00"},
        {"body": "NUL \0"},
        {"body": "x" * 100_001},
    ],
)
async def test_what_an_event_says_is_judged_later_and_the_partner_sees_the_reason(
    county: County, partner: Partner, fault: dict[str, str]
) -> None:
    assert (await partner.post(a_cloudevent(id="one", **fault))).status_code == 202
    status = (await partner.get("/events/one")).json()
    assert status["status"] == "quarantined"
    assert status["reason"]


@pytest.mark.parametrize(
    "event",
    [
        {"body": "x" * 100_000},
        {"body": "\u202eright to left\u202c"},
        {"people": [a_person(email='"very.unusual.@.unusual.com"@example.com'), a_person(email="a@example.museum")]},
        {"people": [a_person(f"Person {number}", email=f"p{number}@example.org") for number in range(200)]},
    ],
)
async def test_what_keeps_the_rules_to_their_edge_is_recorded(
    county: County, partner: Partner, event: dict[str, object]
) -> None:
    await partner.post(a_cloudevent(id="one", **event))  # type: ignore[arg-type]
    assert (await partner.get("/events/one")).json()["status"] == "recorded"


async def test_the_same_id_with_another_body_is_accepted_and_counted_as_a_conflict(partner: Partner) -> None:
    for title in ("First", "Second"):
        assert (await partner.post(a_cloudevent(id="one", title=title))).status_code == 202
    status = (await partner.get("/events/one")).json()
    assert (status["status"], status["conflicts"]) == ("recorded", 1)


async def test_a_partner_sees_the_status_of_its_own_events_only(county: County, partner: Partner) -> None:
    await partner.post(a_cloudevent(id="one"))
    problem(await Partner(county, "Council").get("/events/one"), 404)
