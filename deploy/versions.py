"""Every version in the stores beside every event in the log, compared in a temporary file: memory stays flat."""

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import orjson

from shared.contracts.consent import ConsentChanged
from shared.contracts.contacts import Contact, ContactChanged, ContactRegistered, ContactWithdrawn
from shared.contracts.erasure import ContactErased, EngagementRedacted
from shared.contracts.events import EngagementCorrected, EngagementQuarantined, EngagementRecorded
from shared.contracts.merging import ContactsMerged, ContactsUnmerged
from shared.mongo import connect
from shared.scratch import scratch_database, write_rows
from shared.settings import Settings

SHOWN = 20
"""Ids listed of each kind of fault."""
_BATCH = 1_000
_OWNERS: dict[str, tuple[str, str]] = {
    EngagementRecorded.type: ("events", "engagements"),
    EngagementCorrected.type: ("events", "engagements"),
    EngagementRedacted.type: ("events", "engagements"),
    EngagementQuarantined.type: ("events", "quarantine"),
    ContactRegistered.type: ("contacts", "contacts"),
    ContactChanged.type: ("contacts", "contacts"),
    ContactWithdrawn.type: ("contacts", "contacts"),
    ContactErased.type: ("contacts", "contacts"),
    ConsentChanged.type: ("contacts", "contacts"),
    ContactsMerged.type: ("contacts", "contacts"),
    ContactsUnmerged.type: ("contacts", "contacts"),
}
"""Which collection of which service owns what the events in the log are about. Not among them: moves in and out of
segments, of which the owner keeps the last ones only, and mailings, whose events are about up to 500 recipients."""
Row = tuple[str, str, int, bytes | None]
"""(collection, aggregate's id, version, digest of what is known of that version, if anything)"""


class Versions(NamedTuple):
    """What the comparison found; each list holds the first ones, as sentences, and how many there are more."""

    counts: dict[str, int]
    """Aggregates in each collection, and `logged` events."""
    missing: list[str]
    """Versions in a store without an event in the log."""
    twice: list[str]
    """Versions with more than one event in the log."""
    unknown: list[str]
    """Events in the log about something that its owner does not have."""
    differing: list[str]
    """Versions whose content in the store is not that of the event in the log; empty unless contents were compared."""


def compare_versions(settings: Settings, deep: bool = False) -> Versions:
    """deep: the contents too; the stores keep an engagement's first event whole, and each aggregate as it is now."""
    with scratch_database() as database:
        for side in ("owned", "logged"):
            database.execute(
                f"CREATE TABLE {side} (kind, id, version, digest, times DEFAULT 1, PRIMARY KEY (kind, id, version))"
                " WITHOUT ROWID"
            )
        _write(database, "logged", _logged(settings, deep))
        _write(database, "owned", _owned(settings, deep))
        joined = "USING (kind, id, version)"
        aggregates = database.execute("SELECT kind, count(DISTINCT id) FROM owned GROUP BY kind").fetchall()
        logged = database.execute("SELECT coalesce(sum(times), 0) FROM logged").fetchone()[0]
        return Versions(
            dict(aggregates) | {"logged": logged},
            _found(database, f"owned LEFT JOIN logged {joined} WHERE logged.times IS NULL"),
            _found(database, "logged WHERE times > 1"),
            _found(database, f"logged LEFT JOIN owned {joined} WHERE owned.times IS NULL"),
            _found(database, f"owned JOIN logged {joined} WHERE owned.digest <> logged.digest"),
        )


def _write(database: sqlite3.Connection, side: str, rows: Iterable[Row]) -> None:
    values = f"INSERT INTO {side} (kind, id, version, digest) VALUES (?, ?, ?, ?)"
    insert = f"{values} ON CONFLICT DO UPDATE SET times = times + 1"
    write_rows(database, insert, rows)


def _found(database: sqlite3.Connection, where: str) -> list[str]:
    count = database.execute(f"SELECT count(*) FROM {where}").fetchone()[0]
    rows = database.execute(f"SELECT kind, id, version FROM {where} ORDER BY kind, id, version LIMIT {SHOWN}")
    first = [f"{kind} {subject} version {version}" for kind, subject, version in rows]
    return first + ([f"and {count - SHOWN:,} more"] if count > SHOWN else [])


def _logged(settings: Settings, deep: bool) -> Iterator[Row]:
    fields = None if deep else {"_id": 0, "event.type": 1, "event.subject": 1, "event.sequence": 1}
    for each in connect(settings, "history")["log"].find({}, fields, batch_size=_BATCH):
        event = each["event"]
        if event["type"] not in _OWNERS:
            continue
        collection = _OWNERS[event["type"]][1]
        digest = _digest(_compared(collection, event)) if deep and event["type"] != ConsentChanged.type else None
        yield collection, event["subject"], event["sequence"], digest


def _compared(collection: str, event: dict[str, Any]) -> Any:
    """What the owner has to compare with: the whole event of a first version, else the aggregate as it was then."""
    if collection == "contacts":
        return event["data"].get("contact") or event["data"]["survivor"]
    return event if event["sequence"] == 1 else event["data"]["engagement"]


def _owned(settings: Settings, deep: bool) -> Iterator[Row]:
    """Each version of every aggregate that an event was published of."""
    for service, collection in sorted(set(_OWNERS.values())):
        fields = {"outbox": 0, "original": 0} if deep else {"version": 1}
        for each in connect(settings, service)[collection].find({}, fields, batch_size=_BATCH):
            # What staff do with a quarantined event becomes an event of the engagement, not another of its own.
            last = 1 if collection == "quarantine" else each["version"]
            known = _known(collection, each) if deep else {}
            for version in range(1, last + 1):
                yield collection, each["_id"], version, known.get(version)


def _known(collection: str, document: dict[str, Any]) -> dict[int, bytes]:
    """The digests by version, as far as the owner keeps the contents."""
    if collection == "quarantine":
        return {1: _digest(document["quarantined"])}
    if collection == "contacts":
        contact = {name: value for name, value in document.items() if name in Contact.model_fields}
        contact["contact_id"] = document["_id"]
        return {document["version"]: _digest(contact)}
    first = {1: _digest(document["recorded"])}
    return first | ({document["version"]: _digest(document["current"])} if "current" in document else {})


def _digest(content: Any) -> bytes:
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).digest()[:16]
