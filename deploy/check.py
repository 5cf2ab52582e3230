"""Proves that nothing was lost and nothing doubled: every store, the log and the index are read independently."""

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from deploy.queues import depths
from deploy.quiet import is_resting_place, outboxes, wait_quiet
from services.history.rebuild import Checksum, index_checksum, log_checksum
from shared.contracts.contacts import ContactChanged, ContactRegistered
from shared.contracts.events import EngagementCorrected, EngagementQuarantined, EngagementRecorded
from shared.errors import WellheardError
from shared.messaging.topology import UNROUTED, parked
from shared.mongo import connect
from shared.settings import Settings

SHOWN = 20
"""Ids listed of each kind of fault."""
_OWNERS: dict[str, tuple[str, str]] = {
    EngagementRecorded.type: ("events", "engagements"),
    EngagementCorrected.type: ("events", "engagements"),
    EngagementQuarantined.type: ("events", "quarantine"),
    ContactRegistered.type: ("contacts", "contacts"),
    ContactChanged.type: ("contacts", "contacts"),
}
"""Which collection of which service owns what the events in the log are about."""

Version = tuple[str, str, int]
"""(collection, aggregate's id, version)"""


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

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def check(settings: Settings, wait: float = 60) -> Report:
    """Check as soon as nothing moves; what does not add up is looked at again until `wait` seconds are over."""
    give_up = time.monotonic() + wait
    while True:
        quiet = wait_quiet(settings, max(0.0, give_up - time.monotonic()))
        report = _check_now(settings, quiet)
        if report.ok or time.monotonic() > give_up:
            return report


def _check_now(settings: Settings, quiet: bool) -> Report:
    report = Report(quiet=quiet)
    _compare_stores_with_log(settings, report)
    report.log = _checksum(lambda: log_checksum(settings))
    report.index = _checksum(lambda: index_checksum(settings))
    waiting = {name: depth for name, depth in depths(settings).items() if depth}
    report.unrouted = waiting.pop(UNROUTED, 0)
    report.queues = {name: depth for name, depth in waiting.items() if not is_resting_place(name)}
    report.parked = {name: depth for name, depth in waiting.items() if name.endswith(parked(""))}
    report.outboxes = {service: count for service, count in outboxes(settings).items() if count}
    report.quarantined = connect(settings, "events")["quarantine"].count_documents({"state": "open"})
    faults = (report.missing, report.twice, report.unknown, report.queues, report.outboxes)
    report.ok = quiet and not any(faults) and "checksum" in report.log and report.log == report.index
    return report


def _compare_stores_with_log(settings: Settings, report: Report) -> None:
    logged: dict[Version, int] = {}
    for version in _logged(settings):
        report.logged += 1
        logged[version] = logged.get(version, 0) + 1
    report.twice = _shown(version for version, times in logged.items() if times > 1)
    missing = []
    for version in _owned(settings, report):
        if logged.pop(version, None) is None:
            missing.append(version)
    report.missing = _shown(missing)
    report.unknown = _shown(logged)


def _logged(settings: Settings) -> Iterator[Version]:
    fields = {"_id": 0, "event.type": 1, "event.subject": 1, "event.sequence": 1}
    for each in connect(settings, "history")["log"].find({}, fields):
        event = each["event"]
        yield _OWNERS[event["type"]][1], event["subject"], event["sequence"]


def _owned(settings: Settings, report: Report) -> Iterator[Version]:
    """Each version of every aggregate that an event was published of."""
    for service, collection in sorted(set(_OWNERS.values())):
        for each in connect(settings, service)[collection].find({}, {"version": 1}):
            if collection == "quarantine":  # what staff do with it becomes an event of the engagement
                yield collection, each["_id"], 1
                continue
            setattr(report, collection, getattr(report, collection) + 1)
            for version in range(1, each["version"] + 1):
                yield collection, each["_id"], version


def _shown(versions: Any) -> list[str]:
    found = [f"{collection} {subject} version {version}" for collection, subject, version in versions]
    more = [f"and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
    return found[:SHOWN] + more


def _checksum(of: Any) -> dict[str, Any]:
    try:
        checksum: Checksum = of()
    except WellheardError as error:
        return {"error": error.detail}
    return checksum._asdict()
