"""Staff under observation: what they ask is asked again while a service is away, and the mail server is ours.

It writes down each recipient before it says that it has the message, so that what was sent is known without asking
the services.
"""

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from deploy.home import listens
from deploy.instance import CHECKOUT
from shared.contracts.base import Request, new_id
from shared.contracts.consent import RecordConsents, Statement
from shared.contracts.contacts import NewContact, RegisterContacts
from shared.contracts.notifications import DraftMailing, GetMailing, MailingDraft, MessagesSent, ScheduleMailing
from shared.contracts.segments import CreateSegment, GetSegment, Rule
from shared.errors import Conflict, Unavailable
from shared.messaging.client import R, RpcClient
from shared.mongo import connect
from tests.faults.run import Run
from tests.faults.waiting import wait_until

PEOPLE = 600
SESSIONS = 4
"""SMTP sessions of one sender, as the setting's default has it."""
_SAID = {"purpose": "newsletter", "channel": "email", "given": True, "method": "paper_form", "wording": "May we write?"}


def ask(bus: RpcClient, request: Request[R]) -> R:
    """The answer, however often it has to be asked for."""
    for _ in range(90):
        try:
            return bus.call(request, timeout=3)
        except Unavailable:
            time.sleep(0.3)
    raise AssertionError(f"the {request.service} service does not come back")


