"""What a report says: a delivery status notification (RFC 3464), a complaint (RFC 5965) or an automatic answer. Pure.

A report comes from anybody. It is believed only as far as it holds a token of ours (tokens.py), and a token leads to
nobody but the recipient of the message that carried it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import policy
from email.message import Message
from email.parser import BytesParser, Parser
from typing import Literal

from shared.contracts.bounces import ReportKind

Token = tuple[Literal["bounce", "message"], str]
Kind = ReportKind | Literal["automatic", "other"]
"""`automatic`: an answer of a program, such as “I am away”. `other`: nothing that is understood."""
# The first that is there is where the mail server that took the report says it was sent.
_SENT_TO = ("X-Original-To", "Delivered-To", "Envelope-To", "X-Envelope-To", "To")
_RETURN_PATH = re.compile(r"bounce-([a-z2-7]{48})@", re.IGNORECASE)
_MESSAGE_ID = re.compile(r"<([a-z2-7]{48})@", re.IGNORECASE)
_STATUS = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
# The tolerant one: it never looks into headers, in which strangers may have written anything.
_POLICY = policy.compat32
_MOST_PARTS = 50


@dataclass(frozen=True, slots=True)
class Report:
    """A report as it was read."""

    kind: Kind
    status: str = ""
    tokens: tuple[Token, ...] = ()
    """What may be tokens of ours, the likeliest first; not checked."""


def read_report(raw: bytes, recipient: str = "") -> Report:
    """The report in a message of any bytes; `recipient` is the return path it was sent to, if that is known."""
    try:
        message = BytesParser(policy=_POLICY).parsebytes(raw)
        parts = list(_parts(message))
        tokens = _tokens_of_return_path(message, recipient)
        return _complaint(parts, tokens) or _delivery(parts, tokens) or _answer(message, tokens)
    except (RecursionError, ValueError, LookupError):  # parts within parts without end, or a charset nobody knows
        return Report("other", tokens=tuple(_found(_RETURN_PATH, "bounce", recipient)))


def of_status(recipient: str, status: str) -> Report:
    """The report of a mail server that says only where and what."""
    return Report(_kind_of(status), status, tuple(_found(_RETURN_PATH, "bounce", recipient)))


def _delivery(parts: list[Message], tokens: list[Token]) -> Report | None:
    """A delivery status notification: what it says of the one recipient of the message."""
    blocks = [block for part in parts if part.get_content_type() == "message/delivery-status" for block in _inner(part)]
    told = {str(each.get("Action", "")).strip().lower(): each for each in reversed(blocks) if each.get("Action")}
    if not told:
        return None
    block = told.get("failed") or told.get("delayed")
    if block is None:  # delivered, relayed, expanded
        return Report("other", tokens=tuple(tokens))
    found = _STATUS.search(str(block.get("Status", ""))) or _STATUS.search(str(block.get("Diagnostic-Code", "")))
    status = found[0] if found else ""
    # Delayed is not failed, whatever stands beside it; a failure that does not say why is not taken for one for good.
    kind = _kind_of(status) if "failed" in told and status else "temporary"
    return Report(kind, status, tuple(tokens))


def _complaint(parts: list[Message], tokens: list[Token]) -> Report | None:
    """A report of a mail provider that its customer calls the message junk; it goes to an address of its own."""
    fields = [block for part in parts if part.get_content_type() == "message/feedback-report" for block in _inner(part)]
    said = str(fields[0].get("Feedback-Type", "")).strip().lower() if fields else ""
    if said in ("", "not-spam"):
        return Report("other", tokens=tuple(tokens)) if said else None
    found = list(tokens)
    for each in (*fields, *_returned(parts)):
        for name in ("Original-Mail-From", "Return-Path"):
            found += _found(_RETURN_PATH, "bounce", str(each.get(name, "")))
        found += _found(_MESSAGE_ID, "message", str(each.get("Message-ID", "")))
    return Report("complaint", tokens=tuple(dict.fromkeys(found)))


def _answer(message: Message, tokens: list[Token]) -> Report:
    is_automatic = str(message.get("Auto-Submitted", "no")).strip().lower() not in ("", "no")
    return Report("automatic" if is_automatic else "other", tokens=tuple(tokens))


def _tokens_of_return_path(message: Message, recipient: str) -> list[Token]:
    found = _found(_RETURN_PATH, "bounce", recipient)
    for name in _SENT_TO:
        for value in message.get_all(name, []):
            found += _found(_RETURN_PATH, "bounce", str(value))
    return list(dict.fromkeys(found))


def _parts(message: Message) -> Iterator[Message]:
    """The parts of a report, without what stands in the message that came back."""
    for number, part in enumerate(message.get_payload() if message.is_multipart() else [message]):
        if number >= _MOST_PARTS or not isinstance(part, Message):
            return
        yield part


def _inner(part: Message) -> list[Message]:
    """The blocks of fields of a `message/…` part."""
    inside = part.get_payload()
    return [each for each in inside if isinstance(each, Message)] if isinstance(inside, list) else []


def _returned(parts: list[Message]) -> Iterator[Message]:
    """The message that is complained about, or its headers."""
    for part in parts:
        if part.get_content_type() == "message/rfc822":
            yield from _inner(part)
        elif part.get_content_type() == "text/rfc822-headers":
            yield Parser(policy=_POLICY).parsestr(str(part.get_payload()), headersonly=True)


def _found(pattern: re.Pattern[str], use: Literal["bounce", "message"], text: str) -> list[Token]:
    return [(use, each.lower()) for each in pattern.findall(text)]


def _kind_of(status: str) -> Kind:
    kinds: dict[str, Kind] = {"5": "permanent", "4": "temporary"}
    return kinds.get(status[:1], "other")
