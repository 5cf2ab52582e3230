"""Erases contacts in this service's own stores, and keeps the register that the other services report to.

The erasure is written down first, with what is to be looked for; each step after that can be taken again. A process
that dies in between leaves the erasure open, and `settle` takes the steps left.
"""

from collections.abc import Callable
from datetime import datetime

from services.contacts import erasing
from services.contacts.domain import key_of
from services.contacts.envelopes import SOURCE, envelope, now
from services.contacts.erasures import Kept, cursor_of
from services.contacts.importing.store import Imports
from services.contacts.merger import Merger
from services.contacts.preferences import PreferenceStore
from services.contacts.repository import Contacts
from services.contacts.survivors import get_survivor
from shared import failpoints
from shared.contracts.base import Envelope, Event
from shared.contracts.contacts import Contact
from shared.contracts.erasure import DecideMention, Erasure, Erasures, ListErasures, ReportErasure, Traces
from shared.errors import NotFound, Unavailable
from shared.logs import correlation_id

ATTEMPTS = 5
NO_ERASURE = "There is no such erasure."
Step = Callable[[Erasure, datetime], tuple[Erasure, Event | None]]
"""What becomes of an erasure, and what is told of it."""


class Eraser:
    """Erases, and leads the register. `secret`: what identifiers are hashed with."""

    def __init__(self, contacts: Contacts, imports: Imports, preferences: PreferenceStore, secret: str) -> None:
        self._contacts = contacts
        self._imports = imports
        self._preferences = preferences
        self._secret = secret
        self._merger = Merger(contacts)

    def erase(self, contact_id: str, by: str) -> Erasure:
        """The erasure as it stands when this service is done with its own."""
        self._merger.settle()  # a merge that stands half way would bring back what is taken away
        contact = get_survivor(self._contacts, contact_id)
        erasure_id = erasing.erasure_id_of(contact.contact_id)
        if self._contacts.erasures.find(erasure_id) is None:
            self._contacts.erasures.insert(self._begin(contact, erasure_id, by))
        return self._carry_out(self.get(erasure_id))

    def settle(self) -> None:
        """Take the steps that a process which died has left."""
        for each in self._contacts.erasures.latest(open_only=True, limit=1000):
            if erasing.OWN not in each.reports:
                self._carry_out(self.get(each.erasure_id))

    def get(self, erasure_id: str) -> Kept:
        found = self._contacts.erasures.find(erasure_id)
        if found is None:
            raise NotFound(NO_ERASURE)
        return found

    def page(self, asked: ListErasures) -> Erasures:
        found = self._contacts.erasures.latest(asked.open_only, asked.limit, asked.cursor)
        more = len(found) == asked.limit
        return Erasures(erasures=tuple(found), next_cursor=cursor_of(found[-1]) if more else None)

    def report(self, request: ReportErasure) -> Erasure:
        return self._report(request.erasure_id, request.by_service, request.mentions, request.decided)

    def decide(self, request: DecideMention) -> Erasure:
        return self._advance(
            request.erasure_id, lambda at, now: erasing.decide(at, request.engagement_id, request.decision, now)
        )

    def _begin(self, contact: Contact, erasure_id: str, by: str) -> Kept:
        family = self._contacts.find((contact.contact_id, *contact.merged))
        snapshots = [one for key in family for each in self._contacts.merges(key) for one in (each.before, each.after)]
        everything = [*family.values(), *snapshots]
        owners = self._contacts.owners({key_of(each) for one in everything for each in one.identifiers})
        others = {key for key, carried_by in owners.items() if not family.keys() >= set(carried_by)}
        traces = erasing.traces_of(erasure_id, everything, others)
        asked_at = self._preferences.erasure_asked_at(contact.contact_id)
        erasure = Erasure(
            erasure_id=erasure_id,
            contact_ids=traces.contact_ids,
            state="erasing",
            hashes=erasing.hashes_of(traces, self._secret),
            asked_at=asked_at,
            at=now(),
            by=by,
        )
        return Kept(erasure, traces)

    def _carry_out(self, kept: Kept) -> Erasure:
        erasure, traces = kept
        if erasing.OWN in erasure.reports:
            return erasure
        for contact_id in erasure.contact_ids:
            self._erase_one(contact_id, erasure, traces)
            failpoints.reach("erasure.after_contact")
            self._contacts.release(self._contacts.keys_of(contact_id), contact_id)
            self._preferences.forget(contact_id)
        self._preferences.requests.forget(traces.emails)
        self._contacts.relationships.redact(traces)
        self._imports.redact(traces)
        failpoints.reach("erasure.before_report")
        return self._report(erasure.erasure_id, erasing.OWN, ())

    def _erase_one(self, contact_id: str, erasure: Erasure, traces: Traces) -> None:
        for _ in range(ATTEMPTS):
            contact = self._contacts.find([contact_id]).get(contact_id)
            if contact is None or contact.erased:
                return
            left, event = erasing.erase(contact, erasure, now())
            if self._contacts.erase(left, envelope(event, left), traces):
                return
        raise Unavailable("This contact is being changed elsewhere just now. The erasure goes on by itself.")

    def _report(self, erasure_id: str, service: str, mentions: tuple[str, ...], decided: bool = False) -> Erasure:
        return self._advance(erasure_id, lambda at, now: erasing.report(at, service, mentions, now, decided))

    def _advance(self, erasure_id: str, step: Step) -> Erasure:
        for _ in range(ATTEMPTS):
            following, event = step(self.get(erasure_id).erasure, now())
            if self._contacts.erasures.replace(following, self._envelope(following, event)):
                return following
        raise Unavailable("Others work on the same erasure just now. Send the same again.")

    @staticmethod
    def _envelope(erasure: Erasure, event: Event | None) -> Envelope[Event] | None:
        return Envelope(event, SOURCE, erasure.erasure_id, erasure.version, correlation_id()) if event else None