class Postbox:
    """Asks services, and is the mail server of one run."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.bus = RpcClient(run.system.settings)
        self._log = run.system.folder / f"{run.prefix}.mail"
        self._sink: subprocess.Popen[bytes] | None = None
        self.open_mail_server()

    def open_mail_server(self) -> None:
        port = self.run.system.mail_port
        self._sink = subprocess.Popen([sys.executable, "-m", "tests.broker.sink", str(port), self._log], cwd=CHECKOUT)
        wait_until(lambda: listens(port), 10)

    def close_mail_server(self) -> None:
        """As a power cut would: what it has written down it has taken."""
        assert self._sink is not None
        self._sink.kill()
        self._sink.wait()

    def taken(self) -> Counter[str]:
        """How often the mail server was given a message to each address."""
        return Counter(who for who, _ in self.deliveries())

    def deliveries(self) -> list[tuple[str, float]]:
        """(address, when) of each message that the mail server was given."""
        text = self._log.read_text() if self._log.exists() else ""
        lines = (line.split() for line in text.splitlines()[: text.count("\n")])
        return [(who, float(at)) for who, at in lines]

    def close(self) -> None:
        self.close_mail_server()
        self.bus.close()


class Office(Postbox):
    """Writes mailings to six hundred people, the same in every run of an instance."""

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._segment_id, self.ids = self._gather()

    def send(self, **fields: Any) -> str:
        """A mailing to everyone; its id."""
        said = {"subject": "News for {name}", "body": "We met.", "segment_id": self._segment_id}
        content = MailingDraft.model_validate(said | fields)
        mailing_id = ask(self.bus, DraftMailing(request_id=new_id(), draft=content)).mailing_id
        try:
            ask(self.bus, ScheduleMailing(mailing_id=mailing_id, version=1))
        except Conflict:  # asked twice: the first time its answer was lost
            assert ask(self.bus, GetMailing(mailing_id=mailing_id)).mailing.state != "draft"
        return mailing_id

    def glance(self, mailing_id: str) -> bool:
        """Ask how far it is, without insisting on an answer; False."""
        with suppress(Unavailable):
            self.bus.call(GetMailing(mailing_id=mailing_id), timeout=2)
        return False

    def say_something_else(self) -> None:
        """Withdrawals of another purpose: notifications hears of each, and it changes nothing for the mailing."""
        for number in range(8):
            said = _SAID | {"contact_id": self.ids[number], "purpose": "survey", "given": False}
            statements = (Statement.model_validate(said),)
            ask(self.bus, RecordConsents(request_id=f"{self.run.prefix}-{number}", statements=statements))

    def wait_taken(self, least: int, seconds: float = 20) -> bool:
        """Until the mail server has so many messages."""
        return wait_until(lambda: sum(self.taken().values()) >= least, seconds, 0.01)

    def examine(self, mailing_id: str, lines_cut: int) -> None:
        """Everyone once, but for those in doubt: at most one for each SMTP session that was cut, each by name."""
        run, progress = self.run, lambda: ask(self.bus, GetMailing(mailing_id=mailing_id))
        finished = wait_until(lambda: progress().mailing.finished_at is not None, 90, 0.3)
        run.expect(finished, f"a mailing had not finished 90 s later: {progress().counts}")
        run.settle()
        ledger = list(connect(run.system.settings, "notifications")["ledger"].find({"mailing_id": mailing_id}))
        doubtful = {each["contact_id"] for each in ledger if each["state"] == "uncertain"}
        sent = {each["contact_id"] for each in ledger if each["state"] == "sent"}
        taken = self.taken()
        twice = [who for who, times in taken.items() if times > 1]
        missing = {self.ids[n] for n in range(PEOPLE) if f"panel{n}@example.org" not in taken} - doubtful
        run.expect(not twice, f"{len(twice)} people were sent the mailing twice: {twice[:3]}")
        run.expect(not missing, f"{len(missing)} people were sent nothing, and nobody knows: {sorted(missing)[:3]}")
        run.expect(len(doubtful) <= lines_cut, f"{len(doubtful)} people are in doubt; {lines_cut} sessions were cut")
        run.expect(all(each["name"] for each in ledger), "somebody in the ledger has no name")
        run.expect(len(ledger) == PEOPLE and sent | doubtful == set(self.ids), f"end states: {len(ledger)}, {PEOPLE}")
        run.expect(progress().counts == dict(Counter(each["state"] for each in ledger)), "the page counts otherwise")
        told = self.told(mailing_id)
        run.expect(set(told) == sent, f"{len(set(told) ^ sent)} timelines say otherwise than the ledger")
        run.expect(max(told.values(), default=1) == 1, "a timeline says twice that the mailing was sent")
        run.note(f"{len(sent)} sent, {len(doubtful)} in doubt")

    def told(self, mailing_id: str) -> Counter[str]:
        """How many events in the log say of each person that the mailing was sent."""
        log = connect(self.run.system.settings, "history")["log"]
        events = log.find({"event.type": MessagesSent.type, "event.subject": mailing_id})
        return Counter(who for each in events for who in each["event"]["data"]["contact_ids"])

    def _gather(self) -> tuple[str, list[str]]:
        """The segment of the six hundred and their ids; all of it can be asked for again."""
        people = [
            NewContact(name=f"Panel {n}", email=(f"panel{n}@example.org",), groups=("carers",)) for n in range(PEOPLE)
        ]
        numbers = tuple(f"panel-{n}" for n in range(PEOPLE))
        found = ask(self.bus, RegisterContacts(contacts=tuple(people), request_ids=numbers)).contacts
        ids = [each.contact_id for each in found]
        said: list[dict[str, Any]] = [_SAID | {"contact_id": each} for each in ids]
        statements = tuple(Statement.model_validate(each) for each in said)
        ask(self.bus, RecordConsents(request_id="panel", statements=statements))
        rule = Rule.model_validate({"conditions": [{"field": "group", "any_of": ["carers"]}]})
        segment_id = ask(self.bus, CreateSegment(request_id="panel", name="Panel", rule=rule)).segment_id

        def is_filled() -> bool:
            segment = ask(self.bus, GetSegment(segment_id=segment_id))
            return segment.filled == 1 and segment.members == PEOPLE

        assert wait_until(is_filled, 60, 0.3), "the segment is not filled"
        return segment_id, ids


@contextmanager
def office(run: Run) -> Iterator[Office]:
    made = Office(run)
    try:
        yield made
    finally:
        made.close()
