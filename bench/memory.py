"""Memory of each service after 300,000 events against that after 30,000: it must not grow with what has been said.

The events come from a generator, over HTTP in batches, as fast as the services take them; searches go on meanwhile.
Counted is what belongs to a process alone. The two of the history also map the index, which grows with what it holds;
those pages are the kernel's and are printed beside it.
"""

import http.client
import json
import os
import random
import statistics
from collections.abc import Iterator
from itertools import islice

from bench import harness
from bench.ingest import bodies_of
from deploy.instance import Instance
from deploy.processes import PROCESSES
from services.web.keys import create_key
from shared.contracts.base import json_array
from shared.messaging.topology import INBOUND
from shared.mongo import connect

FIRST = int(os.environ.get("FIRST", "30000"))
EVENTS = int(os.environ.get("EVENTS", "300000"))
BATCH = 200
BACKLOG = 5_000
GOAL = 1.10


def main() -> None:
    with harness.private_instance() as instance:
        harness.lift_limits(instance)
        instance.start()
        instance.wait_ready()
        partner = Partner(instance)
        partner.post(FIRST)
        first = settled(instance, FIRST)
        partner.post(EVENTS - FIRST)
        last = settled(instance, EVENTS)
        resident = {name: round(harness.resident_mb(pid)) for name, pid in instance.supervisor.pids().items()}
    growth = {name: round(last[name] / first[name], 3) for name in PROCESSES}
    ratio = max(growth.values())
    harness.report(
        "memory",
        ratio,
        GOAL,
        ratio <= GOAL,
        events=EVENTS,
        growth=growth,
        own_mb_after_first={name: round(each) for name, each in first.items()},
        own_mb_after_last={name: round(each) for name, each in last.items()},
        resident_mb_after_last=resident,
    )


class Partner:
    """Posts batches from the generator, and searches after every tenth."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._key = create_key(connect(instance.settings, "web"), "St Agnes", ("events:write", "history:all"))[0]
        self._events = bodies_of(random.Random(7))

    def post(self, events: int) -> None:
        self._line = http.client.HTTPConnection("127.0.0.1", self._instance.settings.port, timeout=60)
        for number, batch in enumerate(self._batches(events)):
            status = self._ask("POST", "/api/v1/events", json_array(batch))
            if status != 202:
                raise RuntimeError(f"a batch was answered {status}")
            if number % 10 == 0:
                self._ask("GET", "/api/v1/history?q=clinic+parking")
                amqp_url = self._instance.settings.amqp_url
                harness.wait_for(lambda url=amqp_url: harness.depth(url, INBOUND) < BACKLOG)

    def _batches(self, events: int) -> Iterator[list[bytes]]:
        left = events
        while left > 0:
            yield list(islice(self._events, min(BATCH, left)))
            left -= BATCH

    def _ask(self, method: str, path: str, body: bytes | None = None) -> int:
        kind = "application/cloudevents-batch+json"
        self._line.request(method, path, body, {"Authorization": f"Bearer {self._key}", "Content-Type": kind})
        answer = self._line.getresponse()
        answer.read()
        return answer.status


def settled(instance: Instance, events: int) -> dict[str, float]:
    """Megabytes of each process alone, the median of the 45 seconds after the index holds so many events.

    A look at one instant would meet one process in the middle of a merge, and the next one after it and after memory
    was given back.
    """
    held = harness.Engagements(instance)
    harness.wait_for(lambda: held.count() >= events, 1_800, every=0.5)
    pids = instance.supervisor.pids()
    looks = [{name: harness.own_mb(pids[name]) for name in PROCESSES} for _ in harness.beats(2, 45)]
    found = {name: statistics.median(each[name] for each in looks) for name in PROCESSES}
    print(f"after {events:,} events: {json.dumps({name: round(each) for name, each in found.items()})}", flush=True)
    return found


if __name__ == "__main__":
    main()
