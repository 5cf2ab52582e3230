"""Figures for Prometheus: counted by route template, never by path, partner or person, and the system's report."""

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from services.web.gauges import Gauges
from shared.system.report import SystemReport

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))


class Metrics:
    """The metrics of one app."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self._requests = Counter("wellheard_http_requests", "Requests answered.", labels, registry=self._registry)
        self._seconds = Histogram(
            "wellheard_http_seconds", "Seconds from request to answer.", ("route",), registry=self._registry
        )
        self._events = Counter("wellheard_events_accepted", "Partners' events answered 202.", registry=self._registry)

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        self._requests.labels(method if method in _METHODS else "other", route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def count_events(self, amount: int) -> None:
        self._events.inc(amount)

    def text(self, report: SystemReport) -> bytes:
        return generate_latest(self._registry) + generate_latest(Gauges(report))
