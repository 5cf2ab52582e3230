"""Puts records into Elasticsearch: buffered until a commit, then in bulk, with an outcome for each of them."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from elasticsearch import Elasticsearch

from services.history.index.elastic_claims import Claim
from services.history.index.elastic_client import WRITE_SECONDS, EngineBusy, TooBusy, asking, patiently
from services.history.index.elastic_mapping import Item, Names
from services.history.index.fields import key_of, newest
from services.history.index.port import IndexAway, IndexLost, OnRefusal, Refusal, refused_silently
from services.history.records import Folded
from shared import failpoints
from shared.logs import get_logger

log = get_logger()
BULK_BYTES = 4_000_000
BULK_ITEMS = 2_000
REFRESHED_ITEMS = 10_000
"""Records of a rebuild that one refresh shows, more or less. On two processors the engine has one thread for refreshes:
to show 100,000 at once kept what came meanwhile waiting for 2.8 s."""
_DONE = (200, 201)
_OLDER = 409
"""A newer version stands there, or this one: what was asked for has come about."""
_GONE = 404
_REFUSED = 400
ALIKE = 20
"""So many records, refused without a single one being taken, are not at fault themselves."""
_ASKED_OF_A_BULK = ["errors", "items.*.status", "items.*.error.type"]


class ElasticWriter:
    """Writes the index `name`; `release` lets another writer of this machine in.

    What is put stands in a buffer. A part of it may be sent before the commit; it cannot be seen then, and whoever
    comes after a crash puts the same again: an older version never takes the place of a newer one.
    """

    def __init__(
        self,
        client: Elasticsearch,
        names: Names,
        name: str,
        holder: str,
        release: Callable[[], None],
        on_refusal: OnRefusal = refused_silently,
    ) -> None:
        self._client = client.options(request_timeout=WRITE_SECONDS)
        self._names, self._name, self._release = names, name, release
        self._on_refusal = on_refusal
        self._claim = Claim(client, names, name, holder)
        self.position = self._claim.position
        self._waiting: dict[str, Item] = {}
        self._bytes = 0
        self._unseen = False
        """Whether anything was sent that no refresh has shown yet: the engine never makes one by itself."""
        self._sending = threading.Lock()
        """Under eventlet a handler may put while a commit waits for the engine."""
        self._failed = False

    def put(self, folded: Sequence[Folded], position: int) -> None:
        self._add(folded, position)
        self.position = position

    def put_again(self, folded: Sequence[Folded]) -> None:
        self._add(folded, self.position, again=True)

    def commit(self) -> None:
        position = self.position
        with self._sending, self._failing():
            self._send_waiting()
            if not self._unseen and position == self._claim.position:
                return self._claim.keep()
            failpoints.reach("index.before_commit")
            self._refresh()
            self._claim.write(position)
            failpoints.reach("index.after_commit")
            return None

    def close(self) -> None:
        try:
            self.commit()
            with self._failing():
                self._claim.give_back()
        finally:
            self._end()

    def abandon(self) -> None:
        self._failed = True
        self._waiting.clear()
        self._end()

    def _end(self) -> None:
        self._release()

    def _add(self, folded: Sequence[Folded], position: int, again: bool = False) -> None:
        if self._failed:
            raise IndexLost("what was put before has not come about")
        events = {(key_of(record), record.version): each.event_id for each in folded for record in each if record}
        for key, record in newest(folded).items():
            item = Item(record, position, again, events[key, record.version])
            if key not in self._waiting or item.replaces(self._waiting[key]):
                self._waiting[key] = item
                self._bytes += len(getattr(record, "body", "")) + 500
        failpoints.reach("index.mid_put")
        if len(self._waiting) >= BULK_ITEMS or self._bytes >= BULK_BYTES:
            with self._sending, self._failing():
                self._send_part()

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """Whatever goes wrong: what was taken out of the buffer may be missing, so this writer is of no more use."""
        if self._failed:
            raise IndexLost("what was put before has not come about")
        try:
            yield
        except BaseException:
            self._failed = True
            raise

    def _send_part(self) -> None:
        """What has been put so far: more of it comes before the next commit."""
        self._send_waiting()

    def _send_waiting(self) -> None:
        self._tell(self._send(self._take()))

    def _take(self) -> list[Item]:
        taken, self._waiting, self._bytes = list(self._waiting.values()), {}, 0
        self._unseen = self._unseen or bool(taken)
        return taken

    def _send(self, items: Sequence[Item]) -> list[Refusal]:
        bulks = (_Bulk(self._client, self._names, self._name, chunk) for chunk in _chunks(items))
        return [refusal for bulk in bulks for refusal in bulk.send()]

    def _tell(self, refused: Sequence[Refusal]) -> None:
        if refused:
            self._on_refusal(refused)

    def _refresh(self) -> None:
        with asking():
            done = self._client.indices.refresh(index=self._names.both(self._name))
        if done["_shards"]["failed"]:
            raise IndexAway("A part of the search engine could not make visible what was put.")
        self._unseen = False


class ElasticBulkWriter(ElasticWriter):
    """For a rebuild: the next part is folded while the engine works at the one before, in a thread of its own."""

    _under_way: Future[list[Refusal]] | None = None
    _unrefreshed = 0

    @cached_property
    def _beside(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(1, "bulk")

    def _end(self) -> None:
        self._beside.shutdown()  # nobody else may write before the part that is under way has ended
        super()._end()

    def _send_part(self) -> None:
        self._wait()
        self._under_way = self._beside.submit(self._send, self._take())

    def _send(self, items: Sequence[Item]) -> list[Refusal]:
        refused = super()._send(items)
        self._unrefreshed += len(items)
        if self._unrefreshed >= REFRESHED_ITEMS:
            self._refresh()
        return refused

    def _refresh(self) -> None:
        super()._refresh()
        self._unrefreshed = 0

    def _send_waiting(self) -> None:
        self._wait()
        super()._send_waiting()

    def _wait(self) -> None:
        """For the part before. Raises what it has failed with."""
        if self._under_way is not None:
            under_way, self._under_way = self._under_way, None
            self._tell(under_way.result())


class _Bulk:
    """A part of what is to be written, until the engine has taken each of it."""

    def __init__(self, client: Elasticsearch, names: Names, name: str, items: Sequence[Item]) -> None:
        self._client, self._names, self._name = client, names, name
        self._left = list(items)
        self._size = len(items)
        self._refused: dict[int, Refusal] = {}
        """By the ids of the objects; those that are left go without their words."""

    def send(self) -> list[Refusal]:
        """What was refused: it stands there without its words, or not at all. Raises IndexAway, IndexLost.

        IndexAway when the engine takes no more for long, or refuses everything: then it is not the records' fault.
        """
        patiently(self._send_rest)
        return list(self._refused.values())

    def _send_rest(self) -> None:
        lines: list[Any] = [
            line for each in self._left for line in each.lines(self._names, self._name, id(each) in self._refused)
        ]
        try:
            with asking():
                answer = self._client.bulk(operations=lines, require_alias=True, filter_path=_ASKED_OF_A_BULK)
        except EngineBusy as error:
            raise TooBusy("429 for all of it") from error
        if not answer["errors"]:
            return
        outcomes = [next(iter(each.values())) for each in answer["items"]]
        rest = [(item, outcome) for item, outcome in zip(self._left, outcomes, strict=True) if not _is_done(outcome)]
        self._left = [item for item, outcome in rest if self._goes_again(item, outcome)]
        if len(self._refused) == self._size >= ALIKE:
            raise IndexAway(f"The search engine refuses all that it is sent: {_reason(rest[-1][1])}.")
        if self._left:
            raise TooBusy(_reason(rest[-1][1]))

    def _goes_again(self, item: Item, outcome: dict[str, Any]) -> bool:
        """Whether a record that was not taken is sent once more, perhaps without its words. IndexLost without index."""
        if outcome["status"] == _GONE:
            raise IndexLost(f"the index is gone: {_reason(outcome)}")
        if outcome["status"] != _REFUSED:
            return True
        # The log has it and it must be found somehow: better by its people and its time than not at all.
        key, reason, known = key_of(item.record), outcome["error"]["type"], id(item) in self._refused
        log.error("record_refused", record=key, reason=reason, left_out=known)
        self._refused[id(item)] = Refusal(key, item.event_id, reason, left_out=known)
        return not known


def _is_done(outcome: dict[str, Any]) -> bool:
    return outcome["status"] in (*_DONE, _OLDER)


def _reason(outcome: dict[str, Any]) -> str:
    return f"{outcome['status']} {outcome.get('error', {}).get('type', '')}".strip()


def _chunks(items: Sequence[Item]) -> Iterator[list[Item]]:
    """Parts that are small enough for one request."""
    chunk: list[Item] = []
    size = 0
    for each in items:
        length = len(getattr(each.record, "body", ""))
        if chunk and (len(chunk) >= BULK_ITEMS or size + length > BULK_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(each)
        size += length
    if chunk:
        yield chunk
