"""The system's report as Prometheus gauges; what could not be read is left out, so that `absent()` finds it."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from shared.system.report import RestingQueue, SystemReport

Rows = Iterable[tuple[tuple[str, ...], float | None]]


class Gauges(Collector):
    """The gauges of one report."""

    def __init__(self, report: SystemReport) -> None:
        self._report = report

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield from _of_servers(self._report)
        yield from _of_processes(self._report)
        yield from _of_queues(self._report)
        yield from _of_resting_queues("parked", "Messages that no try could handle", self._report.parked)
        unrouted = [self._report.unrouted] if self._report.unrouted else []
        yield from _of_resting_queues("unrouted", "Events that no queue takes", unrouted)
        yield from _of_outboxes(self._report)
        yield from _of_quarantine(self._report)


def _of_servers(report: SystemReport) -> Iterator[GaugeMetricFamily]:
    yield _gauge("broker_up", "1: the message broker answers.", (), [((), report.broker == "ok")])
    yield _gauge("store_up", "1: the store answers.", (), [((), report.store == "ok")])
    if report.index is not None:
        searchable = report.index.state in ("green", "yellow")
        yield _gauge("index_searchable", "1: the engine can search all it has.", (), [((), searchable)])
    if report.index is not None and report.index.entries is not None:
        yield _gauge("index_entries", "Entries that can be found.", (), [((), report.index.entries)])
        yield _gauge("index_rebuilding", "1: the index is being built.", (), [((), report.index.rebuilding)])


def _of_processes(report: SystemReport) -> Iterator[GaugeMetricFamily]:
    all_of_them = report.processes
    answering = [each for each in all_of_them if each.answers]
    label = ("service",)
    yield _gauge("service_up", "1: it answers.", label, [((each.name,), each.answers) for each in all_of_them])
    versions = [((each.name, each.version), 1) for each in answering if each.version]
    yield _gauge("service_info", "Always 1; the version is a label.", ("service", "version"), versions)
    started = [((each.name,), _seconds(each.started_at)) for each in answering]
    yield _gauge("service_start_time_seconds", "When it started, since 1970.", label, started)
    resident = [((each.name,), each.resident_bytes) for each in answering]
    yield _gauge("service_resident_bytes", "Memory that it holds.", label, resident)
    last = [((each.name,), _seconds(each.last_event_at)) for each in answering]
    yield _gauge("service_last_event_time_seconds", "When it last finished a message, since 1970.", label, last)


def _of_queues(report: SystemReport) -> Iterator[GaugeMetricFamily]:
    named = [((each.name, each.process), each) for each in report.queues]
    label = ("queue", "service")
    yield _gauge("queue_depth", "Messages that wait or are in hand.", label, [(n, each.depth) for n, each in named])
    known = [(names, each) for names, each in named if each.state in ("running", "waiting", "paused")]
    oldest = [(names, each.oldest_seconds or 0) for names, each in known]
    yield _gauge("queue_oldest_seconds", "Age of the oldest message in a consumer's hand.", label, oldest)
    retrying = [(names, each.retrying) for names, each in named]
    yield _gauge("queue_retrying", "Messages that wait for their next try.", label, retrying)
    consumers = [(names, each.consumers) for names, each in named]
    yield _gauge("queue_consumers", "Consumers at the broker.", label, consumers)
    for state, told in (("paused", "every message fails alike"), ("waiting", "something it needs is away")):
        rows = [(names, each.state == state) for names, each in named]
        yield _gauge(f"consumer_{state}", f"1: a consumer is {state}, {told}.", label, rows)


def _of_resting_queues(name: str, told: str, queues: Iterable[RestingQueue]) -> Iterator[GaugeMetricFamily]:
    found = list(queues)
    yield _gauge(f"{name}_messages", f"{told}.", ("queue",), [((each.name,), each.depth) for each in found])
    ages = [((each.name,), each.oldest_seconds) for each in found]
    yield _gauge(f"{name}_oldest_seconds", f"{told}: age of the first.", ("queue",), ages)


def _of_outboxes(report: SystemReport) -> Iterator[GaugeMetricFamily]:
    outboxes, label = report.outboxes, ("service",)
    depths = [((each.process,), each.depth) for each in outboxes]
    yield _gauge("outbox_depth", "Aggregates with events to be published, counted up to 10,000.", label, depths)
    oldest = [((each.process,), each.oldest_seconds if each.depth else 0) for each in outboxes]
    yield _gauge("outbox_oldest_seconds", "Age of the oldest event to be published.", label, oldest)


def _of_quarantine(report: SystemReport) -> Iterator[GaugeMetricFamily]:
    held = report.quarantine
    if held is not None:
        yield _gauge("quarantine_open", "Partners' events that wait for a decision.", (), [((), held.open)])
        yield _gauge("quarantine_oldest_seconds", "Age of the oldest of them.", (), [((), held.oldest_seconds or 0)])


def _gauge(name: str, told: str, labels: tuple[str, ...], rows: Rows) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"wellheard_{name}", told, labels=labels)
    for values, value in rows:
        if value is not None:
            family.add_metric(values, float(value))
    return family


def _seconds(moment: datetime | None) -> float | None:
    return moment.timestamp() if moment else None
