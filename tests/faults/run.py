"""One run of one scenario: load, fault, healing, quiet, and the look from outside."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from deploy import broker
from deploy.queues import depths
from deploy.quiet import is_resting_place, outboxes
from services.history.index.choice import indexes_of
from shared.mongo import connect
from tests.faults.invariants import Findings, examine, examine_memory
from tests.faults.producer import ACCEPTED, AmqpProducer, Ledger, Producer
from tests.faults.system import System
from tests.faults.waiting import wait_until

QUIET_SECONDS = 90.0
STILL_FOR = 1.5


class SkippedError(Exception):
    """This machine cannot do what the scenario needs; the text says what is missing."""


@dataclass
class Run:
    """What a scenario works with. `outage`: how long, in seconds, what it takes away stays away."""

    system: System
    scenario: str
    seed: int
    outage: float = 10.0
    parked_expected: int = 0
    ready_limit: float = 0.0
    """Seconds within which every service must be ready after healing; 0: not a rule of this scenario."""
    beside: int = 1
    """Runs that share the machine: to start takes each of them so much longer."""
    drain_limit: float = 0.0
    """Seconds within which the backlog must be gone after healing."""
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(f"{self.scenario} {self.seed}")
        self.ledgers: list[Ledger] = []
        self.peaks: dict[str, float] = {}
        self.ready_after: float | None = None
        self.quiet_after: float | None = None
        self._healed: float | None = None
        self._began = time.monotonic()
        self.producer = self.new_producer(f"St Agnes {self.prefix}")

    @property
    def prefix(self) -> str:
        return f"{self.scenario}-{self.seed}"

    def new_producer(self, partner: str, prefix: str = "") -> Producer:
        """Another partner; what it is told counts as well."""
        made = Producer(self.system.settings, partner, self.system.folder, self.chance, prefix or self.prefix)
        self.ledgers.append(made.ledger)
        return made

    def new_amqp_producer(self, name: str) -> AmqpProducer:
        """A partner with a broker user of its own; what it is told counts as well."""
        vhost, user, partner = self.system.instance.name, self.system.settings.amqp_user, f"{name} {self.prefix}"
        login = broker.add_partner(vhost, user, partner, "a-partner-of-one-run")
        url = broker.amqp_url(vhost, login, "a-partner-of-one-run")
        made = AmqpProducer(partner, url, self.system.folder, self.producer.new_event)
        self.ledgers.append(made.ledger)
        return made

    @contextmanager
    def load(self, a_second: float = 60) -> Iterator[None]:
        """Partners post while the block runs."""
        with self.producer.load(a_second):
            yield

    def pause(self, least: float, most: float = 0.0) -> None:
        """Let things run for a while: a time between the two, by the seed."""
        time.sleep(self.chance.uniform(least, most) if most else least)

    def seconds(self) -> float:
        """Since the run began."""
        return time.monotonic() - self._began

    def note(self, text: str) -> None:
        self.notes.append(text)

    def expect(self, holds: object, rule: str) -> None:
        """A rule of the scenario itself, beside the invariants."""
        if not holds:
            self.problems.append(rule)

    def tell_the_truth(self, seconds: float) -> None:
        """Let the outage last, and see meanwhile that health says so and that pages answer in time."""
        ends = time.monotonic() + seconds
        told = False
        while time.monotonic() < ends:
            told = told or self.system.get("/ready", timeout=5)[0] in (0, 503)
            began = time.monotonic()
            status, _ = self.system.get("/", timeout=20)
            if status not in (200, 503) or time.monotonic() - began > 12:
                self.problems.append(f"a page answered {status} after {time.monotonic() - began:.1f} s of the outage")
                time.sleep(max(0.0, ends - time.monotonic()))
                break
            time.sleep(0.5)
        self.expect(told, "/ready said ready all through the outage")

    def expect_quick_refusals(self) -> None:
        """While the broker takes nothing partners are told at once, with Retry-After, instead of being kept waiting."""
        began = time.monotonic()
        status = self.producer.post([self.producer.new_event()])
        took = time.monotonic() - began
        self.expect(
            status == 503 and took < 3, f"a partner was answered {status} after {took:.1f} s; 503 at once is the rule"
        )

    def settle_for(self, events: list[dict[str, Any]], seconds: float = 30) -> None:
        """Until these events are recorded."""
        wanted = [each["id"] for each in events]
        engagements = connect(self.system.settings, "events")["engagements"]
        asked = {"partner": self.producer.ledger.partner, "external_id": {"$in": wanted}}
        there = wait_until(lambda: engagements.count_documents(asked) >= len(wanted), seconds)
        self.expect(there, "events were not recorded in time")

    def quarantined(self, conflict: bool = False) -> int:
        """Open items in quarantine of this run's partners."""
        partners = [each.partner for each in self.ledgers]
        asked = {"partner": {"$in": partners}, "conflict": conflict, "state": "open"}
        return connect(self.system.settings, "events")["quarantine"].count_documents(asked)

    def healed(self) -> None:
        """What was taken away is back: from here on recovery is timed."""
        self._healed = time.monotonic()

    def wait_ready_again(self, seconds: float = 60) -> None:
        """Until every service says that it is ready; timed from `healed`."""
        began = self._healed or time.monotonic()
        while not self.system.is_ready():
            if time.monotonic() - began > seconds:
                self.problems.append(f"not ready {seconds:.0f} s after healing")
                return
            time.sleep(0.25)  # to ask is work for every service
        self.ready_after = time.monotonic() - began
        limit = self.ready_limit * self.beside
        if limit and self.ready_after > limit:
            self.problems.append(f"ready only {self.ready_after:.1f} s after healing; the rule is {limit:.0f}")

    def settle(self, seconds: float = QUIET_SECONDS) -> None:
        """Until nothing moves any more."""
        began = self._healed or time.monotonic()
        seen, since = self._movement(), time.monotonic()
        while not (seen.settled and time.monotonic() - since > STILL_FOR):
            if time.monotonic() - began > seconds:
                self.problems.append(f"I5: not quiet {seconds:.0f} s after healing: {seen}")
                break
            time.sleep(0.4)
            now = self._movement()
            if now != seen:
                seen, since = now, time.monotonic()
        self.quiet_after = max(0.0, since - began)
        if self.drain_limit and self.quiet_after > self.drain_limit:
            self.problems.append(
                f"the backlog took {self.quiet_after:.1f} s to drain; the rule is {self.drain_limit:.0f}"
            )

    def examine(self) -> Findings:
        found = examine(self.system.settings, self.ledgers, self.parked_expected)
        examine_memory(found, self.peaks)
        found.problems += self.problems
        return found

    @contextmanager
    def watching_memory(self) -> Iterator[None]:
        """Notes the most memory that each process ever had."""
        stop = threading.Event()

        def watch() -> None:
            while not stop.wait(0.5):
                for name, megabytes in self.system.resident_mb().items():
                    self.peaks[name] = max(self.peaks.get(name, 0.0), megabytes)

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join(5)

    def _movement(self) -> "_Movement":
        settings = self.system.settings
        try:
            waiting = sum(depth for name, depth in depths(settings).items() if not is_resting_place(name))
            unsent = sum(outboxes(settings).values())
            stored = connect(settings, "events")["engagements"].estimated_document_count()
            kept = self._kept()
            logged = connect(settings, "history")["log"].estimated_document_count()
            indexed = _indexed(settings)
        except Exception as error:  # a server that is not back yet, in one of many ways
            return _Movement(settled=False, why=type(error).__name__)
        # A queue looks empty while a consumer holds its messages and waits for something: the figures must add up.
        adds_up = kept >= self.accepted() and logged >= stored and indexed[0] >= stored
        return _Movement(waiting, unsent, kept, logged, indexed, waiting == 0 and unsent == 0 and adds_up)

    def _kept(self) -> int:
        """Events of this run's partners that are recorded or in quarantine."""
        events = connect(self.system.settings, "events")
        return sum(
            events[collection].count_documents({"partner": ledger.partner})
            for ledger in self.ledgers
            for collection in ("engagements", "quarantine")
        )

    def accepted(self) -> int:
        return sum(each.count(ACCEPTED) for each in self.ledgers)


@dataclass(frozen=True)
class _Movement:
    """Figures that change while something is on its way."""

    waiting: int = -1
    unsent: int = -1
    kept: int = -1
    logged: int = -1
    indexed: tuple[int, int] = (-1, -1)
    settled: bool = False
    why: str = ""


def _indexed(settings: Any) -> tuple[int, int]:
    indexes = indexes_of(settings)
    pointer = indexes.current()
    if pointer is None:
        return (-1, -1)
    try:
        return indexes.reader(pointer.name).counts()
    except Exception:
        return (-1, -1)


Scenario = Callable[[Run], None]
