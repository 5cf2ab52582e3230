"""The second half of the story of a consultation: it closes, and everybody hears what came of it."""

from playwright.sync_api import expect

from shared.contracts.history import SearchContacts, SearchHistory
from tests.browser.consulting import (
    ANSWER,
    DECISION,
    INVITED,
    PEOPLE,
    QUESTION,
    SURVEY,
    TITLE,
    TOLD,
    Consulting,
    address,
)
from tests.browser.story import Keyboard, until

ASKS = "dan.story@example.org"


class Telling(Consulting):
    """The steps in their order, after those of asking."""

    # -- a question to the board ----------------------------------------------------------------------

    def somebody_asks_the_board(self) -> None:
        """With the keyboard alone."""
        page = self.open_a_browser(phone=True)
        eyes, keys = self.eyes_of(page, "dan"), Keyboard(page)
        page.goto("/ask")
        eyes.look("ask")
        keys.to(page.get_by_label("Your question in one line")).type(QUESTION)
        keys.to(page.get_by_label("Your name")).type("Dan Finch")
        keys.to(page.get_by_label("Your e-mail address")).type(ASKS)
        keys.to(page.get_by_role("button", name="Send it")).press("Enter")
        expect(page.get_by_role("heading", level=1)).to_contain_text("Thank you")
        eyes.look("asked")
        until(lambda: self.found(q=QUESTION, kind=("question",)) == 1, 20)

    def staff_answer_by_mail_once(self) -> None:
        page = self.page
        page.goto(f"/search?q={QUESTION}")
        page.get_by_role("article").get_by_role("link", name=QUESTION, exact=True).first.click()
        self.eyes.look("question")
        page.get_by_label("The answer", exact=True).fill(ANSWER)
        page.get_by_label("How does it reach them?").select_option(label="To Dan Finch")
        page.get_by_role("button", name="Save the answer").click()
        until(lambda: self.mailbox.got()[ASKS] > 0, 30)
        page.get_by_text("Close it", exact=True).first.click()
        page.get_by_role("radio", name="We did something").check()
        page.get_by_label("What did you do").fill("The centre is open until eleven.")
        page.get_by_role("button", name="Close it").click()
        expect(page.get_by_text("The centre is open until eleven.").first).to_be_visible()
        page.reload()
        self.eyes.look("answered")

    # -- while it is open -----------------------------------------------------------------------------

    def staff_see_who_is_missing(self) -> None:
        page = self.page
        page.goto(self.desk)
        expect(page.get_by_text("Who is missing.")).to_be_visible()
        row = page.get_by_role("row").filter(has_text="Kingsbourne")
        expect(row.get_by_role("cell").nth(2)).to_have_text("1")
        expect(page.get_by_role("row").filter(has_text="Eastmere").get_by_role("cell").nth(2)).to_have_text("3")
        self.eyes.look("who-is-missing")

    def the_board_reads_figures_without_names(self, step: str) -> None:
        """Small numbers are hidden from whoever only reads, and so is whatever they follow from."""
        page = self.open_a_browser("board_reader")
        eyes = self.eyes_of(page, "board")
        page.goto(self.desk)
        expect(page.get_by_role("heading", level=1)).to_have_text(TITLE)
        for place in ("Eastmere", "Kingsbourne"):
            cells = page.get_by_role("row").filter(has_text=place).get_by_role("cell")
            expect(cells.nth(2)).to_have_text("not shown")
        eyes.look(step)
        for name in PEOPLE:
            expect(page.get_by_text(name)).to_have_count(0)
        expect(page.get_by_role("link", name="contribution")).to_have_count(0)
        answer = page.goto(f"{self.desk}/contributions")
        assert answer is not None
        assert answer.status == 403

    # -- what came of it ------------------------------------------------------------------------------

    def close_it(self) -> None:
        page = self.page
        page.goto(self.desk)
        page.get_by_role("button", name="Close the consultation").click()
        expect(page.get_by_role("status").first).to_have_text("The consultation has been closed.")
        self.eyes.look("closed")
        reader = self.open_a_browser()
        reader.goto(f"/answer/{self.survey}")
        expect(reader.get_by_role("heading", level=1)).to_have_text("This survey is closed")

    def give_themes(self) -> None:
        page = self.page
        page.goto(f"{self.desk}/contributions")
        for box in page.get_by_role("checkbox").all():
            box.check()
        page.get_by_label("Are about a new theme").fill("The last bus")
        self.eyes.look("contributions")
        page.get_by_role("button", name="Give the theme").click()
        expect(page.get_by_role("list", name="About what").first).to_contain_text("The last bus")
        self.eyes.look("themes")

    def write_what_came_of_it(self) -> None:
        """With the keyboard alone."""
        page, keys = self.page, self.keys
        page.goto(self.desk)
        keys.to(page.get_by_role("link", name="Write what came of it")).press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("What came of it")
        keys.to(page.get_by_label("The decision")).type(DECISION)
        keys.to(page.get_by_label("We asked")).type("How do you get there?")
        keys.to(page.get_by_label("You said")).type("The last bus leaves too early.")
        keys.to(page.get_by_label("We did")).type("The 42 runs until midnight.")
        self.eyes.look("outcome")
        keys.to(page.get_by_role("button", name="Save and look at it")).press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("As everybody will see it")
        self.eyes.look("preview")
        keys.to(page.get_by_role("button", name="Publish the outcome")).press("Enter")
        expect(page.get_by_role("status").first).to_contain_text("The outcome has been published.")
        self.eyes.look("published")

    def everybody_can_read_it(self) -> None:
        page = self.open_a_browser(phone=True)
        eyes = self.eyes_of(page, "public")
        page.goto("/consultations")
        eyes.look("consultations")
        page.get_by_role("link", name=TITLE).click()
        for words in (DECISION, "We asked", "You said", "We did", "The 42 runs until midnight."):
            expect(page.get_by_text(words).first).to_be_visible()
        for name in PEOPLE:
            expect(page.get_by_text(name)).to_have_count(0)
        eyes.look("outcome")

    # -- everybody is told, once ----------------------------------------------------------------------

    def somebody_is_not_answered_yet(self) -> None:
        assert self.said().unanswered == 3, "Ada and Ben answered, and Cleo and Gil said one thing together"

    def each_contributor_is_told_once(self) -> None:
        """Those who can be written to by the rule; the outcome is nobody else's post."""
        until(lambda: all(self.told(name) for name in TOLD), 60)
        until(lambda: self.said().unanswered == 1, 20)
        page = self.page
        page.goto(f"{self.desk}/contributions?answered=no")
        expect(page.get_by_role("article")).to_have_count(1)
        self.eyes.look("never-answered")
        page.get_by_role("checkbox").check()
        page.get_by_role("button", name="We have answered them").click()
        expect(page.get_by_text("Every contribution of somebody whom we know has been answered.")).to_be_visible()
        self.eyes.look("all-answered")
        assert self.said().unanswered == 0
        assert {name: self.told(name) for name in INVITED} == {name: int(name in TOLD) for name in INVITED}
        assert self.mailbox.got()[ASKS] == 1

    def told(self, name: str) -> int:
        """How often somebody got the notice of what came of it."""
        return self.mailbox.subjects(address(name))[f"What came of {TITLE}"]

    # -- the history ----------------------------------------------------------------------------------

    def every_step_is_on_a_timeline_and_found(self) -> None:
        invitations, outcome, reminder = 2, 1, 1
        for name, lines in {
            "Ada Lark": {"response_received": 1, "message_sent": invitations + outcome},
            "Ben Rook": {"response_received": 1, "message_sent": invitations + outcome},
            "Cleo Wren": {"conversation": 1, "message_sent": invitations + reminder + outcome},
            "Eve Heron": {"message_sent": invitations + reminder},
            "Gil Crane": {"conversation": 1, "message_sent": 0},
            "Dan Finch": {"question": 1, "case_opened": 1, "case_answered": 1, "case_closed": 1},
        }.items():
            contact_id = self.ids.get(name) or self.contact(name)
            for kind, number in lines.items():
                until(lambda of=contact_id, what=kind, n=number: self.found(contact_id=of, kind=(what,)) == n, 15)
        for kind in ("consultation_opened", "consultation_closed", "outcome_published"):
            assert self.found(q=TITLE, kind=(kind,)) == 1, kind
        page = self.page
        page.goto(f"/contacts/{self.ids['Ada Lark']}")
        expect(page.get_by_role("article").filter(has_text=SURVEY).first).to_be_visible()
        self.eyes.look("timeline")
        page.goto(f"/search?q={TITLE}")
        page.get_by_role("link", name="look in").click()
        expect(page.get_by_role("article").filter(has_text="Outcome published").first).to_be_visible()
        self.eyes.look("found")

    def what_was_said_anonymously_is_on_nobodys(self) -> None:
        for name in PEOPLE:
            kinds = ("response_received",)
            assert self.found(contact_id=self.ids[name], kind=kinds) == int(name in ("Ada Lark", "Ben Rook")), name
        assert self.found(q="waiting room afraid") == 0

    def contact(self, name: str) -> str:
        (found,) = self.bus.call(SearchContacts(q=name)).items
        return found.id

    def found(self, **asked: object) -> int:
        return self.bus.call(SearchHistory.model_validate(asked | {"limit": 1})).total
