"""A partner under observation: it posts events and writes down, for each id, what it was told."""

import http.client
import json
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from services.web.keys import create_key
from shared.errors import Unavailable
from shared.messaging.broker import Outgoing, Publisher
from shared.messaging.topology import PARTNERS
from shared.mongo import connect
from shared.settings import Settings
from tests.builders import a_cloudevent, a_person

ACCEPTED, REFUSED, UNKNOWN = "accepted", "refused", "unknown"
TIMEOUT = 25.0
"""Seconds after which the producer gives up on an answer."""
BATCH = 20


@dataclass
class Sent:
    """One event and everything the producer was told about it."""

    event: dict[str, Any]
    answers: list[str] = field(default_factory=list)
    """`accepted`, `refused 503`, `unknown` .. in the order of the tries."""

    @property
    def state(self) -> str:
        """The best that was ever said: once accepted it must be kept; never answered it may be there or not."""
        if ACCEPTED in self.answers:
            return ACCEPTED
        if UNKNOWN in self.answers or not self.answers:
            return UNKNOWN
        return REFUSED

    @property
    def may_be_there(self) -> bool:
        """Everything but a plain no: behind a 503 a broker may have kept what it could not confirm."""
        return any(each in (ACCEPTED, UNKNOWN) or each.endswith("503") for each in self.answers)


@dataclass(frozen=True, slots=True)
class Answer:
    at: float
    seconds: float
    status: int
    """0: none came."""
    events: int


class Ledger:
    """What one partner sent and was told; also written to a file as it happens."""

    def __init__(self, partner: str, path: Path) -> None:
        self.partner = partner
        self.sent: dict[tuple[str, str], Sent] = {}
        self._file = path.open("a")
        self._lock = threading.Lock()

    def note(self, events: list[dict[str, Any]], answer: str) -> None:
        with self._lock:
            for event in events:
                key = (event["source"], event["id"])
                self.sent.setdefault(key, Sent(event)).answers.append(answer)
                self._file.write(json.dumps([*key, answer]) + "\n")
            self._file.flush()

    def count(self, state: str) -> int:
        return sum(each.state == state for each in list(self.sent.values()))


class Producer:
    """Posts at a steady rate over HTTP, singly and in batches, from several connections."""

    def __init__(self, settings: Settings, partner: str, folder: Path, chance: random.Random, prefix: str) -> None:
        self.key = create_key(connect(settings, "web"), partner, ("events:write", "history:all"))[0]
        self.ledger = Ledger(partner, folder / f"{prefix}.jsonl")
        self.answers: list[Answer] = []
        self._port = settings.port
        self._chance = chance
        self._prefix = prefix
        self._number = 0
        self._again: deque[tuple[float, list[dict[str, Any]]]] = deque()
        self._lock = threading.Lock()

    @contextmanager
    def load(self, a_second: float = 60, workers: int = 4) -> Iterator[None]:
        """Posts in the background while the block runs."""
        stop = threading.Event()
        threads = [
            threading.Thread(target=self._work, args=(stop, a_second / workers), daemon=True) for _ in range(workers)
        ]
        for each in threads:
            each.start()
        try:
            yield
        finally:
            stop.set()
            for each in threads:
                each.join(TIMEOUT + 10)

    def new_event(self, **data: Any) -> dict[str, Any]:
        """An event that names somebody: every fifth one somebody new."""
        with self._lock:
            self._number += 1
            number = self._number
        person = f"{self._prefix}-{number // 5}"
        people = [a_person(f"Person {person}", email=f"{person}@example.org")]
        event = {"id": f"{self._prefix}-{number}", "title": f"Said in {self._prefix}-{number}", "people": people}
        return a_cloudevent(**(event | data))

    def post(self, events: list[dict[str, Any]], timeout: float = TIMEOUT) -> int:
        """The status, 0 when no answer came; the ledger knows."""
        line = http.client.HTTPConnection("127.0.0.1", self._port, timeout=timeout)
        try:
            return self._post(line, events)
        finally:
            line.close()

    def send(self, body: bytes) -> int:
        """Post this body as one structured event; the ledger does not know of it."""
        line = http.client.HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT)
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/cloudevents+json"}
        try:
            line.request("POST", "/api/v1/events", body, headers)
            return line.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            line.close()

    def _work(self, stop: threading.Event, a_second: float) -> None:
        line = http.client.HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT)
        due = time.monotonic()
        while not stop.is_set():
            events = self._next()
            due = max(due + len(events) / a_second, time.monotonic() - 1)
            if stop.wait(max(0.0, due - time.monotonic())):
                return
            status = self._post(line, events)
            if status in (429, 503) or (status == 0 and self._chance.random() < 0.5):
                with self._lock:
                    self._again.append((time.monotonic() + self._chance.uniform(0.5, 2.0), events))

    def _next(self) -> list[dict[str, Any]]:
        with self._lock:
            if self._again and self._again[0][0] < time.monotonic():
                return self._again.popleft()[1]
        return [self.new_event() for _ in range(BATCH if self._chance.random() < 0.3 else 1)]

    def _post(self, line: http.client.HTTPConnection, events: list[dict[str, Any]]) -> int:
        began, status = time.monotonic(), 0
        kind = "application/cloudevents-batch+json" if len(events) > 1 else "application/cloudevents+json"
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": kind}
        try:
            line.request("POST", "/api/v1/events", json.dumps(events if len(events) > 1 else events[0]), headers)
            answer = line.getresponse()
            answer.read()
            status = answer.status
        except (OSError, http.client.HTTPException):
            line.close()
        self.answers.append(Answer(began, time.monotonic() - began, status, len(events)))
        self.ledger.note(events, ACCEPTED if status == 202 else f"{REFUSED} {status}" if status else UNKNOWN)
        return status


class AmqpProducer:
    """A partner that publishes to `wellheard.partners` as a broker user of its own."""

    def __init__(self, partner: str, url: str, folder: Path, new_event: Callable[[], dict[str, Any]]) -> None:
        self.ledger = Ledger(partner, folder / f"{partner}.amqp.jsonl")
        self._publisher = Publisher(url)
        self._new_event = new_event

    def post(self, event: dict[str, Any] | None = None) -> str:
        """What became of it, as far as the broker says."""
        event = event or self._new_event()
        try:
            self.post_raw(json.dumps(event).encode())
            answer = ACCEPTED
        except Unavailable:
            answer = UNKNOWN
        self.ledger.note([event], answer)
        return answer

    def post_raw(self, body: bytes) -> None:
        """Publish whatever this is; the ledger does not know of it."""
        self._publisher.publish([Outgoing(PARTNERS, "event", body)])
