"""Proves that an index that was built beside the one that serves equals the fold of the log, before it serves."""

import hashlib
from contextlib import closing
from datetime import datetime

import orjson

from services.history.index.port import IndexSet, OnRefusal, refused_silently
from services.history.log import LogPort, windows
from services.history.rebuild import CLOCKS_DIFFER, Built, Checksum, Progress, checksum_of, checksum_of_log
from services.history.timeline import fold
from shared.errors import WellheardError

_TRIES = 3
"""An erasure may rewrite the log while it is read."""


class Differs(WellheardError):
    """The new index is not what the log says; it was removed."""


def verify(
    log: LogPort,
    indexes: IndexSet,
    built: Built,
    begun_at: datetime,
    progress: Progress = lambda done, last: None,
    on_refusal: OnRefusal = refused_silently,
) -> Checksum:
    """The checksum that both have. Raises Differs; the one that serves goes on serving then.

    What has come, and what erasures have rewritten, since it was begun is put into it first, so both know the same.
    """
    since = begun_at - CLOCKS_DIFFER
    for _ in range(_TRIES):
        rewritten = _mark(log, since)  # what is rewritten from here on is met by the second look
        upto = _catch_up(log, indexes, built, since, on_refusal)
        expected = checksum_of_log(log, upto, built.left_out, progress)
        found = checksum_of(indexes.reader(built.name))
        if found == expected:
            return found
        if _mark(log, since) == rewritten:
            break
    indexes.remove(built.name)
    raise Differs(
        f"The new index holds {found.entries:,} entries and {found.contacts:,} contacts, the log {expected.entries:,}"
        f" and {expected.contacts:,}, and they are not the same. The new one was removed, the old one goes on serving."
        " Try again, and tell us of it when it happens twice."
    )


def _catch_up(log: LogPort, indexes: IndexSet, built: Built, since: datetime, on_refusal: OnRefusal) -> int:
    """The last position of the log that is in the index now."""
    upto = log.last(after=built.upto)
    with closing(indexes.writer(built.name, built.noting(on_refusal))) as index:
        for position, envelopes in windows(log, built.upto, upto):
            index.put([fold(each) for each in envelopes], position)
        for rewritten in log.rewritten(since):
            index.put_again([fold(each) for each in rewritten])
    return upto


def _mark(log: LogPort, since: datetime) -> str:
    """Differs as soon as something else was rewritten."""
    mark = hashlib.sha256()
    for envelopes in log.rewritten(since):
        mark.update(orjson.dumps([each.content for each in envelopes]))
    return mark.hexdigest()
