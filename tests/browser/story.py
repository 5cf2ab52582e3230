"""What the story needs: a real instance with one account, a spreadsheet of panel members, and eyes on every page."""

import re
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from playwright.sync_api import Locator, Page

from deploy.instance import Instance
from services.web.signin.domain import open_account
from services.web.signin.passwords import hash_password
from services.web.signin.repository import MongoSignInStore
from shared.mongo import connect
from tests.browser.looking import look

EMAIL, PASSWORD = "communications@example.org", "lantern gravel otter Tuesday"
MEMBERS, TWINS = 300, 12
FIRST = (
    *("Amina", "Bola", "Carys", "Dafydd", "Efua", "Farah", "Gwen", "Hamid", "Iris", "Jaroslav", "Kwame", "Leila"),
    *("Marek", "Nia", "Olu", "Priya", "Quentin", "Rosa", "Sian", "Tomasz", "Uma", "Vera", "Wanjiru", "Zoë"),
)
LAST = (
    *("Adeyemi", "Bevan", "Chowdhury", "Davies", "Evans", "Farooq"),
    *("Green", "Hughes", "Ivanova", "Jones", "Kowalski", "Lewis"),
)
GROUP = "Patient participation and reference groups"
PLACES = ("Thornwold", "Eastmere", "Kingsbourne", "Marden Vale", "Saltham and the Coast")


def spreadsheet() -> bytes:
    """300 panel members as a spreadsheet program saves them on Windows; twelve of them stand there twice."""
    lines = ["Name;E-mail;Locality;Groups;Newsletter by e-mail"]
    for n in range(MEMBERS):
        lines.append(
            f"{name(n)};{address(n)};{PLACES[place(n) % 5]};Patient participation and reference groups;{says(n)}"
        )
    return "\r\n".join(lines).encode("cp1252")


def place(n: int) -> int:
    """A member who stands there twice lives where the first of the two lives."""
    return n - (MEMBERS - TWINS) if n >= MEMBERS - TWINS else n


def name(n: int) -> str:
    return f"{FIRST[place(n) // len(LAST)]} {LAST[place(n) % len(LAST)]}"


def address(n: int) -> str:
    return f"member{n}@example.org"


def says(n: int) -> str:
    return "no" if n % 3 == 2 else "yes"


def open_for_an_officer(instance: Instance) -> None:
    """The one account there is."""
    store = MongoSignInStore(connect(instance.settings, "web"))
    store.prepare()
    roles = ("communications_officer",)
    account = open_account(EMAIL, "Ceri Morgan", roles, hash_password(PASSWORD), datetime.now(UTC))
    store.insert_account(account.next(must_change=False))


class Eyes:
    """Looks at a page at both widths, as people who use assistive technology and people who do not."""

    def __init__(self, page: Page, of: str = "story", who: str = "") -> None:
        """of: the folder of its pictures; who: whose eyes they are, when there are several."""
        self._page = page
        self._number = 0
        self._of, self._who = of, who
        self.faults: list[str] = []

    def look(self, step: str) -> None:
        self._number += 1
        step = f"{self._who}-{self._number:02}-{step}".removeprefix("-")
        before = self._page.viewport_size
        self.faults += look(self._page, f"{self._of}/{step}")
        if before is not None:
            self._page.set_viewport_size(before)


class Keyboard:
    """Gets everywhere with the Tab key, and touches nothing with a mouse."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def to(self, target: Locator) -> "Keyboard":
        for _ in range(200):
            if target.evaluate("element => element === document.activeElement"):
                return self
            self._page.keyboard.press("Tab")
        raise AssertionError(f"the Tab key does not lead to {target}")

    def press(self, key: str) -> None:
        self._page.keyboard.press(key)

    def type(self, text: str) -> None:
        self._page.keyboard.type(text)


class Mailbox:
    """What the demo's mail server has kept."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def got(self) -> Counter[str]:
        """How many messages each address has got."""
        kept = [each.read_bytes().split(b"\r\n", 1)[0].decode() for each in self._folder.glob("*.eml")]
        return Counter(each.removeprefix("X-Envelope-To: ") for each in kept)

    def subjects(self, address: str) -> Counter[str]:
        """How often an address has got a message of each subject."""
        return Counter(str(each["Subject"]) for each in self._to(address))

    def answer_link(self, address: str, subject: str) -> str:
        """The personal link to a survey in the message of this subject."""
        (message,) = [each for each in self._to(address) if str(each["Subject"]) == subject]
        text = message.get_body(("plain",))
        assert text
        found = re.search(r"https?://[^\s)>]+/answer/p/[^\s)>]+", text.get_content())
        assert found
        return found[0]

    def _to(self, address: str) -> Iterator[EmailMessage]:
        for each in self._folder.glob("*.eml"):
            message = message_from_bytes(each.read_bytes(), EmailMessage, policy=policy.default)
            if message["X-Envelope-To"] == address:
                yield message

    def unsubscribe_link(self, address: str) -> str:
        for each in self._folder.glob("*.eml"):
            text = each.read_text()
            if text.startswith(f"X-Envelope-To: {address}\n"):
                found = re.search(r"List-Unsubscribe: <([^>]+)>", text)
                assert found
                return found[1]
        raise AssertionError(f"{address} has got nothing")


def until(condition: object, seconds: float) -> float:
    """The seconds after which the condition holds."""
    began = time.monotonic()
    while not condition():  # type: ignore[operator]
        assert time.monotonic() - began < seconds, "it does not come about"
        time.sleep(0.05)
    return time.monotonic() - began
