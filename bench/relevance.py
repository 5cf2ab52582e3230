"""How good the answers of the search are: nDCG@10 of sixty judged searches over the demo county, on both engines.

Forty searches are there to tune by, twenty are held out and shown apart (bench/judged/queries.toml). The ratio is the
worst of the four figures to the goal. Without Java there is no Elasticsearch, and the line says so.
"""

import os
import secrets
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench import harness
from bench.judged import demo
from bench.judged.judgements import SETS, Judged, judged_demo, read_queries
from bench.judged.scores import Score, filled, mean_of, scores
from deploy.supervision import NotStarted
from services.history.index.directory import Indexes
from services.history.index.elastic import ElasticIndexes
from services.history.index.elastic_client import connect_search
from services.history.index.port import IndexSet
from services.history.timeline import fold
from shared.settings import Settings
from tests.elastic.conftest import remove_all
from tests.elastic.node import give_back_shared, take_shared
from tests.elastic.server import ElasticMissing

GOAL = 0.85
WORST = 8
SHOW_HELD_OUT = "--held-out" in sys.argv
"""Name the worst of those that are held out as well: for the end, not for tuning."""


def main() -> None:
    folded = [fold(each) for each in demo.events()]
    judged = Judged.of(folded)
    if judged.fingerprint() != judged_demo():
        raise SystemExit("The demo is another one than was judged: judge it anew (bench/judged/queries.toml).")
    queries, found, missing = read_queries(), dict[str, list[Score]](), ""
    with tempfile.TemporaryDirectory(prefix="wellheard-bench-") as directory:
        found["tantivy"] = scores(filled(Indexes(Path(directory) / "index"), folded), judged, queries)
        try:
            with elastic_indexes(Path(directory)) as indexes:
                found["elasticsearch"] = scores(filled(indexes, folded), judged, queries)
        except (ElasticMissing, NotStarted) as reason:
            missing = str(reason)
    report(found, missing)


@contextmanager
def elastic_indexes(directory: Path) -> Iterator[IndexSet]:
    """Indexes on a real node, of which nothing is left."""
    holder, prefix = f"bench-{os.getpid()}", f"bench-{secrets.token_hex(6)}"
    node = take_shared(holder)
    try:
        client = connect_search(Settings(search_url=node.url))
        yield ElasticIndexes(client, prefix, directory / "search")
        remove_all(client, prefix)
    finally:
        give_back_shared(holder, node)


def report(found: dict[str, list[Score]], missing: str) -> None:
    figures: dict[str, dict[str, float]] = {
        name: {engine: round(mean_of(each, name), 3) for engine, each in found.items()} for name in SETS
    }
    for name, size in SETS.items():
        print(f"{name}, {size} searches:", ", ".join(f"{engine} {each}" for engine, each in figures[name].items()))
    print_worst(found["tantivy"])
    for one, other in zip(found["tantivy"], found.get("elasticsearch", ()), strict=False):
        if one.found != other.found:
            print(f"the engines differ: {one.query.q!r} {one.ndcg:.2f} {other.ndcg:.2f}")
    worst = min(each for by_engine in figures.values() for each in by_engine.values())
    differing = sum(one.found != other.found for one, other in zip(*found.values(), strict=True)) if not missing else 0
    more = {"elasticsearch": f"missing: {missing}"} if missing else {"searches_that_differ": differing}
    harness.report("relevance", worst / GOAL, 1.0, worst >= GOAL, ndcg_at_10=figures, goal_ndcg=GOAL, **more)


def print_worst(found: Sequence[Score]) -> None:
    shown = [each for each in found if SHOW_HELD_OUT or each.query.of == "tuning"]
    for each in sorted(shown, key=lambda score: score.ndcg)[:WORST]:
        print(f"{each.ndcg:.2f} {each.query.q!r} ({each.query.of}, {each.total} found): {each.query.why}")
        print("     " + " · ".join(f"{grade} {name[:40]}" for name, grade in each.found[:5]))


if __name__ == "__main__":
    main()
