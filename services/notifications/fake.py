"""Mailings and ledger in memory, for tests of stories; they pass the same contract tests as the real ones."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from services.notifications.bounces import FakeBounces
from services.notifications.domain import (
    HELD,
    Addressee,
    Chunk,
    empty,
    is_announced,
    is_archived,
    nameless,
    says_something,
    without,
)
from services.notifications.ledger import chunk_id
from services.notifications.port import LineKey, Settlement
from services.notifications.presence import FakeSenders
from services.notifications.repository import Withdrawal, is_about, is_open
from services.notifications.repository import without as without_words
from services.notifications.rules.fake import FakeRules
from services.notifications.templates import FakeTemplates
from shared.contracts.base import Envelope, Event
from shared.contracts.contacts import ERASED_NAME
from shared.contracts.erasure import Traces
from shared.contracts.notifications import Counts, EndState, LedgerLine, Mailing
from shared.contracts.subscriptions import Suppression
from shared.errors import Conflict, Unavailable
from shared.messaging.testbus import MemoryOutbox


class FakeMailings:
    """Mailings, withdrawals and suppressions in memory."""

    def __init__(self) -> None:
        self._mailings: dict[str, Mailing] = {}
        self._withdrawals: dict[str, Withdrawal] = {}
        self._suppressions: dict[str, Suppression] = {}
        self.outbox = MemoryOutbox()
        self.bounces = FakeBounces()
        self.templates = FakeTemplates()
        self.rules = FakeRules()
        self.senders = FakeSenders()

    def insert(self, mailing: Mailing) -> bool:
        return self._mailings.setdefault(mailing.mailing_id, mailing) is mailing

    def find(self, mailing_id: str) -> Mailing | None:
        return self._mailings.get(mailing_id)

    def replace(self, mailing: Mailing, envelope: Envelope[Event] | None = None) -> bool:
        if self._mailings[mailing.mailing_id].version != mailing.version - 1:
            return False
        self._mailings[mailing.mailing_id] = mailing
        if envelope is not None:
            self.outbox.add(mailing.mailing_id, envelope)
        return True

    def latest(self, limit: int, cursor: str | None) -> list[tuple[str, Mailing]]:
        bulk = [each for each in list(self._mailings.values()) if is_announced(each)]
        found = [(f"{each.created_at.isoformat()}{each.mailing_id}", each) for each in bulk]
        return sorted([each for each in found if not cursor or each[0] < cursor], reverse=True, key=_first)[:limit]

    def unfinished(self) -> list[Mailing]:
        found = [each for each in list(self._mailings.values()) if is_open(each)]
        return sorted(found, key=lambda each: (each.created_at, each.mailing_id))

    def erase(self, traces: Traces, mailing_ids: Iterable[str]) -> None:
        for address in traces.emails:
            self.unsuppress(address)
        for mailing_id in mailing_ids:
            notice = self._mailings[mailing_id]
            if notice.lane == "urgent":
                self._mailings[mailing_id] = without_words(notice, traces)

    def notices_before(self, before: datetime, limit: int) -> list[Mailing]:
        found = [(each.finished_at, each) for each in self._mailings.values() if says_something(each)]
        old = [(at, each) for at, each in found if at is not None and at < before]
        return [each for _, each in sorted(old, key=lambda one: (one[0], one[1].mailing_id))[:limit]]

    def empty(self, notice: Mailing) -> bool:
        return self.replace(empty(notice))

    def archived(self, limit: int, cursor: str | None) -> list[tuple[str, Mailing]]:
        found = [(f"{each.frozen_at}{each.mailing_id}", each) for each in self._mailings.values() if is_archived(each)]
        return sorted([each for each in found if not cursor or each[0] < cursor], reverse=True, key=_first)[:limit]

    def drafts(self) -> list[Mailing]:
        return [each for each in list(self._mailings.values()) if each.state == "draft"]

    def about(self, survey_id: str) -> list[Mailing]:
        return [each for each in self._mailings.values() if is_about(each) and each.draft.survey_id == survey_id]

    def withdraw(self, withdrawals: Sequence[Withdrawal]) -> None:
        for each in withdrawals:
            self._withdrawals.setdefault(each.consent_id, each)

    def withdrawals_since(self, since: datetime) -> list[Withdrawal]:
        return [each for each in list(self._withdrawals.values()) if each.known_at >= since]

    def suppress(self, suppression: Suppression) -> None:
        self._suppressions.setdefault(suppression.address, suppression)

    def unsuppress(self, address: str) -> None:
        self._suppressions.pop(address, None)

    def suppressed(self, addresses: Iterable[str]) -> set[str]:
        return {each for each in addresses if each in self._suppressions}

    def suppressions_since(self, since: datetime) -> list[str]:
        return [each.address for each in list(self._suppressions.values()) if each.at >= since]

    def list_suppressions(self, limit: int, cursor: str | None) -> list[tuple[str, Suppression]]:
        found = [(f"{each.at.isoformat()}{each.address}", each) for each in list(self._suppressions.values())]
        return sorted([each for each in found if not cursor or each[0] < cursor], reverse=True, key=_first)[:limit]


class FakeLedger:
    """Audiences, chunks and ledger in memory; events go to the outbox of the mailings."""

    def __init__(self, outbox: MemoryOutbox) -> None:
        self._people: dict[str, tuple[Addressee, ...]] = {}
        self._chunks: dict[str, Chunk] = {}
        self._not_before: dict[str, datetime] = {}
        self._states: dict[str, str] = {}
        self._counts: dict[str, Counts] = {}
        self._lines: dict[LineKey, LedgerLine] = {}
        self._remarks: set[tuple[str, str]] = set()
        self._outbox = outbox

    def add_audience(self, mailing_id: str, audience: int, number: int, recipients: Sequence[Addressee]) -> None:
        key = chunk_id(mailing_id, audience, number)
        if key not in self._chunks:
            self._people[key] = tuple(recipients)
            self._chunks[key] = Chunk(key, mailing_id, number, 1, len(recipients))
            self._not_before[key] = datetime.fromtimestamp(0, UTC)
            self._states[key] = "waiting"
            self._counts[key] = {}

    def drop_audience(self, mailing_id: str, audience: int) -> None:
        for key in self._of(mailing_id, audience):
            del self._chunks[key], self._people[key]

    def waiting(self, mailing_id: str, audience: int, at: datetime, limit: int) -> list[Chunk]:
        keys = [each for each in self._of(mailing_id, audience) if self._states[each] == "waiting"]
        return [self._chunks[each] for each in keys if self._not_before[each] <= at][:limit]

    def claim(self, chunk: Chunk, owner: str, boot: str, session: str = "") -> Chunk | None:
        now = self._chunks[chunk.chunk_id]
        if now.version != chunk.version or self._states[chunk.chunk_id] != "waiting":
            return None
        self._states[chunk.chunk_id] = "claimed"
        claimed = replace(now, version=now.version + 1, owner=owner, session=session, boot=boot, told=0)
        self._chunks[chunk.chunk_id] = claimed
        return claimed

    def held_by(self, owner: str = "") -> list[Chunk]:
        return [each for each in self._chunks.values() if each.owner and owner in ("", each.owner)]

    def recipients(self, chunk: Chunk) -> list[Addressee]:
        return list(self._people[chunk.chunk_id])

    def find_recipient(self, mailing_id: str, audience: int, number: int, place: int) -> Addressee | None:
        people = self._people.get(chunk_id(mailing_id, audience, number), ())
        return people[place] if place < len(people) else None

    def settled(self, mailing_id: str, contact_ids: Iterable[str]) -> set[str]:
        return {each for each in contact_ids if (mailing_id, each) in self._lines}

    def settle(self, chunk: Chunk, settlement: Settlement) -> None:
        for line in settlement.lines:
            self._lines.setdefault((line.mailing_id, line.contact_id), line)
        now = self._chunks[chunk.chunk_id]
        if (now.version, now.owner) != (chunk.version, chunk.owner):
            raise Conflict("Another sender holds this part of the audience.")
        counts = self._counts[chunk.chunk_id]
        for line in settlement.lines:
            counts[line.state] = counts.get(line.state, 0) + 1
        for event in settlement.events:
            self._outbox.add(chunk.chunk_id, event)
        now = replace(now, told=settlement.told)
        if (release := settlement.release) is not None:
            self._states[chunk.chunk_id] = "waiting" if release.left else "done"
            self._not_before[chunk.chunk_id] = release.not_before
            now = replace(now, owner="", tries=dict(release.tries), is_fresh=False)
        self._chunks[chunk.chunk_id] = now

    def progress(self, mailing_id: str, audience: int) -> tuple[Counts, int]:
        keys = self._of(mailing_id, audience)
        counts: Counts = {}
        for key in keys:
            for state, number in self._counts[key].items():
                counts[state] = counts.get(state, 0) + number
        return counts, sum(self._states[key] != "done" for key in keys)

    def has_open_chunks(self, mailing_id: str, audience: int) -> bool:
        return self.progress(mailing_id, audience)[1] > 0

    def erase(self, traces: Traces) -> tuple[str, ...]:
        mailings, held = dict[str, None](), False
        for key, people in self._people.items():
            left = tuple(without(each, traces) for each in people)
            if left != people or any(each.contact_id in traces.contact_ids for each in people):
                self._people[key] = left
                mailings[self._chunks[key].mailing_id] = None
                held = held or self._states[key] == "claimed"
        for (mailing_id, contact_id), line in self._lines.items():
            if contact_id in traces.contact_ids:
                self._lines[mailing_id, contact_id] = line.model_copy(update={"name": ERASED_NAME})
        if held:
            raise Unavailable(HELD)
        return tuple(mailings)

    def forget_names(self, mailing_id: str, audience: int) -> None:
        for key in self._of(mailing_id, audience):
            for each in self._people[key]:
                line = self._lines.get((mailing_id, each.contact_id))
                if line is not None and line.name != ERASED_NAME:
                    self._lines[mailing_id, each.contact_id] = line.model_copy(update={"name": ""})
            self._people[key] = tuple(map(nameless, self._people[key]))

    def list_lines(self, mailing_id: str, state: EndState, limit: int, cursor: str | None) -> list[LedgerLine]:
        found = [each for each in self._lines.values() if (each.mailing_id, each.state) == (mailing_id, state)]
        return sorted((each for each in found if each.contact_id > (cursor or "")), key=lambda each: each.contact_id)[
            :limit
        ]

    def find_lines(self, keys: Iterable[LineKey]) -> dict[LineKey, LedgerLine]:
        return {each: self._lines[each] for each in keys if each in self._lines}

    def mark_bounced(self, line: LedgerLine, reason: str) -> None:
        bounced = line.model_copy(update={"state": "bounced", "was": line.state, "reason": reason})
        self._lines[line.mailing_id, line.contact_id] = bounced

    def remark(self, chunk: str, remark: str, moved: Counts, event: Envelope[Event] | None) -> bool:
        if chunk not in self._chunks or (chunk, remark) in self._remarks:
            return False
        self._remarks.add((chunk, remark))
        for state, number in moved.items():
            self._counts[chunk][state] = self._counts[chunk].get(state, 0) + number
        if event is not None:
            self._outbox.add(chunk, event)
        return True

    def _of(self, mailing_id: str, audience: int) -> list[str]:
        return [key for key in self._chunks if key.startswith(f"{mailing_id}:{audience}:")]


def _first(pair: tuple[str, object]) -> str:
    return pair[0]
