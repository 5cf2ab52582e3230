"""Keeps mailings with the events that are still to be published, and what nothing may be sent to any more."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol

import orjson

from services.notifications.bounces import Bounces, MongoBounces
from services.notifications.domain import empty, is_announced, is_archived, says_something
from services.notifications.presence import MongoSenders, Senders
from services.notifications.rules.store import MongoRules, Rules
from services.notifications.templates import MongoTemplates, Templates
from shared.contracts.base import Envelope, Event, new_id
from shared.contracts.bounces import MessageBounced, MessageJunked
from shared.contracts.erasure import Traces
from shared.contracts.notifications import (
    Mailing,
    MailingDraft,
    MailingFinished,
    MailingStarted,
    MessagesFailed,
    MessagesSent,
)
from shared.contracts.subscriptions import Suppression
from shared.messaging import Outbox
from shared.messaging.outboxes import Outboxes
from shared.mongo import Documents, MongoOutbox, insert_new
from shared.order import order_of, time_of
from shared.redaction import redact

KNOWN: dict[str, type[Event]] = {
    each.type: each
    for each in (MailingStarted, MailingFinished, MessagesSent, MessagesFailed, MessageBounced, MessageJunked)
}
MARKS = ("open", "written", "archived", "said_until")
"""Members by which documents are found in one state, and not in another."""
OVERLAP = timedelta(seconds=10)
"""What is read again when news is asked for: a write that began earlier may be seen later."""


class Withdrawal(NamedTuple):
    """A contact no longer allows a purpose over a channel (`*`: any)."""

    consent_id: str
    contact_id: str
    purpose: str
    channel: str
    known_at: datetime
    """When this service learned of it."""


class Mailings(Protocol):
    """The repository as the service and the sender see it; the Mongo one and the fake pass the same contract tests."""

    @property
    def outbox(self) -> Outbox:
        """What commands and senders have left to be published."""
        ...

    @property
    def bounces(self) -> Bounces:
        """What came back."""
        ...

    @property
    def templates(self) -> Templates: ...

    @property
    def rules(self) -> Rules: ...

    @property
    def senders(self) -> Senders: ...

    def insert(self, mailing: Mailing) -> bool:
        """Store a new mailing; False when it is there already (it stays as it is)."""
        ...

    def find(self, mailing_id: str) -> Mailing | None: ...

    def replace(self, mailing: Mailing, envelope: Envelope[Event] | None = None) -> bool:
        """Store the next version, with its event in the outbox; False when somebody was faster."""
        ...

    def latest(self, limit: int, cursor: str | None) -> list[tuple[str, Mailing]]:
        """(cursor, mailing), newest first; notices and what rules have sent are not among them."""
        ...

    def unfinished(self) -> list[Mailing]:
        """Those that a sender has something to do with: scheduled, sending, paused, or cancelled and not settled."""
        ...

    def erase(self, traces: Traces, mailing_ids: Iterable[str]) -> None:
        """Take people who are erased out of the suppression list, and out of the notices among these mailings."""
        ...

    def notices_before(self, before: datetime, limit: int) -> list[Mailing]:
        """Notices that ended before and still say something, those first that ended first."""
        ...

    def empty(self, notice: Mailing) -> bool:
        """Take out of a notice what it said; False when it was changed meanwhile."""
        ...

    def archived(self, limit: int, cursor: str | None) -> list[tuple[str, Mailing]]:
        """(cursor, mailing), those that everybody may read; the latest sent first."""
        ...

    def drafts(self) -> list[Mailing]:
        """Those that somebody is writing."""
        ...

    def about(self, survey_id: str) -> list[Mailing]:
        """Invitations to a survey and reminders of it that have an audience, in no order."""
        ...

    def withdraw(self, withdrawals: Sequence[Withdrawal]) -> None:
        """Remember that consent was withdrawn; the same again changes nothing."""
        ...

    def withdrawals_since(self, since: datetime) -> list[Withdrawal]: ...

    def suppress(self, suppression: Suppression) -> None: ...

    def unsuppress(self, address: str) -> None: ...

    def suppressed(self, addresses: Iterable[str]) -> set[str]:
        """Those of the addresses that are on the suppression list."""
        ...

    def suppressions_since(self, since: datetime) -> list[str]:
        """Addresses that were added since."""
        ...

    def list_suppressions(self, limit: int, cursor: str | None) -> list[tuple[str, Suppression]]:
        """(cursor, suppression), newest first."""
        ...


class MongoMailings:
    """Collections `mailings`, `withdrawals` and `suppressions`; senders' events wait in `chunks` (ledger.py)."""

    def __init__(self, database: Documents) -> None:
        self._mailings = database["mailings"]
        self._withdrawals = database["withdrawals"]
        self._suppressions = database["suppressions"]
        self.bounces: Bounces = MongoBounces(database)
        self.templates: Templates = MongoTemplates(database)
        self.rules: Rules = MongoRules(database)
        self.senders: Senders = MongoSenders(database)
        self.outbox = Outboxes(MongoOutbox(self._mailings, KNOWN), MongoOutbox(database["chunks"], KNOWN))
        self._mailings.create_index("open", sparse=True)
        self._mailings.create_index("listed", sparse=True)
        self._mailings.create_index("written", sparse=True)
        self._mailings.create_index("archived", sparse=True)
        self._mailings.create_index("about", sparse=True)
        self._mailings.create_index("said_until", sparse=True)
        self._withdrawals.create_index("order")
        self._suppressions.create_index("order")

    def insert(self, mailing: Mailing) -> bool:
        document = _document(mailing) | {"_id": mailing.mailing_id}
        if is_announced(mailing):
            document["listed"] = order_of(mailing.created_at) + mailing.mailing_id
        return not insert_new(self._mailings, [document])

    def find(self, mailing_id: str) -> Mailing | None:
        found = self._mailings.find_one({"_id": mailing_id}, {"outbox": 0})
        return _mailing(found) if found else None

    def replace(self, mailing: Mailing, envelope: Envelope[Event] | None = None) -> bool:
        document = _document(mailing)
        update: dict[str, Any] = {"$set": document}
        if gone := dict.fromkeys(name for name in MARKS if name not in document):
            update["$unset"] = gone
        if envelope is not None:
            update["$push"] = {"outbox": envelope.content}
        asked = {"_id": mailing.mailing_id, "version": mailing.version - 1}
        return self._mailings.update_one(asked, update).modified_count == 1

    def latest(self, limit: int, cursor: str | None) -> list[tuple[str, Mailing]]:
        asked = {"listed": {"$lt": cursor} if cursor else {"$gt": ""}}
        found = self._mailings.find(asked, {"outbox": 0}).sort("listed", -1).limit(limit)
        return [(each["listed"], _mailing(each)) for each in found]

    def unfinished(self) -> list[Mailing]:
        found = self._mailings.find({"open": {"$gt": ""}}, {"outbox": 0})
        return sorted(map(_mailing, found), key=lambda each: (each.created_at, each.mailing_id))

    def erase(self, traces: Traces, mailing_ids: Iterable[str]) -> None:
        self._suppressions.delete_many({"_id": {"$in": list(traces.emails)}})
        for mailing_id in mailing_ids:
            while (notice := self.find(mailing_id)) is not None and notice.lane == "urgent":
                draft = without(notice, traces).draft.model_dump(mode="json")
                asked = {"_id": mailing_id, "version": notice.version}
                if self._mailings.update_one(asked, {"$set": {"draft": draft}}).matched_count:
                    break  # else it has just ended, or was emptied

    def notices_before(self, before: datetime, limit: int) -> list[Mailing]:
        asked = {"said_until": {"$gt": "", "$lt": order_of(before)}}
        return [_mailing(each) for each in self._mailings.find(asked, {"outbox": 0}).sort("said_until", 1).limit(limit)]

    def empty(self, notice: Mailing) -> bool:
        return self.replace(empty(notice))

    def archived(self, limit: int, cursor: str | None) -> list[tuple[str, Mailing]]:
        asked = {"archived": {"$lt": cursor} if cursor else {"$gt": ""}}
        found = self._mailings.find(asked, {"outbox": 0}).sort("archived", -1).limit(limit)
        return [(each["archived"], _mailing(each)) for each in found]

    def drafts(self) -> list[Mailing]:
        return [_mailing(each) for each in self._mailings.find({"written": {"$gt": ""}}, {"outbox": 0})]

    def about(self, survey_id: str) -> list[Mailing]:
        return [_mailing(each) for each in self._mailings.find({"about": survey_id}, {"outbox": 0})]

    def withdraw(self, withdrawals: Sequence[Withdrawal]) -> None:
        if withdrawals:
            insert_new(
                self._withdrawals,
                [
                    {"_id": each.consent_id, "order": order_of(each.known_at) + each.consent_id}
                    | {"contact_id": each.contact_id, "purpose": each.purpose, "channel": each.channel}
                    for each in withdrawals
                ],
            )

    def withdrawals_since(self, since: datetime) -> list[Withdrawal]:
        return [
            Withdrawal(each["_id"], each["contact_id"], each["purpose"], each["channel"], time_of(each["order"]))
            for each in self._withdrawals.find({"order": {"$gte": order_of(since)}})
        ]

    def suppress(self, suppression: Suppression) -> None:
        document = orjson.loads(suppression.model_dump_json()) | {"order": order_of(suppression.at) + new_id()}
        document["_id"] = document.pop("address")
        insert_new(self._suppressions, [document])

    def unsuppress(self, address: str) -> None:
        self._suppressions.delete_one({"_id": address})

    def suppressed(self, addresses: Iterable[str]) -> set[str]:
        return {each["_id"] for each in self._suppressions.find({"_id": {"$in": list(addresses)}}, {"_id": 1})}

    def suppressions_since(self, since: datetime) -> list[str]:
        return [each["_id"] for each in self._suppressions.find({"order": {"$gte": order_of(since)}}, {"_id": 1})]

    def list_suppressions(self, limit: int, cursor: str | None) -> list[tuple[str, Suppression]]:
        asked = {"order": {"$lt": cursor}} if cursor else {}
        found = self._suppressions.find(asked).sort("order", -1).limit(limit)
        return [
            (each["order"], Suppression.model_validate({**each, "address": each["_id"]}, extra="ignore"))
            for each in found
        ]


