"""Every route names its permission; keys open what their scopes say; posts come from our own pages."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from pymongo import MongoClient
from starlette.routing import Mount

from services.web.api.documents import permissions
from services.web.keys import SCOPES, KeyRing, create_key, list_keys, revoke_key
from shared.errors import Invalid, NotFound, Unavailable
from shared.mongo import connect
from shared.settings import Settings
from tests.web.conftest import ADDRESS, County

OPEN = {
    "/sign-in",
    "/sign-out",
    "/unsubscribe/{token}",
    "/archive",
    "/archive/{mailing_id}",
    "/subscribe",
    "/subscribe/{token}",
    "/answer/{survey_id}",
    "/ask",
    "/ask/thanks",
    "/story",
    "/story/thanks",
    "/meetings",
    "/meetings.ics",
    "/meetings/{meeting_id}",
    "/meetings/{meeting_id}.ics",
    "/places/{token}",
    "/consultations",
    "/consultations/{slug}",
    "/answer/{survey_id}/thanks",
    "/health",
    "/ready",
    "/metrics",
    "/api/v1/openapi.json",
    "/api/v1/asyncapi.json",
}
"""Routes that tell nothing about anybody."""
BY_LINK = ("/preferences/{token}", "/answer/p/{token}")
"""Routes whose address is the proof of who asks begin like this."""


def routes(app: FastAPI) -> Iterator[APIRoute]:
    for route in app.routes:
        if isinstance(route, Mount):
            assert route.path == "/assets"
        elif isinstance(route, APIRoute):
            yield route
        else:
            raise AssertionError(f"a route of an unknown kind: {route}")


def test_every_route_names_a_permission(county: County) -> None:
    found = {route.path: permissions(route) for route in routes(county.app)}
    assert len(found) > 20
    assert [path for path, needed in found.items() if needed is None] == []
    assert {path for path, needed in found.items() if needed == () and not path.startswith(BY_LINK)} == OPEN


def test_routes_of_the_api_name_scopes_of_keys_and_pages_name_permissions_of_staff(county: County) -> None:
    for route in routes(county.app):
        if route.path not in OPEN and not route.path.startswith(BY_LINK):
            are_scopes = set(permissions(route) or ()) <= set(SCOPES)
            assert route.path.startswith("/api/") <= are_scopes, route.path


@pytest.mark.anyio
@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", ""])
async def test_another_host_name_is_refused(county: County, host: str) -> None:
    async with county.client() as http:
        assert (await http.get("/", headers={"Host": host})).status_code == 400


@pytest.mark.anyio
async def test_every_answer_forbids_what_a_page_does_not_need(county: County) -> None:
    async with county.client() as http:
        headers = (await http.get("/")).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"


@pytest.mark.anyio
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_a_post_from_elsewhere_is_forbidden_even_with_a_token(
    county: County, browser: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    token = (await browser.get("/contacts/new")).text.partition('name="csrf_token" value="')[2].partition('"')[0]
    data = {"csrf_token": token, "name": "Mary", "kind": "person"}
    assert (await browser.post("/contacts/new", data=data, headers=headers)).status_code == 403
    assert (await browser.post("/contacts/new", data=data, headers={"Origin": ADDRESS})).status_code == 303


@pytest.mark.anyio
async def test_a_post_without_the_token_or_with_another_browsers_is_forbidden(county: County) -> None:
    async with county.client() as other, county.client() as browser:
        token = (await other.get("/contacts/new")).text.partition('name="csrf_token" value="')[2].partition('"')[0]
        await browser.get("/contacts/new")
        for sent in ("", token):
            data = {"csrf_token": sent, "name": "Mary", "kind": "person"}
            assert (await browser.post("/contacts/new", data=data)).status_code == 403


@pytest.mark.anyio
async def test_a_key_is_shown_once_found_and_refused_once_revoked(store: Settings) -> None:
    database = connect(store, "web")
    token, key = create_key(database, "St Agnes", ["events:write", "history:read"])
    found = await KeyRing(database).find(token)
    assert found is not None
    assert (found.partner, found.scopes) == ("St Agnes", ("events:write", "history:read"))
    assert token not in str(list(database["keys"].find({})))
    assert key.key_id in {each.key_id for each in list_keys(database)}
    assert revoke_key(database, key.key_id).revoked_at is not None
    assert await KeyRing(database).find(token) is None
    with pytest.raises(NotFound):
        revoke_key(database, "unknown")


@pytest.mark.anyio
async def test_a_key_is_made_listed_and_revoked_by_the_web_itself(store: Settings) -> None:
    ring = KeyRing(connect(store, "web"))
    token, key = await ring.create("St Bride", ["events:write"])
    found = await ring.find(token)
    assert found is not None
    assert (found.key_id, found.scopes) == (key.key_id, ("events:write",))
    assert key.key_id in {each.key_id for each in await ring.all()}
    await ring.revoke(key.key_id)
    assert await ring.find(token) is None


def test_a_key_needs_known_scopes_and_a_name(store: Settings) -> None:
    database = connect(store, "web")
    with pytest.raises(Invalid, match="everything"):
        create_key(database, "St Agnes", ["everything"])
    for name in ("", " ", "line\nbreak", "x" * 101):
        with pytest.raises(Invalid, match="letters"):
            create_key(database, name)


@pytest.mark.thorough
@pytest.mark.anyio
async def test_keys_cannot_be_checked_while_the_store_is_down() -> None:
    nobody: MongoClient[dict[str, Any]] = MongoClient("mongodb://127.0.0.1:1", serverSelectionTimeoutMS=50)
    with pytest.raises(Unavailable):
        await KeyRing(nobody["none"]).find("wh_any")


@pytest.mark.anyio
@pytest.mark.parametrize("path", ["/search", "/api/v1/history"])
async def test_an_error_of_ours_is_a_clean_answer_and_its_words_are_not_logged(
    county: County, capsys: pytest.CaptureFixture[str], path: str
) -> None:
    async def fail(*_: object) -> None:
        raise ValueError("what Mary said")

    county.web_bus.call = fail  # type: ignore[method-assign]
    county.app.state.backend.call = fail
    async with county.browser() as http:
        answer = await http.get(path, headers={"Authorization": f"Bearer {county.keys.give('Board')}"})
    assert answer.status_code == 500
    assert "the fault is ours" in answer.text.lower()
    output = capsys.readouterr()
    assert "ValueError" in output.out + output.err
    assert "Mary" not in output.out + output.err + answer.text
