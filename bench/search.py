"""Ten shapes of queries over HTTP, beside the bare engine that does the same on the same index.

Each is asked with words, names and contacts drawn anew; both sides get the same ones, in turn. The line holds when in
every shape our 95th percentile is at most 10 ms above the engine's, when a contact's timeline and a look-up by name
take at most 1.3 times as long in the largest index as in the smallest, and when looking up names as one types takes at
most 50 ms for eight at once. The ratio is (engine + 10 ms) / ours, the worst of all.

`python -m bench.search --engine elastic --small 100000 --large 1000000`
"""

import http.client
import random
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

from bench import decade, engines, harness, shapes
from bench.bare.elastic import BareElastic
from bench.bare.search import BareEngine
from bench.post import make_key
from deploy.instance import Instance
from services.history.index.choice import indexes_of
from services.history.index.elastic_client import connect_search
from services.history.index.elastic_mapping import Names
from services.history.index.port import IndexSet, Pointer
from services.history.log import to_envelope
from services.history.timeline import fold
from shared.settings import Settings

ALLOWANCE_MS = 10.0
"""What HTTP, RPC and the page may add to the engine."""
GROWTH, TYPING_MS, AT_ONCE = 1.3, 50.0, 8
ENTRIES_A_CONTACT = 4
BATCH = 500
_UNCOUNTED = 1_000


class Client:
    """Asks the partner API over a connection that is kept open."""

    def __init__(self, instance: Instance, key: str) -> None:
        self._headers = {"Authorization": f"Bearer {key}"}
        self._connection = http.client.HTTPConnection("127.0.0.1", instance.settings.port, timeout=30)

    def connect(self) -> None:
        """Anew: while the other side had its turn, the web has closed an idle connection."""
        self._connection.close()
        self._connection.connect()

    def ask(self, path: str) -> None:
        self._connection.request("GET", path, headers=self._headers)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{answer.status}: {content[:300]!r}")


class Sides:
    """Both sides of one shape; keeps the median and the 95th percentile of each round, in milliseconds."""

    def __init__(self, draw: shapes.Draw, client: Client, engine: shapes.Engine, contacts: int, queries: int) -> None:
        self.name = draw.__name__
        self._draw, self._client, self._engine = draw, client, engine
        self._contacts, self._queries = contacts, queries
        self.p50: dict[str, list[float]] = {"ours": [], "engine": []}

    def ours(self, number: int) -> float:
        self._client.connect()
        return self._round("ours", number, lambda case: self._client.ask(case.path))

    def bare(self, number: int) -> float:
        return self._round("engine", number, lambda case: case.ask_engine(self._engine))

    def warm_up(self) -> None:
        """A round that does not count: a node that has just started still compiles, and the first would pay for it."""
        self.ours(_UNCOUNTED)
        self.bare(_UNCOUNTED)
        self.p50 = {"ours": [], "engine": []}

    def _round(self, side: str, number: int, ask: Callable[[shapes.Case], Any]) -> float:
        chance = random.Random(number)
        times = [_timed(ask, self._draw(chance, self._contacts)) for _ in range(self._queries)]
        self.p50[side].append(statistics.median(times))
        return harness.percentile(times, 0.95)


def main() -> None:
    asked = engines.arguments(__doc__, small=100_000, large=1_000_000, queries=150, rounds=3)
    sizes = [each for each in (asked.small, asked.large) if each]
    found = {size: measure_size(asked.engine, size, asked.queries, asked.rounds) for size in sizes}
    worst = min(each["ratio"] for figures in found.values() for each in figures["cases"].values())
    growth = {
        name: round(found[sizes[-1]]["cases"][name]["ours_p95_ms"] / found[sizes[0]]["cases"][name]["ours_p95_ms"], 2)
        for name in shapes.GROW_LITTLE
    }
    typing = max(each["typing_p95_ms"] for each in found.values())
    holds = worst >= 1.0 and max(growth.values()) <= GROWTH and typing <= TYPING_MS
    harness.report("search", worst, 1.0, holds, engine=asked.engine, growth=growth, typing_p95_ms=typing, sizes=found)


