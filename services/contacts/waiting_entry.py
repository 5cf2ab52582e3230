"""What waits at contacts for somebody to see to it, a part of the contacts service."""

import time

from services.contacts.duplicates import Duplicates
from services.contacts.importing.desk import ImportDesk
from services.contacts.preferences import PreferenceDesk
from shared.contracts.waiting import CountWaiting, Pile, Waiting, waiting
from shared.messaging import rpc

KEEP_SECONDS = 60.0
"""How long a count of likely duplicates is good: to count them everybody is looked at."""
LOOKED_AT = 50
"""Imports, the latest."""
COUNTED = 500
UNDECIDED = ("draft", "judged")
"""States in which an import waits for a person."""


class WaitingEntry:
    """The answer to CountWaiting; whoever inherits makes the desks."""

    _duplicates: Duplicates
    _imports: ImportDesk
    _preferences: PreferenceDesk
    _counted: tuple[float, Pile] | None = None

    @rpc
    def count_waiting(self, request: CountWaiting) -> Waiting:
        imports = [each.import_id for each in self._imports.recent(LOOKED_AT) if each.state in UNDECIDED]
        erasures = len(self._preferences.erasure_requests(COUNTED))
        return waiting(
            Pile(sort="erasures", count=erasures, is_least=erasures == COUNTED),
            Pile(sort="imports", count=len(imports), only=imports[0] if len(imports) == 1 else ""),
            self._count_duplicates(),
        )

    def _count_duplicates(self) -> Pile:
        if self._counted is None or time.monotonic() > self._counted[0]:
            found = self._duplicates.list()
            pile = Pile(sort="duplicates", count=len(found.likenesses), is_least=not found.complete)
            self._counted = (time.monotonic() + KEEP_SECONDS, pile)
        return self._counted[1]

    def _count_anew(self) -> None:
        """Somebody has decided on a pair."""
        self._counted = None
