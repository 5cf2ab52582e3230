"""kill -9 of any service while partners post: nothing is lost and nothing counts twice.

`KILLS=10 EVENTS=5000 pytest tests/broker/test_kill.py` is the whole proof; by default a shorter one runs.
"""

import http.client
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from deploy.instance import Instance
from deploy.processes import PROCESSES
from services.history.index.directory import Indexes
from tests.builders import a_cloudevent, a_person

pytestmark = pytest.mark.servers
KILLS = int(os.environ.get("KILLS", "5"))
EVENTS = int(os.environ.get("EVENTS", "1000"))
BATCH = 50
COMMAND = str(Path(sys.executable).parent / "wellheard")


def command(instance: Instance, *arguments: str) -> dict[str, object]:
    done = subprocess.run(
        [COMMAND, *arguments, "--json"], env=instance.environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


class Partner:
    """Posts batches and, as a partner should, sends the same batch again until it was accepted."""

    def __init__(self, instance: Instance) -> None:
        self._port = instance.settings.port
        self._key = command(instance, "key", "create", "--name", "St Agnes")["key"]
        self.accepted: set[str] = set()
        self.sent_again = 0

    def post(self, events: list[dict[str, object]]) -> None:
        body = json.dumps(events).encode()
        deadline = time.monotonic() + 60
        while not self._accepts(body):
            self.sent_again += 1
            assert time.monotonic() < deadline, "the web does not take events"
            time.sleep(0.2)
        self.accepted |= {str(event["id"]) for event in events}

    def _accepts(self, body: bytes) -> bool:
        kind = "application/cloudevents-batch+json"
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": kind}
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            connection.request("POST", "/api/v1/events", body, headers)
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
        assert status in (202, 429, 502, 503), status
        return status == 202


def events(number: int) -> list[dict[str, object]]:
    return [
        a_cloudevent(id=f"{number}-{each}", people=[a_person(f"Person {each % 97}", email=f"p{each % 97}@example.org")])
        for each in range(EVENTS)
    ]


@pytest.mark.timeout(900)
def test_killing_any_service_while_events_are_posted_loses_nothing_and_doubles_nothing(running: Instance) -> None:
    partner, chance = Partner(running), random.Random(4)
    names = [name for name in PROCESSES for _ in range(-(-KILLS // len(PROCESSES)))][:KILLS]
    for number, name in enumerate(names):
        posted = events(number)
        posting = threading.Thread(
            target=lambda posted=posted: [
                partner.post(posted[start : start + BATCH]) for start in range(0, EVENTS, BATCH)
            ]
        )
        posting.start()
        time.sleep(chance.uniform(0.1, 0.8))
        pid = running.supervisor.pids()[name]
        os.kill(pid, signal.SIGKILL)
        posting.join(120)
        assert not posting.is_alive()
        running.wait_ready()
    found = command(running, "check")
    assert found["ok"] is True
    assert found["index"]["checksum"] == found["log"]["checksum"]  # type: ignore[index]
    assert len(partner.accepted) == KILLS * EVENTS
    indexes = Indexes(running.settings.index_dir)
    pointer = indexes.current()
    assert pointer is not None
    entries, contacts = indexes.reader(pointer.name).counts()
    assert (entries - contacts, contacts) == (KILLS * EVENTS, min(97, EVENTS))
