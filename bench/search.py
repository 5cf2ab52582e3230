"""Search of 250,000 entries over HTTP, beside the bare engine in process that does the same queries on the same index.

Each case is asked with words, names and contacts drawn anew; both sides get the same ones, in turn. The line holds
when in every case our 95th percentile is at most 10 ms above the engine's. The ratio is (engine + 10 ms) / ours.
"""

import http.client
import os
import random
import statistics
import time
from collections.abc import Callable
from itertools import chain, islice
from typing import Any, NamedTuple
from urllib.parse import urlencode

from bench import corpus, harness
from bench.bare.search import LIMIT, BareEngine
from bench.post import make_key
from deploy.instance import Instance
from services.history.index.directory import Indexes, Pointer
from services.history.index.words import fold_name
from services.history.timeline import fold

ENTRIES = int(os.environ.get("ENTRIES", "250000"))
QUERIES = int(os.environ.get("QUERIES", "150"))
ROUNDS = 3
ALLOWANCE_MS = 10.0
"""What HTTP, RPC and the page may add to the engine."""


class Case(NamedTuple):
    """One query, as the API and as the engine is asked."""

    path: str
    ask_engine: Callable[[BareEngine], dict[str, Any]]


def words(chance: random.Random) -> Case:
    chosen = chance.sample(corpus.WORDS[20:], 2)
    return _history(lambda engine: engine.entries(chosen), q=" ".join(chosen))


def phrase(chance: random.Random) -> Case:
    chosen = " ".join(chance.sample(corpus.WORDS[20:], 2))
    return _history(lambda engine: engine.entries(phrase=chosen), q=f'"{chosen}"')


def filtered(chance: random.Random) -> Case:
    word, kind, locality = (chance.choice(each) for each in (corpus.WORDS[20:], corpus.KINDS, corpus.LOCALITIES))
    return _history(
        lambda engine: engine.entries([word], kind=kind, locality=locality), q=word, kind=kind, locality=locality
    )


def timeline(chance: random.Random) -> Case:
    contact = f"con_{chance.randrange(corpus.CONTACTS):08}"
    return _history(lambda engine: engine.entries(contact=contact), contact_id=contact)


def names(chance: random.Random) -> Case:
    first, last = corpus.name(chance.randrange(corpus.CONTACTS)).split()
    typed = chance.choice((last[:3], last[:5], f"{first} {last[:2]}", last[:4] + last[5:]))
    query = urlencode({"q": typed, "limit": LIMIT})
    return Case(f"/api/v1/contacts?{query}", lambda engine: engine.names(fold_name(typed)))


CASES = (words, phrase, filtered, timeline, names)


def _history(ask_engine: Callable[[BareEngine], dict[str, Any]], **query: str) -> Case:
    return Case(f"/api/v1/history?{urlencode(query | {'limit': LIMIT, 'sort': 'newest'})}", ask_engine)


class Client:
    """Asks the partner API over a connection that is kept open."""

    def __init__(self, instance: Instance) -> None:
        self._headers = {"Authorization": f"Bearer {make_key(instance, 'history:all', 'contacts:all')}"}
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
    """Both sides of one case; keeps the median and the 95th percentile of each round, in milliseconds."""

    def __init__(self, draw: Callable[[random.Random], Case], client: Client, engine: BareEngine) -> None:
        self._draw = draw
        self._client = client
        self._engine = engine
        self.p50: dict[str, list[float]] = {"ours": [], "engine": []}

    def ours(self, number: int) -> float:
        self._client.connect()
        return self._round("ours", number, lambda case: self._client.ask(case.path))

    def bare(self, number: int) -> float:
        return self._round("engine", number, lambda case: case.ask_engine(self._engine))

    def _round(self, side: str, number: int, ask: Callable[[Case], Any]) -> float:
        chance = random.Random(number)
        times = []
        for case in [self._draw(chance) for _ in range(QUERIES)]:
            started = time.perf_counter()
            ask(case)
            times.append((time.perf_counter() - started) * 1000)
        self.p50[side].append(statistics.median(times))
        return harness.percentile(times, 0.95)


def main() -> None:
    with harness.private_instance() as instance:
        harness.lift_limits(instance)
        indexes, name = Indexes(instance.settings.index_dir), "index_bench"
        fill_index(indexes, name)
        instance.start("contacts", "history-search", "web")
        client = wait_for_answers(instance)
        engine = BareEngine(instance.settings.index_dir / name)
        cases = {draw.__name__: measure(draw, client, engine) for draw in CASES}
    worst = min(each["ratio"] for each in cases.values())
    harness.report("search", worst, 1.0, worst >= 1.0, entries=ENTRIES, cases=cases)


def fill_index(indexes: Indexes, name: str) -> None:
    """As a rebuild fills it, but for the log."""
    index = indexes.bulk_writer(name)
    events = chain(corpus.contacts(), corpus.engagements(ENTRIES))
    while batch := [fold(each) for each in islice(events, 500)]:
        index.put(batch, index.position + len(batch))
    index.close()
    indexes.serve(Pointer(name, complete=True))


def wait_for_answers(instance: Instance) -> Client:
    def answers() -> bool:
        try:
            Client(instance).ask("/api/v1/history")
        except (OSError, SystemExit):
            return False
        return True

    harness.wait_for(answers, 60, every=0.5)
    return Client(instance)


def measure(draw: Callable[[random.Random], Case], client: Client, engine: BareEngine) -> dict[str, Any]:
    print(draw.__name__, "(95th percentile, ms)", flush=True)
    sides = Sides(draw, client, engine)
    ours, bare = harness.in_turn(ROUNDS, sides.ours, sides.bare)
    return {
        "ratio": round((statistics.median(bare) + ALLOWANCE_MS) / statistics.median(ours), 3),
        "ours_p50_ms": round(statistics.median(sides.p50["ours"]), 1),
        "ours_p95_ms": round(statistics.median(ours), 1),
        "ours_p95_spread": harness.spread(ours),
        "engine_p50_ms": round(statistics.median(sides.p50["engine"]), 1),
        "engine_p95_ms": round(statistics.median(bare), 1),
        "engine_p95_spread": harness.spread(bare),
    }


if __name__ == "__main__":
    main()
