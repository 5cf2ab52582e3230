"""The invariants, read from outside: producer's ledger, engagement store, history log and index, each by itself.

I1 every accepted event is in the store. I2 one engagement for each (partner, source, id). I3 the index is the fold of
the log, by id and content hash. I4 an event without an answer is there once or not at all. I5 nothing is in limbo:
queues are empty, or parked with a reason. I6 memory and queues are bounded.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import orjson

from deploy.queues import depths, read_parked
from services.history.index.choice import indexes_of
from services.history.timeline import LOGGED_EVENTS, fold
from shared.contracts.base import read_envelope
from shared.contracts.events import EngagementRecorded
from shared.messaging.topology import MAX_LENGTH, UNROUTED
from shared.mongo import connect
from shared.settings import Settings
from tests.faults.producer import ACCEPTED, REFUSED, UNKNOWN, Ledger

_KNOWN = {event.type: event for event in LOGGED_EVENTS}
MEMORY_BOUND_MB = 500.0
"""Of one service; a quiet one has 90 to 150."""
SHOWN = 5

Key = tuple[str, str, str]
"""(partner, source, id)"""


@dataclass
class Findings:
    """What one look found; no `problems` means that every invariant holds."""

    accepted: int = 0
    refused: int = 0
    unknown: int = 0
    lost: int = 0
    """Accepted and not in the store, or in the store and not in the log or the index."""
    twice: int = 0
    limbo: int = 0
    """Messages that wait for something that will not come, or that were parked and should not have been."""
    problems: list[str] = field(default_factory=list)

    def tell(self, rule: str, what: str, ids: Iterable[Any]) -> int:
        found = list(ids)
        if found:
            shown = ", ".join(str(each) for each in found[:SHOWN])
            self.problems.append(f"{rule}: {len(found)} {what}: {shown}{' …' if len(found) > SHOWN else ''}")
        return len(found)


def examine(settings: Settings, ledgers: Iterable[Ledger], parked_expected: int = 0) -> Findings:
    """Every invariant, of everything that the ledgers' partners ever sent to this instance."""
    found = Findings()
    stored = _Stored(settings)
    logged = _Logged(settings)
    for ledger in ledgers:
        _compare_ledger(found, ledger, stored)
    _compare_store_with_log(found, stored, logged)
    _compare_log_with_index(found, settings, logged)
    _look_for_limbo(found, settings, parked_expected)
    return found


class _Stored:
    """What the owners' stores hold, as documents."""

    def __init__(self, settings: Settings) -> None:
        events, contacts = connect(settings, "events"), connect(settings, "contacts")
        self.engagements: dict[Key, list[dict[str, Any]]] = defaultdict(list)
        for each in events["engagements"].find({}):
            self.engagements[each["partner"] or "", each["source"], each["external_id"]].append(each)
        self.held: dict[Key, list[dict[str, Any]]] = defaultdict(list)
        for each in events["quarantine"].find({}):
            self.held[each["partner"], each["source"], each["external_id"]].append(each)
        self.contacts = list(contacts["contacts"].find({}))
        self.outboxes = sum(1 for each in [*self.contacts, *self.all_engagements()] if each.get("outbox"))

    def all_engagements(self) -> Iterator[dict[str, Any]]:
        for found in self.engagements.values():
            yield from found


class _Logged:
    """What the log holds, and the fold of it."""

    def __init__(self, settings: Settings) -> None:
        self.versions: Counter[tuple[str, str, int]] = Counter()
        self.contents: dict[str, bytes] = {}
        self.positions: Counter[int] = Counter()
        self.folded: dict[str, tuple[int, int]] = {}
        for each in connect(settings, "history")["log"].find({}):
            event = each["event"]
            self.versions[event["type"], event["subject"], event["sequence"]] += 1
            self.contents[event["id"]] = _hash(event)
            self.positions[each["position"]] += 1
            for record in fold(read_envelope(event, _KNOWN)):
                if record is not None:
                    self._keep_newest(f"{type(record).__name__} {record.id}", record.version, record.checksum())

    def _keep_newest(self, key: str, version: int, checksum: int) -> None:
        """Versions may lie below zero: what was planned stands below all that is said of it afterwards."""
        if key not in self.folded or self.folded[key][0] < version:
            self.folded[key] = version, checksum


def _compare_ledger(found: Findings, ledger: Ledger, stored: _Stored) -> None:
    states = ledger.sent.copy()
    found.accepted += sum(each.state == ACCEPTED for each in states.values())
    found.refused += sum(each.state == REFUSED for each in states.values())
    found.unknown += sum(each.state == UNKNOWN for each in states.values())
    there = {key: stored.engagements.get((ledger.partner, *key), []) for key in states}
    held = {key: stored.held.get((ledger.partner, *key), []) for key in states}
    missing = [key for key, each in states.items() if each.state == ACCEPTED and not there[key] and not held[key]]
    found.lost += found.tell("I1", "accepted events are not in the store", missing)
    found.twice += found.tell(
        "I2", "events are engagements more than once", [k for k, e in there.items() if len(e) > 1]
    )
    unasked = [key for key, each in states.items() if (there[key] or held[key]) and not each.may_be_there]
    found.tell("I4", "refused events are there all the same", unasked)
    changed = [key for key, each in states.items() for one in there[key] if not _says(one, each.event)]
    found.tell("I1", "engagements say something else than what was sent", changed)
    sent = {(ledger.partner, *key) for key in states}
    invented = [key for key in stored.engagements if key[0] == ledger.partner and key not in sent]
    found.tell("I2", "engagements that nobody sent", invented)


