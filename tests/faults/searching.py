"""The Elasticsearch of a run: a node of its own, and a front before it that refuses what a scenario wants refused."""

import contextlib
import json
import random
import urllib.request
from collections.abc import Callable
from typing import Any

import orjson

from tests.elastic.front import HEADERS, TOO_BUSY, Answer, Asked, Forward, Front
from tests.elastic.node import Node

BUSY = {"type": "es_rejected_execution_exception", "reason": "there is too much to do"}
REFUSED = {"type": "document_parsing_exception", "reason": "it cannot be read"}
Verdict = tuple[int, dict[str, str]]
"""A status and the error of one document of a bulk that the node is not sent."""


class Search:
    """What the services search in. They reach it by `url`, the harness by `direct`."""

    def __init__(self) -> None:
        self.node = Node.create()
        self.node.start()
        self.direct = self.node.url
        self._serving = contextlib.ExitStack()
        self.url = self._serving.enter_context(Front(self.node.port, self._between).serving()).url
        self._whole = False
        self._judge: Callable[[Any], Verdict | None] | None = None
        self.refused = 0
        """Requests, or documents of them, that were refused."""

    def refuse_all(self) -> None:
        """429 to every bulk, as a cluster whose queues are full."""
        self._whole = True

    def refuse_some(self, chance: random.Random, share: float = 0.5) -> None:
        """429 to some documents of each bulk, by chance."""
        self._judge = lambda _: (429, BUSY) if chance.random() < share else None

    def refuse_titled(self, title: str) -> None:
        """400 to a document with this title: one that the mapping cannot take."""
        self._judge = lambda document: (400, REFUSED) if title in json.dumps(document) else None

    def take_all(self) -> None:
        self._whole, self._judge = False, None

    def indexes(self, prefix: str) -> set[str]:
        """The names of the indexes that begin with the prefix."""
        with urllib.request.urlopen(f"{self.direct}/_alias", timeout=10) as answer:
            return {name for name in json.load(answer) if name.startswith(prefix)}

    def close(self) -> None:
        self._serving.close()
        self.node.remove()

    def _between(self, asked: Asked, forward: Forward) -> Answer:
        judge = self._judge
        if not asked.is_bulk or not (self._whole or judge):
            return forward(asked.body)
        if self._whole or judge is None:
            self.refused += 1
            return TOO_BUSY
        return self._in_part(asked, forward, judge)

    def _in_part(self, asked: Asked, forward: Forward, judge: Callable[[Any], Verdict | None]) -> Answer:
        """The node gets what is not refused; the answer tells of each document, in the order in which it was asked."""
        lines = asked.body.splitlines()
        pairs = list(zip(lines[::2], lines[1::2], strict=True))  # an index action and its document; nothing is deleted
        verdicts = [judge(orjson.loads(document)) for _, document in pairs]
        passed = [pair for pair, verdict in zip(pairs, verdicts, strict=True) if verdict is None]
        self.refused += len(pairs) - len(passed)
        answer = Answer(200, HEADERS, b'{"errors": false, "items": []}')
        if passed:
            answer = forward(b"\n".join(line for pair in passed for line in pair) + b"\n")
        if answer.status != 200:
            return answer
        told = orjson.loads(answer.body)
        done = iter(told["items"])
        items = [
            next(done) if verdict is None else {next(iter(orjson.loads(action))): _refusal(verdict)}
            for (action, _), verdict in zip(pairs, verdicts, strict=True)
        ]
        return answer._replace(body=orjson.dumps(told | {"errors": True, "items": items}))


def _refusal(verdict: Verdict) -> dict[str, Any]:
    status, error = verdict
    return {"status": status, "error": error}
