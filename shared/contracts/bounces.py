"""Messages that came back, and complaints about them. Owned by services/notifications."""

from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, Field

from shared.contracts.base import Event, Personal, Request, Value

ReportKind = Literal["permanent", "temporary", "complaint"]
"""`permanent`: the address takes no message (5.x.x). `temporary`: not now (4.x.x). `complaint`: marked as junk."""
Outcome = Literal["bounced", "suppressed", "noted", "ignored", "refused"]
"""What a report led to. `bounced`: the message did not arrive, and nothing more is sent to its address. `suppressed`:
nothing more is sent there, for a complaint or for one temporary failure too many. `noted`: it is known, and no more.
`ignored`: an automatic answer, or nothing that says a message came back. `refused`: it names no message of ours."""
MAX_MESSAGE = 1_000_000
"""Characters of a message that is reported: a report stands at its beginning."""


class MessageBounced(Event):
    """Published when a message came back and nothing more is sent to its address.

    Either for good, or for now once too often.
    """

    type: ClassVar[str] = "wellheard.message.bounced.v1"
    mailing_id: str
    subject: Annotated[str, Personal]
    purpose: str
    channel: str
    contact_id: str
    kind: Literal["permanent", "temporary"]
    status: str
    """The mail server's status (RFC 3463), such as `5.1.1`."""
    at: AwareDatetime


class MessageJunked(Event):
    """Published when a recipient told its mail provider that a message is junk: nothing more is sent to its address."""

    type: ClassVar[str] = "wellheard.message.junked.v1"
    mailing_id: str
    subject: Annotated[str, Personal]
    purpose: str
    channel: str
    contact_id: str
    at: AwareDatetime


# -- requests ---------------------------------------------------------------------------------------


class BounceReceipt(Value):
    """What became of a report."""

    outcome: Outcome


class ReportBounce(Request[BounceReceipt]):
    """A mail server says what became of a message: its own report, whole, or the return path with a status.

    The same report again changes nothing. Unavailable while the message is still being handed over: report it again.
    """

    service: ClassVar[str] = "notifications"
    reply: ClassVar = BounceReceipt
    recipient: Annotated[str, Personal, Field(max_length=320)] = ""
    """The return path that the report was sent to. Empty: it stands in the message."""
    status: Annotated[str, Field(pattern=r"^([245]\.\d{1,3}\.\d{1,3})?$")] = ""
    """Empty: it stands in the message."""
    message: Annotated[str, Personal, Field(max_length=MAX_MESSAGE)] = ""
    """Its bytes, each as the character of that number (latin-1)."""


class Bounce(Value):
    """A report on a message of ours, and what it led to."""

    mailing_id: str
    subject: str
    """Empty for a notice."""
    contact_id: str
    name: Annotated[str, Personal] = ""
    kind: ReportKind
    status: str = ""
    outcome: Outcome
    at: AwareDatetime


class BouncePage(Value):
    items: tuple[Bounce, ...]
    next_cursor: str | None = None
    refused: int = 0
    """Reports of the last 30 days that named no message of ours: forged, or cut short on their way."""


class ListBounces(Request[BouncePage]):
    """What came back, newest first."""

    service: ClassVar[str] = "notifications"
    reply: ClassVar = BouncePage
    limit: Annotated[int, Field(ge=1, le=100)] = 50
    cursor: str | None = None
