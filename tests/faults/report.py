"""The report in Markdown: a row for each scenario, and what the figures mean."""

from collections.abc import Iterable, Sequence

from tests.faults.registry import ELASTIC, Entry
from tests.faults.results import Result, Results, middle_and_worst

HEAD = """\
# Reliability: what was done to Wellheard, and what became of what was said

Written by `make faults` from [reliability.jsonl](reliability.jsonl), where every run stands with its seed; do not edit by
hand. Each run starts the services on a broker and a store of their own, lets partners post (each id is noted as
accepted, refused or unknown), does the damage, heals it, waits until nothing moves, and then reads the producers' notes,
the engagement store, the history log and the index, each by itself:

- **I1** every accepted event is in the store · **I2** one engagement for each (partner, source, id) · **I3** the index is
  the fold of the log, by id and content hash · **I4** an event without an answer is there once or not at all · **I5**
  nothing is in limbo: queues are empty, or parked with a reason · **I6** memory and queues are bounded.

Lost: accepted and not in store, log or index. Twice: an event, a contact or a record more than once. Limbo: messages that
wait for nothing, or were parked and should not have been. Ready and quiet: seconds from the end of the fault until every
service says that it is ready, and until the backlog is gone and can be found; median / worst.

That the harness notices what it should: `make faults-mutations` breaks the code on purpose in five ways (acknowledge before
store, no deduplication, outbox emptied before the confirm, swap before catching up, a failed batch parked whole), plays
the scenario that must catch it, and fails if one is not caught.

One run again: `.venv/bin/python -m tests.faults --only NAME:SEED`, with `--elastic` on a node of Elasticsearch instead of the
embedded engine. The scenarios called `elastic-` are always on one; the services reach it through a front that refuses what a
scenario wants refused.
"""


def render(results: Results, entries: Sequence[Entry]) -> str:
    """The whole report."""
    runs = [each for each in results.all() if not each.skipped]
    if not runs:
        return HEAD + "\nNo run yet.\n"
    first, last = min(each.at for each in runs)[:10], max(each.at for each in runs)[:10]
    total = (
        f"{len(runs)} runs of {len({each.scenario for each in runs})} scenarios, {first} to {last}:"
        f" {sum(each.accepted for each in runs):,} events accepted, {sum(each.lost for each in runs)} lost,"
        f" {sum(each.twice for each in runs)} twice, {sum(not each.ok for each in runs)} runs failed."
    )
    rows = [row for entry in entries for row in _rows(entry, results.of(entry))]
    table = [
        "| scenario | fault | runs | accepted | refused | unknown | lost | twice | limbo | ready | quiet |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
        *rows,
    ]
    return "\n".join(
        [HEAD, f"**{total}**", "", *table, *_points(runs), *_memory(runs), *_failures(runs), *_skipped(results)]
    )


def _rows(entry: Entry, runs: list[Result]) -> Iterable[str]:
    kinds = {(each.engine == ELASTIC and not entry.engine, each.outage) for each in runs if not each.skipped}
    for elsewhere, outage in sorted(kinds):
        mine = [each for each in runs if each.outage == outage and not each.skipped]
        if not entry.engine:
            mine = [each for each in mine if (each.engine == ELASTIC) == elsewhere]
        name = entry.name + (" on Elasticsearch" if elsewhere else "") + ("" if outage <= 10 else f", {outage:.0f} s")
        figures = [sum(getattr(each, what) for each in mine) for what in ("accepted", "refused", "unknown")]
        faults = [sum(getattr(each, what) for each in mine) for what in ("lost", "twice", "limbo")]
        times = [middle_and_worst(getattr(each, what) for each in mine) for what in ("ready_after", "quiet_after")]
        yield "| " + " | ".join(str(each) for each in (name, entry.fault, len(mine), *figures, *faults, *times)) + " |"


def _points(runs: list[Result]) -> list[str]:
    """How often each fail point was hit, by service."""
    hits: dict[str, int] = {}
    for each in runs:
        if each.scenario.startswith("kill-") and each.notes and each.ok:
            key = f"{each.scenario.removeprefix('kill-')}: {each.notes[0].partition(':')[0]}"
            hits[key] = hits.get(key, 0) + 1
    listed = [f"| {key} | {count} |" for key, count in sorted(hits.items())]
    return ["", "## Fail points hit", "", "| where | kills |", "|---|--:|", *listed] if hits else []


def _memory(runs: list[Result]) -> list[str]:
    peaks: dict[str, int] = {}
    for each in runs:
        for name, peak in each.peak_mb.items():
            peaks[name] = max(peaks.get(name, 0), peak)
    told = ", ".join(f"{name} {peak} MB" for name, peak in sorted(peaks.items()) if "#" not in name)
    return ["", "## Memory", "", f"The most that any process had in any run: {told}."]


def _failures(runs: list[Result]) -> list[str]:
    failed = [each for each in runs if not each.ok]
    if not failed:
        return [""]
    lines = [f"- `{each.scenario}` seed {each.seed}: {problem}" for each in failed for problem in each.problems]
    return ["", "## Runs that failed", "", *lines, ""]


def _skipped(results: Results) -> list[str]:
    told = sorted({f"- `{each.scenario}`: {each.skipped}" for each in results.all() if each.skipped})
    return ["", "## Not run", "", *told, ""] if told else []
