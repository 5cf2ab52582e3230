"""What contacts allow: consent for each purpose and channel, as dated events. Owned by services/contacts."""

from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, Field

from shared.contracts.base import Event, Personal, Request, Value

Purpose = Literal["newsletter", "consultation", "survey", "membership"]
ConsentChannel = Literal["email", "sms", "phone", "post"]
Method = Literal[
    "web_form", "paper_form", "phone_call", "in_person", "import", "preference_page", "one_click", "bounce", "other"
]


class Consent(Value):
    """One dated statement of a contact: it allows, or no longer allows, one purpose over one channel.

    `*` stands for every purpose or channel: only a withdrawal may say so. The strictest of what applies wins.
    """

    consent_id: str
    contact_id: str
    purpose: Purpose | Literal["*"]
    channel: ConsentChannel | Literal["*"]
    given: bool
    at: AwareDatetime
    method: Method
    wording: str
    """What the person was asked, word for word."""
    evidence: Annotated[str, Personal] = ""
    """Where the proof is: the form, the recording, the file and row of an import."""
    recorded_by: str


class ConsentChanged(Event):
    """Published when a contact has given or withdrawn consent."""

    type: ClassVar[str] = "wellheard.consent.changed.v1"
    consent: Consent
    name: Annotated[str, Personal]


class Recipient(Value):
    """A member of a segment as a mailing sees it. `address` in compared form; None when there is none for the channel."""

    contact_id: str
    name: Annotated[str, Personal]
    address: Annotated[str | None, Personal]
    consent_id: str | None
    """The statement that allows it; None when nothing does."""
    reason: str = ""
    """Why it is not allowed: `no_consent`, `withdrawn`, `no_address`; empty when it is."""


class RecipientPage(Value):
    recipients: tuple[Recipient, ...]
    next: str | None
    """Where to go on; None at the end."""


class ListRecipients(Request[RecipientPage]):
    """Up to 1,000 members of a segment in a stable order, with what each allows for a purpose and channel at this moment."""

    service: ClassVar[str] = "contacts"
    reply: ClassVar = RecipientPage
    segment_id: str
    purpose: Purpose
    channel: ConsentChannel
    after: str | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 500
