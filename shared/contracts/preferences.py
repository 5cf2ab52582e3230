"""What people see and decide of themselves through the link in a message. Owned by services/contacts.

The link holds a key that stands for the contact, never the contact's id; see shared/preference_links.py.
"""

from typing import Annotated, ClassVar

from pydantic import AwareDatetime, Field

from shared.contracts.base import Done, Personal, Request, Value
from shared.contracts.consent import ConsentChannel, ContactConsents, Purpose
from shared.contracts.contacts import Contact

Key = Annotated[str, Personal, Field(min_length=20, max_length=64)]
Choice = tuple[Purpose, ConsentChannel]


class Preferences(Value):
    """What is held of a contact, and what it allows."""

    contact: Contact
    consents: ContactConsents
    erasure_asked_at: AwareDatetime | None = None


class PreferenceKeys(Value):
    keys: Annotated[dict[str, str], Personal]
    """By contact id; contacts that nobody knows are left out."""


class ErasureRequest(Value):
    """Somebody has asked that what is held of them be erased."""

    contact_id: str
    asked_at: AwareDatetime


class ErasureRequests(Value):
    requests: tuple[ErasureRequest, ...]


class GivePreferenceKeys(Request[PreferenceKeys]):
    """The keys of up to 1,000 contacts, made where there is none yet: for the links in the messages to them."""

    service: ClassVar[str] = "contacts"
    reply: ClassVar = PreferenceKeys
    contact_ids: Annotated[tuple[str, ...], Field(max_length=1000)]


class RevokePreferenceKey(Request[Done]):
    """Every link that was sent to the contact stops working; the next message carries another key."""

    service: ClassVar[str] = "contacts"
    reply: ClassVar = Done
    contact_id: str


class GetPreferences(Request[Preferences]):
    """NotFound when the key is nobody's (any more)."""

    service: ClassVar[str] = "contacts"
    reply: ClassVar = Preferences
    key: Key


class ChoosePreferences(Request[Preferences]):
    """The contact allows exactly these purposes and channels: what is different now is recorded as statements.

    The same `request_id` again records nothing.
    """

    service: ClassVar[str] = "contacts"
    reply: ClassVar = Preferences
    key: Key
    request_id: Annotated[str, Field(min_length=1, max_length=100)]
    allowed: Annotated[tuple[Choice, ...], Field(max_length=100)]
    wording: Annotated[str, Field(min_length=1, max_length=2000)]


class WithdrawEverything(Request[Preferences]):
    """The contact withdraws every consent, for every purpose and channel."""

    service: ClassVar[str] = "contacts"
    reply: ClassVar = Preferences
    key: Key
    request_id: Annotated[str, Field(min_length=1, max_length=100)]


class AskForErasure(Request[Preferences]):
    """Put the contact on staff's list of those who want to be erased; asked again, the first time stands."""

    service: ClassVar[str] = "contacts"
    reply: ClassVar = Preferences
    key: Key


class ListErasureRequests(Request[ErasureRequests]):
    """Those that wait, the oldest first."""

    service: ClassVar[str] = "contacts"
    reply: ClassVar = ErasureRequests
    limit: Annotated[int, Field(ge=1, le=500)] = 100
