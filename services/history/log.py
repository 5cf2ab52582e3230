"""The append-only log of every event that matters to a stakeholder: the truth that the index is folded from.

Two things change what stands in it, never which events do, nor where: an erasure takes personal fields away, and a
correction that restricts an engagement, or opens it, does so with what was told of its case.

Positions are dense, 1, 2, 3 and so on; only inside a batch may some be missing. Readers therefore ask for bounded
windows on an index, which every store answers quickly (the embedded store reads all matches of a sort with a limit).
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol, cast

from bson import decode_iter
from pymongo import ASCENDING, UpdateOne

from services.history.restricting import SAYS, Told, engagement_of, told_by
from services.history.timeline import LOGGED_EVENTS
from shared.contracts.base import Envelope, Event
from shared.mongo import Documents, insert_new

WINDOW = 500
"""Positions read at a time; no two events that follow each other are farther apart."""
_KNOWN: dict[str, type[Event]] = {event.type: event for event in LOGGED_EVENTS}


class LogPort(Protocol):
    """One writer appends, anyone reads. An event stands in the log once, by its id."""

    def append(self, envelopes: Sequence[Envelope[Event]], after: int) -> int:
        """Durably add up to `WINDOW` events, at positions from `after` + 1 on, those that are not there yet.

        Returns the last position taken, `after` when all were there.
        """
        ...

    def last(self, after: int = 0) -> int:
        """The highest position, at least `after`: looks only beyond it."""
        ...

    def read(self, after: int, upto: int) -> Iterator[Envelope[Event]]:
        """The events at positions from `after` + 1 to `upto`, in order, each made when it is asked for."""
        ...

    def contents(self, after: int, upto: int) -> list[dict[str, Any]]:
        """As `read`, the structured JSON form of each as it is stored."""
        ...

    def holds(self, event_id: str) -> bool: ...

    def find(self, event_ids: Sequence[str]) -> list[Envelope[Event]]:
        """Those of the events that stand in the log."""
        ...

    def stored(self, event_ids: Collection[str]) -> list[dict[str, Any]]:
        """As `find`, the structured JSON form of each."""
        ...

    def about(self, engagement_ids: Collection[str]) -> list[Told]:
        """What corrections of these engagements, steps of their cases and marks of them as contributions say."""
        ...

    def rewrite(self, contents: Sequence[dict[str, Any]]) -> None:
        """Put other contents in place of events, by their ids."""
        ...

    def rewritten(self, since: datetime) -> Iterator[list[Envelope[Event]]]:
        """What was rewritten since then, up to `WINDOW` events at a time."""
        ...

    def add_erased(self, contact_ids: Iterable[str]) -> None:
        """Remember who was erased: what still comes about them is stored without what is personal."""
        ...

    def erased(self) -> set[str]:
        """The ids of all contacts that were erased."""
        ...


def windows(log: LogPort, after: int, upto: int) -> Iterator[tuple[int, Iterator[Envelope[Event]]]]:
    """(position reached, events) from `after` to `upto`, in windows small enough to hold.

    Whoever folds each event as it comes never has a window of them in memory: a tenth of the time of a rebuild.
    """
    for start in range(after, upto, WINDOW):
        end = min(start + WINDOW, upto)
        yield end, log.read(start, end)


class Log:
    """The log in the store."""

    def __init__(self, database: Documents) -> None:
        self._log = database["log"]
        self._erased = database["erased"]

    def prepare(self) -> None:
        """Make the index that windows need; the writer asks for it at start."""
        self._log.create_index([("position", ASCENDING)], name="position")
        self._log.create_index("rewritten_at", sparse=True)
        self._log.create_index("engagement", sparse=True)

    def append(self, envelopes: Sequence[Envelope[Event]], after: int) -> int:
        once = {envelope.id: envelope for envelope in envelopes}
        positions = {event_id: position for position, event_id in enumerate(once, after + 1)}
        documents = [_document(each, positions[each.id]) for each in once.values()]
        there = insert_new(self._log, documents)  # redelivered events
        return max((position for each, position in positions.items() if each not in there), default=after)

    def last(self, after: int = 0) -> int:
        low, step = after, WINDOW
        while self._has_any(low + step):
            low, step = low + step, step * 2
        high = low + step
        while high - low > WINDOW:
            middle = (low + high) // 2
            low, high = (middle, high) if self._has_any(middle) else (low, middle)
        found = self._log.find({"position": {"$gt": low, "$lte": high}}, {"_id": 0, "position": 1})
        return max((each["position"] for each in found), default=after)

    def _has_any(self, after: int) -> bool:
        """Whether the log goes on beyond this position: the next event stands within a window."""
        return self._log.find_one({"position": {"$gt": after, "$lte": after + WINDOW}}, {"_id": 1}) is not None

    def read(self, after: int, upto: int) -> Iterator[Envelope[Event]]:
        return map(to_envelope, self._stored(after, upto))

    def contents(self, after: int, upto: int) -> list[dict[str, Any]]:
        return list(self._stored(after, upto))

    def _stored(self, after: int, upto: int) -> Iterator[dict[str, Any]]:
        window = {"position": {"$gt": after, "$lte": upto}}
        for batch in self._log.find_raw_batches(window, batch_size=WINDOW + 1, sort=[("position", ASCENDING)]):
            found = decode_iter(cast(bytes, batch), self._log.codec_options)  # pymongo says that it is a document
            yield from (each["event"] for each in found)

    def holds(self, event_id: str) -> bool:
        return self._log.find_one({"_id": event_id}, {"_id": 1}) is not None

    def find(self, event_ids: Sequence[str]) -> list[Envelope[Event]]:
        return [to_envelope(each) for each in self.stored(event_ids)]

    def stored(self, event_ids: Collection[str]) -> list[dict[str, Any]]:
        return [each["event"] for each in self._log.find({"_id": {"$in": list(event_ids)}})]

    def about(self, engagement_ids: Collection[str]) -> list[Told]:
        says = {"engagement": 1} | {f"event.{each}": 1 for each in SAYS}
        found = self._log.find({"engagement": {"$in": list(engagement_ids)}}, says)
        return [told_by(each["engagement"], each["event"]) for each in found]

    def rewrite(self, contents: Sequence[dict[str, Any]]) -> None:
        if contents:
            at = datetime.now(UTC)
            updates = [
                UpdateOne({"_id": each["id"]}, {"$set": {"event": each, "rewritten_at": at}}) for each in contents
            ]
            self._log.bulk_write(updates, ordered=False)

    def rewritten(self, since: datetime) -> Iterator[list[Envelope[Event]]]:
        positions = [each["position"] for each in self._log.find({"rewritten_at": {"$gte": since}}, {"position": 1})]
        for start in range(0, len(positions), WINDOW):
            found = self._log.find({"position": {"$in": positions[start : start + WINDOW]}})
            yield [to_envelope(each["event"]) for each in found]

    def add_erased(self, contact_ids: Iterable[str]) -> None:
        insert_new(self._erased, [{"_id": each} for each in contact_ids])

    def erased(self) -> set[str]:
        return {each["_id"] for each in self._erased.find()}


def _document(envelope: Envelope[Event], position: int) -> dict[str, Any]:
    document = {"_id": envelope.id, "position": position, "event": envelope.content}
    key = engagement_of(envelope.data)
    return document | {"engagement": key} if key else document


class FakeLog:
    """The same log in memory; the contract test of the log runs on both."""

    def __init__(self) -> None:
        self._events: dict[str, tuple[int, dict[str, Any]]] = {}
        self._rewritten: dict[str, datetime] = {}
        self._erased: set[str] = set()

    def prepare(self) -> None: ...

    def append(self, envelopes: Sequence[Envelope[Event]], after: int) -> int:
        last = after
        for position, envelope in enumerate(envelopes, after + 1):
            if envelope.id not in self._events:
                self._events[envelope.id] = (position, envelope.content)
                last = position
        return last

    def last(self, after: int = 0) -> int:
        return max((after, *(position for position, _ in self._events.values())))

    def read(self, after: int, upto: int) -> Iterator[Envelope[Event]]:
        return map(to_envelope, self.contents(after, upto))

    def contents(self, after: int, upto: int) -> list[dict[str, Any]]:
        found = sorted((each for each in self._events.values() if after < each[0] <= upto), key=lambda each: each[0])
        return [event for _, event in found]

    def holds(self, event_id: str) -> bool:
        return event_id in self._events

    def find(self, event_ids: Sequence[str]) -> list[Envelope[Event]]:
        return [to_envelope(each) for each in self.stored(event_ids)]

    def stored(self, event_ids: Collection[str]) -> list[dict[str, Any]]:
        return [self._events[each][1] for each in event_ids if each in self._events]

    def about(self, engagement_ids: Collection[str]) -> list[Told]:
        every = [(engagement_of(to_envelope(event).data), event) for _, event in self._events.values()]
        return [told_by(key, event) for key, event in every if key in engagement_ids]

    def rewrite(self, contents: Sequence[dict[str, Any]]) -> None:
        for each in contents:
            self._events[each["id"]] = (self._events[each["id"]][0], each)
            self._rewritten[each["id"]] = datetime.now(UTC)

    def rewritten(self, since: datetime) -> Iterator[list[Envelope[Event]]]:
        yield [to_envelope(self._events[key][1]) for key, at in self._rewritten.items() if at >= since]

    def add_erased(self, contact_ids: Iterable[str]) -> None:
        self._erased.update(contact_ids)

    def erased(self) -> set[str]:
        return set(self._erased)


def to_envelope(event: dict[str, Any]) -> Envelope[Event]:
    """What the log holds was checked as a CloudEvent when it arrived; once more would double the time of a fold."""
    return Envelope(
        data=_KNOWN[event["type"]].read(event["data"]),
        source=event["source"],
        subject=event["subject"],
        sequence=event["sequence"],
        correlationid=event["correlationid"],
        causationid=event.get("causationid", ""),
        id=event["id"],
        time=datetime.fromisoformat(event["time"]),
    )
