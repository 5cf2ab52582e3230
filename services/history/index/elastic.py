"""The indexes of an installation in Elasticsearch, and which of them serves.

`<prefix>-timeline-v7` and `<prefix>-contacts-v7` are one index of ours; the aliases `<prefix>-timeline` and
`<prefix>-contacts` point to those that serve, and move in one step. `<prefix>-state` holds how far each has come.
"""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from elasticsearch import BadRequestError, Elasticsearch

from services.history.index.elastic_claims import MachineLock, holder_in
from services.history.index.elastic_client import AWAY, WRITE_SECONDS, asking
from services.history.index.elastic_mapping import (
    CONTACTS,
    SCHEMA,
    SETTINGS,
    STATE,
    STATE_SETTINGS,
    TIMELINE,
    Names,
    writing,
)
from services.history.index.elastic_reader import ElasticReader
from services.history.index.elastic_states import REBUILD, States
from services.history.index.elastic_writer import ElasticBulkWriter, ElasticWriter
from services.history.index.port import (
    EngineHealth,
    IndexAway,
    IndexBusy,
    IndexLost,
    IndexReader,
    IndexWriter,
    OnRefusal,
    Pointer,
    Unfinished,
    refused_silently,
)
from shared.errors import Conflict

SILENT_SECONDS = 30.0
"""After which a writer on another machine counts as gone, when it has not said a word."""
ENGINE = "elasticsearch"
HEALTH_SECONDS = 1.0
POINTER_SECONDS = 1.0
"""For so long it is not looked up again which index serves: only whether it is complete hangs on it."""
ANOTHER_REBUILD = "Another rebuild is going on. Wait until it has ended."


