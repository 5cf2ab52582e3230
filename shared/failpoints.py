"""Fail points: places where a test ends this process with SIGKILL, between any two steps that must both survive it.

`WELLHEARD_FAILPOINT=store.after_insert:3` ends the process at its third pass of that point, `store.after_insert` at the
first. `WELLHEARD_FAILPOINT=*` ends nothing and logs the first pass of each point. Unset, a pass is one comparison.
"""

import os
import signal

from shared.logs import get_logger

log = get_logger()

POINTS = {
    "consumer.before_handle": "a batch has been read from the queue, nothing has been done with it",
    "consumer.before_publish": "the batch is stored, what it leads to is not published",
    "consumer.before_ack": "what the batch leads to is published and confirmed, the batch is not acknowledged",
    "consumer.after_ack": "the batch has been acknowledged",
    "publisher.unconfirmed": "messages have been sent to the broker, none is confirmed",
    "relay.before_publish": "events have been read from the outbox, none is published",
    "relay.before_forget": "events of the outbox are published and confirmed, and still in the outbox",
    "relay.after_forget": "events of the outbox are published and gone from it",
    "rpc.before_call": "a request has been read, nothing has been done",
    "rpc.before_answer": "a request has been carried out, its answer is not sent",
    "store.before_insert": "records are made, none is stored",
    "store.mid_bulk": "a part of a bulk of records is stored",
    "store.after_insert": "all records of a bulk are stored, nobody has been told",
    "contacts.after_claim": "identifiers are claimed for contacts that are not stored yet",
    "import.after_plan": "what the rows of a window are to do is stored, nothing is done",
    "import.after_contacts": "contacts of a window are registered and changed, consents are not recorded",
    "import.before_done": "all of a window is done, and not noted down",
    "import.after_done": "a window is noted as done, the import has not moved on",
    "import.mid_revert": "a part of a window is taken back",
    "erasure.after_contact": "a contact is erased in its own document, its identifiers still point to it",
    "erasure.before_report": "contacts has erased all of its own, and not said so",
    "rewriting.before_commit": "the index has what is rewritten, it is not committed, and the log is as it was",
    "rewriting.before_log": "the index has what is rewritten, the log is as it was",
    "merge.after_bury": "a contact is a tombstone, the one it is merged into has not taken it in",
    "merge.after_give_back": "the survivor of a merge has given back what it got, the other is a tombstone still",
    "log.after_append": "events stand in the log and not in the index",
    "index.mid_put": "a part of a batch has been put into the index",
    "index.before_commit": "a batch has been put into the index, not committed",
    "index.after_commit": "the index has been committed",
    "index.before_serve": "an index has caught up with the log, another serves still",
    "rules.after_take": "occasions of a rule are taken for a mailing that does not stand yet",
    "rules.after_audience": "the audience of a rule's mailing is stored, the mailing is not",
    "rules.before_hand_over": "a rule's mailing stands, its log does not say so",
    "sender.after_keys": "a page of recipients have their links to a survey, nobody of the page is stored",
    "sender.mid_freeze": "a part of an audience is stored, nobody may be sent anything yet",
    "sender.after_claim": "a part of an audience is claimed, nobody in it has been sent anything",
    "sender.before_dot": "the journal says that a message begins, its final dot is not sent",
    "sender.after_dot": "the mail server has answered the final dot, the journal does not say so",
    "sender.after_reply": "the mail server's answer stands in the journal and not in the ledger",
    "sender.before_ledger": "outcomes stand in the journal, none of them in the ledger",
    "sender.after_ledger": "outcomes stand in the ledger, their events nowhere",
    "sender.after_settle": "outcomes are in the ledger, their events in the outbox, the journal is still there",
    "surveys.after_spend": "the personal link to an anonymous survey is spent, the response is not stored",
    "web.before_publish": "an event has been read and checked, nothing is published",
    "web.before_story": "the photographs of a story are confirmed, the story is not published",
    "web.mid_batch": "a part of a partner's batch has been published",
    "web.before_answer": "the broker has confirmed all events, the partner has no answer",
}
"""Every point, and where the process stands there."""

_name, _, _count = os.environ.get("WELLHEARD_FAILPOINT", "").partition(":")
_left = int(_count or 1)
_logged: set[str] = set()


def due(name: str) -> bool:
    """Count a pass of the point; True at the pass that the process is to end in: the caller does half and dies."""
    global _left
    if name != _name:
        return _name == "*" and _log(name)
    _left -= 1
    return _left == 0


def reach(name: str) -> None:
    """A pass of the point: the process ends here if it is due."""
    if due(name):
        die()


def die() -> None:
    """End this process as kill -9 does: no handler, no buffer, no goodbye."""
    os.kill(os.getpid(), signal.SIGKILL)


def _log(name: str) -> bool:
    if name not in _logged:
        _logged.add(name)
        log.warning("failpoint", point=name)
    return False
