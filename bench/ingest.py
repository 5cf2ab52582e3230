"""Broker to searchable: partners' events through Wellheard, against a bare script with the same durable steps.

Both sides find the events in their queue, are woken at the same moment, and end when the index holds them all. Same
broker, same store, same batches, same index fields, two processors for all of it. Ours also validates each event and
asks contacts, once a batch, who the people are. `python -m bench.ingest --engine elastic --events 50000`
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

import orjson

from bench import engines, harness
from bench.bare.elastic import BareBulk
from bench.bare.ingest import INBOUND as BARE_INBOUND
from deploy.instance import Instance
from services.history.index.choice import indexes_of
from services.history.index.tantivy import TantivyReader
from shared.contracts.base import new_id
from shared.contracts.events import REPORTED
from shared.messaging.broker import Outgoing, Publisher
from shared.messaging.topology import INBOUND
from shared.settings import Settings

GOAL = 0.80
PROCESSES = ("contacts", "events", "history-projector")
WORDS = str.split(
    "appointment parking clinic letter waiting nurse ward telephone reception transport carer hearing loop dentist "
    "maternity discharge medicine queue evening weekend bus wheelchair interpreter results helpful kind delay"
)


def main() -> None:
    asked = engines.arguments(__doc__, events=50_000, rounds=3)
    with engines.search_url(asked.engine) as url, harness.private_instance(url) as instance:
        side = Ours(instance, asked.events)
        bare = Bare(instance, asked.events, "all")
        if url:  # a node that has just started still compiles: whoever comes first would pay for both
            harness.in_turn(1, side.round, bare.round)
        ours_rate, bare_rate = harness.in_turn(asked.rounds, side.round, bare.round)
        bare.stop()
        halves = Bare(instance, asked.events, "ingest", "project")
        halves_rate = halves.round(asked.rounds)
        halves.stop()
    ratio = statistics.median(ours_rate) / statistics.median(bare_rate)
    harness.report(
        "ingest",
        ratio,
        GOAL,
        ratio >= GOAL and side.is_steady(),
        engine=asked.engine,
        events=asked.events,
        ours_per_second=round(statistics.median(ours_rate)),
        ours_spread=harness.spread(ours_rate),
        bare_per_second=round(statistics.median(bare_rate)),
        bare_spread=harness.spread(bare_rate),
        bare_in_two_processes_per_second=round(halves_rate),
        ours_cpu_us_per_event=side.cpu,
        bare_cpu_us_per_event=bare.cpu,
        resident_mb=side.resident,
    )


def bodies(seed: int, events: int) -> list[bytes]:
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


def preload(instance: Instance, queue: str, seed: int, events: int) -> None:
    said = {"partner": "St Agnes", "received_at": "2026-01-01T00:00:00+00:00", "correlation_id": new_id()}
    publisher = Publisher(instance.settings.amqp_url)
    publisher.publish([Outgoing("", queue, body, headers=said) for body in bodies(seed, events)])
    publisher.close()


class Ours:
    """The services of an instance, asleep but for the rounds."""

    def __init__(self, instance: Instance, events: int) -> None:
        self._instance, self._events = instance, events
        self._engagements = harness.Engagements(instance)
        self._held = 0
        self.cpu: dict[str, int] = {}
        self.resident: dict[str, list[int]] = {name: [] for name in PROCESSES}
        instance.start(*PROCESSES)
        harness.wait_for(indexes_of(instance.settings).current, 60)
        harness.wait_for(lambda: harness.depth(instance.settings.amqp_url, INBOUND) == 0, 60)

    def round(self, number: int) -> float:
        """Events a second."""
        pids = {name: pid for name, pid in self._instance.supervisor.pids().items() if name in PROCESSES}
        os.kill(pids["events"], signal.SIGSTOP)
        preload(self._instance, INBOUND, number, self._events)
        before = {name: harness.cpu_seconds(pid) for name, pid in pids.items()}
        started = time.monotonic()
        os.kill(pids["events"], signal.SIGCONT)
        self._held += self._events
        harness.wait_for(lambda: self._engagements.count() >= self._held)
        seconds = time.monotonic() - started
        for name, pid in pids.items():
            self.cpu[name] = round((harness.cpu_seconds(pid) - before[name]) / self._events * 1e6)
            self.resident[name].append(round(harness.resident_mb(pid)))
        return self._events / seconds

    def is_steady(self) -> bool:
        """The last round added next to nothing to the memory of the round before."""
        return all(each[-1] <= each[-2:][0] * 1.15 + 20 for each in self.resident.values())


class BareIndex:
    """Where the bare script puts what it indexes: a directory, or the URL of an index of Elasticsearch."""

    def __init__(self, settings: Settings, name: str) -> None:
        self._folder, self._elastic = settings.state_dir / name, ""
        if settings.search_hosts:
            self._elastic = f"{settings.search_hosts[0]}/{name}"
            self._bulk = BareBulk(*self._elastic.rsplit("/", 1))
        self._reader: TantivyReader | None = None

    @property
    def where(self) -> str:
        return self._elastic or str(self._folder)

    def exists(self) -> bool:
        return bool(self._elastic) or (self._folder / "meta.json").exists()

    def count(self) -> int:
        if self._elastic:
            return self._bulk.count()
        self._reader = self._reader or TantivyReader(self._folder)
        return self._reader.counts()[0]


class Bare:
    """The bare script, as one process or as one for each part; asleep but for the rounds."""

    def __init__(self, instance: Instance, events: int, *parts: str) -> None:
        settings = instance.settings
        self._instance, self._events = instance, events
        self._index = BareIndex(settings, f"bare-{len(parts)}")
        where = [settings.amqp_url, settings.mongo_url.rsplit("/", 1)[0], self._index.where]
        self._processes = {
            part: subprocess.Popen([sys.executable, "-m", "bench.bare.ingest", part, *where]) for part in parts
        }
        self._first = self._processes[parts[0]].pid
        self._held = 0
        self.cpu: dict[str, int] = {}
        harness.wait_for(self._index.exists, 60)
        harness.wait_for(lambda: harness.has_queue(settings.amqp_url, BARE_INBOUND), 60)

    def round(self, number: int) -> float:
        os.kill(self._first, signal.SIGSTOP)
        preload(self._instance, BARE_INBOUND, number + 1000, self._events)
        before = {name: harness.cpu_seconds(each.pid) for name, each in self._processes.items()}
        started = time.monotonic()
        os.kill(self._first, signal.SIGCONT)
        self._held += self._events
        harness.wait_for(lambda: self._index.count() >= self._held)
        seconds = time.monotonic() - started
        for name, each in self._processes.items():
            self.cpu[name] = round((harness.cpu_seconds(each.pid) - before[name]) / self._events * 1e6)
        return self._events / seconds

    def stop(self) -> None:
        for each in self._processes.values():
            each.terminate()
            each.wait(20)


if __name__ == "__main__":
    main()