def without(notice: Mailing, traces: Traces) -> Mailing:
    """A notice that does not say any more whom it was written to."""
    draft = redact(notice.draft.model_dump(mode="json"), traces, names=True)
    return notice.model_copy(update={"draft": MailingDraft.model_validate(draft)})


def is_open(mailing: Mailing) -> bool:
    """Whether a sender has something to do with it, now or later."""
    return mailing.state in ("scheduled", "sending", "paused", "cancelled") and mailing.finished_at is None


def is_about(mailing: Mailing) -> bool:
    """Whether people have been invited to a survey by it."""
    return bool(mailing.draft.survey_id) and is_announced(mailing) and mailing.frozen_at is not None


def _document(mailing: Mailing) -> dict[str, Any]:
    content: dict[str, Any] = orjson.loads(mailing.model_dump_json(exclude={"mailing_id"}))
    marks = {"open": is_open(mailing), "written": mailing.state == "draft"}
    content |= {name: mailing.mailing_id for name, stands in marks.items() if stands}
    if says_something(mailing) and mailing.finished_at is not None:
        content["said_until"] = order_of(mailing.finished_at) + mailing.mailing_id
    if is_about(mailing):
        content["about"] = mailing.draft.survey_id
    if is_archived(mailing) and mailing.frozen_at is not None:
        content["archived"] = order_of(mailing.frozen_at) + mailing.mailing_id
    return content


def _mailing(document: Mapping[str, Any]) -> Mailing:
    return Mailing.model_validate({**document, "mailing_id": document["_id"]}, extra="ignore")
