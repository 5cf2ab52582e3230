"""What an attacker tries on the pages, each tried on every page or form there is.

Sessions, throttling and the way back after signing in: test_signin.py. Keys: test_access.py, test_partner_api.py.
"""

import re
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest

from services.notifications.tokens import Place, Tokens
from services.web.allowance import Bucket, PerCaller
from services.web.pages import answering, asking, meetings, preferences, subscribing
from services.web.signin import desk, passwords
from shared.contracts.consent import ConsentChanged
from shared.contracts.events import ListQuarantine
from tests.builders import a_cloudevent, a_person
from tests.web.conftest import SECRET, County, Partner
from tests.web.furnished import furnish, open_pages, page_routes
from tests.web.test_pages import Fields, fill

pytestmark = pytest.mark.anyio
MARKUP = "\"'><img src=x onerror=alert(1)><script>alert(2)</script><a href=javascript:alert(3)>{{7*7}}"
PROOF_IN_ADDRESS = ("/preferences/", "/unsubscribe/", "/subscribe/", "/answer/p/", "/places/")
"""Posts that need no sign-in and no form token: whoever has the link may do it (RFC 8058)."""
OPEN_TO_ALL = ("/subscribe", "/answer/{survey_id}", "/ask", "/story", "/meetings/{meeting_id}")
"""Nobody is signed in there: that the browser names no other site is enough."""
OWN_SCRIPTS = re.compile(r"/assets/[\w./-]+")
OWN_PHOTOGRAPHS = re.compile(r"/engagements/eng_\w+/photographs/pho_\w+")


