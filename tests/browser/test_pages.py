"""Pages are usable by everyone: no accessibility fault, no sideways scrolling, nothing from outside, quick search."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from shared.contracts.base import ConsumerHealth, Health
from shared.messaging.declare import RawMessage
from shared.system import gather
from tests.browser.conftest import Site, sign_in
from tests.browser.keyboard import out_of_reach
from tests.browser.looking import WIDTHS, look, look_at
from tests.faults.waiting import wait_until

PAGES = {
    "home": "/",
    "design": "/design",
    "search": "/search?q=parking&topic=parking",
    "nothing-found": "/search?q=zzzz",
    "slip": "/search?q=parkign&kind=letter",
    "year": "/search?q=parking&from=2013-01-01&to=2013-12-31",
    "saved-searches": "/search/saved",
    "contacts": "/contacts",
    "timeline": "{contact}",
    "organisation": "{organisation}",
    "add-role": "{contact}/relationships/new",
    "change-role": "{relationship}",
    "consent": "{contact}/consent",
    "segments": "/segments",
    "segment": "{segment}",
    "edit-segment": "{segment}/edit",
    "surveys": "/surveys",
    "survey": "{survey}",
    "write-survey": "/surveys/new",
    "edit-survey": "{survey}/edit",
    "preview-survey": "{survey}/preview",
    "answer": "{answer}",
    "thanks": "{answer}/thanks",
    "consultations": "/consultations/desk",
    "plan-consultation": "/consultations/desk/new",
    "consultation": "{consultation}",
    "edit-consultation": "{consultation}/edit",
    "contributions": "{consultation}/contributions",
    "outcome": "{ended}/outcome",
    "preview-outcome": "{ended}/publish",
    "public-consultations": "/consultations",
    "public-consultation": "{published}",
    "duplicates": "/contacts/duplicates",
    "compare": "{compare}",
    "edit-contact": "{contact}/edit",
    "add-contact": "/contacts/new",
    "engagement": "{engagement}",
    "cases": "/cases?owner=all",
    "case": "{case}",
    "closed-cases": "/cases?when=closed",
    "correct": "{engagement}/correct",
    "log": "/engagements/new",
    "ask": "/ask",
    "story": "/story",
    "asked": "/ask/thanks?receipt=WH-AAAA-BBBB-CCCC-DDDD&reply=yes",
    "calendar": "/calendar",
    "meeting": "{meeting}",
    "plan-meeting": "/calendar/new",
    "public-meetings": "/meetings",
    "public-meeting": "{public_meeting}",
    "place": "{place}",
    "quarantine": "/quarantine",
    "quarantined": "{quarantined}",
    "mailings": "/mailings",
    "write-mailing": "/mailings/new",
    "mailing": "{mailing}",
    "draft": "{draft}",
    "invitation": "{invitation}",
    "write-reminder": "{remind}",
    "preview-mailing": "{draft}/preview",
    "send-mailing": "{draft}/send",
    "recipients": "{mailing}/recipients?state=failed",
    "suppressions": "/suppressions",
    "bounces": "/bounces",
    "templates": "/templates",
    "template": "{template}",
    "put-away": "/templates?show=put-away&undo=tpl_1",
    "put-away-template": "{put_away}",
    "edit-template": "{template}/edit",
    "template-versions": "{template}/versions",
    "news": "/news",
    "write-news": "/news/new",
    "news-item": "{news}",
    "newsletters": "/newsletters",
    "set-up-newsletter": "/newsletters/new",
    "newsletter": "{newsletter}",
    "rules": "/rules",
    "rule": "{rule}",
    "edit-rule": "{rule}/edit",
    "rule-log": "{rule}/log",
    "unsubscribe": "{unsubscribe}",
    "archive": "/archive",
    "archived": "{archived}",
    "subscribe": "/subscribe",
    "subscribe-asked": "/subscribe?done=asked",
    "confirm-subscription": "{subscribe}",
    "status": "/status?refresh=no",
    "sign-in": "/sign-in",
    "account": "/account",
    "accounts": "/accounts",
    "add-account": "/accounts/new",
    "audit": "/audit",
    "keys": "/keys",
    "create-key": "/keys/new",
    "revoke-key": "{key}",
    "imports": "/imports",
    "import-new": "/imports/new",
    "import-mapping": "{import_draft}",
    "import-judged": "{judged}",
    "import-faulty": "{judged}?verdict=faulty",
    "preferences": "{preferences}",
    "erasures": "/erasures",
    "not-found": "/nowhere",
}
PUBLIC = {"sign-in", "unsubscribe", "preferences", "answer", "thanks", "ask", "story", "asked", "place"}
"""Pages for people who are not signed in."""


class Tab:
    """A page that is used again for every address, and what it asked for and complained of at the present one."""

    def __init__(self, chromium: Browser, site: Site) -> None:
        context = chromium.new_context(base_url=site.address, locale="en-GB", reduced_motion="reduce")
        self.page = context.new_page()
        self.requests, self.messages = list[str](), list[str]()
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self._hear(message.text) if message.type == "error" else None)
        self.page.on("pageerror", lambda error: self._hear(str(error)))

    def open(self, path: str) -> None:
        self.requests.clear()
        self.messages.clear()
        self.page.set_viewport_size({"width": 1280, "height": 900})
        self.page.goto(path, wait_until="networkidle")

    def _hear(self, text: str) -> None:
        self.messages.append(text)


@pytest.fixture(scope="module")
def tabs(chromium: Browser, site: Site) -> Iterator[dict[str, Tab]]:
    """One in which somebody of staff is signed in, and one in which nobody is."""
    made = {"staff": Tab(chromium, site), "stranger": Tab(chromium, site)}
    sign_in(made["staff"].page.context, site)
    yield made
    for each in made.values():
        each.page.context.close()


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_nothing_is_cut_off_and_tab_leads_everywhere(
    tabs: dict[str, Tab], site: Site, name: str
) -> None:
    tab = tabs["stranger" if name in PUBLIC else "staff"]
    page = tab.page
    tab.open(PAGES[name].format(**site.places))
    assert look(page, name) == []
    assert out_of_reach(page) == []
    assert [url for url in tab.requests if not url.startswith(site.address)] == []
    assert [text for text in tab.messages if "404" not in text] == []


def test_results_follow_what_is_typed_and_the_address_with_them(page: Page) -> None:
    page.goto("/search")
    page.locator("#q").press_sequentially("mary oka", delay=20)
    expect(page.get_by_role("heading", name="Contacts")).to_be_visible()
    expect(page.get_by_role("link", name="Mary Okafor").first).to_be_visible()
    expect(page).to_have_url(re.compile(r"\?q=mary(\+|%20)oka&source=events&source=cases$"))
    expect(page.locator("#announcement")).to_contain_text("entries")


def test_only_a_search_that_is_sent_off_is_remembered(page: Page) -> None:
    recent = page.get_by_role("navigation", name="Recent searches")
    page.goto("/search", wait_until="networkidle")  # what is typed before the scripts are there changes nothing
    page.locator("#q").press_sequentially("tricycle", delay=20)
    expect(page).to_have_url(re.compile(r"\?q=tricycle"))
    page.goto("/search", wait_until="networkidle")
    expect(recent.get_by_role("link", name="tricycle", exact=True)).to_have_count(0)
    page.locator("#q").press_sequentially("tricycles", delay=20)
    with page.expect_response(lambda response: "wellheard-submitted" in response.request.headers) as sent:
        page.locator("#q").press("Enter")
    sent.value.finished()

    def is_remembered() -> bool:
        page.goto("/search")
        return recent.get_by_role("link", name="tricycles", exact=True).count() == 1

    assert wait_until(is_remembered, 10)  # which comes after the answer, so that nobody waits for it
    expect(recent.get_by_role("link", name="tricycle", exact=True)).to_have_count(0)


def test_a_bar_of_the_chart_leads_to_its_time_with_the_keyboard(page: Page) -> None:
    page.goto("/search")
    bar = page.locator(".wh-bars a").first
    bar.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"from=\d{4}-\d\d-01&to="))
    expect(page.locator("#from")).not_to_have_value("")


def test_a_filter_narrows_at_once_and_its_chip_takes_it_away(page: Page) -> None:
    page.goto("/search")
    before = page.locator("#total").inner_text()
    page.get_by_role("checkbox", name="parking").check()
    expect(page.get_by_role("list", name="Filters in force")).to_contain_text("parking")
    page.get_by_role("link", name="Remove Topic: parking").click()
    expect(page.locator("#total")).to_have_text(before)


def test_an_engagement_is_logged_with_the_keyboard_alone(page: Page, site: Site) -> None:
    page.goto("/engagements/new")
    page.locator("#kind").focus()
    page.keyboard.type("Tel")
    page.keyboard.press("Tab")
    page.keyboard.type("Rang about the lift")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Rang about the lift")
    expect(page.get_by_role("status")).to_contain_text("has been logged")


def test_a_contact_is_offered_while_one_types(page: Page) -> None:
    page.goto("/engagements/new")
    page.locator("#contact_q").press_sequentially("oka", delay=20)
    page.get_by_role("checkbox", name="Mary Okafor").check()
    page.locator("#kind").select_option("call")
    page.locator("#title").fill("Rang about the lift")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("link", name="Mary Okafor")).to_be_visible()


def test_the_error_summary_takes_the_focus_and_leads_to_the_field(page: Page) -> None:
    page.goto("/engagements/new")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".nhsuk-error-summary")).to_be_focused()
    page.get_by_role("link", name="Enter a title").click()
    expect(page.locator("#title")).to_be_focused()


@pytest.fixture
def troubled(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """The system with a consumer that is paused, a service that is down, and something parked."""
    monkeypatch.setattr(gather, "KEEP_SECONDS", -1.0)
    bus = site.county.web_bus
    reason = "the last 20 messages all failed with TypeError"
    consumer = ConsumerHealth(queue="events.inbound", state="paused", reason=reason, held=1_240, oldest_seconds=4_000)
    bus.health["events"] = Health(ok=False, version="0.1.0", consumers=(consumer,))
    bus.down.add("contacts")
    site.county.bus.parked["history.timeline"].append((RawMessage(b""), "ValueError"))
    yield site
    bus.health.clear()
    bus.down.clear()
    site.county.bus.parked.clear()


@pytest.mark.parametrize("width", WIDTHS)
def test_the_status_shows_troubles_to_everyone_at_every_width(chromium: Browser, troubled: Site, width: str) -> None:
    size = {"width": WIDTHS[width][0], "height": WIDTHS[width][1]}
    context = chromium.new_context(base_url=troubled.address, locale="en-GB", viewport=size, reduced_motion="reduce")
    sign_in(context, troubled)
    page = context.new_page()
    page.goto("/status?refresh=no")
    expect(page.get_by_role("heading", name="4 things to see to")).to_be_visible()
    expect(page.get_by_text("Paused", exact=True)).to_have_count(2)
    assert look_at(page, "status-troubled", width) == []
    context.close()


def test_the_status_refreshes_itself_and_speaks_only_of_what_has_changed(page: Page, troubled: Site) -> None:
    page.goto("/status")
    expect(page.get_by_role("heading", name="4 things to see to")).to_be_visible()
    troubled.county.web_bus.down.clear()
    expect(page.get_by_role("heading", name="3 things to see to")).to_be_visible(timeout=8_000)
    expect(page.get_by_role("status")).to_have_text("3 things to see to")
    page.get_by_role("link", name="Stop refreshing this page").click()
    expect(page.get_by_text("This page stays as it is.")).to_be_visible()


def test_a_menu_opens_with_the_keyboard_and_escape_leads_back_to_its_word(page: Page) -> None:
    page.goto("/cases")
    word = page.get_by_role("navigation", name="Main").get_by_text("Listening")
    word.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Cases", exact=True)).to_be_focused()
    page.keyboard.press("Escape")
    expect(word).to_be_focused()
    expect(page.get_by_role("link", name="Cases", exact=True)).to_be_hidden()


def test_the_head_of_a_page_is_one_line_for_somebody_with_every_role(page: Page) -> None:
    page.goto("/")
    assert page.locator(".wh-header").evaluate("header => header.offsetHeight") < 80


def test_pages_work_without_javascript(chromium: Browser, site: Site) -> None:
    context = chromium.new_context(base_url=site.address, java_script_enabled=False, locale="en-GB")
    sign_in(context, site)
    page = context.new_page()
    page.goto("/")
    page.get_by_role("searchbox").fill("parking")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("#total")).to_contain_text("entries")
    page.locator("#topic-1").check()
    page.get_by_role("button", name="Apply filters").click()
    expect(page.get_by_role("list", name="Filters in force")).to_be_visible()
    context.close()
