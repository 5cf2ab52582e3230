"""Staff sign in, see what their roles allow, lose nothing when a session ends, and leave a line in the audit."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute
from hypothesis import given
from hypothesis import strategies as st
from pymongo.errors import AutoReconnect

from services.web.api.documents import permissions
from services.web.keys import SCOPES
from services.web.pages.signin import local_address
from services.web.signin.domain import FREE_FAILURES, LONGEST_PAUSE, Failures, Session, open_account
from services.web.signin.passwords import check_password, hash_password
from services.web.signin.policy import ROLES, permissions_of
from shared.contracts.events import RecordEngagement
from shared.contracts.notifications import DraftMailing
from shared.errors import Invalid
from tests.builders import a_mailing_draft, a_report
from tests.web.conftest import County
from tests.web.test_access import BY_LINK, OPEN, routes
from tests.web.test_pages import Fields, fill, text

pytestmark = pytest.mark.anyio
PASSWORD = "correct horse battery staple"
EMAIL = "priya.shah@example.org"


@pytest.fixture(scope="module")
def hashed() -> str:
    return hash_password(PASSWORD)


@pytest.fixture
def priya(county: County, hashed: str) -> str:
    """An account for Priya, who logs engagements; its id."""
    account = open_account(EMAIL, "Priya Shah", ("engagement_officer",), hashed, datetime.now(UTC))
    county.people.insert_account(account.next(must_change=False))
    return account.account_id


async def sign_in(http: httpx.AsyncClient, page: httpx.Response | None = None, **typed: Any) -> httpx.Response:
    page = page or await http.get("/sign-in")
    return await fill(http, page, "password", **({"email": EMAIL, "password": PASSWORD} | typed))


def acts(county: County) -> list[str]:
    now = datetime.now(UTC)
    return [act.what for act in county.people.acts(now - timedelta(hours=1), now + timedelta(minutes=1))]


async def test_whoever_is_not_signed_in_is_led_to_the_page_for_it_and_back(county: County, priya: str) -> None:
    async with county.client() as http:
        led = await http.get("/search?q=parking")
        assert (led.status_code, led.headers["location"]) == (303, "/sign-in?next=/search%3Fq%3Dparking")
        answer = await sign_in(http, await http.get(led.headers["location"]), email="Priya.Shah@Example.ORG")
        assert (answer.status_code, answer.headers["location"]) == (303, "/search?q=parking")
        assert "HttpOnly" in str(answer.headers.get_list("set-cookie"))
        page = await http.get("/search?q=parking")
    assert page.status_code == 200
    assert "Priya Shah" in text(page)
    assert "signed in" in acts(county)


@pytest.mark.parametrize("typed", [{"password": "wrong"}, {"email": "nobody@example.org"}, {"email": "no address"}])
async def test_a_wrong_password_and_an_unknown_address_are_answered_alike(
    county: County, priya: str, typed: dict[str, str]
) -> None:
    async with county.client() as http:
        answer = await sign_in(http, **typed)
    assert answer.status_code == 422
    assert "The e-mail address or the password is not right" in text(answer)
    assert acts(county) == ["failed to sign in"]


async def test_after_too_many_wrong_passwords_even_the_right_one_has_to_wait(county: County, priya: str) -> None:
    async with county.client() as http:
        for _ in range(FREE_FAILURES):
            assert (await sign_in(http, password="wrong")).status_code == 422
        answer = await sign_in(http)
    assert answer.status_code == 429
    assert "Wait" in text(answer)


async def test_a_session_that_ends_in_the_middle_of_a_form_loses_nothing(county: County, priya: str) -> None:
    async with county.client() as http:
        await sign_in(http)
        form = await http.get("/engagements/new")
        county.people.end_sessions(priya)
        county.app.state.desk._seen.clear()
        kept = await fill(http, form, title="Rang about parking", kind="call", body="Line one\nLine <two>")
        assert kept.status_code == 401
        assert "What you typed is kept" in text(kept)
        again = await sign_in(http, kept)
        assert again.status_code == 200
        sent = Fields(again.text, "title")
        logged = await http.post(sent.action, data=sent.values)
        assert logged.status_code == 303, text(logged)
        county.settle()
        assert "Line &lt;two&gt;" in (await http.get(logged.headers["location"])).text


async def test_signing_in_gives_the_browser_another_session_and_other_tokens(county: County, priya: str) -> None:
    async with county.client() as http:
        http.cookies.set("wellheard_session", "chosen-by-somebody-else")
        page = await http.get("/sign-in")
        given_now = (await sign_in(http, page)).cookies["wellheard_session"]
        assert given_now != "chosen-by-somebody-else"
        stale = Fields(page.text, "password").values["csrf_token"]
        assert (await http.post("/sign-out", data={"csrf_token": stale})).status_code == 403


async def test_signing_out_ends_the_session_on_the_server_too(county: County, priya: str) -> None:
    async with county.client() as http:
        await sign_in(http)
        token = http.cookies["wellheard_session"]
        account = await http.get("/account")
        assert (await fill(http, account, "csrf_token")).status_code in (303, 422)
        sent = Fields((await http.get("/account")).text, "csrf_token").values["csrf_token"]
        assert (await http.post("/sign-out", data={"csrf_token": sent})).headers["location"] == "/sign-in"
    async with county.client() as other:
        other.cookies.set("wellheard_session", token)
        assert (await other.get("/search")).status_code == 303


async def test_a_temporary_password_opens_nothing_but_the_page_where_it_is_changed(county: County) -> None:
    async with county.browser("administrator") as admin, county.client() as http:
        page = await admin.get("/accounts/new")
        opened = await fill(admin, page, "email", email="new@example.org", name="New Person", roles=["board_reader"])
        password = opened.text.partition('<p class="wh-code">')[2].partition("</p>")[0]
        answer = await sign_in(http, email="new@example.org", password=password)
        assert answer.headers["location"] == "/account"
        assert (await http.get("/search")).headers["location"] == "/account"
        account = await http.get("/account")
        weak = await fill(http, account, "old", old=password, new="password1234", again="password1234")
        assert "could be guessed" in text(weak)
        changed = await fill(http, account, "old", old=password, new=PASSWORD, again=PASSWORD)
        assert changed.status_code == 303, text(changed)
        county.app.state.desk._seen.clear()
        assert (await http.get("/search")).status_code == 200


async def test_closing_an_account_ends_its_sessions_and_the_last_administrator_stays(
    county: County, priya: str
) -> None:
    async with county.browser("administrator") as admin, county.client() as http:
        await sign_in(http)
        page = await admin.get(f"/accounts/{priya}")
        form = Fields(page.text, "name").values
        del form["is_active"]
        assert (await admin.post(f"/accounts/{priya}", data=form)).status_code == 303
        assert (await http.get("/search")).status_code == 303
        own = next(each for each in county.people.accounts() if "administrator" in each.roles)
        page = await admin.get(f"/accounts/{own.account_id}")
        form = Fields(page.text, "name").values
        del form["is_active"]
        assert "Somebody must be able" in text(await admin.post(f"/accounts/{own.account_id}", data=form))
        audit = await admin.get("/audit")
    assert "POST /accounts/{account_id}" in text(audit)


@pytest.mark.thorough
@pytest.mark.parametrize("role", [None, *ROLES])
async def test_every_route_opens_for_the_roles_that_have_its_permission_and_no_others(
    county: County, role: str | None
) -> None:
    http = county.browser(role) if role else county.client()
    allowed = permissions_of([role]) | {"account:own"} if role else frozenset()
    async with http:
        for route in routes(county.app):
            needed = set(permissions(route) or ())
            if (
                route.path in OPEN
                or route.path.startswith(BY_LINK)
                or (needed <= set(SCOPES) and route.path.startswith("/api/"))
            ):
                continue
            for method in sorted(route.methods):
                status = await _knock(http, route, method)
                if role is None:
                    assert status in (303, 401, 403), route.path
                elif needed & allowed:
                    assert status not in (401, 403) or method == "POST", (route.path, status)
                else:
                    assert status == 403, (route.path, method, status)


async def _knock(http: httpx.AsyncClient, route: APIRoute, method: str) -> int:
    path = route.path
    for name in route.param_convertors:
        path = path.replace(f"{{{name}}}", "unknown")
    page = await http.get("/account")
    token = page.text.partition('name="csrf_token" value="')[2].partition('"')[0]
    data = {"csrf_token": token} if method == "POST" else None
    return (await http.request(method, path, data=data)).status_code


async def test_restricted_entries_are_found_and_opened_by_their_staff_only(county: County) -> None:
    question = RecordEngagement(request_id="one", reported=a_report(title="A restricted complaint", sensitive=True))
    engagement = county.bus.call(question)
    county.settle()
    path = f"/engagements/{engagement.engagement_id}"
    async with county.browser("patient_experience") as pals, county.browser("engagement_officer") as officer:
        assert "A restricted complaint" in text(await pals.get("/search?q=restricted"))
        assert (await pals.get(path)).status_code == 200
        found = text(await officer.get("/search?q=restricted"))
        assert "A restricted complaint" not in found
        assert (await officer.get(path)).status_code == 404
        assert (await officer.get(f"{path}/correct")).status_code == 404


async def test_navigation_shows_what_one_may_use(county: County) -> None:
    async with county.browser("board_reader") as board, county.browser("administrator") as admin:
        seen, all_of_it = (await board.get("/")).text, (await admin.get("/")).text
    assert "/engagements/new" not in seen
    assert "/accounts" not in seen
    assert 'href="/accounts"' in all_of_it


async def test_nobody_is_offered_what_their_role_does_not_include(county: County) -> None:
    draft = county.bus.call(DraftMailing(request_id="one", draft=a_mailing_draft()))
    address = f"/mailings/{draft.mailing_id}"
    async with county.browser("engagement_officer") as officer, county.browser("communications_officer") as writer:
        seen, offered = (await officer.get(address)).text, (await writer.get(address)).text
        assert "Add to the list" not in (await officer.get("/suppressions")).text
        assert "Send the test" not in (await officer.get(f"{address}/preview")).text
    for way in (f"{address}/send", f"{address}/edit", f"{address}/steps/cancel"):
        assert way in offered
        assert way not in seen


async def test_a_key_with_the_scope_reads_the_status_and_no_page(county: County) -> None:
    key = {"Authorization": f"Bearer {county.keys.give('Monitor', 'system:read', 'history:read')}"}
    async with county.client() as http:
        assert (await http.get("/status.json", headers=key)).status_code == 200
        assert (await http.get("/search", headers=key)).status_code == 303


async def test_whoever_is_signed_in_goes_on_searching_while_the_store_is_away(county: County, priya: str) -> None:
    def fail(_: str) -> None:
        raise AutoReconnect("the store is away")

    async with county.client() as http:
        await sign_in(http)
        assert (await http.get("/search")).status_code == 200
        county.people.find_session = fail  # type: ignore[method-assign,assignment]
        desk = county.app.state.desk
        desk._seen = {key: (at - 10, each) for key, (at, each) in desk._seen.items()}
        assert (await http.get("/search")).status_code == 200
    async with county.client() as other:
        other.cookies.set("wellheard_session", "of-somebody-else")
        assert (await other.get("/search")).status_code == 503


@pytest.mark.parametrize("where", ["//evil.example", "https://evil.example", "/\\evil.example", "", "\n/x", "/a\nb"])
def test_nobody_is_led_elsewhere_by_our_sign_in(where: str) -> None:
    assert local_address(where) == "/"


@given(st.integers(0, 100), st.integers(0, 100_000))
def test_the_wait_grows_with_failures_and_has_an_end(count: int, seconds: int) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    later = at + timedelta(seconds=seconds)
    wait, longer = Failures(count, at).wait(later), Failures(count + 1, at).wait(later)
    assert timedelta() <= wait <= longer <= LONGEST_PAUSE


def test_a_session_ends_when_it_is_old_or_idle() -> None:
    at = datetime(2026, 1, 1, 9, tzinfo=UTC)

    def session(seen: timedelta) -> Session:
        return Session(digest="d", account_id="a", started_at=at, seen_at=at + seen)

    assert not session(timedelta()).is_over(at + timedelta(hours=1))
    assert session(timedelta()).is_over(at + timedelta(hours=2))
    assert session(timedelta(hours=11, minutes=59)).is_over(at + timedelta(hours=12))


@pytest.mark.parametrize("password", ["short", "password1234", "priya.shah.2026", "wellheardwellheard", "x" * 129])
def test_a_password_that_can_be_guessed_is_refused(password: str) -> None:
    with pytest.raises(Invalid):
        check_password(password, EMAIL, "Priya Shah")
    check_password(PASSWORD, EMAIL)