@pytest.fixture(autouse=True)
def unlimited(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (answering, asking, meetings, preferences, subscribing):
        monkeypatch.setattr(module, "_limit", PerCaller(lambda: Bucket(1000)))


class Dangers(HTMLParser):
    """What of a page could run, or lead somewhere that we did not mean."""

    def __init__(self, page: httpx.Response) -> None:
        super().__init__()
        self.found: list[str] = []
        if page.headers.get("content-type", "").startswith("text/html"):
            self.feed(page.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        if tag == "script" and not OWN_SCRIPTS.fullmatch(named.get("src", "")):
            self.found.append(f"script {named}")
        is_photograph = tag == "img" and OWN_PHOTOGRAPHS.fullmatch(named.get("src", ""))
        is_own = is_photograph or OWN_SCRIPTS.fullmatch(named.get("src", ""))
        if tag in ("img", "object", "embed", "base") and not is_own:
            self.found.append(f"{tag} {named}")
        for name, value in named.items():
            if name.startswith("on") or re.match(r"\s*(javascript|data|vbscript):", value, re.IGNORECASE):
                self.found.append(f"{tag} {name}={value}")


def dangers(opened: list[tuple[str, httpx.Response]]) -> dict[str, list[str]]:
    return {address: found for address, page in opened if (found := Dangers(page).found)}


def names_of_parameters() -> set[str]:
    """Every parameter of a query that some page reads."""
    source = "".join(each.read_text() for each in Path("services/web").rglob("*.py"))
    named = set(re.findall(r'(?:params|query_params)\.(?:get|getlist)\("(\w+)"', source))
    assert len(named) > 8
    return named | {"kind", "channel", "topic", "locality", "group", "partner"}


@pytest.mark.thorough
async def test_markup_in_what_people_write_is_text_on_every_page(county: County) -> None:
    furnished = await furnish(county, MARKUP)
    async with county.browser() as http:
        opened = await open_pages(furnished, http)
        http.headers["HX-Request"] = "true"
        opened += await open_pages(furnished, http)
    assert any("&lt;img src=x" in page.text for _, page in opened)
    assert dangers(opened) == {}
    assert [
        address for address, page in opened if "{{7*7}}" not in page.text and "49" in page.text and "{{" in page.text
    ] == []


@pytest.mark.thorough
async def test_markup_in_an_address_is_text_on_every_page(county: County) -> None:
    furnished = await furnish(county, "Zoë")
    query = str(httpx.QueryParams([(name, MARKUP) for name in sorted(names_of_parameters())]))
    async with county.browser() as http:
        opened = await open_pages(furnished, http, query)
        opened += [
            (path, await http.get(path)) for path in (f"/nowhere/{MARKUP}", f"/contacts/{MARKUP}", f"/sign-in?{query}")
        ]
    async with county.client() as http:
        opened += [
            ("sign in", await http.get(f"/sign-in?{query}")),
            ("led", await http.get(f"/search?{query}", follow_redirects=True)),
        ]
    assert [(address, page.status_code) for address, page in opened if page.status_code >= 500] == []
    assert dangers(opened) == {}


async def test_no_form_is_taken_from_another_site_or_without_its_token(county: County) -> None:
    furnished = await furnish(county, "Zoë")
    before = len(county.bus.published)
    posts = [each for each in page_routes(county) if "POST" in each.methods]
    posts = [each for each in posts if not each.path.startswith(PROOF_IN_ADDRESS)]
    assert len(posts) > 25
    taken = []
    async with county.browser() as http, county.client() as elsewhere:
        page = await http.get("/contacts/new")
        token = Fields(page.text, "name").values["csrf_token"][0]
        of_another = Fields((await elsewhere.get("/sign-in")).text, "password").values["csrf_token"][0]
        for route in posts:
            address = furnished.address(route.path)
            for data, headers in (
                ({}, {}),
                ({"csrf_token": of_another}, {}),
                ({"csrf_token": token}, {"Origin": "https://evil.example"}),
                ({"csrf_token": token}, {"Sec-Fetch-Site": "cross-site"}),
            ):
                answer = await http.post(address, data=data, headers=headers)
                if answer.status_code != 403 and (headers or route.path not in OPEN_TO_ALL):
                    taken.append((address, answer.status_code, data, headers))
    assert taken == []
    assert len(county.bus.published) == before


async def test_looking_at_a_public_link_changes_nothing_whatever_program_looks(county: County) -> None:
    furnished = await furnish(county, "Zoë")
    public = [each for each in page_routes(county) if each.path.startswith(PROOF_IN_ADDRESS)]
    county.settle()
    before = len(county.bus.published)
    async with county.client() as scanner:
        for route in public:
            for method in ("GET", "HEAD", "OPTIONS"):
                answer = await scanner.request(
                    method, furnished.address(route.path), params={"List-Unsubscribe": "One-Click"}
                )
                assert answer.status_code in (200, 405), (method, route.path)
                assert "set-cookie" not in answer.headers or answer.status_code == 405
    county.settle()
    assert [type(each.data) for each in county.bus.published[before:]] == []


async def test_a_link_opens_nothing_but_what_it_was_made_for(county: County) -> None:
    """Neither another person's place, nor another use of the same token, nor a token of the other page."""
    furnished = await furnish(county, "Zoë")
    tokens, mailing_id = Tokens(SECRET), furnished.ids["mailing_id"]
    nobody = tokens.make("unsubscribe", Place(mailing_id, 1, 0, 400))
    bounce = tokens.make("bounce", Place(mailing_id, 1, 0, 0))
    foreign = Tokens("another secret").make("unsubscribe", Place(mailing_id, 1, 0, 0))
    one, other = furnished.ids["unsubscribe"], tokens.make("unsubscribe", Place(mailing_id, 1, 0, 1))
    spliced = other[:36] + one[36:]
    before = len(county.bus.published)
    async with county.client() as http:
        for token in (nobody, bounce, foreign, spliced, furnished.ids["preferences"], "x" * 5_000):
            assert (await http.get(f"/unsubscribe/{token}")).status_code == 404, token
            assert (await http.post(f"/unsubscribe/{token}")).status_code == 404, token
        key, day, signature = furnished.ids["preferences"].split(".")
        for token in (
            one,
            f"{key[:-1]}{'a' if key[-1] != 'a' else 'b'}.{day}.{signature}",
            f"{key}.ffffff.{signature}",
        ):
            assert (await http.get(f"/preferences/{token}")).status_code == 404, token
            assert (await http.post(f"/preferences/{token}/stop")).status_code == 404, token
    county.settle()
    assert not any(isinstance(each.data, ConsentChanged) for each in county.bus.published[before:])


async def test_a_partner_finds_nothing_of_another_partner_by_any_address_or_filter(county: County) -> None:
    ours, theirs = (
        Partner(county, "St Agnes"),
        Partner(county, "The Gazette", "events:write", "history:read", "contacts:read"),
    )
    person = a_person("Mary", email="mary@x.org")
    posted = await ours.post(a_cloudevent(id="one", title="Parking", people=[person]))
    held = await ours.post(a_cloudevent(id="two", kind="gossip"))
    county.settle()
    status = (await ours.get("/events/one")).json()
    (contact,) = (await ours.get("/contacts", q="mary")).json()["items"]
    for answer in (posted, held):
        url = answer.json()["accepted"][0]["status_url"].partition("/api/v1")[2]
        assert (await ours.get(url)).status_code == 200
        assert (await theirs.get(url)).status_code == 404
    for path in (
        f"/contacts/{contact['id']}",
        f"/contacts/{contact['id']}/timeline",
        f"/events/{status['engagement_id']}",
    ):
        assert (await theirs.get(path)).status_code == 404, path
    for path, params in (
        ("/history", {}),
        ("/history", {"contact_id": contact["id"]}),
        ("/history", {"partner": "St Agnes"}),
        ("/history", {"q": "parking"}),
        ("/contacts", {"q": "mary"}),
    ):
        found = (await theirs.get(path, **params)).json()
        assert (found["total"], found["items"]) == (0, []), params
        assert not any(found.get("facets", {}).values()), params
    assert len(county.bus.call(ListQuarantine()).items) == 1


@pytest.mark.parametrize("email", ["known@example.org", "nobody@example.org", "closed@example.org", "no address"])
async def test_signing_in_checks_one_password_whoever_it_is(
    county: County, monkeypatch: pytest.MonkeyPatch, email: str
) -> None:
    """The check of a password is what takes time: one for each attempt, also when nobody has that address."""
    checked = []

    def verify(password: str, kept: str) -> bool:
        checked.append(kept.split("$")[1:4])
        return False

    now, hashed = desk._now(), passwords.hash_password("correct horse battery staple")
    for address, active in (("known@example.org", True), ("closed@example.org", False)):
        account = desk.open_account(address, "Sam", ("board_reader",), hashed, now)
        county.people.insert_account(account.next(must_change=False, is_active=active))
    monkeypatch.setattr(passwords._hasher, "verify", verify)
    async with county.client() as http:
        page = await http.get("/sign-in")
        answer = await fill(http, page, "password", email=email, password="wrong")
    assert answer.status_code == 422
    assert checked == [hashed.split("$")[1:4]]  # the same algorithm at the same cost


@pytest.mark.parametrize(
    "where", ["//evil.example", "https://evil.example/", "/\\evil.example", "/\t/evil.example", "\\\\e"]
)
async def test_nobody_is_led_elsewhere_after_signing_in(county: County, where: str) -> None:
    async with county.browser() as http:
        answer = await http.get("/sign-in", params={"next": where})
        assert answer.headers["location"] == "/"
    async with county.client() as http:
        page = await http.get("/sign-in", params={"next": where})
        assert Fields(page.text, "password").values["next"] == ["/"]
        part = {"HX-Request": "true", "HX-Current-URL": f"https://evil.example/{where}"}
        led = (await http.get("/search", headers=part)).headers["hx-redirect"]
        assert led.startswith("/sign-in?next=/")
        page = await http.get(led)
        assert Fields(page.text, "password").values["next"][0].startswith("/")
        assert not Fields(page.text, "password").values["next"][0].startswith(("//", "/\\"))


async def test_no_name_of_a_download_or_a_redirect_carries_a_header(county: County) -> None:
    furnished = await furnish(county, "Zoë")
    injected = "x%0d%0aSet-Cookie:%20evil=1"
    async with county.browser() as http:
        for path in (
            f"/sign-in?next=/{injected}",
            f"/segments?deleted={injected}",
            f"/contacts/{injected}",
            f"/{injected}",
        ):
            answer = await http.get(path)
            assert "evil" not in str(answer.headers.get("set-cookie", "")), path
            assert answer.status_code < 500
        listed = await http.get(f"/imports/{furnished.ids['import_id']}/left-out.csv")
        assert listed.headers["content-disposition"] == 'attachment; filename="left-out.csv"'


async def test_a_subject_or_a_name_with_a_line_break_adds_no_header_to_a_message(county: County) -> None:
    furnished = await furnish(county, "Zoë\r\nBcc: everybody@x.org\r\n\r\nNew body")
    async with county.browser() as http:
        page = await http.get(f"/demo/mail/{furnished.ids['name']}")
    raw = next(iter(county.settings.mail_folder.glob("*.eml"))).read_text()
    head = raw.partition("\n\n")[0] if "\n\n" in raw else raw.partition("\r\n\r\n")[0]
    assert not re.search(r"(?m)^Bcc:", head)
    assert page.status_code == 200
