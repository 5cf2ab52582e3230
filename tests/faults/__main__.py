"""`python -m tests.faults --seeds 2`: plays the matrix, appends each run to the results, writes the report."""

import argparse
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from deploy.instance import CHECKOUT
from tests.elastic.server import ElasticMissing
from tests.faults.registry import ELASTIC, LONG_OUTAGE, OUTAGE, TANTIVY, Entry, matrix
from tests.faults.results import Result, Results, commit_of
from tests.faults.run import Run, SkippedError
from tests.faults.system import Servers, System, private_servers

Wanted = Mapping[Entry, list[tuple[str, str, int, float]]]
"""The runs of each scenario: (name, engine, seed, outage)."""
RUNS_OF_AN_INSTANCE = 6
"""The invariants are looked at over everything that an instance holds."""


def main() -> int:
    arguments = _arguments()
    results = Results(Path(arguments.results))
    if unknown := {each.partition(":")[0] for each in arguments.only} - matrix().keys():
        print(f"There is no scenario {', '.join(sorted(unknown))}. There are: {', '.join(matrix())}.")
        return 2
    wanted = {
        entry: [each for each in _runs(entry, arguments) if not (arguments.resume and results.has(*each))]
        for entry in matrix().values()
        if not (arguments.elastic and entry.engine == TANTIVY)
    }
    began = datetime.now(UTC).isoformat(timespec="seconds")
    if arguments.at_once > 1:
        _play_beside(arguments, {entry: runs for entry, runs in wanted.items() if not entry.alone})
        wanted = {entry: runs for entry, runs in wanted.items() if entry.alone}
        results = Results(Path(arguments.results))
    _play_here(arguments, wanted, results)
    results.write_report(matrix().values())
    played = [each for each in results.all() if each.at >= began]
    failed = sum(not each.ok for each in played)
    if arguments.beside == 1:
        print(f"faults: {len(played)} runs, {failed} failed", flush=True)
    return 1 if failed else 0


def _play_here(arguments: argparse.Namespace, wanted: Wanted, results: Results) -> None:
    if not any(wanted.values()):
        return
    with private_servers() as servers, Stage(servers, Path(arguments.code), arguments.beside) as stage:
        for entry, runs in wanted.items():
            for result in stage.play(entry, runs):
                results.append(result)
                print(result.line(), flush=True)
                if not result.ok and arguments.first_failure:
                    return


def _play_beside(arguments: argparse.Namespace, wanted: Wanted) -> None:
    """Shares of the scenarios in processes of their own, each with its own servers: most of a run is waiting."""
    entries = [entry for entry, runs in wanted.items() if runs]
    shares = [entries[start :: arguments.at_once] for start in range(arguments.at_once)]
    command = [
        sys.executable,
        "-m",
        "tests.faults",
        "--beside",
        str(len(entries[: arguments.at_once])),
        "--results",
        arguments.results,
        "--code",
        arguments.code,
    ]
    command += ["--first-failure"] * arguments.first_failure + ["--elastic"] * arguments.elastic
    workers = [
        subprocess.Popen([*command, "--only", *(_named(*each) for entry in share for each in wanted[entry])])
        for share in shares
        if share
    ]
    for each in workers:
        each.wait()


def _named(scenario: str, engine: str, seed: int, outage: float) -> str:
    return f"{scenario}:{'long' if outage == LONG_OUTAGE else seed}"


