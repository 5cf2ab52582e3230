"""What contacts allow: consent for each purpose and channel, as dated events. Owned by services/contacts."""

from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, Field

from shared.contracts.base import Event, Personal, Request, Value

Purpose = Literal["newsletter", "consultation", "survey", "membership"]
ConsentChannel = Literal["email", "sms", "phone", "post"]
Method = Literal[
    "web_form", "paper_form", "phone_call", "in_person", "import", "preference_page", "one_click", "bounce",
    "double_opt_in", "other",
]  # fmt: skip


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
    """A member of a segment as a mailing sees it. `address` in compared form; None when the channel has none."""

    contact_id: str
    name: Annotated[str, Personal]
    address: Annotated[str | None, Personal]
    consent_id: str | None
    """The statement that allows it; None when nothing does."""
    reason: str = ""
    """Why it is not allowed: `no_consent`, `withdrawn`, `no_address`, `not_in_segment`; empty when it is."""


class RecipientPage(Value):
    recipients: tuple[Recipient, ...]
    next: str | None
    """Where to go on; None at the end."""


class ListRecipients(Request[RecipientPage]):
    """Up to 1,000 members of a segment in a stable order, with what each allows for a purpose and channel now."""

    service: ClassVar[str] = "contacts"
    reply: ClassVar = RecipientPage
    segment_id: str
    purpose: Purpose
    channel: ConsentChannel
    after: str | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 500


class FindRecipients(Request[RecipientPage]):
    """Up to 1,000 contacts with what each allows for a purpose and channel now; who is not known any more is left out.

    With a segment, whoever does not meet its rule at this moment has the reason `not_in_segment`.
    """

    service: ClassVar[str] = "contacts"
    reply: ClassVar = RecipientPage
    contact_ids: Annotated[tuple[str, ...], Field(max_length=1000)]
    purpose: Purpose
    channel: ConsentChannel
    segment_id: str = ""


# -- statements and where they stand -----------------------------------------------------------------


class Statement(Value):
    """What somebody says of a contact's consent, before it is recorded. `at` None: now."""

    contact_id: str
    purpose: Purpose | Literal["*"]
    channel: ConsentChannel | Literal["*"]
    given: bool
    at: AwareDatetime | None = None
    method: Method
    wording: Annotated[str, Field(min_length=1, max_length=2000)]
    evidence: Annotated[str, Personal, Field(max_length=500)] = ""


class Consents(Value):
    """Statements as they are recorded, in the order they were said."""

    consents: tuple[Consent, ...]


class RecordConsents(Request[Consents]):
    """Record up to 1,000 statements. The same `request_id` again records nothing and answers the same.

    Invalid: a giving of `*`, a time to come or before 1900. NotFound: a contact that nobody knows. All or nothing of
    what can be refused; a process that dies in between leaves the rest to the same request sent again.
    """

    service: ClassVar[str] = "contacts"
    reply: ClassVar = Consents
    request_id: str
    statements: Annotated[tuple[Statement, ...], Field(min_length=1, max_length=1000)]
    by: str = "staff"


class Allowance(Value):
    """Where one purpose and channel stands: the strictest of what was said."""

    purpose: Purpose
    channel: ConsentChannel
    allowed: bool
    reason: Literal["", "no_consent", "withdrawn"] = ""
    decided_by: str | None = None
    """The statement that decides: the giving when allowed, the withdrawal when not; None when nothing was said."""
    since: AwareDatetime | None = None
    method: Method | None = None


class ContactConsents(Value):
    """What a contact allows now, and everything it ever said of it, newest first."""

    contact_id: str
    allowances: tuple[Allowance, ...]
    """Every purpose and channel."""
    consents: tuple[Consent, ...]


class GetConsents(Request[ContactConsents]):
    """What a contact allows, with every statement."""

    service: ClassVar[str] = "contacts"
    reply: ClassVar = ContactConsents
    contact_id: str
