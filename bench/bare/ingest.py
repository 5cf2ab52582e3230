"""The bare script of bench/ingest.py: the same durable steps in batches with nothing around them.

`ingest` consumes, stores, publishes confirmed; `project` consumes, logs, indexes. No validation, no contacts, no
retries: py-amqp, pymongo and tantivy alone.
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

from services.history.index.tantivy_schema import ENGLISH, SCHEMA, open_index

SIZE = 500
INBOUND, TIMELINE = "bare.inbound", "bare.timeline"
QUORUM = {"x-queue-type": "quorum"}


def collection(mongo_url: str, name: str) -> Any:
    client: MongoClient[Any] = MongoClient(mongo_url, w="majority", journal=True, retryWrites=False)
    return client["bare"][name]


def consume(amqp_url: str, queue: str, handle: Callable[[list[Any]], None]) -> None:
    connection = Connection(amqp_url, heartbeat=0)
    channel = connection.channel()
    for each in (INBOUND, TIMELINE):
        channel.queue_declare(each, durable=True, auto_delete=False, arguments=QUORUM)
    channel.basic_qos(0, 2 * SIZE, False)
    waiting: deque[Any] = deque()
    channel.basic_consume(queue, callback=waiting.append)
    while True:
        deadline = time.monotonic() + 0.05
        while len(waiting) < SIZE and (left := deadline - time.monotonic()) > 0:
            try:
                connection.drain_events(timeout=left)
            except TimeoutError:
                break
        batch = [waiting.popleft() for _ in range(min(SIZE, len(waiting)))]
        handle(batch)
        if batch:
            channel.basic_ack(batch[-1].delivery_tag, multiple=True)


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


def ingest(amqp_url: str, mongo_url: str) -> None:
    engagements, confirmed = collection(mongo_url, "engagements"), Confirmed(amqp_url)

    def handle(batch: list[Any]) -> None:
        if batch:
            events = [orjson.loads(bytes(each.body)) for each in batch]
            engagements.insert_many([{"_id": event["id"], **event} for event in events], ordered=False)
            confirmed.publish([orjson.dumps(event) for event in events])

    consume(amqp_url, INBOUND, handle)


def project(amqp_url: str, mongo_url: str, folder: Path) -> None:
    log, index = collection(mongo_url, "log"), open_index(folder, create=True)
    index.register_tokenizer("english", ENGLISH)
    writer = index.writer(50_000_000, 1)
    state = {"position": 0, "committed": time.monotonic(), "dirty": False}

    def handle(batch: list[Any]) -> None:
        if batch:
            events = [orjson.loads(bytes(each.body)) for each in batch]
            log.insert_many([{"_id": event["id"], "event": event} for event in events], ordered=False)
            for event in events:
                state["position"] += 1
                writer.add_document(document(event, int(state["position"])))
            state["dirty"] = True
        if state["dirty"] and time.monotonic() - state["committed"] > 0.5:
            writer.commit()
            state.update(committed=time.monotonic(), dirty=False)

    consume(amqp_url, TIMELINE, handle)


def document(event: dict[str, Any], position: int) -> Document:
    """The same fields that our index holds for an engagement."""
    data = event["data"]
    names = [each["name"] for each in data["people"]]
    fields = {
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
        "text": [data["title"], *names, data["body"], *data["topics"]],
        "position": position,
        "stored": orjson.dumps(event),
    }
    return Document.from_dict(fields, SCHEMA)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    step, amqp_url, mongo_url, *rest = sys.argv[1:]
    if step == "ingest":
        ingest(amqp_url, mongo_url)
    else:
        project(amqp_url, mongo_url, Path(rest[0]))
