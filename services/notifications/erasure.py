"""Takes people who are erased out of audiences, the ledger, notices and the suppression list."""

from datetime import UTC, datetime

from services.notifications.port import Ledger
from services.notifications.repository import Mailings, Withdrawal
from shared.contracts.base import Envelope
from shared.contracts.erasure import ContactErased, GetTraces, ReportErasure
from shared.messaging import Bus, on


class ErasureEntry:
    """The entry point of erasure, a part of the notifications service."""

    _mailings: Mailings
    _ledger: Ledger
    _bus: Bus

    @on("notifications.erasures", ContactErased)
    def erase_recipient(self, envelope: Envelope[ContactErased]) -> None:
        """A mailing that is under way sends nothing more to whoever is erased."""
        erased = envelope.data
        at = datetime.now(UTC)
        self._mailings.withdraw(
            [Withdrawal(f"{erased.erasure_id}:{each}", each, "*", "*", at) for each in erased.contact_ids]
        )
        traces = self._bus.call(GetTraces(erasure_id=erased.erasure_id))
        self._mailings.erase(traces, self._ledger.erase(traces))
        self._mailings.bounces.forget(traces.emails)
        self._bus.call(ReportErasure(erasure_id=erased.erasure_id, by_service="notifications"))
