"""Proves that nothing was lost and nothing doubled: every store, the log and the index are read independently."""

import time
from dataclasses import asdict, dataclass, field
from typing import Any

from deploy.deep import differing_in, look_deep
from deploy.queues import depths
from deploy.quiet import is_resting_place, outboxes, wait_quiet
from deploy.versions import compare_versions
from services.history.rebuild import Checksum, index_checksum, log_checksum
from shared.errors import WellheardError
from shared.messaging.topology import UNROUTED, parked
from shared.mongo import connect
from shared.settings import Settings


@dataclass
class Report:
    """What was found; `ok` when everything adds up. What is known as quarantined or parked does not make it fail."""

    ok: bool = False
    quiet: bool = False
    engagements: int = 0
    contacts: int = 0
    logged: int = 0
    missing: list[str] = field(default_factory=list)
    """Versions in a store without an event in the log."""
    twice: list[str] = field(default_factory=list)
    """Versions with more than one event in the log."""
    unknown: list[str] = field(default_factory=list)
    """Events in the log about something that its owner does not have."""
    log: dict[str, Any] = field(default_factory=dict)
    index: dict[str, Any] = field(default_factory=dict)
    queues: dict[str, int] = field(default_factory=dict)
    """Those that are not empty."""
    outboxes: dict[str, int] = field(default_factory=dict)
    parked: dict[str, int] = field(default_factory=dict)
    quarantined: int = 0
    unrouted: int = 0
    deep: dict[str, Any] = field(default_factory=dict)
    """What `--deep` adds: see deploy/deep.py."""

    def to_dict(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if name != "deep" or value}


def check(settings: Settings, wait: float = 60, deep: bool = False) -> Report:
    """Check as soon as nothing moves; what does not add up is looked at again until `wait` seconds are over."""
    give_up = time.monotonic() + wait
    while True:
        quiet = wait_quiet(settings, max(0.0, give_up - time.monotonic()))
        report = _check_now(settings, quiet, deep)
        if report.ok or time.monotonic() > give_up:
            return report


def _check_now(settings: Settings, quiet: bool, deep: bool) -> Report:
    report = Report(quiet=quiet)
    versions = compare_versions(settings, deep)
    report.engagements, report.contacts = (versions.counts.get(each, 0) for each in ("engagements", "contacts"))
    report.logged = versions.counts["logged"]
    report.missing, report.twice, report.unknown = versions.missing, versions.twice, versions.unknown
    report.log = _checksum(lambda: log_checksum(settings))
    report.index = _checksum(lambda: index_checksum(settings))
    waiting = {name: depth for name, depth in depths(settings).items() if depth}
    report.unrouted = waiting.pop(UNROUTED, 0)
    report.queues = {name: depth for name, depth in waiting.items() if not is_resting_place(name)}
    report.parked = {name: depth for name, depth in waiting.items() if name.endswith(parked(""))}
    report.outboxes = {service: count for service, count in outboxes(settings).items() if count}
    report.quarantined = connect(settings, "events")["quarantine"].count_documents({"state": "open"})
    if deep:
        report.deep = look_deep(settings, versions.differing)
    faults = (report.missing, report.twice, report.unknown, report.queues, report.outboxes, differing_in(report.deep))
    report.ok = quiet and not any(faults) and "checksum" in report.log and report.log == report.index
    return report


def _checksum(of: Any) -> dict[str, Any]:
    try:
        checksum: Checksum = of()
    except WellheardError as error:
        return {"error": error.detail}
    return checksum._asdict()
