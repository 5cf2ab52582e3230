"""What waits at notifications for somebody to see to it, a part of the notifications service."""

from collections import defaultdict

from services.notifications.domain import is_announced
from services.notifications.repository import Mailings
from shared.contracts.waiting import CountWaiting, Pile, Waiting, waiting
from shared.messaging import rpc

SORTS = {"draft": "drafts", "scheduled": "scheduled", "sending": "sending", "paused": "paused"}
"""State of a mailing -> sort of what waits. One that was cancelled settles by itself."""


class WaitingEntry:
    """The answer to CountWaiting; whoever inherits has the mailings."""

    _mailings: Mailings

    @rpc
    def count_waiting(self, request: CountWaiting) -> Waiting:
        piles: dict[str, list[str]] = defaultdict(list)
        for mailing in (*self._mailings.drafts(), *self._mailings.unfinished()):
            if is_announced(mailing) and mailing.state in SORTS:
                is_issue = mailing.state == "draft" and mailing.newsletter_id
                piles["approvals" if is_issue else SORTS[mailing.state]].append(mailing.mailing_id)
        return waiting(
            *(Pile(sort=sort, count=len(ids), only=ids[0] if len(ids) == 1 else "") for sort, ids in piles.items())
        )
