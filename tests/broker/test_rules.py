"""What rules send, on real servers: whatever step the process is killed at, everyone is in one audience, once."""

import os
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from shared.contracts.base import Request, new_id
from shared.contracts.contacts import ContactRegistered, NewContact, RegisterContacts
from shared.contracts.rules import CreateRule, GetRule, RuleSettings, SendingRule, SwitchRule
from shared.contracts.templates import CreateTemplate
from shared.messaging.broker import Outgoing, Publisher
from shared.messaging.client import R, RpcClient
from shared.mongo import Documents, connect
from shared.settings import Settings
from tests.broker.test_consumer import wait_for
from tests.builders import a_contact, a_template_text, an_envelope
from tests.faults.office import ask
from tests.faults.processes import Processes

KILLED_AT = ("rules.after_take", "rules.after_audience", "rules.before_hand_over")
PEOPLE = 150
ROOT = Path(__file__).parents[2]


@dataclass
class Office:
    """The services contacts and notifications as processes of their own, and who asks them."""

    settings: Settings
    processes: Processes
    client: RpcClient
    database: Documents

    def call(self, request: Request[R]) -> R:
        return ask(self.client, request)

    def restart(self, point: str) -> None:
        """From here on notifications is killed at the point, and started again."""
        self.processes.stop("notifications")
        self.processes.start("notifications", WELLHEARD_FAILPOINT=point)

    def rule(self) -> SendingRule:
        template = self.call(CreateTemplate(request_id=new_id(), text=a_template_text())).template_id
        settings = RuleSettings(
            name="r", occasion="contact_registered", template_id=template, purpose="newsletter", per_hour=5000
        )
        rule = self.call(CreateRule(request_id=new_id(), settings=settings))
        return self.call(SwitchRule(rule_id=rule.rule_id, version=1, on=True))

    def happen(self, contact_ids: list[str]) -> None:
        """Each contact becomes known, and each event comes twice."""
        publisher = Publisher(self.settings.amqp_url)
        events = [
            an_envelope(ContactRegistered(contact=a_contact(contact_id=each), registered_by="staff"))
            for each in contact_ids
        ]
        for _ in range(2):
            publisher.publish([Outgoing.event(each) for each in events])
        publisher.close()


@pytest.fixture
def office(declared: Settings, tmp_path: Path) -> Iterator[Office]:
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv is not installed")
    settings = declared.model_copy(update={"mongo_url": f"{declared.mongo_url.rsplit('/', 1)[0]}/r{new_id()[-8:]}"})
    environment = os.environ | {
        "WELLHEARD_AMQP_URL": settings.amqp_url,
        "WELLHEARD_MONGO_URL": settings.mongo_url,
        "WELLHEARD_STATE_DIR": str(tmp_path / "state"),
        "WELLHEARD_SECRET": "s" * 32,
    }
    processes = Processes(ROOT, environment, tmp_path / "log")
    for name in ("contacts", "notifications"):
        processes.start(name)
    client = RpcClient(settings)
    yield Office(settings, processes, client, connect(settings, "notifications"))
    client.close()
    processes.close()


def test_a_process_that_is_killed_at_any_step_leaves_everyone_in_one_audience_once(office: Office) -> None:
    """The same mailing is taken up again each time, and the process is killed one step further on."""
    contacts = tuple(NewContact(name=f"Person {n}", email=(f"p{n}@x.org",)) for n in range(PEOPLE))
    known = office.call(RegisterContacts(contacts=contacts, request_ids=tuple(f"k{n}" for n in range(PEOPLE)))).contacts
    rule, ids = office.rule(), [each.contact_id for each in known]
    for point in KILLED_AT:
        killed = len(office.processes.ends("notifications"))
        office.restart(point)
        office.call(GetRule(rule_id=rule.rule_id))
        if point == KILLED_AT[0]:
            office.happen(ids)
        wait_for(lambda n=killed: office.processes.ends("notifications")[n:] == [-9], 60)
    assert office.database["rule_log"].count_documents({"rule_id": rule.rule_id}) == PEOPLE
    wait_for(lambda: _is_settled(office), 90)
    mailings = {each["_id"] for each in office.database["mailings"].find({"rule_id": rule.rule_id})}
    audiences = [each for each in office.database["audiences"].find() if each["mailing_id"] in mailings]
    reached = Counter(person[0] for each in audiences for person in each["recipients"])
    assert reached == Counter(ids)
    assert sum(each["recipients"] for each in office.database["mailings"].find()) == PEOPLE


def _is_settled(office: Office) -> bool:
    log = office.database["rule_log"]
    return not log.count_documents({"state": "waiting"}) and not log.count_documents({"unfinished": {"$gt": ""}})
