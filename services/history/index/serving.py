"""The reader of whichever index serves now, for the search process."""

from services.history.index.port import EngineHealth, IndexLost, IndexReader, IndexSet
from shared.errors import Unavailable


class ServingIndex:
    """The reader of whichever index serves now, for the search process."""

    def __init__(self, indexes: IndexSet) -> None:
        self._indexes = indexes
        self._seen: object | None = None
        self._reader: IndexReader | None = None
        self._complete = False

    @property
    def rebuilding(self) -> bool:
        """True while what is served may not hold everything."""
        return not self._complete

    def health(self) -> EngineHealth:
        """How the engine is; asked anew each time."""
        return self._indexes.health()

    def reader(self) -> IndexReader:
        """Raises Unavailable when there is nothing to search yet.

        When the directory is gone, what was open still answers until the projector has built another.
        """
        stamp = self._indexes.stamp()
        if stamp is None or stamp != self._seen:
            self._open(stamp)
        if self._reader is None:
            raise Unavailable("The history is being rebuilt and cannot be searched just now. Try again in a minute.")
        return self._reader

    def _open(self, stamp: object | None) -> None:
        pointer = self._indexes.current()
        self._complete = pointer is not None and pointer.complete
        if pointer is not None:
            try:
                self._reader, self._seen = self._indexes.serving_reader(pointer.name), stamp
            except IndexLost:
                self._complete = False
