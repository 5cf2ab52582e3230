"""Notices that are long over: what each said, and the name and address it went to, are taken out of the store.

What stays says that a message went, when, to which contact, what became of it and by which consent: the ledger is the
proof, and the ids see to it that the same notice, asked for again, is not sent again.
"""

from datetime import UTC, datetime, timedelta

from services.notifications.port import Ledger
from services.notifications.repository import Mailings
from shared.messaging import every

KEPT = timedelta(days=30)
"""After its end. What comes back later than that is ignored, and counts for nothing anyway (returning.py)."""
AT_A_TIME = 50
"""A turn takes a part of a second, and a day of turns 70,000 notices."""


class NoticeEntry:
    """What is done about old notices by itself; whoever inherits has the stores."""

    _mailings: Mailings
    _ledger: Ledger

    @every(60.0)
    def empty_old_notices(self) -> None:
        """Those that ended long ago, some at a time."""
        empty_notices(self._mailings, self._ledger, datetime.now(UTC))


def empty_notices(mailings: Mailings, ledger: Ledger, at: datetime) -> int:
    """Returns how many there were; there may be more when it is AT_A_TIME.

    The notice itself is last: until then it is found again, and emptying what is empty changes nothing.
    """
    found = mailings.notices_before(at - KEPT, AT_A_TIME)
    for each in found:
        ledger.forget_names(each.mailing_id, each.audience)
        mailings.empty(each)
    return len(found)