class ElasticIndexes:
    """The indexes under a prefix of a cluster.

    directory: where this machine notes what it writes. Its processes exclude each other by locks on files there;
    those of other machines by a claim in the cluster.
    """

    def __init__(self, client: Elasticsearch, prefix: str, directory: Path) -> None:
        self._searching = client
        self._client = client.options(request_timeout=WRITE_SECONDS)
        self._quick = client.options(request_timeout=HEALTH_SECONDS, max_retries=0)
        self._names = Names(prefix)
        self._states = States(self._client, self._names)
        self._directory = directory
        self._looked_up: tuple[float, Pointer | None] = (-POINTER_SECONDS, None)
        self._unfinished: Unfinished | None = None
        self._silent: dict[str, tuple[tuple[int, int], float]] = {}
        """Of the writers elsewhere: the state that was last seen, and since when it has been so."""

    @cached_property
    def _holder(self) -> str:
        """Whoever only reads needs none, and no directory either."""
        return holder_in(self._directory)

    def current(self) -> Pointer | None:
        alias = self._names.timeline()
        try:
            with asking():
                found = self._client.indices.get(index=alias, features=["aliases", "mappings"]).body
        except IndexAway:
            raise
        except IndexLost:
            return None
        ((index, about),) = found.items()
        return Pointer(index.removeprefix(f"{alias}-"), bool(about["mappings"]["_meta"].get("complete")))

    def kept(self) -> str | None:
        serving = self.current()
        names = [each for each in self._all() if serving is not None and each != serving.name]
        return max((each for each in names if self._meta(each).get("complete")), key=_number, default=None)

    def serve(self, pointer: Pointer) -> None:
        index = self._names.timeline(pointer.name)
        actions = [
            action
            for alias, now in zip(self._names.both(""), self._names.both(pointer.name), strict=True)
            for action in (
                {"remove": {"index": f"{alias}-*", "alias": alias, "must_exist": False}},
                {"add": {"index": now, "alias": alias}},
            )
        ]
        with asking():
            self._client.indices.put_mapping(index=index, meta={"schema": SCHEMA, "complete": pointer.complete})
            self._client.indices.update_aliases(actions=actions)

    def new_name(self) -> str:
        """The next number; its state is made at once, so that nobody else takes it."""
        self._make(self._names.state, STATE, STATE_SETTINGS)
        number = max((_number(each) for each in self._all()), default=0) + 1
        while not self._states.make(f"v{number}"):
            number += 1
        return f"v{number}"

    @contextmanager
    def rebuilding(self) -> Iterator[None]:
        try:
            lock = MachineLock(self._lock_path(REBUILD))
        except IndexBusy:
            raise Conflict(ANOTHER_REBUILD) from None
        try:
            self._make(self._names.state, STATE, STATE_SETTINGS)
            if not self._states.take_rebuild(self._holder):
                raise Conflict(ANOTHER_REBUILD)
            self._remove_left_over()
            yield
            with suppress(IndexLost):  # else whoever comes next on this machine takes it
                self._states.give_back_rebuild()
        finally:
            lock.release()

    def unfinished(self) -> Unfinished | None:
        return self._unfinished

    def check_writable(self) -> None:
        """Raises IndexAway, with the state of the cluster, when it is red or takes nothing."""
        with asking():
            health = self._client.cluster.health(timeout="1s")
        if health["status"] == "red":
            raise IndexAway(f"{AWAY} (the cluster {health['cluster_name']} is red)")
        self._states.probe()

    def has(self, name: str) -> bool:
        with asking():
            return bool(name) and bool(self._client.indices.exists(index=self._names.both(name)))

    def writer(self, name: str, on_refusal: OnRefusal = refused_silently) -> IndexWriter:
        return self._writer(ElasticWriter, name, on_refusal)

    def bulk_writer(self, name: str, on_refusal: OnRefusal = refused_silently) -> IndexWriter:
        return self._writer(ElasticBulkWriter, name, on_refusal)

    def _writer(self, made: type[ElasticWriter], name: str, on_refusal: OnRefusal) -> IndexWriter:
        lock = MachineLock(self._lock_path(name))
        try:
            self._prepare(name)
            return made(self._client, self._names, name, self._holder, lock.release, on_refusal)
        except BaseException:
            lock.release()
            raise

    def reader(self, name: str) -> IndexReader:
        if not self.has(name):
            raise IndexLost(f"there is no index {name}")
        return ElasticReader(self._searching, self._names, name)

    def serving_reader(self, name: str) -> IndexReader:
        return ElasticReader(self._searching, self._names)

    def remove(self, name: str) -> None:
        with asking():
            self._client.indices.delete(index=self._names.both(name), ignore_unavailable=True)
        self._states.remove(name)
        self._lock_path(name).unlink(missing_ok=True)

    def health(self) -> EngineHealth:
        try:
            with asking():
                found = self._quick.cluster.health(index=f"{self._names.prefix}-*")
        except IndexLost:
            return EngineHealth(ENGINE, "away")
        return EngineHealth(ENGINE, found["status"])

    def stamp(self) -> Pointer | None:
        """Looked up once a second: a search goes to whichever serves, by its alias."""
        at, pointer = self._looked_up
        if time.monotonic() - at > POINTER_SECONDS:
            pointer = self.current()
            self._looked_up = (time.monotonic(), pointer)
        return pointer

    def _prepare(self, name: str) -> None:
        """The indices and the state of this name, ready for us. Raises IndexLost, IndexBusy."""
        self._make(self._names.state, STATE, STATE_SETTINGS)
        self._states.make(name)
        state = self._states.get(name)
        if not self.has(name):
            if state["_source"]["position"]:
                raise IndexLost(f"the index {name} is gone, or a part of it")
            for index, mapping in zip(self._names.both(name), (TIMELINE, CONTACTS), strict=True):
                self._make(index, mapping, SETTINGS, {writing(index): {}})
        self._check_schema(name)
        self._check_free(name, state)

    def _check_schema(self, name: str) -> None:
        if self._meta(name)["schema"] != SCHEMA:
            raise IndexLost("the index has the fields of another version of Wellheard")

    def _meta(self, name: str) -> dict[str, Any]:
        index = self._names.timeline(name)
        with asking():
            found: dict[str, Any] = self._client.indices.get_mapping(index=index)[index]["mappings"]["_meta"]
        return found

    def _check_free(self, name: str, state: dict[str, Any]) -> None:
        """IndexBusy while a process of another machine writes it: until it gives it back, or is silent for long."""
        if state["_source"].get("holder", "") in ("", self._holder):
            return
        seen = (state["_seq_no"], state["_primary_term"])
        known, since = self._silent.get(name, ((-1, -1), 0.0))
        if known != seen:
            self._silent[name] = (seen, since := time.monotonic())
        if time.monotonic() - since < SILENT_SECONDS:
            raise IndexBusy("a process of another machine writes this index")

    def _make(
        self, index: str, mapping: dict[str, Any], settings: dict[str, Any], aliases: dict[str, Any] | None = None
    ) -> None:
        with asking():
            if self._client.indices.exists(index=index):
                return
            try:
                self._client.indices.create(index=index, mappings=mapping, settings=settings, aliases=aliases or {})
            except BadRequestError as error:
                if error.message != "resource_already_exists_exception":
                    raise

    def _remove_left_over(self) -> None:
        """What neither serves nor is written by anybody; but for the last, if it can be gone on with."""
        serving, self._unfinished = self.current(), None
        for name in sorted(self._all(), key=_number, reverse=True):
            if serving is not None and serving.name == name:
                continue
            with suppress(IndexBusy):
                lock = MachineLock(self._lock_path(name))
                try:
                    if self._unfinished is None:
                        self._unfinished = self._found_unfinished(name)
                    if self._unfinished is None or self._unfinished.name != name:
                        self.remove(name)
                finally:
                    lock.release()

    def _found_unfinished(self, name: str) -> Unfinished | None:
        """None when it is broken, nothing of it is done, or it has served. Raises IndexBusy."""
        try:
            state = self._states.get(name)
            self._check_free(name, state)
            self._check_schema(name)
        except IndexAway:
            raise
        except IndexLost:
            return None
        if not (state["_source"]["position"] and self.has(name)) or "complete" in self._meta(name):
            return None
        return Unfinished(name, datetime.fromtimestamp(state["_source"]["made"], UTC))

    def _all(self) -> list[str]:
        """The names of all indexes of this installation."""
        pattern = re.compile(re.escape(self._names.timeline()) + r"-(v\d+)")
        with asking():
            found = self._client.indices.get_alias(index=f"{self._names.timeline()}-v*")
        return [match[1] for each in found if (match := pattern.fullmatch(each))]

    def _lock_path(self, name: str) -> Path:
        return self._directory / f"{name}.lock"


def _number(name: str) -> int:
    return int(name[1:])
