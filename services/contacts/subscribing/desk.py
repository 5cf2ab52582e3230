"""Takes requests to subscribe, and makes consent of those that are confirmed from the address itself."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from services.contacts.consents import ConsentBook
from services.contacts.preferences import PreferenceDesk
from services.contacts.repository import Contacts
from services.contacts.resolution import Resolving
from services.contacts.segments.rules import folded_words
from services.contacts.subscribing.store import Request, SubscriptionRequests
from shared.contracts.consent import Purpose, Statement
from shared.contracts.contacts import ContactReference
from shared.contracts.subscribing import LASTS
from shared.errors import Invalid, NotFound
from shared.identifiers import InvalidIdentifierError, compared_email

GONE = "This link does not work any more: it is good for three days. Ask again, and use the link in the new message."
MOST_A_DAY = 3
"""Mails that one address can be made to get: whoever asks need not be its owner."""
BY = "the person"


class SubscribingDesk:
    """Until a request is confirmed nobody is looked up and nobody registered: what it answers tells nothing."""

    def __init__(self, requests: SubscriptionRequests, contacts: Contacts, preferences: PreferenceDesk) -> None:
        self._requests = requests
        self._contacts = contacts
        self._preferences = preferences
        self._resolving = Resolving(contacts)
        self._book = ConsentBook(contacts)

    def ask(self, address: str, name: str, purposes: Sequence[Purpose], wording: str, at: datetime) -> str | None:
        """The key for the link in the mail, or None when the address is to get no other mail today."""
        compared = _compared(address)
        if self._requests.count(compared, at - timedelta(days=1)) >= MOST_A_DAY:
            return None
        key = secrets.token_urlsafe(24)
        wanted = tuple(dict.fromkeys(purposes))
        self._requests.add(Request(key, compared, " ".join(name.split()), wanted, wording, at, at + LASTS))
        return key

    def get(self, key: str, at: datetime) -> Request:
        found = self._requests.find(key)
        if found is None or found.expires_at <= at:
            raise NotFound(GONE)
        return found

    def confirm(self, key: str, at: datetime) -> tuple[Request, str]:
        """The request, and the key to the preferences of whoever it made or found."""
        asked = self.get(key, at)
        contact_id = self._contact_of(asked)
        if asked.confirmed_at is None:
            self._book.record(
                f"subscribe:{key}", [_statement(contact_id, each, asked, at) for each in asked.purposes], BY
            )
            self._requests.confirm(key, at)
        return asked, self._preferences.give_keys([contact_id])[contact_id]

    def forget_expired(self, at: datetime) -> None:
        self._requests.forget_expired(at)

    def _contact_of(self, asked: Request) -> str:
        """Of several who share the address the one of that name, else the one that was known first."""
        reference = ContactReference(name=asked.name or None, identifiers=(("email", asked.address),), by=BY)
        contact_ids = self._resolving.resolve([reference])[0].contact_ids
        found = sorted(
            self._contacts.find(contact_ids).values(), key=lambda each: (each.registered_at, each.contact_id)
        )
        name = sorted(folded_words(asked.name))
        return next((each for each in found if sorted(folded_words(each.name)) == name), found[0]).contact_id


def _statement(contact_id: str, purpose: Purpose, asked: Request, at: datetime) -> Statement:
    evidence = (
        f"Asked on the public page {_said(asked.asked_at)}, confirmed by the link sent to the address {_said(at)}."
    )
    return Statement(
        contact_id=contact_id,
        purpose=purpose,
        channel="email",
        given=True,
        method="double_opt_in",
        wording=asked.wording,
        evidence=evidence,
    )


def _said(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _compared(address: str) -> str:
    try:
        return compared_email(address)
    except InvalidIdentifierError as error:
        raise Invalid(f"The e-mail address {error}.") from None
