"""Partners read back what they may see, and no more."""

import pytest

from services.web.api.history import Entries
from tests.builders import a_cloudevent, a_person
from tests.web.conftest import County, Partner
from tests.web.test_partner_api import problem

pytestmark = pytest.mark.anyio


@pytest.fixture
async def told(county: County, partner: Partner) -> County:
    """Two partners have spoken of Mary, one of them in confidence."""
    mary = a_person("Mary Okafor", email="mary@example.org")
    council = Partner(county, "Council")
    await partner.post(a_cloudevent(id="1", title="Parking charges", body="The parking is dear.", people=[mary]))
    await partner.post(a_cloudevent(id="2", title="A complaint", kind="complaint", sensitive=True, people=[mary]))
    await council.post(a_cloudevent(id="3", title="Bus to the clinic", topics=["transport"], people=[mary]))
    await council.post(a_cloudevent(id="4", title="Bins", people=[a_person("Bea", email="bea@example.org")]))
    county.settle()
    return county


async def titles(partner: Partner, **params: object) -> set[str]:
    page = (await partner.get("/history", kind="conversation", **params)).json()
    assert page["total"] == len(page["items"])
    return {each["title"] for each in page["items"]}


async def test_history_read_shows_what_that_partner_reported(told: County) -> None:
    assert await titles(Partner(told, "St Agnes", "history:read")) == {"Parking charges"}


async def test_history_all_shows_everything_that_is_not_sensitive(told: County) -> None:
    reader = Partner(told, "Board", "history:all")
    assert await titles(reader) == {"Parking charges", "Bus to the clinic", "Bins"}
    page = (await reader.get("/history")).json()
    assert "A complaint" not in str(page)
    assert {"kind", "topic"} <= page["facets"].keys()


async def test_an_entry_has_the_fields_that_were_promised(told: County) -> None:
    page = (await Partner(told, "Board", "history:all").get("/history", q="parking")).json()
    assert Entries.model_validate(page).model_dump(mode="json") == page
    (item,) = page["items"]
    assert list(item) == [
        "id", "occurred_at", "recorded_at", "source", "kind", "channel", "title", "snippet", "contacts", "partner",
        "topics", "locality", "links",
    ]  # fmt: skip
    assert item["occurred_at"] == "2014-01-15T10:30:00Z"
    assert item["contacts"][0]["name"] == "Mary Okafor"
    assert "<mark>" in item["snippet"]


async def test_the_cursor_leads_through_all_entries(told: County) -> None:
    reader = Partner(told, "Board", "history:all")
    seen, cursor = [], None
    while True:
        params = {"cursor": cursor} if cursor else {}
        page = (await reader.get("/history", limit=1, sort="oldest", kind="conversation", **params)).json()
        seen += [each["title"] for each in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert sorted(seen) == ["Bins", "Bus to the clinic", "Parking charges"]


@pytest.mark.parametrize("q", ['"', "AND (", "*", "a:b", "\\", "\0", "🙂", "ل"])
async def test_no_query_is_an_error(told: County, q: str) -> None:
    assert (await Partner(told, "Board", "history:all").get("/history", q=q)).status_code == 200


@pytest.mark.parametrize(
    "params",
    [
        {"q": "x" * 501},
        {"limit": 0},
        {"limit": 101},
        {"sort": "sideways"},
        {"from": "yesterday"},
        {"cursor": "nonsense"},
        {"kinds": "meeting"},
    ],
)
async def test_what_cannot_be_read_is_named(told: County, params: dict[str, object]) -> None:
    problem(await Partner(told, "Board", "history:all").get("/history", **params), 400)


async def test_both_days_are_included(told: County) -> None:
    reader = Partner(told, "Board", "history:all")
    assert len(await titles(reader, **{"from": "2014-01-15", "to": "2014-01-15"})) == 3
    assert await titles(reader, **{"from": "2014-01-16"}) == set()


async def test_contacts_are_found_by_name_and_shown_with_their_timeline(told: County) -> None:
    reader = Partner(told, "Board", "contacts:all")
    (found,) = (await reader.get("/contacts", q="oka")).json()["items"]
    contact = (await reader.get(f"/contacts/{found['id']}")).json()
    assert contact["identifiers"] == [{"scheme": "email", "value": "mary@example.org"}]
    timeline = (await reader.get(f"/contacts/{found['id']}/timeline")).json()
    assert {"Parking charges", "Bus to the clinic"} <= {each["title"] for each in timeline["items"]}
    assert "A complaint" not in str(timeline)


async def test_contacts_read_shows_contacts_that_partner_reported_and_no_address(told: County) -> None:
    reader = Partner(told, "St Agnes", "contacts:read")
    everyone = Partner(told, "Board", "contacts:all")
    assert [each["name"] for each in (await reader.get("/contacts")).json()["items"]] == ["Mary Okafor"]
    for contact in (await everyone.get("/contacts")).json()["items"]:
        status = 200 if contact["name"] == "Mary Okafor" else 404
        assert (await reader.get(f"/contacts/{contact['id']}")).status_code == status
        timeline = await reader.get(f"/contacts/{contact['id']}/timeline")
        assert timeline.status_code == status
        assert "Bus" not in timeline.text
        assert "@" not in (await reader.get(f"/contacts/{contact['id']}")).text


async def test_scopes_of_history_do_not_open_contacts(told: County) -> None:
    problem(await Partner(told, "Board", "history:all").get("/contacts"), 403)
    problem(await Partner(told, "Board", "contacts:all").get("/history"), 403)
