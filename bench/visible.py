"""From a partner's POST to a hit in the search, while the system carries 30 % of the load it can take.

A probe is an event with a word of its own, posted alone over HTTP and then searched for until it is found; the time
runs from before the POST to the answer that shows it. The other load comes in batches at an even rate.
"""

import http.client
import itertools
import json
import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import orjson

from bench import harness
from bench.ingest import _body, bodies
from bench.post import make_key
from deploy.instance import Instance
from shared.contracts.base import json_array, new_id
from shared.contracts.events import REPORTED
from shared.messaging.broker import Outgoing, Publisher
from shared.messaging.topology import INBOUND

GOAL = 1.3
SHARE = 0.30
SECONDS = int(os.environ.get("SECONDS_OF_LOAD", "40"))
PROBES_A_SECOND = 5
CAPACITY_EVENTS = 10_000


def main() -> None:
    with harness.private_instance() as instance:
        harness.lift_limits(instance)
        instance.start()
        instance.wait_ready()
        capacity = _capacity(instance)
        seen = Probes(instance, make_key(instance, "events:write", "history:all")).measure(capacity * SHARE)
    harness.report_seconds(
        "visible",
        seen,
        GOAL,
        load_events_per_second=round(capacity * SHARE),
        capacity_events_per_second=round(capacity),
    )


def _capacity(instance: Instance) -> float:
    """Events a second that the system takes when it has nothing else to do."""
    said = {"partner": "Bench", "received_at": "2026-01-01T00:00:00+00:00", "correlation_id": new_id()}
    publisher = Publisher(instance.settings.amqp_url)
    messages = [Outgoing("", INBOUND, body, headers=said) for body in bodies(1, CAPACITY_EVENTS)]
    started = time.monotonic()
    publisher.publish(messages)
    publisher.close()
    held = harness.Engagements(instance)
    harness.wait_for(lambda: held.count() >= CAPACITY_EVENTS)
    return CAPACITY_EVENTS / (time.monotonic() - started)


class Probes:
    """Posts probes and load over HTTP, each in threads of their own."""

    def __init__(self, instance: Instance, key: str) -> None:
        self._port = instance.settings.port
        self._key = key

    def measure(self, rate: float) -> list[float]:
        """Seconds that each probe took to be seen, with `rate` events a second beside them."""
        ended = threading.Event()
        with ThreadPoolExecutor(24) as pool:
            load = pool.submit(self._load, rate, ended)
            asked = [pool.submit(self._probe) for _ in harness.beats(PROBES_A_SECOND, SECONDS)]
            seen = [each.result() for each in asked]
            ended.set()
            load.result()
        return seen

    def while_it_lasts(self, lasts: Callable[[], bool]) -> list[float]:
        """Seconds that each probe took to be seen, as many a second as ever."""
        with ThreadPoolExecutor(24) as pool:
            asked = [pool.submit(self._probe) for _ in itertools.takewhile(lambda _: lasts(), _for_ever())]
            return [each.result() for each in asked]

    def _load(self, rate: float, ended: threading.Event) -> None:
        chance = random.Random(11)
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        size = max(1, round(rate / 10))
        for _ in harness.beats(10, SECONDS + 60):
            if ended.is_set():
                return
            batch = json_array(_body(chance) for _ in range(size))
            self._post(connection, batch, "application/cloudevents-batch+json")

    def _probe(self) -> float:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        word = f"probe{new_id()}"
        event = {
            "specversion": "1.0",
            "id": word,
            "source": "/bench",
            "type": REPORTED,
            "data": {"kind": "conversation", "title": f"A talk about {word}"},
        }
        started = time.monotonic()
        self._post(connection, orjson.dumps(event), "application/cloudevents+json")
        harness.wait_for(lambda: self._found(connection, word), 30, every=0.02)
        connection.close()
        return time.monotonic() - started

    def _post(self, connection: http.client.HTTPConnection, body: bytes, kind: str) -> None:
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": kind}
        connection.request("POST", "/api/v1/events", body, headers)
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 202:
            raise RuntimeError(text.decode())

    def _found(self, connection: http.client.HTTPConnection, word: str) -> bool:
        connection.request("GET", f"/api/v1/history?q={word}&limit=1", headers={"Authorization": f"Bearer {self._key}"})
        answer = connection.getresponse()
        content = json.loads(answer.read())
        if answer.status != 200:
            raise RuntimeError(str(content))
        return bool(content["total"])


def _for_ever() -> Iterator[int]:
    return harness.beats(PROBES_A_SECOND, 24 * 3600)


if __name__ == "__main__":
    main()
