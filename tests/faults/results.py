"""Results of runs, appended to a file of JSON lines as they come, and the report made of them."""

import json
import subprocess
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from statistics import median

from tests.faults.invariants import Findings
from tests.faults.registry import TANTIVY, Entry
from tests.faults.run import Run


@dataclass
class Result:
    """One run, as it is kept."""

    scenario: str
    seed: int
    outage: float
    commit: str
    engine: str = TANTIVY
    at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    accepted: int = 0
    refused: int = 0
    unknown: int = 0
    lost: int = 0
    twice: int = 0
    limbo: int = 0
    ready_after: float | None = None
    quiet_after: float | None = None
    seconds: float = 0.0
    peak_mb: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    skipped: str = ""

    @property
    def ok(self) -> bool:
        return not self.problems

    def fill(self, run: Run, found: Findings) -> None:
        for name in ("accepted", "refused", "unknown", "lost", "twice", "limbo", "problems"):
            setattr(self, name, getattr(found, name))
        self.ready_after = run.ready_after and round(run.ready_after, 1)
        self.quiet_after = run.quiet_after and round(run.quiet_after, 1)
        self.peak_mb = {name: round(peak) for name, peak in sorted(run.peaks.items())}
        self.notes = run.notes

    def line(self) -> str:
        """What is printed of it: enough to see, and to play it again."""
        told = "skipped: " + self.skipped if self.skipped else "ok" if self.ok else "FAILED"
        figures = f"accepted {self.accepted}, refused {self.refused}, unknown {self.unknown}"
        faults = f"lost {self.lost}, twice {self.twice}, limbo {self.limbo}"
        times = f"ready {self.ready_after} s, quiet {self.quiet_after} s, whole run {self.seconds} s"
        engine = "" if self.engine == TANTIVY else f" on {self.engine}"
        line = f"{self.scenario}{engine} seed {self.seed} outage {self.outage:.0f} {' '.join(self.notes)}: {told}: "
        return line + f"{figures}; {faults}; {times}" + "".join(f"\n    {each}" for each in self.problems)


class Results:
    """All runs noted in a file; a later run of the same scenario, engine, seed and outage replaces the one before."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._runs: dict[tuple[str, str, int, float], Result] = {}
        if path.exists():
            for line in path.read_text().splitlines():
                self._keep(Result(**json.loads(line)))

    def has(self, scenario: str, engine: str, seed: int, outage: float) -> bool:
        found = self._runs.get((scenario, engine, seed, outage))
        return found is not None and found.ok and not found.skipped

    def append(self, result: Result) -> None:
        self._keep(result)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a") as file:
            file.write(json.dumps(asdict(result)) + "\n")

    def of(self, entry: Entry) -> list[Result]:
        return [each for each in self._runs.values() if each.scenario == entry.name]

    def all(self) -> list[Result]:
        return list(self._runs.values())

    def write_report(self, entries: Iterable[Entry]) -> None:
        """Beside the results, in Markdown."""
        from tests.faults.report import render

        self._path.with_suffix(".md").write_text(render(self, list(entries)))

    def _keep(self, result: Result) -> None:
        self._runs[result.scenario, result.engine, result.seed, result.outage] = result


def middle_and_worst(values: Iterable[float | None]) -> str:
    """`2.1 / 3.4`: the median and the worst; a dash when nothing was timed."""
    found = [each for each in values if each is not None]
    return f"{median(found):.1f} / {max(found):.1f}" if found else "–"


@cache
def commit_of(checkout: Path) -> str:
    """The commit that was checked out, `+` when files differed from it; empty outside a git checkout."""
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty=+", "--abbrev=10"],
            cwd=checkout,
            capture_output=True,
            text=True,
            check=False,
            timeout=10,
        )
    except OSError:
        return ""
    return done.stdout.strip()
