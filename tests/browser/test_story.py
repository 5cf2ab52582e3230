"""Two stories on real servers and in a real browser: from a spreadsheet to a newsletter, from a question to its end."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from deploy.instance import Instance
from shared.contracts.erasure import ListErasures
from shared.contracts.history import SearchContacts, SearchHistory
from shared.contracts.segments import ListSegmentMembers, ListSegments
from shared.messaging.client import RpcClient
from shared.mongo import connect
from tests.browser import story
from tests.browser.story import Eyes, Keyboard, Mailbox, until
from tests.browser.telling import Telling
from tests.conftest import make_instance
from tests.staff import cookie_of_staff

pytestmark = [pytest.mark.servers, pytest.mark.timeout(400)]
SEGMENT = "Panel members of the north locality who like e-mail"
NORTH = story.PLACES[0]
"""The county's north is Thornwold."""
LIKE_IT = [n for n in range(story.MEMBERS) if story.PLACES[story.place(n) % 5] == NORTH and story.says(n) == "yes"]


class Story:
    """The steps, in the order of the afternoon; each begins where the one before has ended."""

    def __init__(self, page: Page, instance: Instance) -> None:
        self.page = page
        self.eyes, self.keys = Eyes(page), Keyboard(page)
        self.settings = instance.settings
        self.bus = RpcClient(instance.settings)
        self.mailbox = Mailbox(instance.settings.mail_folder)

    def sign_in(self) -> None:
        """With the keyboard alone."""
        page, keys = self.page, self.keys
        page.goto("/imports/new")
        self.eyes.look("sign-in")
        keys.to(page.get_by_label("E-mail address")).type(story.EMAIL)
        keys.to(page.get_by_label("Password")).type(story.PASSWORD)
        keys.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Import a list")

    def import_the_panel(self) -> None:
        page = self.page
        self.eyes.look("import")
        page.get_by_label("File").set_input_files(
            {"name": "panel.csv", "mimeType": "text/csv", "buffer": story.spreadsheet()}
        )
        page.get_by_role("button", name="Upload").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("What the columns hold")
        page.get_by_label("What people were asked").fill("May we send you our newsletter by e-mail?")
        page.get_by_label("Where the proof is").fill("Paper forms, archive box 12")
        page.get_by_label("When they gave it").fill("2026-03-12")
        self.eyes.look("columns")
        page.get_by_role("button", name="See what it would do").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("What the import would do", timeout=30_000)
        self.eyes.look("dry-run")
        page.get_by_role("button", name=f"Import {story.MEMBERS} contacts").click()
        expect(page.get_by_role("button", name="Take this import back")).to_be_visible(timeout=60_000)
        self.eyes.look("imported")

    def merge_two_and_think_better_of_it(self) -> None:
        page = self.page
        page.goto("/contacts/duplicates")
        expect(page.locator("#total")).to_have_text(f"{story.TWINS} pairs")
        self.eyes.look("duplicates")
        for left, name in ((11, story.name(1)), (10, story.name(2))):
            page.get_by_role("link", name=f"Compare and merge {name}").click()
            self.eyes.look(f"compare-{left}")
            page.get_by_role("radio").first.check()
            page.get_by_role("button", name="Merge").click()
            expect(page.get_by_role("status").first).to_have_text("The contacts have been merged.")
            merged = page.url
            page.goto("/contacts/duplicates")
            expect(page.locator("#total")).to_have_text(f"{left} pairs")
        page.goto(merged)
        self.eyes.look("merged")
        page.get_by_role("button", name="Undo the merge").click()
        expect(page.get_by_text("they are two contacts again")).to_be_visible()
        page.goto("/contacts/duplicates")
        expect(page.locator("#total")).to_have_text(f"{story.TWINS - 1} pairs")

    def save_the_segment(self) -> None:
        """With the keyboard alone."""
        page, keys = self.page, self.keys
        page.goto("/segments/new")
        for condition in ("Locality", "Stakeholder group", "What they allow"):
            keys.to(page.locator("#new_field")).type(condition)
            keys.to(page.get_by_role("button", name="Add", exact=True)).press("Enter")
            expect(page.get_by_role("group", name=condition, exact=True).first).to_be_visible()
        keys.to(page.get_by_label("Name of the segment")).type(SEGMENT)
        keys.to(page.get_by_role("checkbox", name=NORTH)).press("Space")
        keys.to(page.get_by_role("checkbox", name=story.GROUP)).press("Space")
        expect(page.locator("#preview")).to_contain_text(f"{len(LIKE_IT)} contacts would be in it now")
        self.eyes.look("segment")
        keys.to(page.get_by_role("button", name="Save segment")).press("Enter")
        expect(page.get_by_role("heading", level=1)).to_contain_text(SEGMENT)
        expect(page.locator("#total")).to_have_text(f"{len(LIKE_IT)} members", timeout=20_000)
        self.eyes.look("members")
        self.segment = page.url

    def write_the_newsletter(self) -> None:
        page = self.page
        page.goto("/mailings/new")
        page.get_by_label("Subject").fill("News for {first_name|you}")
        page.get_by_role("radio", name="Newsletter").check()
        page.get_by_label("Segment").select_option(index=1)
        page.get_by_label("Text").fill("# What we heard\n\nDear {name|friend},\n\nthe **new** clinic opens in May.")
        self.eyes.look("newsletter")
        page.get_by_role("button", name="Save draft").click()
        self.mailing = page.url.partition("?")[0]
        self.eyes.look("draft")

    def preview_it_as_two_recipients(self) -> None:
        page = self.page
        page.goto(f"{self.mailing}/preview")
        for number in LIKE_IT[:2]:
            page.get_by_label("As somebody called").fill(story.name(number))
            page.get_by_role("button", name="Show").click()
            expect(page.get_by_role("heading", level=1)).to_contain_text(f"News for {story.name(number).split()[0]}")
            expect(page.frame_locator("iframe").get_by_text(f"Dear {story.name(number)}")).to_be_visible()
        self.eyes.look("preview")

    def send_it(self) -> None:
        """With the keyboard alone."""
        page, keys = self.page, self.keys
        page.goto(self.mailing)
        keys.to(page.get_by_role("link", name="Send it")).press("Enter")
        expect(page.get_by_role("main")).to_contain_text(f"{len(LIKE_IT)} people would get it now")
        self.eyes.look("send")
        keys.to(page.get_by_role("button", name="Send the mailing")).press("Enter")
        expect(page.get_by_role("status").filter(has_text="Finished")).to_be_visible(timeout=60_000)
        expect(page.get_by_role("link", name=f"{len(LIKE_IT)} sent")).to_be_visible()
        self.eyes.look("sent")

    def each_has_it_once_and_on_the_timeline(self) -> None:
        got = self.mailbox.got()
        assert set(got.values()) == {1}
        assert got.keys() == {story.address(n) for n in LIKE_IT}
        sent = SearchHistory(kind=("message_sent",), limit=1)
        for contact in self.in_the_segment():
            timeline = sent.model_copy(update={"contact_id": contact})
            until(lambda asked=timeline: self.bus.call(asked).total == 1, 10)
        self.page.goto(f"/contacts/{self.in_the_segment()[0]}")
        expect(self.page.get_by_text("What we heard").or_(self.page.get_by_text("News for")).first).to_be_visible()
        self.eyes.look("timeline")

    def one_unsubscribes(self, reader: Page) -> None:
        """With one click and without signing in; out of the segment within a second."""
        eyes = Eyes(reader)
        reader.goto(self.mailbox.unsubscribe_link(story.address(LIKE_IT[0])))
        eyes.look("unsubscribe")
        reader.get_by_role("button", name="Unsubscribe").click()
        took = until(lambda: len(self.in_the_segment()) == len(LIKE_IT) - 1, 10)
        expect(reader.get_by_role("heading", name="You are unsubscribed")).to_be_visible()
        assert took < 1
        eyes.look("unsubscribed")
        self.eyes.faults += eyes.faults
        self.page.goto(self.segment)
        expect(self.page.locator("#total")).to_have_text(f"{len(LIKE_IT) - 1} members")

    def one_asks_to_be_erased(self, reader: Page, officer: Page) -> None:
        """By the link in her message; a data protection officer does it, and she is gone while every count stays."""
        theirs, eyes = Eyes(reader), Eyes(officer)
        places = [story.place(n) for n in range(story.MEMBERS)]
        who = next(n for n in LIKE_IT[1:] if places.count(story.place(n)) == 1)  # else somebody of her name stays
        sent = SearchHistory(limit=1, kind=("message_sent",))
        before = self.bus.call(sent).total
        assert self.bus.call(SearchContacts(q=story.name(who))).total > 0
        reader.goto(self.mailbox.unsubscribe_link(story.address(who)))
        reader.get_by_role("link", name="See what we hold about you").click()
        theirs.look("preferences")
        reader.get_by_role("button", name="Ask to be erased").click()
        expect(reader.get_by_role("status").first).to_contain_text("You have asked us to erase")
        officer.goto("/erasures")
        eyes.look("erasure-asked")
        officer.locator("main").get_by_role("link", name="Contact ").first.click()
        expect(officer.get_by_role("heading", level=1)).to_contain_text(story.name(who))
        officer.get_by_label("I have made sure").check()
        eyes.look("erase")
        officer.get_by_role("button", name="Erase for good").click()
        expect(officer.get_by_text("Nothing that says who this was is left")).to_be_visible(timeout=30_000)
        eyes.look("erased")
        assert story.address(who) not in {each for each, _ in self.held_of_everybody()}
        until(lambda: len(self.in_the_segment()) == len(LIKE_IT) - 2, 10)
        assert self.bus.call(sent).total == before
        (erasure,) = self.bus.call(ListErasures()).erasures
        officer.goto(f"/contacts/{erasure.contact_ids[0]}")
        expect(officer.get_by_role("heading", level=1)).to_contain_text("Erased contact")
        expect(officer.get_by_text(story.name(who))).to_have_count(0)
        eyes.look("erased-contact")
        self.eyes.faults += theirs.faults + eyes.faults

    def held_of_everybody(self) -> list[tuple[str, str]]:
        """(address, contact id) of all who can be recognised by one."""
        kept = connect(self.settings, "contacts")["identifiers"].find()
        return [(each["_id"].removeprefix("email:"), contact) for each in kept for contact in each["contact_ids"]]

    def in_the_segment(self) -> list[str]:
        """The ids of its members."""
        (segment,) = self.bus.call(ListSegments()).segments
        found = self.bus.call(ListSegmentMembers(segment_id=segment.segment_id, limit=1000)).members
        return [each.contact_id for each in found]


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """A demo without its data: everything runs, its mail server too, and there is one account."""
    made = make_instance(tmp_path_factory.mktemp("story") / "state", demo=True)
    made.start()
    made.wait_ready()
    story.open_for_an_officer(made)
    yield made
    made.remove()


