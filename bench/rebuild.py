"""Rebuild of the index: entries a second, against a bare scan of the same log that indexes the same fields.

Both read the log of one private store in windows, fill a new index with the same memory and threads, and end when
it is committed and merged. Ours also parses each event by its contract, folds it and keeps the newest version.
"""

import os
import shutil
import statistics
import time
from itertools import islice
from pathlib import Path

from bench import corpus, harness
from bench.bare import rebuild as bare
from services.history.index.directory import Indexes
from services.history.log import Log
from services.history.rebuild import rebuild
from shared.mongo import connect
from shared.settings import Settings

ENTRIES = int(os.environ.get("ENTRIES", "100000"))
ROUNDS = 3
GOAL = 0.60


def main() -> None:
    with harness.private_instance() as instance:
        settings = instance.settings
        fill_log(settings)
        cpu: dict[str, list[float]] = {"ours": [], "bare": []}
        ours_rate, bare_rate = harness.in_turn(
            ROUNDS, lambda _: ours_round(settings, cpu["ours"]), lambda _: bare_round(settings, cpu["bare"])
        )
    ratio = statistics.median(ours_rate) / statistics.median(bare_rate)
    harness.report(
        "rebuild",
        ratio,
        GOAL,
        ratio >= GOAL,
        entries=ENTRIES,
        ours_per_second=round(statistics.median(ours_rate)),
        ours_spread=harness.spread(ours_rate),
        bare_per_second=round(statistics.median(bare_rate)),
        bare_spread=harness.spread(bare_rate),
        ours_cpu_us_per_entry=round(statistics.median(cpu["ours"])),
        bare_cpu_us_per_entry=round(statistics.median(cpu["bare"])),
    )


def fill_log(settings: Settings) -> None:
    log, last = Log(connect(settings, "history")), 0
    log.prepare()
    events = corpus.engagements(ENTRIES)
    while batch := list(islice(events, 500)):
        last = log.append(batch, after=last)


def ours_round(settings: Settings, cpu: list[float]) -> float:
    indexes = Indexes(settings.index_dir)
    started, used = time.monotonic(), time.process_time()
    name = rebuild(settings)
    seconds = time.monotonic() - started
    cpu.append((time.process_time() - used) / ENTRIES * 1e6)
    entries, _ = indexes.reader(name).counts()
    if entries != ENTRIES:
        raise SystemExit(f"{entries} entries instead of {ENTRIES}")
    indexes.remove(name)
    return ENTRIES / seconds


def bare_round(settings: Settings, cpu: list[float]) -> float:
    folder = Path(settings.state_dir) / "bare-index"
    database = connect(settings, "history").name
    started, used = time.monotonic(), time.process_time()
    written = bare.rebuild(settings.mongo_url, database, folder)
    seconds = time.monotonic() - started
    cpu.append((time.process_time() - used) / ENTRIES * 1e6)
    if written != ENTRIES:
        raise SystemExit(f"{written} entries instead of {ENTRIES}")
    shutil.rmtree(folder)
    return ENTRIES / seconds


if __name__ == "__main__":
    main()