def measure_size(engine: str, entries: int, queries: int, rounds: int) -> dict[str, Any]:
    """Every shape, and eight who type, on an index of so many entries."""
    contacts = entries // ENTRIES_A_CONTACT
    with engines.search_url(engine) as url, harness.private_instance(url) as instance:
        harness.lift_limits(instance)
        fill_index(indexes_of(instance.settings), contacts, entries)
        instance.start("contacts", "history-search", "web")
        key = wait_for_answers(instance)
        bare = bare_engine(instance.settings)
        both = [Sides(draw, Client(instance, key), bare, contacts, queries) for draw in shapes.SHAPES]
        for sides in both if url else ():
            sides.warm_up()
        cases = {}
        for sides in both:
            print(f"{sides.name}, {entries:,} entries (95th percentile, ms)", flush=True)
            cases[sides.name] = figures_of(sides, *harness.in_turn(rounds, sides.ours, sides.bare))
        return {"cases": cases, "typing_p95_ms": round(typing_at_once(instance, key, contacts, queries), 1)}


def fill_index(indexes: IndexSet, contacts: int, entries: int) -> None:
    """As a rebuild fills it, but for the log."""
    name = indexes.new_name()
    index, show, done = indexes.bulk_writer(name), decade.told(), 0
    events = decade.decade(contacts, entries)
    while batch := [fold(to_envelope(each)) for each in islice(events, BATCH)]:
        done += len(batch)
        index.put(batch, done)
        if done % (100 * BATCH) == 0:
            index.commit()
        show(min(done, entries - 1), entries)
    index.close()
    indexes.serve(Pointer(name, complete=True))


def wait_for_answers(instance: Instance) -> str:
    """A key, with which the history answers."""

    def answers() -> bool:
        try:
            key.append(make_key(instance, "history:all", "contacts:all"))
            Client(instance, key[-1]).ask("/api/v1/history")
        except (OSError, SystemExit):
            return False
        return True

    key: list[str] = []
    harness.wait_for(answers, 60, every=0.5)
    return key[-1]


def bare_engine(settings: Settings) -> shapes.Engine:
    """It searches what serves."""
    if settings.search_hosts:
        names = Names(settings.search_prefix)
        return BareElastic(connect_search(settings), names.timeline(), names.contacts())
    pointer = indexes_of(settings).current()
    assert pointer is not None
    return BareEngine(settings.index_dir / pointer.name)


def typing_at_once(instance: Instance, key: str, contacts: int, queries: int) -> float:
    """The 95th percentile of looking up names as they are typed, letter by letter, by eight people at once, in ms."""

    def type_names(number: int) -> list[float]:
        chance, client = random.Random(number), Client(instance, key)
        cases = [shapes.name_as_typed(chance, contacts) for _ in range(queries)]
        return [_timed(lambda case: client.ask(case.path), each) for each in cases]

    with ThreadPoolExecutor(AT_ONCE) as pool:
        times = [each for mine in pool.map(type_names, range(AT_ONCE)) for each in mine]
    return harness.percentile(times, 0.95)


def figures_of(sides: Sides, ours: list[float], bare: list[float]) -> dict[str, Any]:
    return {
        "ratio": round((statistics.median(bare) + ALLOWANCE_MS) / statistics.median(ours), 3),
        "ours_p50_ms": round(statistics.median(sides.p50["ours"]), 1),
        "ours_p95_ms": round(statistics.median(ours), 1),
        "ours_p95_spread": harness.spread(ours),
        "engine_p50_ms": round(statistics.median(sides.p50["engine"]), 1),
        "engine_p95_ms": round(statistics.median(bare), 1),
        "engine_p95_spread": harness.spread(bare),
    }


def _timed(ask: Callable[[shapes.Case], Any], case: shapes.Case) -> float:
    """Milliseconds."""
    started = time.perf_counter()
    ask(case)
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    main()