def test_from_a_spreadsheet_to_a_newsletter(chromium: Browser, instance: Instance) -> None:
    address = f"http://127.0.0.1:{instance.settings.port}"
    options = {"base_url": address, "locale": "en-GB", "reduced_motion": "reduce"}
    officers = chromium.new_context(**options)
    readers = chromium.new_context(java_script_enabled=True, **options)
    told = Story(officers.new_page(), instance)
    told.sign_in()
    told.import_the_panel()
    told.merge_two_and_think_better_of_it()
    told.save_the_segment()
    told.write_the_newsletter()
    told.preview_it_as_two_recipients()
    told.send_it()
    told.each_has_it_once_and_on_the_timeline()
    told.one_unsubscribes(readers.new_page())
    protectors = chromium.new_context(**options)
    name, _, token = cookie_of_staff(instance.settings, "administrator").partition("=")
    protectors.add_cookies([{"name": name, "value": token, "url": address}])
    told.one_asks_to_be_erased(readers.new_page(), protectors.new_page())
    protectors.close()
    officers.close()
    readers.close()
    assert told.eyes.faults == []


def test_from_a_question_to_what_was_done_about_it(chromium: Browser, instance: Instance) -> None:
    told = Telling(chromium, instance)
    told.people_have_agreed_to_be_asked()
    told.write_the_surveys()
    told.plan_the_consultation()
    told.promise_to_tell_what_came_of_it()
    told.open_it()
    links = told.invite()
    told.answer_on_a_phone(links["Ada Lark"])
    told.answer_over_the_open_link_without_script()
    told.enter_a_paper_form()
    told.a_partner_tells_of_its_event()
    told.one_answers_anonymously(links["Fay Swift"])
    told.somebody_asks_the_board()
    told.staff_answer_by_mail_once()
    told.staff_see_who_is_missing()
    told.the_board_reads_figures_without_names("while-open")
    told.remind()
    told.close_it()
    told.give_themes()
    told.somebody_is_not_answered_yet()
    told.write_what_came_of_it()
    told.everybody_can_read_it()
    told.each_contributor_is_told_once()
    told.the_board_reads_figures_without_names("published")
    told.every_step_is_on_a_timeline_and_found()
    told.what_was_said_anonymously_is_on_nobodys()
    told.close()
    assert told.faults() == []
