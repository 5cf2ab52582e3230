"""Broker to searchable: 50,000 partners' events through Wellheard, against a bare script with the same durable steps.

Both sides find the events in their queue, are woken at the same moment, and end when the index holds them all. Same
broker, same store, same batches, same index fields, two processors for all of it. Ours also validates each event and
asks contacts, once a batch, who the people are.
"""

import os
import random
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import orjson

from bench import harness
from bench.bare.ingest import INBOUND as BARE_INBOUND
from deploy.instance import Instance
from services.history.index.directory import Indexes
from services.history.index.tantivy import TantivyReader
from shared.contracts.base import new_id
from shared.contracts.events import REPORTED
from shared.messaging.broker import Outgoing, Publisher
from shared.messaging.topology import INBOUND

EVENTS = int(os.environ.get("EVENTS", "50000"))
ROUNDS = 3
GOAL = 0.70
PROCESSES = ("contacts", "events", "history-projector")
WORDS = str.split(
    "appointment parking clinic letter waiting nurse ward telephone reception transport carer hearing loop dentist "
    "maternity discharge medicine queue evening weekend bus wheelchair interpreter results helpful kind delay"
)


def main() -> None:
    with harness.private_instance() as instance:
        side = Ours(instance)
        bare = Bare(instance, "all")
        ours_rate, bare_rate = harness.in_turn(ROUNDS, side.round, bare.round)
        bare.stop()
        halves = Bare(instance, "ingest", "project")
        halves_rate = halves.round(ROUNDS)
        halves.stop()
    ratio = statistics.median(ours_rate) / statistics.median(bare_rate)
    harness.report(
        "ingest",
        ratio,
        GOAL,
        ratio >= GOAL and side.is_steady(),
        events=EVENTS,
        ours_per_second=round(statistics.median(ours_rate)),
        ours_spread=harness.spread(ours_rate),
        bare_per_second=round(statistics.median(bare_rate)),
        bare_spread=harness.spread(bare_rate),
        bare_in_two_processes_per_second=round(halves_rate),
        ours_cpu_us_per_event=side.cpu,
        bare_cpu_us_per_event=bare.cpu,
        resident_mb=side.resident,
    )


def bodies(seed: int, events: int = EVENTS) -> list[bytes]:
    """Events of about 1 KB that name one of 2,000 people each."""
    return list(islice(bodies_of(random.Random(seed)), events))


def bodies_of(chance: random.Random) -> Iterator[bytes]:
    """As many of them as are asked for."""
    while True:
        yield _body(chance)


def _body(chance: random.Random) -> bytes:
    person = chance.randrange(2000)
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": new_id(),
            "source": "/bench",
            "type": REPORTED,
            "time": f"20{chance.randrange(10, 26)}-{chance.randrange(1, 13):02}-15T10:30:00Z",
            "data": {
                "kind": chance.choice(("conversation", "complaint", "call", "story")),
                "title": " ".join(chance.choices(WORDS, k=6)),
                "body": " ".join(chance.choices(WORDS, k=80)),
                "channel": chance.choice(("phone", "e-mail", "meeting")),
                "locality": chance.choice(("north", "south", "east")),
                "topics": chance.sample(WORDS, 2),
                "people": [
                    {
                        "name": f"Person {person}",
                        "identifiers": [{"scheme": "email", "value": f"person{person}@example.org"}],
                    }
                ],
            },
        }
    )


def preload(instance: Instance, queue: str, seed: int) -> None:
    said = {"partner": "St Agnes", "received_at": "2026-01-01T00:00:00+00:00", "correlation_id": new_id()}
    publisher = Publisher(instance.settings.amqp_url)
    publisher.publish([Outgoing("", queue, body, headers=said) for body in bodies(seed)])
    publisher.close()


class Ours:
    """The services of an instance, asleep but for the rounds."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._engagements = harness.Engagements(instance)
        self._held = 0
        self.cpu: dict[str, int] = {}
        self.resident: dict[str, list[int]] = {name: [] for name in PROCESSES}
        instance.start(*PROCESSES)
        harness.wait_for(Indexes(instance.settings.index_dir).current, 60)
        harness.wait_for(lambda: harness.depth(instance.settings.amqp_url, INBOUND) == 0, 60)

    def round(self, number: int) -> float:
        """Events a second."""
        pids = {name: pid for name, pid in self._instance.supervisor.pids().items() if name in PROCESSES}
        os.kill(pids["events"], signal.SIGSTOP)
        preload(self._instance, INBOUND, number)
        before = {name: harness.cpu_seconds(pid) for name, pid in pids.items()}
        started = time.monotonic()
        os.kill(pids["events"], signal.SIGCONT)
        self._held += EVENTS
        harness.wait_for(lambda: self._engagements.count() >= self._held)
        seconds = time.monotonic() - started
        for name, pid in pids.items():
            self.cpu[name] = round((harness.cpu_seconds(pid) - before[name]) / EVENTS * 1e6)
            self.resident[name].append(round(harness.resident_mb(pid)))
        return EVENTS / seconds

    def is_steady(self) -> bool:
        """The last round added next to nothing to the memory of the round before."""
        return all(last <= before * 1.15 + 20 for *_, before, last in self.resident.values())


class Bare:
    """The bare script, as one process or as one for each part; asleep but for the rounds."""

    def __init__(self, instance: Instance, *parts: str) -> None:
        settings = instance.settings
        self._instance = instance
        self._folder = Path(instance.state_dir) / f"bare-{len(parts)}"
        where = [settings.amqp_url, settings.mongo_url.rsplit("/", 1)[0], str(self._folder)]
        self._processes = {
            part: subprocess.Popen([sys.executable, "-m", "bench.bare.ingest", part, *where]) for part in parts
        }
        self._first = self._processes[parts[0]].pid
        self._held = 0
        self.cpu: dict[str, int] = {}
        harness.wait_for((self._folder / "meta.json").exists, 60)
        harness.wait_for(lambda: harness.has_queue(settings.amqp_url, BARE_INBOUND), 60)

    def round(self, number: int) -> float:
        os.kill(self._first, signal.SIGSTOP)
        preload(self._instance, BARE_INBOUND, number + 1000)
        before = {name: harness.cpu_seconds(each.pid) for name, each in self._processes.items()}
        started = time.monotonic()
        os.kill(self._first, signal.SIGCONT)
        self._held += EVENTS
        reader = TantivyReader(self._folder)
        harness.wait_for(lambda: reader.counts()[0] >= self._held)
        seconds = time.monotonic() - started
        for name, each in self._processes.items():
            self.cpu[name] = round((harness.cpu_seconds(each.pid) - before[name]) / EVENTS * 1e6)
        return EVENTS / seconds

    def stop(self) -> None:
        for each in self._processes.values():
            each.terminate()
            each.wait(20)


if __name__ == "__main__":
    main()
