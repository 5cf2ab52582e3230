"""Keys on the page: made and shown once, revoked after a second look, and both written down."""

import re

import pytest

from services.web.keys import SCOPES
from services.web.words import SCOPES as SAID
from tests.web.conftest import County
from tests.web.test_mailings import token_on
from tests.web.test_pages import fill, text

pytestmark = pytest.mark.anyio


def test_every_scope_has_words() -> None:
    assert set(SAID) == set(SCOPES)


async def test_a_key_is_shown_once_and_opens_what_its_scopes_say(county: County) -> None:
    async with county.browser("administrator") as admin:
        assert "No partner has a key yet" in text(await admin.get("/keys"))
        scopes = ["events:write", "history:read"]
        made = await fill(admin, await admin.get("/keys/new"), "partner", partner="St Agnes", scopes=scopes)
        assert made.status_code == 200
        found = re.search(r"wh_[\w-]+", made.text)
        assert found
        listed = (await admin.get("/keys")).text
        assert "St Agnes" in listed
        assert found[0] not in listed
        audit = (await admin.get("/audit")).text
        assert "of St Agnes created: events:write history:read" in audit
        assert found[0] not in audit
    async with county.client(found[0]) as partner:
        assert (await partner.get("/api/v1/history")).status_code == 200
        assert (await partner.get("/api/v1/contacts")).status_code == 403


async def test_a_key_is_revoked_after_a_second_look_and_refused_from_then_on(county: County) -> None:
    token, key = await county.keys.create("St Agnes", ["history:read"])
    async with county.browser("administrator") as admin, county.client(token) as partner:
        confirm = await admin.get(f"/keys/{key.key_id}/revoke")
        assert "This cannot be undone" in text(confirm)
        assert (await partner.get("/api/v1/history")).status_code == 200
        sent = await admin.post(f"/keys/{key.key_id}/revoke", data={"csrf_token": token_on(confirm)})
        assert "The key is revoked" in text(await admin.get(sent.headers["location"]))
        assert (await partner.get("/api/v1/history")).status_code == 401
        assert f"key {key.key_id} of St Agnes revoked" in (await admin.get("/audit")).text
        assert "was revoked on" in text(await admin.get(f"/keys/{key.key_id}/revoke"))
        assert (await admin.get("/keys/nowhere/revoke")).status_code == 404


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"partner": "", "scopes": ["events:write"]}, "begins with a letter or digit"),
        ({"partner": "St Agnes", "scopes": ["everything"]}, "There is no scope everything"),
        ({"partner": "St Agnes", "scopes": []}, "Choose what the key may do"),
    ],
)
async def test_what_is_wrong_stands_beside_its_field(county: County, typed: dict[str, object], sentence: str) -> None:
    async with county.browser("administrator") as admin:
        answer = await fill(admin, await admin.get("/keys/new"), "partner", **typed)
    assert answer.status_code == 422
    assert sentence in text(answer)


@pytest.mark.parametrize("role", ["engagement_officer", "communications_officer", "patient_experience", "board_reader"])
async def test_keys_are_for_administrators(county: County, role: str) -> None:
    async with county.browser(role) as other:
        assert (await other.get("/keys")).status_code == 403
        assert "/keys" not in (await other.get("/")).text
