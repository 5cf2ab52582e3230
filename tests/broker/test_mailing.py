"""A mailing on real servers: whatever is killed, everyone is reached, nobody twice, and each doubt has a name."""

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.home import free_port, listens
from deploy.instance import Instance
from services.notifications.domain import Addressee, begin, draft, freeze, schedule
from services.notifications.ledger import MongoLedger
from services.notifications.repository import MongoMailings
from shared.contracts.base import Envelope, Event, new_id
from shared.contracts.consent import Consent, ConsentChanged
from shared.contracts.notifications import (
    GetMailing,
    ListLedger,
    ListMailings,
    MailingProgress,
    MessagesSent,
    SendNotice,
)
from shared.errors import Unavailable
from shared.messaging import broker
from shared.messaging.client import RpcClient
from shared.mongo import connect
from tests.broker.test_consumer import wait_for
from tests.builders import AT, a_mailing_draft, an_envelope
from tests.conftest import make_instance

pytestmark = pytest.mark.servers

SESSIONS = 4
PEOPLE = 2000


class Post:
    """An instance whose mail goes to a sink that writes down each recipient."""

    def __init__(self, instance: Instance, folder: Path) -> None:
        self.instance = instance
        self.port = free_port()
        self.log = folder / "sink.log"
        with (instance.state_dir / "instance.env").open("a") as settings:
            settings.write(f"WELLHEARD_SMTP_URL=smtp://127.0.0.1:{self.port}\nWELLHEARD_MAIL_SESSIONS={SESSIONS}\n")
        database = connect(instance.settings, "notifications")
        self.mailings, self.ledger = MongoMailings(database), MongoLedger(database)
        self.bus = RpcClient(instance.settings)
        self._senders: list[subprocess.Popen[bytes]] = []
        self._sink: subprocess.Popen[bytes] | None = None
        self.start_sink()
        instance.start("notifications")
        wait_for(self.answers, 30)

    def answers(self) -> bool:
        try:
            self.bus.call(ListMailings())
        except Unavailable:
            return False
        return True

    def start_sink(self) -> None:
        command = [sys.executable, "-m", "tests.broker.sink", str(self.port), str(self.log)]
        self._sink = subprocess.Popen(command)
        wait_for(lambda: listens(self.port))

    def stop_sink(self) -> None:
        assert self._sink is not None
        self._sink.kill()
        self._sink.wait()

    def start_sender(self, failpoint: str = "") -> subprocess.Popen[bytes]:
        environment = self.instance.environment | ({"WELLHEARD_FAILPOINT": failpoint} if failpoint else {})
        command = [str(Path(sys.executable).parent / "wellheard"), "run", "notifications-sender"]
        log = (self.instance.state_dir / "sender.log").open("ab")
        self._senders.append(subprocess.Popen(command, env=environment, stderr=log))
        return self._senders[-1]

    def begin(self, people: int = PEOPLE) -> str:
        """A mailing whose audience stands already."""
        mailing = draft(new_id("mlg"), a_mailing_draft(), AT, "staff")
        self.mailings.insert(mailing)
        started = begin(schedule(mailing, None, AT), AT)
        for number in range(-(-people // 500)):
            part = range(number * 500, min(people, (number + 1) * 500))
            recipients = [Addressee(f"con_{n:05}", f"Person {n}", f"p{n}@example.org", f"cns_{n}") for n in part]
            self.ledger.add_audience(mailing.mailing_id, 1, number, recipients)
        frozen, _ = freeze(started, people, AT)
        for each in (schedule(mailing, None, AT), started, frozen):
            assert self.mailings.replace(each)
        return mailing.mailing_id

    def progress(self, mailing_id: str) -> MailingProgress:
        return self.bus.call(GetMailing(mailing_id=mailing_id))

    def wait_finished(self, mailing_id: str) -> MailingProgress:
        wait_for(lambda: self.progress(mailing_id).mailing.finished_at is not None, 60)
        return self.progress(mailing_id)

    def taken(self) -> Counter[str]:
        return Counter(each.split()[0] for each in self.lines())

    def times(self) -> dict[str, float]:
        return {who: float(at) for who, at in (each.split() for each in self.lines())}

    def lines(self) -> list[str]:
        text = self.log.read_text() if self.log.exists() else ""
        return text.splitlines()[: text.count("\n")]

    def told(self, mailing_id: str) -> Counter[str]:
        """How many events say of each contact that it was sent the mailing; the same event again counts once."""
        events = {}
        with broker.connection(self.instance.settings.amqp_url) as connection:
            channel = connection.channel()
            while message := channel.basic_get("history.timeline", no_ack=True):
                content = json.loads(message.body)
                for event in content if isinstance(content, list) else [content]:
                    if event["type"] == MessagesSent.type and event["subject"] == mailing_id:
                        events[event["id"]] = event["data"]["contact_ids"]
        return Counter(who for each in events.values() for who in each)

    def close(self) -> None:
        for each in self._senders:
            each.kill()
            each.wait()
        self._senders.clear()

    def end(self) -> None:
        self.close()
        self.stop_sink()


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Post]:
    folder = tmp_path_factory.mktemp("post")
    instance = make_instance(folder / "state")
    made = Post(instance, folder)
    yield made
    made.end()
    instance.remove()


@pytest.fixture
def post(office: Post) -> Iterator[Post]:
    office.log.unlink(missing_ok=True)
    office.stop_sink()
    office.start_sink()
    yield office
    office.close()


def check(post: Post, mailing_id: str, deaths: int) -> None:
    """Everyone once, but for the doubtful, who are few and known by name."""
    progress = post.wait_finished(mailing_id)
    doubtful = {each.contact_id for each in post.bus.call(ListLedger(mailing_id=mailing_id, state="uncertain")).items}
    taken = post.taken()
    assert [who for who, times in taken.items() if times > 1] == []
    missing = {f"con_{n:05}" for n in range(PEOPLE) if f"p{n}@example.org" not in taken}
    assert missing <= doubtful
    assert len(doubtful) <= deaths * SESSIONS
    assert sum(progress.counts.values()) == PEOPLE
    assert progress.counts["sent"] == PEOPLE - len(doubtful)
    wait_for(lambda: not post.mailings.outbox.pending(1), 10)
    told = post.told(mailing_id)
    assert set(told) == {f"con_{n:05}" for n in range(PEOPLE)} - doubtful
    assert set(told.values()) == {1}


def a_withdrawal(contact_id: str) -> Envelope[Event]:
    said = {"purpose": "newsletter", "channel": "email", "given": False, "at": AT, "method": "one_click"}
    consent = {"consent_id": new_id("cns"), "contact_id": contact_id, "wording": "Unsubscribe", "recorded_by": "web"}
    return an_envelope(ConsentChanged(consent=Consent.model_validate(consent | said), name="Somebody"))


POINTS = {"sender.before_dot": 700, "sender.after_reply": 700, "sender.after_ledger": 2}
"""One where somebody is in doubt, one where only the journal knows, one where only the ledger does: the fault matrix
(tests/faults/scenarios/mail.py) has all of them."""


@pytest.mark.parametrize("point", POINTS)
def test_a_sender_that_is_killed_sends_nobody_twice_and_forgets_nobody(post: Post, point: str) -> None:
    mailing_id = post.begin()
    killed = post.start_sender(f"{point}:{POINTS[point]}")
    assert killed.wait(40) == -9
    post.start_sender()
    check(post, mailing_id, deaths=1)


def test_a_sender_that_is_killed_again_and_again_still_reaches_everyone_once(post: Post) -> None:
    mailing_id = post.begin()
    deaths = 0
    for passes in (300, 250, 200):
        if post.start_sender(f"sender.before_dot:{passes}").wait(40) == -9:
            deaths += 1
    post.start_sender()
    check(post, mailing_id, deaths)


def test_two_senders_never_send_to_one_person_twice(post: Post) -> None:
    mailing_id = post.begin()
    first, _ = post.start_sender(), post.start_sender()
    wait_for(lambda: sum(post.taken().values()) > 400)
    first.kill()
    first.wait()
    post.start_sender()
    check(post, mailing_id, deaths=1)


def test_a_sender_that_is_asked_to_stop_puts_everything_down(post: Post) -> None:
    mailing_id = post.begin()
    sender = post.start_sender()
    wait_for(lambda: sum(post.taken().values()) > 400)
    sender.terminate()
    assert sender.wait(20) == 0
    post.start_sender()
    check(post, mailing_id, deaths=0)


def test_a_mail_server_that_goes_away_is_waited_for(post: Post) -> None:
    mailing_id = post.begin()
    post.start_sender()
    wait_for(lambda: sum(post.taken().values()) > 400)
    post.stop_sink()
    time.sleep(3)
    assert post.progress(mailing_id).mailing.state == "sending"
    post.start_sink()
    check(post, mailing_id, deaths=1)


def test_urgent_notices_overtake_a_mailing(post: Post) -> None:
    mailing_id = post.begin(10_000)
    post.start_sender()
    wait_for(lambda: len(post.lines()) > 100)
    asked: dict[str, float] = {}
    for number in range(100):
        address = f"urgent{number}@example.org"
        asked[address] = time.time()
        post.bus.call(SendNotice(request_id=new_id(), address=address, subject="Confirm", body="Click."))
    wait_for(lambda: asked.keys() <= post.times().keys(), 20)
    waits = sorted(post.times()[each] - at for each, at in asked.items())
    assert waits[94] < 10
    assert sum(post.wait_finished(mailing_id).counts.values()) == 10_000


def test_who_withdraws_while_a_mailing_runs_gets_nothing_a_second_later(post: Post) -> None:
    people = 10_000
    mailing_id = post.begin(people)
    post.start_sender()
    wait_for(lambda: len(post.lines()) > 300)
    late = range(people - 500, people)
    publisher = broker.Publisher(post.instance.settings.amqp_url)
    publisher.publish([broker.Outgoing.event(a_withdrawal(f"con_{number:05}")) for number in late])
    withdrawn_at = time.time()
    publisher.close()
    counts = post.wait_finished(mailing_id).counts
    sent = [post.times()[each] for number in late if (each := f"p{number}@example.org") in post.times()]
    assert all(at < withdrawn_at + 1 for at in sent)
    assert counts["suppressed"] == 500 - len(sent) > 0
