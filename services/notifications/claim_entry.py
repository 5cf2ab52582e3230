"""The entry points of what senders hold, a part of the notifications service."""

from collections import Counter
from datetime import UTC, datetime

from services.notifications.port import Ledger
from services.notifications.presence import GONE
from services.notifications.recovery import release
from services.notifications.repository import Mailings
from shared.contracts.claims import Claim, Claims, ListClaims, ReleaseClaims
from shared.errors import Conflict, NotFound
from shared.messaging import rpc

ALIVE = f"It was alive within the last {GONE.seconds // 60} minutes: it goes on by itself, or when it is started."


class ClaimEntry:
    """What operators ask of senders; whoever inherits has the stores."""

    _mailings: Mailings
    _ledger: Ledger

    @rpc
    def list_claims(self, request: ListClaims) -> Claims:
        seen = self._mailings.senders.seen()
        chunks, recipients = Counter[str](), Counter[str]()
        for each in self._ledger.held_by():
            chunks[each.owner] += 1
            recipients[each.owner] += each.size
        return Claims(
            items=tuple(
                Claim(sender=each, parts=number, recipients=recipients[each], seen_at=seen.get(each))
                for each, number in sorted(chunks.items())
            )
        )

    @rpc
    def release_claims(self, request: ReleaseClaims) -> Claims:
        held = [each for each in self.list_claims(ListClaims()).items if each.sender == request.sender]
        if not held:
            raise NotFound("No sender of this name holds anything.")
        seen_at = held[0].seen_at
        if seen_at is not None and datetime.now(UTC) - seen_at < GONE:
            raise Conflict(ALIVE)
        release(self._mailings, self._ledger, request.sender)
        return Claims(items=tuple(held))
