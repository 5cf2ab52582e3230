"""What every bench uses: a private instance on real servers, rounds of A and B in turn, and the closing JSON line."""

import asyncio
import itertools
import json
import os
import select
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deploy.instance import Instance
from deploy.store import store_name
from services.history.index.choice import indexes_of
from services.history.index.port import IndexReader
from shared.messaging import broker
from shared.settings import INSTANCE_FILE

TICKS = os.sysconf("SC_CLK_TCK")


@contextmanager
def private_instance(search_url: str = "") -> Iterator[Instance]:
    """An instance with a vhost and a store process of its own; nothing of it is left afterwards."""
    for name in [each for each in os.environ if each.startswith("WELLHEARD_") and each != "WELLHEARD_HOME"]:
        del os.environ[name]
    folder = Path(tempfile.mkdtemp(prefix="wellheard-bench-"))
    owner = f"pid:{os.getpid()}"
    instance = Instance.create(folder / "state", private_store=True, search_url=search_url, owner=owner)
    try:
        yield instance
    finally:
        instance.remove()
        shutil.rmtree(folder, ignore_errors=True)


COMMAND = Path(sys.executable).parent / "wellheard"


def lift_limits(instance: Instance) -> None:
    """Let a bench post as fast as it can: the limits of a partner are written into the instance's settings."""
    with (instance.state_dir / INSTANCE_FILE).open("a") as settings:
        settings.write("WELLHEARD_PARTNER_REQUESTS_PER_SECOND=1000000\nWELLHEARD_PARTNER_EVENTS_PER_SECOND=1000000\n")


def beats(a_second: float, seconds: float) -> Iterator[int]:
    """Yields `a_second` times a second for so many seconds; a beat that was missed is made up for at once."""
    started = time.monotonic()
    for number in range(round(a_second * seconds)):
        wait = started + number / a_second - time.monotonic()
        if wait > 0:
            select.select([], [], [], wait)
        yield number


_addresses = (f"127.{a}.{b}.{c}" for a, b, c in itertools.product(range(1, 200), range(1, 250), range(1, 250)))


def post_all(
    port: int, path: str, head: str, bodies: Sequence[bytes], wanted: bytes, clients: int, from_one_address: int = 0
) -> list[float]:
    """Post every body over connections that are kept open; seconds each took. Raises RuntimeError for another status.

    head: further lines of the header; wanted: stands in the first line of the answer; from_one_address: the clients
    come from another address after so many posts (0: never).
    """
    waiting, seconds = list(bodies), list[float]()
    start = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{head}\r\n"

    async def client() -> None:
        while waiting:
            mine = [waiting.pop() for _ in range(min(from_one_address or 100, len(waiting)))]
            address = (next(_addresses), 0) if from_one_address else None
            reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=address)
            for body in mine:
                began = time.monotonic()
                writer.write(f"{start}Content-Length: {len(body)}\r\n\r\n".encode() + body)
                answer = await reader.readuntil(b"\r\n\r\n")
                if wanted not in answer.split(b"\r\n", 1)[0]:
                    raise RuntimeError(answer.decode())
                await reader.readexactly(int(answer.lower().split(b"content-length:")[1].split(b"\r\n")[0]))
                seconds.append(time.monotonic() - began)
            writer.close()

    async def everybody() -> None:
        await asyncio.gather(*(client() for _ in range(clients)))

    asyncio.run(everybody())
    return seconds


def wait_for(condition: Callable[[], object], seconds: float = 600, every: float = 0.05) -> None:
    """Poll until it holds; raises TimeoutError when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("it did not come about in time")
        select.select([], [], [], every)


def depth(amqp_url: str, queue: str) -> int:
    """Messages ready in a queue."""
    with broker.connection(amqp_url) as connection:
        return int(connection.channel().queue_declare(queue, passive=True).message_count)


def has_queue(amqp_url: str, queue: str) -> bool:
    try:
        depth(amqp_url, queue)
    except broker.BROKER_ERRORS:
        return False
    return True


class Engagements:
    """Counts the engagements that the serving index holds. Opens it once: a bench asks twenty times a second."""

    def __init__(self, instance: Instance) -> None:
        self._indexes = indexes_of(instance.settings)
        self._opened: tuple[str, IndexReader] | None = None

    def count(self) -> int:
        pointer = self._indexes.current()
        if pointer is None:
            return 0
        if self._opened is None or self._opened[0] != pointer.name:
            self._opened = (pointer.name, self._indexes.reader(pointer.name))
        entries, contacts = self._opened[1].counts()
        return entries - contacts  # each contact has one entry of its own


def cpu_seconds(pid: int) -> float:
    """User and system time a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_mb(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def own_mb(pid: int) -> float:
    """Megabytes that belong to the process alone; without what it has mapped of files, which the kernel takes back."""
    fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(fields["RssAnon"].split()[0]) * 1024 / 1e6


def in_turn(rounds: int, ours: Callable[[int], float], bare: Callable[[int], float]) -> tuple[list[float], list[float]]:
    """A/B/A/B: the figures of each side, in the order of the rounds."""
    figures: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds):
        figures[0].append(ours(number))
        figures[1].append(bare(number))
        print(f"round {number + 1}: ours {figures[0][-1]:.1f}, bare {figures[1][-1]:.1f}", flush=True)
    return figures


def spread(values: list[float]) -> str:
    return f"{min(values):.1f} to {max(values):.1f}"


def percentile(values: list[float], share: float) -> float:
    return statistics.quantiles(values, n=1000, method="inclusive")[int(share * 1000) - 1]


def report_seconds(bench: str, seen: list[float], goal: float, **figures: Any) -> None:
    """The last line of a bench whose figure is how long something takes to be seen, against a goal in seconds."""
    p99 = percentile(seen, 0.99)
    report(
        bench,
        p99 / goal,
        1.0,
        p99 <= goal,
        p99_seconds=round(p99, 3),
        p50_seconds=round(statistics.median(seen), 3),
        worst_seconds=round(max(seen), 3),
        probes=len(seen),
        **figures,
    )


class Processors:
    """What the machine's processors have done since this was made."""

    def __init__(self) -> None:
        self._began = _processor_times()

    def shares(self) -> dict[str, float]:
        """Of their time, what was `idle`, and what was `stolen`: given to others by the host of a virtual machine."""
        spent = [now - then for now, then in zip(_processor_times(), self._began, strict=True)]
        together = sum(spent) or 1
        return {"idle": round((spent[3] + spent[4]) / together, 2), "stolen": round(spent[7] / together, 2)}


def _processor_times() -> list[int]:
    """user, nice, system, idle, iowait, irq, softirq, steal (proc_stat(5))."""
    return [int(each) for each in Path("/proc/stat").read_text().split(maxsplit=9)[1:9]]


def report(bench: str, ratio: float, goal: float, holds: bool, **figures: Any) -> None:
    """The last line of a bench."""
    line = {"bench": bench, "ratio": round(ratio, 3), "goal": goal, "holds": holds, "store": store_name()} | figures
    print(json.dumps(line), flush=True)
