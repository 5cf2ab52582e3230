"""What waits at consultations for somebody to see to it, a part of the surveys service."""

import time
from collections.abc import Sequence

from services.surveys.consultations.desk import ConsultationDesk
from shared.contracts.waiting import CountWaiting, Pile, Waiting, waiting
from shared.messaging import rpc

KEEP_SECONDS = 60.0
"""How long a count is good: for it every contribution to what is open is looked at."""


class WaitingEntry:
    """The answer to CountWaiting; whoever inherits has the desk."""

    _consultations: ConsultationDesk
    _counted: tuple[float, Waiting] | None = None

    @rpc
    def count_waiting(self, request: CountWaiting) -> Waiting:
        if self._counted is None or time.monotonic() > self._counted[0]:
            found = waiting(
                _pile("unheard", self._consultations.unheard()),
                _pile("unanswered", self._consultations.unanswered()),
                _pile("asked", self._consultations.open_ids()),
            )
            self._counted = (time.monotonic() + KEEP_SECONDS, found)
        return self._counted[1]


def _pile(sort: str, ids: Sequence[str]) -> Pile:
    return Pile(sort=sort, count=len(ids), only=ids[0] if len(ids) == 1 else "")