class Stage:
    """The instance on which runs are played: it serves several in a row, for to start one takes 20 s of processor.

    A scenario that asks for a fresh one gets it. What a failed run has left behind must not fail the next one.
    """

    def __init__(self, servers: Servers, code: Path, beside: int = 1) -> None:
        self._servers = servers
        self._code = code
        self._beside = beside
        self._system: System | None = None
        self._kind = (False, TANTIVY)
        self._played = 0

    def __enter__(self) -> "Stage":
        return self

    def __exit__(self, *_exc: object) -> None:
        self._clear()

    def play(self, entry: Entry, wanted: list[tuple[str, str, int, float]]) -> Iterator[Result]:
        """Play the runs of one scenario; yields the results."""
        for _, engine, seed, outage in wanted:
            result = Result(entry.name, seed, outage, commit_of(CHECKOUT), engine)
            try:
                system = self._system_for(entry, engine)
            except ElasticMissing as reason:
                result.skipped = str(reason)
            else:
                play_one(system, entry, result, self._beside)
            yield result
            self._played += 1
            if entry.fresh or not result.ok:
                self._clear(keep=not result.ok)

    def _system_for(self, entry: Entry, engine: str) -> System:
        kind = (entry.direct, engine)
        if entry.fresh or kind != self._kind or self._played >= RUNS_OF_AN_INSTANCE:
            self._clear()
        if self._system is None:
            folder = Path(tempfile.mkdtemp(prefix=f"wellheard-{entry.name}-"))
            search = self._servers.search() if engine == ELASTIC else None
            self._system = System(self._servers, folder, self._code, direct=entry.direct, search=search)
            self._kind = kind
        return self._system

    def _clear(self, keep: bool = False) -> None:
        if self._system is not None:
            if keep:
                print(f"  the logs of this run: {self._system.folder}/log", flush=True)
            self._system.close(keep)
        self._system, self._played = None, 0


def play_one(system: System, entry: Entry, result: Result, beside: int = 1) -> None:
    """Fills in what came of it."""
    began = time.monotonic()
    try:
        system.start()
        run = Run(system, entry.name, result.seed, result.outage, beside=beside)
        with run.watching_memory():
            entry.play(run)
            run.settle()
        result.fill(run, run.examine())
    except SkippedError as reason:
        result.skipped = str(reason)
    except Exception as error:
        traceback.print_exc()
        result.problems.append(f"the run broke off: {type(error).__name__}: {error}")
    result.seconds = round(time.monotonic() - began, 1)


def _runs(entry: Entry, arguments: argparse.Namespace) -> list[tuple[str, str, int, float]]:
    name, engine = entry.name, ELASTIC if arguments.elastic else entry.engine or TANTIVY
    if arguments.only:
        named = [each.partition(":") for each in arguments.only if each.partition(":")[0] == name]
        wanted = {seed for _, _, seed in named if seed}
        if not named or wanted:
            runs = [(name, engine, int(seed), OUTAGE) for seed in sorted(wanted - {"long"}, key=int)]
            return runs + [(name, engine, 0, LONG_OUTAGE)] * ("long" in wanted)
    runs = [(name, engine, seed, OUTAGE) for seed in range(min(entry.seeds, arguments.seeds or entry.seeds))]
    if entry.long and not arguments.seeds:
        runs.append((name, engine, 0, LONG_OUTAGE))
    return runs


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument(
        "--seeds",
        type=int,
        default=0,
        help="so many of each scenario at most, and no outages of 60 s; 0: the whole matrix",
    )
    parser.add_argument(
        "--only",
        nargs="*",
        default=[],
        help="scenarios: `name`, one seed of it `name:3`, its outage of 60 s `name:long`",
    )
    parser.add_argument(
        "--at-once",
        type=int,
        default=1,
        help="so many scenarios beside each other; those that measure are played alone, afterwards",
    )
    parser.add_argument(
        "--beside", type=int, default=1, help="this is one of so many shares of a run, which tells the sum"
    )
    parser.add_argument("--elastic", action="store_true", help="the history is searched in Elasticsearch")
    parser.add_argument("--resume", action="store_true", help="leave out what the results hold already")
    parser.add_argument("--first-failure", action="store_true", help="stop at the first run that fails")
    parser.add_argument("--results", default=str(CHECKOUT / "docs/reliability.jsonl"))
    parser.add_argument("--code", default=str(CHECKOUT), help="the copy of the code that the services run")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
