"""Rebuild of the index: entries a second, against a bare scan of the same log that indexes the same fields.

Both read the log of one private store in windows, fill a new index of the same engine (tantivy's with the same memory
and threads), and end when it is committed and merged. Ours also parses each event by its contract, folds it and keeps
the newest version. Then, for `--live-seconds`, probes are posted and searched for while nothing else goes on, and while
`wellheard rebuild` does: the 99th percentile may be twice as long, and no search may fail.

`python -m bench.rebuild --engine elastic --contacts 250000 --entries 1000000`
"""

import statistics
import subprocess
import time
from pathlib import Path
from typing import Any

from bench import decade, engines, harness
from bench.bare import rebuild as bare
from bench.visible import Probes, make_key
from deploy.instance import Instance
from services.history.index.choice import indexes_of
from services.history.index.port import Pointer
from services.history.rebuild import rebuild
from shared.mongo import connect
from shared.settings import Settings

GOAL = 0.75
LIVE_GOAL = 2.0


def main() -> None:
    asked = engines.arguments(__doc__, contacts=20_000, entries=100_000, rounds=3, live_seconds=20)
    with engines.search_url(asked.engine) as url, harness.private_instance(url) as instance:
        sides = Sides(instance.settings, asked.entries, url)
        sides.events = decade.fill_log(instance.settings, asked.contacts, asked.entries, progress=decade.told())
        ours, other = harness.in_turn(asked.rounds, sides.ours, sides.bare)
        live = measure_live(instance, asked.live_seconds) if asked.live_seconds else {}
    ratio = statistics.median(ours) / statistics.median(other)
    harness.report(
        "rebuild",
        ratio,
        GOAL,
        ratio >= GOAL and live.get("holds", True),
        engine=asked.engine,
        entries=asked.entries,
        contacts=asked.contacts,
        ours_per_second=round(statistics.median(ours)),
        ours_spread=harness.spread(ours),
        bare_per_second=round(statistics.median(other)),
        bare_spread=harness.spread(other),
        ours_cpu_us_per_event=round(statistics.median(sides.cpu["ours"])),
        bare_cpu_us_per_event=round(statistics.median(sides.cpu["bare"])),
        live=live,
    )


class Sides:
    """Both sides on the same log; events a second of each round, and the processor time of this process."""

    def __init__(self, settings: Settings, entries: int, url: str) -> None:
        self._settings, self._entries, self._url = settings, entries, url
        self.events = 0
        self.cpu: dict[str, list[float]] = {"ours": [], "bare": []}

    def ours(self, _number: int) -> float:
        """The index of the last round serves, so that there is one to rebuild beside."""
        indexes = indexes_of(self._settings)
        old = indexes.current()
        started, used = time.monotonic(), time.process_time()
        name = rebuild(self._settings)
        seconds = self._noted("ours", started, used)
        entries, _ = indexes.reader(name).counts()
        if entries != self._entries:
            raise SystemExit(f"{entries} entries instead of {self._entries}")
        indexes.serve(Pointer(name, complete=True))
        if old is not None:
            indexes.remove(old.name)
        return self.events / seconds

    def bare(self, number: int) -> float:
        database = connect(self._settings, "history").name
        into = bare.into_elastic(self._url, f"bare-{number}") if self._url else bare.into_tantivy(self._folder(number))
        started, used = time.monotonic(), time.process_time()
        bare.rebuild(self._settings.mongo_url, database, into)
        seconds = self._noted("bare", started, used)
        into.remove()
        return self.events / seconds

    def _folder(self, number: int) -> Path:
        return self._settings.state_dir / f"bare-index-{number}"

    def _noted(self, side: str, started: float, used: float) -> float:
        self.cpu[side].append((time.process_time() - used) / self.events * 1e6)
        return time.monotonic() - started


def measure_live(instance: Instance, seconds: int) -> dict[str, Any]:
    """How long a posted event takes to be found, idle and during a rebuild. A search that fails ends the bench."""
    harness.lift_limits(instance)
    instance.start()
    instance.wait_ready()
    probes = Probes(instance, make_key(instance, "events:write", "history:all"))
    until = time.monotonic() + seconds
    idle = probes.while_it_lasts(lambda: time.monotonic() < until)
    command = [harness.COMMAND, "rebuild", "--json"]
    rebuilding = subprocess.Popen(command, env=instance.environment, stdout=subprocess.PIPE)
    busy = probes.while_it_lasts(lambda: rebuilding.poll() is None)
    if rebuilding.wait():
        raise SystemExit("the rebuild failed")
    p99 = {"idle": harness.percentile(idle, 0.99), "rebuilding": harness.percentile(busy, 0.99)}
    ratio = p99["rebuilding"] / p99["idle"]
    figures = {f"p99_{name}_seconds": round(value, 3) for name, value in p99.items()}
    return figures | {"probes": len(busy), "ratio": round(ratio, 2), "goal": LIVE_GOAL, "holds": ratio <= LIVE_GOAL}


if __name__ == "__main__":
    main()
