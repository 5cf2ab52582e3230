"""Sends what rules have found an occasion for: takes what waits, asks what each contact allows, makes a mailing of it.

What is taken is marked in the log first, under the id of a mailing that does not stand yet. Whoever dies then leaves an
id behind, and the next turn makes that mailing and no other. Its audience is stored once: of two processes that make
the same mailing the first decides who is in it, and whoever is not waits again.
"""

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from services.notifications import domain
from services.notifications.domain import Addressee, Chunk
from services.notifications.ledger import chunk_id
from services.notifications.port import Ledger
from services.notifications.repository import Mailings
from services.notifications.rules import domain as ruling
from services.notifications.rules.announcing import Announcement, Announcing, announcement_of, is_announced, outcome_of
from services.notifications.rules.domain import GATHER, HOUR, Logged
from services.notifications.rules.occasions import occasions_of
from services.notifications.templates import find_version
from shared import failpoints
from shared.contracts.base import Envelope, Event
from shared.contracts.consent import FindRecipients
from shared.contracts.rules import SendingRule
from shared.errors import NotFound
from shared.messaging import Bus

STALLED = timedelta(seconds=30)
"""After that long somebody else makes a mailing that was begun."""
LOOKED_AT = 5
"""How many times as many lines as may go are looked at: a contact may have several."""


class RuleWork:
    """Notes occasions, and sends for them."""

    def __init__(self, mailings: Mailings, ledger: Ledger, bus: Bus, public_url: str = "") -> None:
        self._mailings = mailings
        self._rules = mailings.rules
        self._ledger = ledger
        self._bus = bus
        self._announcing = Announcing(bus, public_url)

    def note(self, envelopes: Iterable[Envelope[Event]]) -> None:
        """What has happened goes into the log of each rule that waits for it; the same again changes nothing."""
        rules = [each for each in self._rules.list() if each.is_on]
        if not rules:
            return
        happened = list(envelopes)
        causes = [cause for envelope in happened for cause in occasions_of(envelope)]
        self._rules.note([ruling.log(rule, cause) for cause in causes for rule in rules if ruling.applies(rule, cause)])
        for said in filter(None, map(announcement_of, happened)):
            for rule in rules:
                if ruling.applies(rule, said.cause("")):
                    self._announce(rule, said)

    def _announce(self, rule: SendingRule, said: Announcement) -> None:
        """A line for each of the audience; whoever has one keeps it, so that nobody is told twice."""
        for page in self._announcing.audience(rule.settings, said.consultation_id):
            self._rules.note([ruling.log(rule, said.cause(each)) for each in page])

    def turn(self, at: datetime) -> None:
        """Send what may go now."""
        for rule_id, mailing_id in self._rules.unfinished(at - STALLED):
            self._make_mailing(rule_id, mailing_id, at)
        for rule in self._rules.list():
            if rule.is_on:
                self._rules.let_go(rule.rule_id, at - ruling.expires(rule), "expired")
                self._send(rule, at)
            elif ruling.lets_go(rule, at):
                self._rules.let_go(rule.rule_id, at, "switched_off")

    def _send(self, rule: SendingRule, at: datetime) -> None:
        waiting = self._rules.waiting(rule.rule_id, at - GATHER, LOOKED_AT * ruling.BATCH)
        if not waiting:
            return
        room = ruling.room(rule, self._rules.count_taken(rule.rule_id, at - HOUR))
        chosen = ruling.first_of_each(self._of_one_mailing(rule, waiting), room)
        if chosen:
            mailing_id = f"mlg_{secrets.token_hex(16)}"
            self._rules.take([each.key for each in chosen], mailing_id, at)
            failpoints.reach("rules.after_take")
            self._make_mailing(rule.rule_id, mailing_id, at)

    def _of_one_mailing(self, rule: SendingRule, waiting: Sequence[Logged]) -> Sequence[Logged]:
        """Those of the lines that can go together: a mailing is about one consultation."""
        if is_announced(rule.settings):
            return [each for each in waiting if each.event_id == waiting[0].event_id]
        return self._without_those_who_had_it(rule, waiting)

    def _without_those_who_had_it(self, rule: SendingRule, waiting: Sequence[Logged]) -> Sequence[Logged]:
        if rule.settings.repeats:
            return waiting
        taken = self._rules.taken_before(rule.rule_id, {each.contact_id for each in waiting})
        lines = self._ledger.find_lines({(each.mailing_id, each.contact_id) for each in taken})
        # What is on its way counts as had; what was kept back by the ledger was not.
        had = {
            each.contact_id
            for each in taken
            if (line := lines.get((each.mailing_id, each.contact_id))) is None or line.state != "suppressed"
        }
        self._rules.keep_back([each.key for each in waiting if each.contact_id in had], "had_it")
        return [each for each in waiting if each.contact_id not in had]

    def _make_mailing(self, rule_id: str, mailing_id: str, at: datetime) -> None:
        rule, lines = self._rules.find(rule_id), self._rules.of_mailing(mailing_id)
        if rule is None:
            raise NotFound("There is no such rule.")
        template = find_version(self._mailings.templates, rule.settings.template_id, rule.template_version)
        about = lines[0].event_id if lines and is_announced(rule.settings) else ""
        if about:
            template = self._announcing.filled(template, about)
        self._ledger.add_audience(mailing_id, 0, 0, self._audience(rule, lines))
        failpoints.reach("rules.after_audience")
        stored = self._ledger.recipients(Chunk(chunk_id(mailing_id, 0, 0), mailing_id, 0, 0, 0))
        taken_at = min((each.taken_at for each in lines if each.taken_at), default=at)
        made = ruling.mailing(rule, template, mailing_id, len(stored), taken_at, at)
        self._mailings.insert(made.model_copy(update={"outcome_of": outcome_of(about)}))
        inside = {each.contact_id for each in stored}
        self._rules.put_back([each for each in lines if each.contact_id not in inside])
        failpoints.reach("rules.before_hand_over")
        self._rules.hand_over(mailing_id)

    def _audience(self, rule: SendingRule, lines: Sequence[Logged]) -> Sequence[Addressee]:
        """Everyone of the lines, with what stands against a message to them."""
        settings, ids = rule.settings, tuple(dict.fromkeys(each.contact_id for each in lines))
        question = FindRecipients(
            contact_ids=ids, purpose=settings.purpose, channel="email", segment_id=settings.segment_id
        )
        found = {each.contact_id: each for each in self._bus.call(question).recipients}
        suppressed = self._mailings.suppressed(each.address for each in found.values() if each.address)
        return [
            domain.addressee(found[each], suppressed) if each in found else Addressee(each, "", "", None, "unknown")
            for each in ids
        ]
