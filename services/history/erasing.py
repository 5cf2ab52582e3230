"""Takes people who are erased out of the log and the index, and finds the engagements that speak of them.

The log is walked from its beginning: nothing else knows of every version of everything that was said. A walk that is
interrupted begins again; what has been rewritten is not different any more, so by then the index must be without it.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from services.history.log import WINDOW, LogPort, to_envelope
from shared.contracts.base import Envelope, Event
from shared.contracts.erasure import ContactErased, ErasureDecided, GetTraces, RedactEngagements, ReportErasure, Traces
from shared.contracts.events import EngagementCorrected, EngagementRecorded
from shared.contracts.relationships import RelationshipChanged
from shared.errors import Unavailable
from shared.messaging import Bus
from shared.redaction import is_named, redact, redact_event, takes_part

CHUNK = 500
MAX_MENTIONS = 10_000
_CASES = "wellheard.case."
Replace = Callable[[Sequence[dict[str, Any]]], None]
"""Puts other contents in place of events, in the index first. Raises Unavailable while that cannot be done."""


class HistoryEraser:
    """Carries out erasures; `replace` is the projector's: afterwards neither log nor index holds what was there."""

    def __init__(self, log: LogPort, bus: Bus, replace: Replace, changing: AbstractContextManager[object]) -> None:
        """changing: held while a part of the log is read and rewritten."""
        self._log = log
        self._bus = bus
        self._replace = replace
        self._changing = changing

    def erase(self, envelope: Envelope[ContactErased]) -> None:
        """Everything up to the erasure itself; what comes later about the person is redacted when it is appended."""
        if not self._log.holds(envelope.id):
            raise Unavailable("The log does not hold this erasure yet: what was published before it may be missing.")
        erasure_id = envelope.data.erasure_id
        traces = self._bus.call(GetTraces(erasure_id=erasure_id))
        about, mentions = self._walk(traces, ())
        for start in range(0, len(about), CHUNK):
            chunk = tuple(about[start : start + CHUNK])
            self._bus.call(RedactEngagements(erasure_id=erasure_id, engagement_ids=chunk))
        self._report(erasure_id, mentions)

    def finish(self, decided: ErasureDecided) -> None:
        """The name goes from every version of the texts that staff decided about."""
        self._walk(self._bus.call(GetTraces(erasure_id=decided.erasure_id)), frozenset(decided.engagement_ids))
        self._report(decided.erasure_id, (), decided=True)

    def _report(self, erasure_id: str, mentions: Sequence[str], decided: bool = False) -> None:
        found = tuple(mentions[:MAX_MENTIONS])
        self._bus.call(ReportErasure(erasure_id=erasure_id, by_service="history", mentions=found, decided=decided))

    def _walk(self, traces: Traces, nameless: Collection[str]) -> tuple[list[str], list[str]]:
        """(engagements that were about the person, engagements whose text names it), each once.

        nameless: engagements from whose text the name goes too.
        """
        about, mentions = dict[str, None](), dict[str, None]()
        elsewhere = _full_names(traces)
        for start in range(0, self._log.last(), WINDOW):
            with self._changing:
                contents = self._log.contents(start, start + WINDOW)
                redacted = [redact_event(each, traces, names=each["subject"] in nameless) for each in contents]
                if rewritten := [left for each, left in zip(contents, redacted, strict=True) if left != each]:
                    self._replace(rewritten)
            for each, left in zip(contents, redacted, strict=True):
                if (text := _text_of(left)) is not None:
                    is_theirs = left != each or _takes_part(each, traces)
                    if is_theirs:
                        about[each["subject"]] = None
                    if is_named(text, traces if is_theirs else elsewhere):
                        mentions[each["subject"]] = None
        return list(about), list(mentions)


def redacted_on_arrival(envelopes: Sequence[Envelope[Event]], erased: Collection[str]) -> list[Envelope[Event]]:
    """Events as they go into the log: those about somebody who is erased already without what is personal."""
    return [
        to_envelope(redact(each.content, Traces(erasure_id="", contact_ids=ids)))
        if (ids := _erased_in(each, erased))
        else each
        for each in envelopes
    ]


def _erased_in(envelope: Envelope[Event], erased: Collection[str]) -> tuple[str, ...]:
    if isinstance(envelope.data, EngagementRecorded | EngagementCorrected):
        return tuple(each for each in envelope.data.engagement.contact_ids() if each in erased)
    if envelope.data.type.startswith(_CASES):
        return tuple(each for each in envelope.content["data"]["contact_ids"] if each in erased)
    if isinstance(envelope.data, RelationshipChanged):
        of = envelope.data.relationship
        return tuple(each for each in (of.contact_id, of.with_id) if each in erased)
    return (envelope.subject,) if envelope.subject in erased else ()


def _text_of(content: Mapping[str, Any]) -> list[str] | None:
    """What the event of an engagement or of its case says in free text; None for any other event."""
    if content["type"].startswith(_CASES):
        return _case_texts(content["data"])
    engagement = content["data"].get("engagement")
    if engagement is None:
        return None
    mentioned = [each["name"] or "" for each in engagement["participants"] if not each["contact_ids"]]
    return [engagement["title"], engagement["body"], *mentioned]


def _case_texts(data: Mapping[str, Any]) -> list[str]:
    parts = [data.get(name) or {} for name in ("answer", "outcome", "follow_up", "reopening")]
    closed_with = parts[-1].get("closed_with") or {}
    said = [each[name] for each in (*parts, closed_with) for name in ("text", "to", "note", "reason") if name in each]
    return [data["title"], *map(str, said)]


def _takes_part(content: Mapping[str, Any], traces: Traces) -> bool:
    if content["type"].startswith(_CASES):
        return takes_part(content["data"]["contact_ids"], traces)
    participants = content["data"]["engagement"]["participants"]
    return any(not set(traces.contact_ids).isdisjoint(each["contact_ids"]) for each in participants)


def _full_names(traces: Traces) -> Traces:
    """Where the person did not take part, one word of a name says nothing."""
    return traces.model_copy(update={"names": tuple(each for each in traces.names if " " in each)})
