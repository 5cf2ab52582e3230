"""What a report on a message leads to: its line in the ledger, the suppression list, a line on the person's timeline.

Each step may be done again, and the report is noted last: one that is interrupted is reported again by its mail server
and goes on from there.
"""

from datetime import datetime, timedelta

from services.notifications.audience import envelope
from services.notifications.bounces import Returned, hash_of
from services.notifications.domain import Addressee, about
from services.notifications.ledger import chunk_id
from services.notifications.port import Ledger
from services.notifications.reports import Report
from services.notifications.repository import Mailings
from services.notifications.tokens import Place, Tokens
from shared.contracts.base import Event
from shared.contracts.bounces import MessageBounced, MessageJunked, Outcome
from shared.contracts.notifications import LedgerLine, Mailing
from shared.contracts.subscriptions import Suppression
from shared.errors import Unavailable

TOO_OFTEN = 3
"""Messages that fail for now at one address before nothing more is sent to it .."""
WITHIN = timedelta(days=30)
""".. when they do so within this time."""
BY = "mail server"


class Returning:
    """Heeds reports."""

    def __init__(self, mailings: Mailings, ledger: Ledger, tokens: Tokens) -> None:
        self._mailings = mailings
        self._ledger = ledger
        self._tokens = tokens

    def heed(self, report: Report, at: datetime) -> Outcome:
        """What the report led to; the same report again leads to the same. Unavailable: not yet."""
        place = self._place(report)
        mailing = self._mailings.find(place.mailing_id) if place else None
        who = self._ledger.find_recipient(*place) if place else None
        if place is None or mailing is None or who is None:
            self._mailings.bounces.count_refused(at)
            return "refused"
        if report.kind not in ("permanent", "temporary", "complaint") or not who.address:
            return "ignored"
        key = f"{':'.join(map(str, place))}:{report.kind}"
        known = self._mailings.bounces.find(key)
        return known.outcome if known else self._heed(key, report, mailing, place, who, at)

    def _heed(self, key: str, report: Report, mailing: Mailing, place: Place, who: Addressee, at: datetime) -> Outcome:
        line = self._ledger.find_lines([(mailing.mailing_id, who.contact_id)]).get((mailing.mailing_id, who.contact_id))
        if line is None and mailing.finished_at is None:
            raise Unavailable("This message is still being handed over. Report it again in a minute.")
        if line is None or line.state not in ("sent", "uncertain", "bounced"):
            return "ignored"
        outcome = self._outcome(report, who, at)
        if outcome == "bounced" and line.state != "bounced":
            self._ledger.mark_bounced(line, report.status)
        if outcome != "noted":
            reason = {"permanent": f"bounced: {report.status}", "complaint": "complaint"}.get(
                report.kind, f"bounced {TOO_OFTEN} times: {report.status}"
            )
            self._mailings.suppress(Suppression(address=who.address, reason=reason, added_by=BY, at=at))
            self._tell(report, mailing, place, line, at)
        subject = mailing.draft.subject if mailing.lane == "bulk" else ""
        of = (mailing.mailing_id, subject, who.contact_id, hash_of(who.address))
        self._mailings.bounces.insert(Returned(key, *of, report.kind, report.status, outcome, at))  # type: ignore[arg-type]
        return outcome

    def _outcome(self, report: Report, who: Addressee, at: datetime) -> Outcome:
        if report.kind == "permanent":
            return "bounced"
        if report.kind == "complaint":
            return "suppressed"
        before = self._mailings.bounces.count_temporary(hash_of(who.address), at - WITHIN)
        return "suppressed" if before + 1 >= TOO_OFTEN else "noted"

    def _tell(self, report: Report, mailing: Mailing, place: Place, line: LedgerLine, at: datetime) -> None:
        """Once: counts and event stand in the chunk's document, in one write."""
        was = line.was or line.state
        moved = {was: -1, "bounced": 1} if report.kind == "permanent" else {}
        event = _event(report, mailing, line.contact_id, at) if line.contact_id else None
        self._ledger.remark(
            chunk_id(place.mailing_id, place.audience, place.chunk),
            f"{report.kind}:{place.place}",
            moved,
            envelope(event, mailing) if event else None,
        )

    def _place(self, report: Report) -> Place | None:
        """Where the first token leads that was made here."""
        return next((place for use, token in report.tokens if (place := self._tokens.read(use, token))), None)


def _event(report: Report, mailing: Mailing, contact_id: str, at: datetime) -> Event:
    said = about(mailing) | {"contact_id": contact_id, "at": at}
    if report.kind == "complaint":
        return MessageJunked.model_validate(said)
    return MessageBounced.model_validate(said | {"kind": report.kind, "status": report.status})
