"""50,000 personalised mails of about 3.6 KB to a sink that logs each recipient, beside a bare asyncio sender.

Ours takes the mails from a frozen audience, asks before each whether it may go, journals it, and puts it into the
ledger and the outbox; the bare sender only sends 3.6 KB each (ours are larger: the layout alone is). Same sink, same
number of connections, in turn. Everyone must be in the sink's log exactly once.
"""

import json
import os
import signal
import statistics
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from bench import harness
from deploy.home import free_port, listens
from deploy.instance import Instance
from services.notifications import domain
from services.notifications.domain import Addressee
from services.notifications.ledger import MongoLedger
from services.notifications.repository import MongoMailings
from shared.contracts.base import new_id
from shared.contracts.notifications import MailingDraft
from shared.mongo import connect

MAILS = int(os.environ.get("MAILS", "50000"))
FEW = MAILS // 10
ROUNDS = int(os.environ.get("ROUNDS", "3"))
SESSIONS = 4
GOAL = 0.35
BODY = "Dear {name|friend},\n\n" + "We asked, you said, we did: this is what has changed since. " * 4


def main() -> None:
    with harness.private_instance() as instance:
        ours = Ours(instance)
        ours.send(200)
        few = ours.memory_of(FEW)
        rates, bare_rates = harness.in_turn(ROUNDS, ours.round, lambda number: bare(ours.sink))
        ours.stop()
    ratio = statistics.median(rates) / statistics.median(bare_rates)
    flat = ours.most_mb <= few * 1.10 and ours.most_mb < 150
    harness.report(
        "mail",
        ratio,
        GOAL,
        ratio >= GOAL and flat and ours.once,
        mails=MAILS,
        ours_per_second=round(statistics.median(rates)),
        bare_per_second=round(statistics.median(bare_rates)),
        cpu_us_per_mail=ours.cpu,
        bare_cpu_us_per_mail=ours.sink.bare_cpu,
        mb_after_a_tenth=round(few),
        mb_at_most=round(ours.most_mb),
        everyone_once=ours.once,
    )


class Sink:
    """The mail server of both sides."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.log = folder / "sink.log"
        self.bare_cpu = 0
        self._process = subprocess.Popen([sys.executable, "-m", "bench.bare.sink", str(self.port), str(self.log)])
        harness.wait_for(lambda: listens(self.port), 30)

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(20)


class Ours:
    """The sender of an instance, and a mailing for each round."""

    def __init__(self, instance: Instance) -> None:
        self.sink = Sink(instance.state_dir)
        with (instance.state_dir / "instance.env").open("a") as settings:
            settings.write(f"WELLHEARD_SMTP_URL=smtp://127.0.0.1:{self.sink.port}\n")
            settings.write(f"WELLHEARD_MAIL_SESSIONS={SESSIONS}\n")
        database = connect(instance.settings, "notifications")
        self._mailings, self._ledger = MongoMailings(database), MongoLedger(database)
        instance.start("notifications", "notifications-sender")
        self._pids = instance.supervisor.pids()
        self._sent = 0
        self.cpu: dict[str, int] = {}
        self.most_mb = 0.0
        self.once = True

    def memory_of(self, mails: int) -> float:
        """Megabytes of the sender after so many."""
        self.send(mails)
        return harness.own_mb(self._pids["notifications-sender"])

    def round(self, number: int) -> float:
        return MAILS / self.send(MAILS)

    def send(self, mails: int) -> float:
        """Seconds from the moment that sending may begin until every recipient has an end state."""
        names = ("notifications", "notifications-sender", "store")
        mailing_id = self._prepare(mails)
        before = {name: harness.cpu_seconds(self._pids[name]) for name in names}
        began = time.monotonic()
        self._begin(mailing_id, mails)
        while not self._is_finished(mailing_id):
            harness.wait_for(lambda: self._is_finished(mailing_id), 900)
        seconds = time.monotonic() - began
        for name in names:
            self.cpu[name] = round((harness.cpu_seconds(self._pids[name]) - before[name]) / mails * 1e6)
        self.most_mb = max(self.most_mb, harness.own_mb(self._pids["notifications-sender"]))
        counts, _ = self._ledger.progress(mailing_id, 1)
        harness.wait_for(lambda: len(taken(self.sink, mailing_id)) >= mails, 5)
        self.once &= counts == {"sent": mails} and set(taken(self.sink, mailing_id).values()) == {1}
        return seconds

    def stop(self) -> None:
        self.sink.stop()

    def _prepare(self, mails: int) -> str:
        content = MailingDraft(subject="What we heard, {name|friend}", body=BODY, segment_id="seg_bench")
        mailing = domain.draft(new_id("mlg"), content, datetime.now(UTC), "bench")
        self._mailings.insert(mailing)
        for number in range(-(-mails // 500)):
            people = range(number * 500, min(mails, number * 500 + 500))
            part = [
                Addressee(new_id("con"), f"Person {n}", f"p{n}-{mailing.mailing_id}@example.org", new_id("cns"))
                for n in people
            ]
            self._ledger.add_audience(mailing.mailing_id, 1, number, part)
        return mailing.mailing_id

    def _begin(self, mailing_id: str, mails: int) -> None:
        mailing, now = self._mailings.find(mailing_id), datetime.now(UTC)
        assert mailing is not None
        scheduled = domain.schedule(mailing, None, now)
        started = domain.begin(scheduled, now)
        frozen, _ = domain.freeze(started, mails, now)
        # In one step: a sender that saw the mailing in between would freeze an audience of its own.
        self._mailings.replace(frozen.model_copy(update={"version": mailing.version + 1}))

    def _is_finished(self, mailing_id: str) -> bool:
        found = self._mailings.find(mailing_id)
        return found is not None and found.finished_at is not None


def taken(sink: Sink, mailing_id: str) -> Counter[str]:
    """How often the sink has taken a message for each recipient of a mailing."""
    return Counter(each for each in sink.log.read_text().split() if mailing_id in each)


def bare(sink: Sink) -> float:
    """Mails a second of the bare sender."""
    command = [sys.executable, "-m", "bench.bare.mail", str(sink.port), str(MAILS), str(SESSIONS), "3600"]
    process = subprocess.run(command, capture_output=True, text=True, check=True)
    said = json.loads(process.stdout)
    sink.bare_cpu = round(said["cpu"] / MAILS * 1e6)
    return float(MAILS / said["seconds"])


if __name__ == "__main__":
    main()
