"""How `wellheard status` shows the report in a terminal: what to do first, then tables."""

from datetime import UTC, datetime

from rich.table import Column, Table

from deploy.commands.output import console
from deploy.status import Status
from shared.system.durations import in_words
from shared.system.report import IndexState, SystemReport


def show_status(found: Status) -> None:
    report = found.report
    console.print(f"Wellheard at [bold]{found.address}[/]: {'ready' if found.ready else '[red]not ready[/]'}")
    for trouble in report.troubles:
        console.print(f"[yellow]![/] {trouble}", soft_wrap=True)
    if not report.troubles:
        console.print("All is well.")
    console.print(_processes(found))
    if report.queues:
        console.print(_queues(report))
    console.print(_set_aside(report))


def _processes(found: Status) -> Table:
    table = Table(Column("process", no_wrap=True), "here", "state", "version", "started", "memory", "last event")
    for each in found.report.processes:
        here = found.supervised.get(each.name, "")
        memory = f"{each.resident_bytes / 1_000_000:.0f} MB" if each.resident_bytes else ""
        state = f"{each.state}{each.reason and ': '}{each.reason}"
        table.add_row(each.name, here, state, each.version, _ago(each.started_at), memory, _ago(each.last_event_at))
    table.add_row("message broker", "", found.report.broker)
    table.add_row("store", found.supervised.get("store", ""), found.report.store)
    index = found.report.index
    table.add_row("search engine", "", f"{index.engine}: {index.state}" if index else "unknown")
    return table


def _queues(report: SystemReport) -> Table:
    table = Table(Column("queue", no_wrap=True), "state", "waiting", "oldest", "to be tried again", "consumers")
    for each in report.queues:
        state = f"{each.state}{each.reason and ': '}{each.reason}"
        depth = "unknown" if each.depth is None else f"{each.depth:,}"
        table.add_row(each.name, state, depth, _age(each.oldest_seconds), f"{each.retrying:,}", str(each.consumers))
    return table


def _set_aside(report: SystemReport) -> Table:
    table = Table("where", "count", "oldest")
    for outbox in report.outboxes:
        table.add_row(f"outbox of {outbox.process}", f"{outbox.depth:,}", _age(outbox.oldest_seconds))
    for queue in (*report.parked, *((report.unrouted,) if report.unrouted else ())):
        table.add_row(queue.name, f"{queue.depth:,}", _age(queue.oldest_seconds))
    held, index = report.quarantine, report.index
    table.add_row("quarantine", f"{held.open:,}" if held else "unknown", _age(held.oldest_seconds if held else None))
    table.add_row("entries in the index", _number(index.entries if index else None) + _if_building(index))
    table.add_row("contacts in the index", _number(index.contacts if index else None))
    table.add_row("position of the index in the log", _number(index.position if index else None))
    return table


def _number(count: int | None) -> str:
    return "unknown" if count is None else f"{count:,}"


def _if_building(index: IndexState | None) -> str:
    return " (being built)" if index and index.entries is not None and index.rebuilding else ""


def _age(seconds: float | None) -> str:
    return "" if seconds is None else in_words(seconds)


def _ago(moment: datetime | None) -> str:
    return f"{in_words((datetime.now(UTC) - moment).total_seconds())} ago" if moment else ""
