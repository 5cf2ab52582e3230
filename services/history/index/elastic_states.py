"""The states of the indexes in a cluster: a small document for each, how far it has come and who writes it."""

import time
from typing import Any

from elasticsearch import ConflictError, Elasticsearch

from services.history.index.elastic_client import asking
from services.history.index.elastic_mapping import Names

REBUILD = "rebuild"
"""The document of whoever rebuilds."""
_PROBE = "probe"
_FOR_A_DAY = 24 * 3600


class States:
    """Reads and makes the documents; who writes an index changes its own by a claim (`elastic_writer.Claim`)."""

    def __init__(self, client: Elasticsearch, names: Names) -> None:
        self._client, self._index = client, names.state

    def get(self, name: str) -> dict[str, Any]:
        """The document with its sequence number. Raises IndexLost when there is none."""
        with asking():
            found: dict[str, Any] = self._client.get(index=self._index, id=name).body
        return found

    def make(self, name: str) -> bool:
        """Whether there was none."""
        now = int(time.time())
        document = {"position": 0, "holder": "", "beat": now, "made": now}
        with asking():
            try:
                self._client.create(index=self._index, id=name, document=document)
            except ConflictError:
                return False
        return True

    def remove(self, name: str) -> None:
        with asking():
            self._client.options(ignore_status=404).delete(index=self._index, id=name)

    def probe(self) -> None:
        """Raises IndexAway when nothing can be written."""
        with asking():
            self._client.index(index=self._index, id=_PROBE, document={"beat": int(time.time())})

    def take_rebuild(self, holder: str) -> bool:
        """Whether no machine rebuilds, or one that has died over it."""
        document = {"holder": holder, "beat": int(time.time())}
        with asking():
            try:
                self._client.create(index=self._index, id=REBUILD, document=document)
            except ConflictError:
                found = self.get(REBUILD)["_source"]
                if found["beat"] > time.time() - _FOR_A_DAY and found["holder"] != holder:
                    return False
                self._client.index(index=self._index, id=REBUILD, document=document)
        return True

    def give_back_rebuild(self) -> None:
        self.remove(REBUILD)
