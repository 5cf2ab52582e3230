"""What an operator should do now: one sentence for each trouble that a report shows. Pure."""

from collections.abc import Iterator

from shared.system.durations import in_words
from shared.system.report import IndexState, SystemReport, WorkingQueue

# deploy/prometheus/alerts.yaml uses the same limits, and says why they are what they are.
QUEUE_SECONDS = 300
OUTBOX_SECONDS = 120
OUTBOX_DEPTH = 5_000
QUARANTINE_SECONDS = 3 * 86_400


def find_troubles(report: SystemReport) -> Iterator[str]:
    """The gravest first; what only follows from a trouble that is named already is left out."""
    if report.broker != "ok":
        yield "The message broker does not answer. Start it, or free memory or disk there; what was accepted is safe."
    if report.store != "ok":
        yield "The store does not answer. Start it; events are still accepted, and wait in their queues until then."
    if report.broker == "ok":
        yield from _of_processes(report)
        for queue in report.queues:
            yield from _of_queue(queue)
        yield from _of_outboxes(report)
        yield from _of_resting_queues(report)
        yield from _of_history(report)


def _of_processes(report: SystemReport) -> Iterator[str]:
    told = {queue.process for queue in report.queues if queue.state == "no consumer"}
    for process in report.processes:
        if not process.answers and process.name not in told:
            yield f"{process.name} does not answer. Start it, or see why it ends in its log."
        elif process.reason and process.state == "waiting" and report.store == "ok":
            yield f"{process.name} waits: {process.reason}. It goes on by itself when that is back."
    versions = {process.version: process.name for process in report.processes if process.version}
    if len(versions) > 1:
        found = ", ".join(f"{name} runs {version}" for version, name in sorted(versions.items()))
        yield f"Not all processes are of one version: {found}. Restart those that are behind."


def _of_queue(queue: WorkingQueue) -> Iterator[str]:
    match queue.state:
        case "missing":
            yield f"{queue.name} does not exist. Restart the {queue.process} process: it declares its queues."
        case "no consumer":
            yield f"{queue.name}: nobody consumes it. Start the {queue.process} process."
        case "paused":
            yield (
                f"{queue.name} is paused: {queue.reason}. Nothing is lost. See the log of {queue.process}, mend or"
                " roll back what was changed last, and restart it."
            )
        case "waiting":
            yield f"{queue.name} waits: {queue.reason}. It goes on by itself when that is back."
        case "running" if (queue.oldest_seconds or 0) > QUEUE_SECONDS:
            yield (
                f"{queue.name}: its oldest message has waited {in_words(queue.oldest_seconds or 0)}. See whether"
                f" {queue.process} is at work, and what slows it."
            )


def _of_outboxes(report: SystemReport) -> Iterator[str]:
    for outbox in report.outboxes:
        if (outbox.oldest_seconds or 0) > OUTBOX_SECONDS:
            told = f"its oldest event has waited {in_words(outbox.oldest_seconds or 0)}"
        elif outbox.depth >= OUTBOX_DEPTH:
            told = f"{outbox.depth:,} wait there, or more"
        else:
            continue
        name = outbox.process
        yield f"The outbox of {name} does not empty: {told}. See the log of {name} for outbox_waits."


def _of_resting_queues(report: SystemReport) -> Iterator[str]:
    for queue in report.parked:
        if queue.depth:
            yield f"{_messages(queue.depth)} parked in {queue.name}; look with `wellheard parked list`."
    if report.unrouted is not None and report.unrouted.depth:
        yield (
            f"{_messages(report.unrouted.depth)} in {report.unrouted.name}: no queue takes such events. See whether all"
            " processes are of one version."
        )


def _of_history(report: SystemReport) -> Iterator[str]:
    answering = {process.name for process in report.processes if process.answers}
    index = report.index
    if "history-search" in answering and (index is None or index.entries is None):
        yield (
            "The history cannot be searched: "
            + ("Elasticsearch does not answer" if _is_away(index) else "there is no index yet")
            + ". See whether history-projector is at work, and what its log says it waits for."
        )
    elif index is not None and index.state == "red":
        yield "A part of the history cannot be searched: the cluster of Elasticsearch is red. See its own log."
    quarantine = report.quarantine
    if quarantine is not None and (quarantine.oldest_seconds or 0) > QUARANTINE_SECONDS:
        yield (
            f"{_events(quarantine.open)} in quarantine, the oldest for"
            f" {in_words(quarantine.oldest_seconds or 0)}: each waits for a decision. Decide on the page Quarantine,"
            " or with `wellheard quarantine list`."
        )


def _is_away(index: IndexState | None) -> bool:
    return index is not None and (index.engine, index.state) == ("elasticsearch", "away")


def _events(count: int) -> str:
    return "1 event of partners is" if count == 1 else f"{count:,} events of partners are"


def _messages(count: int) -> str:
    return "1 message is" if count == 1 else f"{count:,} messages are"
