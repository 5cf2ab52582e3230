"""POST /api/v1/events, single and in batches, against a bare FastAPI route that publishes confirmed.

Both are one uvicorn process on the same broker, asked by the same client over connections that are kept open. No
consumer runs: the events stay in the queue, which is emptied between the rounds.
"""

import json
import os
import random
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import orjson

from bench import harness
from bench.bare.post import QUEUE
from bench.ingest import _body
from deploy.home import free_port
from deploy.instance import Instance
from shared.contracts.base import json_array
from shared.messaging import broker
from shared.messaging.topology import INBOUND

GOAL = 0.60
ROUNDS = 3
SINGLES, SINGLE_CLIENTS = 3000, 16
BATCHES, BATCH_SIZE, BATCH_CLIENTS = 12, 1000, 2


def main() -> None:
    with harness.private_instance() as instance:
        harness.lift_limits(instance)
        # The events service makes the queues; it ends before anything is posted.
        instance.start("events", "web")
        harness.wait_for(lambda: answers(instance.settings.port), 60)
        harness.wait_for(lambda: harness.has_queue(instance.settings.amqp_url, INBOUND), 60)
        instance.supervisor.stop("events")
        figures = _measure(instance)
    ratios = {name: statistics.median(ours) / statistics.median(bare) for name, (ours, bare) in figures.items()}
    worst = min(ratios.values())
    rates = {
        f"{name}_{side}_events_per_second": [round(each) for each in values]
        for name, sides in figures.items()
        for side, values in zip(("ours", "bare"), sides, strict=True)
    }
    cases = {f"{name}_ratio": round(ratio, 3) for name, ratio in ratios.items()}
    harness.report("post", worst, GOAL, worst >= GOAL, **cases, **rates)


def _measure(instance: Instance) -> dict[str, tuple[list[float], list[float]]]:
    key = make_key(instance, "events:write")
    with bare_route(instance) as bare_port:
        found = {}
        for name, kind, per_post, posts, clients in [
            ("single", "application/cloudevents+json", 1, SINGLES, SINGLE_CLIENTS),
            ("batch", "application/cloudevents-batch+json", BATCH_SIZE, BATCHES, BATCH_CLIENTS),
        ]:
            bodies = _bodies(per_post, posts)

            def ours(_: int, bodies: list[bytes] = bodies, kind: str = kind, clients: int = clients) -> float:
                head = f"Authorization: Bearer {key}\r\nContent-Type: {kind}"
                return _rate(instance, INBOUND, instance.settings.port, "/api/v1/events", head, bodies, clients)

            def plain(_: int, bodies: list[bytes] = bodies, kind: str = kind, clients: int = clients) -> float:
                return _rate(instance, QUEUE, bare_port, "/events", f"Content-Type: {kind}", bodies, clients)

            print(name, flush=True)
            rates = harness.in_turn(ROUNDS, ours, plain)
            found[name] = tuple([rate * per_post for rate in side] for side in rates)
        return found  # type: ignore[return-value]


def _bodies(per_post: int, posts: int) -> list[bytes]:
    chance = random.Random(7)
    if per_post == 1:
        return [_body(chance) for _ in range(posts)]
    return [json_array(_body(chance) for _ in range(per_post)) for _ in range(posts)]


def _rate(
    instance: Instance, queue: str, port: int, path: str, head: str, bodies: Sequence[bytes], clients: int
) -> float:
    """Posts a second; every one must be a 202, and every event must be in the queue."""
    url = instance.settings.amqp_url
    with broker.connection(url) as connection:
        connection.channel().queue_purge(queue)
    started = time.monotonic()
    harness.post_all(port, path, head, bodies, b" 202 ", clients)
    seconds = time.monotonic() - started
    events = sum(len(found) if isinstance(found := orjson.loads(body), list) else 1 for body in bodies)
    harness.wait_for(lambda: harness.depth(url, queue) == events, 30)
    return len(bodies) / seconds


@contextmanager
def bare_route(instance: Instance) -> Iterator[int]:
    """Its port; it publishes to the broker of the instance."""
    port = free_port()
    bare = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "bench.bare.post:app", "--port", str(port), "--no-access-log"],
        env=os.environ | {"BARE_AMQP_URL": instance.settings.amqp_url},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        harness.wait_for(lambda: answers(port), 60)
        yield port
    finally:
        bare.terminate()
        bare.wait(20)


def make_key(instance: Instance, *scopes: str) -> str:
    asked = [part for scope in scopes for part in ("--scope", scope)]
    command = [str(harness.COMMAND), "key", "create", "--name", "Bench", *asked, "--json"]
    made = subprocess.run(command, env=instance.environment, capture_output=True, text=True, check=True)
    return str(json.loads(made.stdout)["key"])


def answers(port: int) -> bool:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2)
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


if __name__ == "__main__":
    main()
