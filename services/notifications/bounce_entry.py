"""The entry points of what comes back, a part of the notifications service."""

from datetime import UTC, datetime, timedelta

from services.notifications.bounces import Returned
from services.notifications.port import Ledger
from services.notifications.reports import of_status, read_report
from services.notifications.repository import Mailings
from services.notifications.returning import Returning
from shared.contracts.bounces import Bounce, BouncePage, BounceReceipt, ListBounces, ReportBounce
from shared.contracts.notifications import LedgerLine
from shared.messaging import rpc

REFUSED_SINCE = timedelta(days=30)


class BounceEntry:
    """What mail servers report; whoever inherits makes the parts."""

    _mailings: Mailings
    _ledger: Ledger
    _returning: Returning

    @rpc
    def report_bounce(self, request: ReportBounce) -> BounceReceipt:
        raw = request.message.encode("latin-1", "replace")
        report = of_status(request.recipient, request.status) if request.status else read_report(raw, request.recipient)
        return BounceReceipt(outcome=self._returning.heed(report, datetime.now(UTC)))

    @rpc
    def list_bounces(self, request: ListBounces) -> BouncePage:
        found = self._mailings.bounces.latest(request.limit, request.cursor)
        lines = self._ledger.find_lines({(each.mailing_id, each.contact_id) for each in found})
        return BouncePage(
            items=tuple(_told(each, lines.get((each.mailing_id, each.contact_id))) for each in found),
            next_cursor=found[-1].order if len(found) == request.limit else None,
            refused=self._mailings.bounces.refused_since(datetime.now(UTC) - REFUSED_SINCE),
        )


def _told(returned: Returned, line: LedgerLine | None) -> Bounce:
    return Bounce(
        mailing_id=returned.mailing_id,
        subject=returned.subject,
        contact_id=returned.contact_id,
        name=line.name if line else "",
        kind=returned.kind,
        status=returned.status,
        outcome=returned.outcome,
        at=returned.at,
    )