def _says(document: dict[str, Any], event: dict[str, Any]) -> bool:
    return bool(document["recorded"]["data"]["engagement"]["title"] == event["data"]["title"])


def _compare_store_with_log(found: Findings, stored: _Stored, logged: _Logged) -> None:
    engagements = list(stored.all_engagements())
    missing = [each["_id"] for each in engagements if each["recorded"]["id"] not in logged.contents]
    found.lost += found.tell("I3", "engagements have no event in the log", missing)
    differing = [
        each["_id"]
        for each in engagements
        if logged.contents.get(each["recorded"]["id"], b"") not in (b"", _hash(each["recorded"]))
    ]
    found.tell("I3", "engagements stand otherwise in the log", differing)
    contacts = {(each["_id"], version) for each in stored.contacts for version in range(1, each["version"] + 1)}
    told = {
        (subject, version)
        for kind, subject, version in logged.versions
        if kind.startswith(("wellheard.contact.", "wellheard.consent."))
    }
    found.lost += found.tell("I3", "contacts have no event in the log", contacts - told)
    found.tell("I3", "contacts in the log are not in the store", told - contacts)
    recorded = {subject for kind, subject, _ in logged.versions if kind == EngagementRecorded.type}
    found.tell("I3", "engagements in the log are not in the store", recorded - {each["_id"] for each in engagements})
    # One version of a mailing has many events of messages; that nobody is named by two of them, its scenarios look at.
    doubled = [key for key, n in logged.versions.items() if n > 1 and not key[0].startswith("wellheard.message.")]
    found.twice += found.tell("I2", "versions stand in the log twice", doubled)
    found.tell("I3", "positions of the log are taken twice", [k for k, n in logged.positions.items() if n > 1])
    carriers = Counter(
        identifier["value"].casefold()
        for each in stored.contacts
        for identifier in each["identifiers"]
        if identifier["scheme"] == "email"
    )
    found.twice += found.tell("I2", "persons are several contacts", [k for k, n in carriers.items() if n > 1])


def _compare_log_with_index(found: Findings, settings: Settings, logged: _Logged) -> None:
    indexed: dict[str, int] = {}
    doubled = []
    indexes = indexes_of(settings)
    pointer = indexes.current()
    if pointer is None or not pointer.complete:
        found.problems.append("I3: no complete index serves")
        return
    reader = indexes.reader(pointer.name)
    for source in (reader.entries(), reader.all_contacts()):
        for record in source:
            key = f"{type(record).__name__} {record.id}"
            if key in indexed:
                doubled.append(key)
            indexed[key] = record.checksum()
    expected = {key: checksum for key, (_, checksum) in logged.folded.items()}
    found.twice += found.tell("I3", "records are in the index twice", doubled)
    found.lost += found.tell("I3", "records of the log are not in the index", expected.keys() - indexed.keys())
    found.tell("I3", "records of the index are not in the log", indexed.keys() - expected.keys())
    differing = [key for key in expected.keys() & indexed.keys() if expected[key] != indexed[key]]
    found.tell("I3", "records differ between log and index", differing)


def _look_for_limbo(found: Findings, settings: Settings, parked_expected: int) -> None:
    waiting = {name: depth for name, depth in depths(settings).items() if depth}
    found.tell("I6", "queues hold more than they may", [name for name, depth in waiting.items() if depth > MAX_LENGTH])
    parked = sum(depth for name, depth in waiting.items() if name.endswith(".parked"))
    stray = {name: depth for name, depth in waiting.items() if not name.endswith(".parked")}
    found.limbo += sum(stray.values()) + abs(parked - parked_expected)
    found.tell("I5", "queues still hold messages", [f"{name} ({depth})" for name, depth in stray.items()])
    if parked != parked_expected:
        reasons = Counter(f"{each.queue}: {each.reason[:80]}" for each in read_parked(settings))
        found.tell("I5", f"kinds of parked messages, {parked} in all where {parked_expected} belong there", reasons)
    nameless = [each.message_id for each in (read_parked(settings) if parked else ()) if not each.reason]
    found.tell("I5", "parked messages have no reason", nameless)
    unsent = sum(
        connect(settings, service)[collection].count_documents({"outbox.id": {"$gt": ""}})
        for service, collection in (("contacts", "contacts"), ("events", "engagements"))
    )
    found.limbo += unsent
    if unsent:
        found.problems.append(f"I5: {unsent} events wait in outboxes")
    if waiting.get(UNROUTED):
        found.problems.append(f"I5: {waiting[UNROUTED]} events found no queue")


def examine_memory(found: Findings, peaks: dict[str, float]) -> None:
    services = {name: peak for name, peak in peaks.items() if name not in ("broker", "store")}
    too_much = [f"{name} {peak:.0f} MB" for name, peak in services.items() if peak > MEMORY_BOUND_MB]
    found.tell("I6", f"services took more than {MEMORY_BOUND_MB:.0f} MB", too_much)


def _hash(content: Any) -> bytes:
    return sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS, default=str)).digest()
