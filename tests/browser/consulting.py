"""The steps of the story of a consultation: staff, the public and a partner, each with a browser of their own."""

import httpx
from playwright.sync_api import Browser, BrowserContext, Page, expect

from deploy.instance import Instance
from services.web.keys import create_key
from shared.contracts.consent import RecordConsents
from shared.contracts.contacts import RegisterContact
from shared.contracts.contributions import ContributionPage, ListContributions
from shared.contracts.segments import CreateSegment, GetSegment, Rule
from shared.messaging.client import RpcClient
from shared.mongo import connect
from tests.browser.story import Eyes, Keyboard, Mailbox, until
from tests.builders import a_new_contact, a_person, a_statement
from tests.staff import cookie_of_staff

TITLE = "Urgent care in Eastmere and Kingsbourne"
SURVEY, ANONYMOUS = "How you get urgent care", "What nobody should know it was you who said it"
QUESTION = "Why does the treatment centre close at eight?"
ANSWER = "Because nobody could be found for the night. From May it is open until eleven."
DECISION = "The Governing Body keeps the treatment centre and moves its doors to the bus station."
PEOPLE = {
    "Ada Lark": ("eastmere", "ada"),
    "Ben Rook": ("kingsbourne", "ben"),
    "Cleo Wren": ("eastmere", "cleo"),
    "Fay Swift": ("eastmere", "fay"),
    "Eve Heron": ("kingsbourne", "eve"),
    "Gil Crane": ("eastmere", ""),
}
"""Name: locality, and the address if there is one. Ada answers on her phone, Ben on paper, Cleo and Gil spoke at a
partner's event, Fay answers what is anonymous, Eve says nothing, and Gil has no address to be written to."""
INVITED = ("Ada Lark", "Ben Rook", "Cleo Wren", "Fay Swift", "Eve Heron")
REMINDED = ("Cleo Wren", "Fay Swift", "Eve Heron")
TOLD = ("Ada Lark", "Ben Rook", "Cleo Wren")
SEGMENT = "Carers of both towns"
WITH_ALL_ROLES = ("engagement_officer", "communications_officer")
PHONE = {"width": 390, "height": 844}


def address(name: str) -> str:
    return f"{PEOPLE[name][1]}.story@example.org"


def invitation(survey: str) -> str:
    """Its subject."""
    return f"Have your say: {survey}"


