"""The bare script of bench/ingest.py: the same durable steps in batches with nothing around them.

Consume, store, publish confirmed, consume, log, index. No validation, no contacts, no retries: py-amqp, pymongo and
tantivy alone. `all` does the steps in turn in one process; `ingest` and `project` do a half each, in two.
"""

import signal
import sys
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import amqp
import orjson
from kombu import Connection
from pymongo import MongoClient
from tantivy import Document

from bench.bare.elastic import BareBulk
from services.history.index.tantivy_schema import SCHEMA, open_index

SIZE = 500
INBOUND, TIMELINE = "bare.inbound", "bare.timeline"
QUORUM = {"x-queue-type": "quorum"}


def collection(mongo_url: str, name: str) -> Any:
    client: MongoClient[Any] = MongoClient(mongo_url, w="majority", journal=True, retryWrites=False)
    return client["bare"][name]


class Queue:
    """Batches of one queue."""

    def __init__(self, amqp_url: str, name: str) -> None:
        self._connection = Connection(amqp_url, heartbeat=0)
        self._channel = self._connection.channel()
        for each in (INBOUND, TIMELINE):
            self._channel.queue_declare(each, durable=True, auto_delete=False, arguments=QUORUM)
        self._channel.basic_qos(0, 2 * SIZE, False)
        self._waiting: deque[Any] = deque()
        self._channel.basic_consume(name, callback=self._waiting.append)

    def take(self) -> list[Any]:
        deadline = time.monotonic() + 0.05
        while len(self._waiting) < SIZE and (left := deadline - time.monotonic()) > 0:
            try:
                self._connection.drain_events(timeout=left)
            except TimeoutError:
                break
        return [self._waiting.popleft() for _ in range(min(SIZE, len(self._waiting)))]

    def ack(self, batch: list[Any]) -> None:
        if batch:
            self._channel.basic_ack(batch[-1].delivery_tag, multiple=True)


class Confirmed:
    """Publishes a batch to the timeline and waits for its confirms."""

    def __init__(self, amqp_url: str) -> None:
        self._connection = Connection(amqp_url, heartbeat=0)
        self._channel = self._connection.channel()
        self._channel.confirm_select()
        self._channel.events["basic_ack"].add(self._acked)
        self._last = self._sent = 0

    def publish(self, bodies: list[bytes]) -> None:
        for body in bodies:
            message = amqp.Message(body, delivery_mode=2, content_encoding="binary")
            self._channel.basic_publish(message, exchange="", routing_key=TIMELINE)
        self._sent += len(bodies)
        while self._last < self._sent:
            self._connection.drain_events(timeout=20)

    def _acked(self, tag: int, multiple: bool) -> None:
        self._last = tag if multiple else self._last + 1


def run(amqp_url: str, *steps: Callable[[list[Any]], None]) -> None:
    """Each step with the batches of its queue, in turn, for ever."""
    queues = [(Queue(amqp_url, INBOUND if type(step) is Ingest else TIMELINE), step) for step in steps]
    while True:
        for queue, step in queues:
            batch = queue.take()
            step(batch)
            queue.ack(batch)


class Ingest:
    """Store, publish confirmed."""

    def __init__(self, amqp_url: str, mongo_url: str) -> None:
        self._engagements, self._confirmed = collection(mongo_url, "engagements"), Confirmed(amqp_url)

    def __call__(self, batch: list[Any]) -> None:
        if batch:
            events = [orjson.loads(bytes(each.body)) for each in batch]
            self._engagements.insert_many([{"_id": event["id"], **event} for event in events], ordered=False)
            self._confirmed.publish([orjson.dumps(event) for event in events])


class Project:
    """Log, index; commit when half a second has passed."""

    def __init__(self, mongo_url: str, where: str) -> None:
        self._log = collection(mongo_url, "log")
        self._index = BareBulk(*where.rsplit("/", 1)) if where.startswith("http") else _Tantivy(Path(where))
        self._position, self._dirty, self._committed = 0, False, time.monotonic()

    def __call__(self, batch: list[Any]) -> None:
        if batch:
            events = [orjson.loads(bytes(each.body)) for each in batch]
            self._log.insert_many([{"_id": event["id"], "event": event} for event in events], ordered=False)
            for event in events:
                self._position += 1
                self._index.add(document(event, self._position))
            self._dirty = True
        if self._dirty and time.monotonic() - self._committed > 0.5:
            self._index.commit()
            self._dirty, self._committed = False, time.monotonic()


class _Tantivy:
    """An index in a directory."""

    def __init__(self, folder: Path) -> None:
        self._writer = open_index(folder, create=True).writer(50_000_000, 1)

    def add(self, fields: dict[str, Any]) -> None:
        self._writer.add_document(Document.from_dict(fields, SCHEMA))

    def commit(self) -> None:
        self._writer.commit()


def document(event: dict[str, Any], position: int) -> dict[str, Any]:
    """The same fields that our index holds for an engagement."""
    data = event["data"]
    names = [each["name"] for each in data["people"]]
    text = [data["title"], *names, data["body"], *data["topics"]]
    return {
        "key": f"Entry:{event['id']}",
        "doc": "Entry",
        "sort": f"{event['time']}{event['id']}",
        "kind": data["kind"],
        "channel": data["channel"],
        "topic": data["topics"],
        "partner": "St Agnes",
        "locality": data["locality"],
        "month": event["time"][:7],
        "contact": names,
        "sensitive": False,
        "head": [data["title"], *names],
        "text": text,
        "words": text,
        "position": position,
        "stored": orjson.dumps(event),
    }


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    which, amqp_url, mongo_url, where = sys.argv[1:]
    found: list[Callable[[list[Any]], None]] = []
    if which in ("all", "ingest"):
        found.append(Ingest(amqp_url, mongo_url))
    if which in ("all", "project"):
        found.append(Project(mongo_url, where))
    run(amqp_url, *found)