class Consulting:
    """The steps in their order; each begins where the one before has ended."""

    def __init__(self, chromium: Browser, instance: Instance) -> None:
        self.settings = instance.settings
        self.home = f"http://127.0.0.1:{instance.settings.port}"
        self.bus, self.mailbox = RpcClient(instance.settings), Mailbox(instance.settings.mail_folder)
        self._chromium = chromium
        self._contexts: list[BrowserContext] = []
        self._eyes: list[Eyes] = []
        self.page = self.open_a_browser(*WITH_ALL_ROLES)
        self.eyes, self.keys = self.eyes_of(self.page, "staff"), Keyboard(self.page)
        self.ids: dict[str, str] = {}

    # -- who looks ------------------------------------------------------------------------------------

    def open_a_browser(self, *roles: str, phone: bool = False, script: bool = True) -> Page:
        """A browser of somebody of staff with these roles; without any of a member of the public."""
        context = self._chromium.new_context(
            base_url=self.home,
            locale="en-GB",
            reduced_motion="reduce",
            java_script_enabled=script,
            has_touch=phone,
            is_mobile=phone,
            **({"viewport": PHONE} if phone else {}),  # type: ignore[arg-type]
        )
        if roles:
            name, _, token = cookie_of_staff(self.settings, *roles).partition("=")
            context.add_cookies([{"name": name, "value": token, "url": self.home}])
        self._contexts.append(context)
        return context.new_page()

    def eyes_of(self, page: Page, who: str) -> Eyes:
        eyes = Eyes(page, "consultation", who)
        self._eyes.append(eyes)
        return eyes

    def faults(self) -> list[str]:
        return [fault for each in self._eyes for fault in each.faults]

    def close(self) -> None:
        for each in self._contexts:
            each.close()

    # -- staff ask ------------------------------------------------------------------------------------

    def people_have_agreed_to_be_asked(self) -> None:
        for name, (locality, has_address) in PEOPLE.items():
            reach = {"email": (address(name),)} if has_address else {}
            contact = a_new_contact(name, locality=locality, groups=("carers",), **reach)
            self.ids[name] = self.bus.call(RegisterContact(request_id=f"story:{name}", contact=contact)).contact_id
        said = tuple(a_statement(each, purpose="consultation", method="web_form") for each in self.ids.values())
        self.bus.call(RecordConsents(request_id="story:agreed", statements=said))

    def write_the_surveys(self) -> None:
        page = self.page
        page.goto("/surveys/new")
        page.get_by_label("Title").fill(SURVEY)
        page.get_by_label("Introduction").fill("We plan where the treatment centre opens its doors. Two minutes.")
        page.get_by_label("A question", exact=True).select_option("radiogroup")
        page.get_by_role("button", name="Add", exact=True).click()
        page.get_by_label("What is asked of question 1").fill("How do you get there?")
        page.get_by_label("Choices, one on each line of question 1").fill("By bus\nBy car\nOn foot")
        page.locator("#c1-required").check()
        page.get_by_label("Another question").select_option("comment")
        page.get_by_role("button", name="Add", exact=True).click()
        page.get_by_label("What is asked of question 2").fill("What would make it easier?")
        self.eyes.look("write-the-survey")
        page.get_by_role("button", name="Save survey").click()
        expect(page.get_by_role("heading", level=1)).to_have_text(SURVEY)
        self.survey = page.url.partition("?")[0].rpartition("/")[2]
        page.goto("/surveys/new")
        page.get_by_label("Title").fill(ANONYMOUS)
        page.get_by_label("Nobody can be connected").check()
        page.get_by_label("A question", exact=True).select_option("comment")
        page.get_by_role("button", name="Add", exact=True).click()
        page.get_by_label("What is asked of question 1").fill("What should we know?")
        page.get_by_role("button", name="Save survey").click()
        self.anonymous = page.url.partition("?")[0].rpartition("/")[2]

    def plan_the_consultation(self) -> None:
        """With the keyboard alone."""
        page, keys = self.page, self.keys
        page.goto("/consultations/desk/new")
        keys.to(page.get_by_label("Title", exact=True).first).type(TITLE)
        keys.to(page.get_by_label("What is decided, and why")).type("Where the treatment centre has its doors.")
        keys.to(page.get_by_label("What can still change")).type("Everything but the budget.")
        keys.to(page.get_by_label("Who decides")).type("The Governing Body")
        keys.to(page.get_by_label("Last day")).type("12122099")
        keys.to(page.locator("#document-1-title")).type("The case for change")
        keys.to(page.locator("#document-1-text")).type("Two pages in plain words.")
        self.name_a_group(1, "Eastmere", "400")
        keys.to(page.get_by_role("button", name="Add another group")).press("Enter")
        expect(page.locator("#target-2-group")).to_be_visible()
        self.name_a_group(2, "Kingsbourne", "1000")
        for survey in (SURVEY, ANONYMOUS):
            keys.to(page.get_by_role("checkbox", name=survey)).press("Space")
        self.eyes.look("plan")
        keys.to(page.get_by_role("button", name="Save", exact=True).last).press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text(TITLE)
        self.desk = page.url.partition("?")[0]
        self.consultation = self.desk.rpartition("/")[2]
        self.eyes.look("before-it-opens")

    def name_a_group(self, row: int, locality: str, people: str) -> None:
        self.keys.to(self.page.locator(f"#target-{row}-group")).type("Carers")
        self.keys.to(self.page.locator(f"#target-{row}-locality")).type(locality)
        self.keys.to(self.page.locator(f"#target-{row}-expected")).type(people)

    def promise_to_tell_what_came_of_it(self) -> None:
        """A rule that tells whoever took part, once."""
        page = self.page
        page.goto("/templates/new")
        page.get_by_label("Name", exact=True).fill("What came of it")
        page.get_by_label("Subject").fill("What came of {consultation}")
        page.get_by_label("Text").fill("Dear {name|friend},\n\nread what came of what you said: {link}")
        page.get_by_role("button", name="Save template").click()
        page.goto("/rules/new")
        page.get_by_label("Name", exact=True).fill("Tell whoever took part")
        page.get_by_label("what came of a consultation").check()
        page.get_by_label("Template").select_option(label="What came of it")
        page.get_by_role("radio", name="Consultations").check()
        page.get_by_role("button", name="Save rule").click()
        page.get_by_role("button", name="Switch on").click()
        expect(page.get_by_role("status").first).to_contain_text("The rule is on")
        self.eyes.look("rule")

    def open_it(self) -> None:
        page = self.page
        page.goto(self.desk)
        page.get_by_role("button", name="Open the consultation").click()
        expect(page.get_by_role("status").first).to_have_text("The consultation has been opened.")
        self.eyes.look("open")

    def invite(self) -> dict[str, str]:
        """Everybody in the segment who agreed gets one invitation to each survey; two personal links, by name."""
        places = {"field": "locality", "any_of": ("eastmere", "kingsbourne")}
        agreed = {"field": "consent", "purpose": "consultation", "channel": "email"}
        rule = Rule.model_validate({"conditions": (places, {"field": "group", "any_of": ("carers",)}, agreed)})
        self.segment = self.bus.call(CreateSegment(request_id="story:segment", name=SEGMENT, rule=rule)).segment_id
        asked = GetSegment(segment_id=self.segment)
        until(lambda: self.bus.call(asked).members == len(PEOPLE), 20)
        for survey in (SURVEY, ANONYMOUS):
            self.send(f"Invite people to {survey}", len(INVITED), "invitation")
        for name in INVITED:
            until(lambda to=name: self.mailbox.subjects(address(to))[invitation(ANONYMOUS)] == 1, 20)
        links = {"Ada Lark": SURVEY, "Fay Swift": ANONYMOUS}
        return {name: self.mailbox.answer_link(address(name), invitation(survey)) for name, survey in links.items()}

    def remind(self) -> None:
        """Whoever was asked and has not answered; nobody who has."""
        self.send(f"Remind them of {SURVEY}", len(REMINDED), "reminder")
        got = {name: self.mailbox.subjects(address(name)) for name in INVITED}
        assert {name: of[f"A reminder: {SURVEY}"] for name, of in got.items()} == {
            name: int(name in REMINDED) for name in INVITED
        }
        assert {of[invitation(SURVEY)] for of in got.values()} == {1}
        self.page.goto(f"/surveys/{self.survey}")
        expect(self.page.get_by_role("table").filter(has_text="By segment")).to_contain_text("40%")
        self.eyes.look("response-rate")

    def send(self, link: str, people: int, step: str) -> None:
        """A mailing that begins on the page of the consultation."""
        page = self.page
        page.goto(self.desk)
        page.get_by_role("link", name=link).click()
        page.get_by_role("radio", name="Consultations").check()
        page.locator("#segment_id").select_option(self.segment)
        self.eyes.look(step)
        page.get_by_role("button", name="Save draft").click()
        page.get_by_role("link", name="Send it").click()
        page.get_by_role("button", name="Send the mailing").click()
        expect(page.get_by_role("status").filter(has_text="Finished")).to_be_visible(timeout=60_000)
        expect(page.get_by_role("link", name=f"{people} sent")).to_be_visible()
        self.eyes.look(f"{step}-sent")

    # -- people answer --------------------------------------------------------------------------------

    def answer_on_a_phone(self, link: str) -> None:
        """With the keyboard alone, as people do who cannot point."""
        page = self.open_a_browser(phone=True)
        eyes, keys = self.eyes_of(page, "ada"), Keyboard(page)
        page.goto(link)
        eyes.look("survey")
        keys.to(page.get_by_role("radio", name="By bus")).press("Space")
        keys.to(page.get_by_label("What would make it easier?")).type("A bus that comes on Sundays.")
        keys.to(page.get_by_role("button", name="Send my answers")).press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Thank you")
        eyes.look("thanks")
        self.until_said(1)
        page.goto(link)
        expect(page.get_by_role("heading", level=1)).to_have_text("You have answered this survey")
        eyes.look("answered-already")

    def answer_over_the_open_link_without_script(self) -> None:
        page = self.open_a_browser(script=False)
        page.goto("/consultations")
        page.get_by_role("link", name=TITLE).click()
        page.get_by_role("link", name=f"Have your say: {SURVEY}").click()
        page.get_by_role("button", name="Send my answers").click()
        expect(page.get_by_role("alert")).to_be_visible()
        page.get_by_role("radio", name="On foot").check()
        page.get_by_role("button", name="Send my answers").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Thank you")
        self.until_said(2)

    def enter_a_paper_form(self) -> None:
        page = self.page
        page.goto(f"/contacts/{self.ids['Ben Rook']}/surveys")
        page.get_by_role("link", name=f"Enter their paper form of {SURVEY}").click()
        page.get_by_label("Number of the form").fill("P-12")
        page.get_by_role("radio", name="By car").check()
        self.eyes.look("paper")
        page.get_by_role("button", name="Enter it").last.click()
        expect(page.get_by_role("status").first).to_contain_text("Paper form P-12 has been entered.")
        self.until_said(3)

    def a_partner_tells_of_its_event(self) -> None:
        """A hospital posts what two carers said on its open day."""
        key, _ = create_key(connect(self.settings, "web"), "St Agnes Hospital", ["events:write"])
        people = [
            a_person("Cleo Wren", email=address("Cleo Wren")),
            a_person("Gil Crane", contact_id=self.ids["Gil Crane"]),
        ]
        said = {
            "kind": "conversation",
            "title": "On our open day: the bus",
            "body": "The last bus leaves before the treatment centre closes.",
            "channel": "event",
            "consultation_id": self.consultation,
            "people": people,
        }
        event = {
            "specversion": "1.0",
            "id": "open-day-1",
            "source": "/st-agnes",
            "type": "wellheard.engagement.reported.v1",
        }
        headers = {"Authorization": f"Bearer {key}", "content-type": "application/cloudevents+json"}
        answer = httpx.post(f"{self.home}/api/v1/events", json=event | {"data": said}, headers=headers)
        assert answer.status_code == 202, answer.text
        self.until_said(4)

    def one_answers_anonymously(self, link: str) -> None:
        page = self.open_a_browser(phone=True)
        eyes = self.eyes_of(page, "fay")
        page.goto(link)
        eyes.look("anonymous-survey")
        page.get_by_label("What should we know?").fill("I am afraid of the waiting room.")
        page.get_by_role("button", name="Send my answers").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Thank you")
        until(lambda: self.said().only_in_results == 1, 20)

    def said(self) -> ContributionPage:
        return self.bus.call(ListContributions(consultation_id=self.consultation))

    def until_said(self, number: int) -> None:
        until(lambda: self.said().total == number, 20)
