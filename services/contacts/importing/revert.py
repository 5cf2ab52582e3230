"""Takes back what a window of an import did, as far as nobody has touched it since; what stays says why."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from services.contacts import domain
from services.contacts.consents import ConsentBook
from services.contacts.envelopes import envelope, now
from services.contacts.importing.judging import Planned, Rules
from services.contacts.repository import Contacts, Said
from shared import failpoints
from shared.contracts.consent import Consent, Statement
from shared.contracts.contacts import Contact

_TITLES = {"identifiers": "addresses, numbers or references"}
TOUCHED = "Stays: somebody has changed this contact since, or it has said more about its consents."
REFUSED = "A withdrawal of consent stays: only the person can allow it again."
BUSY = "Stays: the contact was being changed at this moment."


class Reverter:
    """Works from the last row to the first, so that a row sees the contact as it left it. Safe to repeat."""

    def __init__(self, contacts: Contacts) -> None:
        self._contacts = contacts
        self._book = ConsentBook(contacts)

    def revert(self, window: int, planned: Sequence[Planned], rules: Rules, by: str) -> tuple[Planned, ...]:
        said = self._contacts.find_said({each.contact_id for each in planned if each.contact_id})
        # Before consents are withdrawn, which is a statement too.
        touched = {key for key, each in said.items() if any(not _is_ours(one, rules) for one in each.consents)}
        self._withdraw_consents(window, planned, rules, said, by)
        kept = {}
        for each in reversed(planned):
            kept[each.number] = self._take_back(each, rules, each.contact_id in touched, by)
            failpoints.reach("import.mid_revert")
        return tuple(each.model_copy(update={"kept": kept[each.number]}) for each in planned)

    def _withdraw_consents(
        self, window: int, planned: Sequence[Planned], rules: Rules, said: Mapping[str, Said], by: str
    ) -> None:
        statements = [
            _withdrawal(statement, rules, each.number)
            for each in planned
            for statement in each.statements
            if statement.given and statement.contact_id in said
        ]
        if statements:
            self._book.record(f"{rules.import_id}:{window}:revert", statements, by)

    def _take_back(self, planned: Planned, rules: Rules, touched: bool, by: str) -> tuple[str, ...]:
        kept = [REFUSED] if any(not each.given for each in planned.statements) else []
        contact = self._contacts.find([planned.contact_id or ""]).get(planned.contact_id or "")
        if planned.after is None or contact is None or not contact.stands:
            return tuple(kept)
        if planned.before is None:
            if touched or _differing(contact, planned.after):
                return (*kept, TOUCHED)
            return (*kept, *self._withdraw(contact, rules.through(planned.number), by))
        return (*kept, *self._restore(contact, planned.before, planned.after, rules.through(planned.number), by))

    def _withdraw(self, contact: Contact, through: str, by: str) -> tuple[str, ...]:
        gone, event = domain.withdraw(contact, now(), by, through)
        if not self._contacts.replace(gone, envelope(event, gone)):
            return (BUSY,)
        self._contacts.release(self._contacts.keys_of(contact.contact_id), contact.contact_id)
        return ()

    def _restore(self, contact: Contact, before: Contact, after: Contact, through: str, by: str) -> tuple[str, ...]:
        """Fields that the import changed go back where they stand as it left them."""
        ours = _differing(before, after)
        back = {each: getattr(before, each) for each in ours if getattr(contact, each) == getattr(after, each)}
        others = [each for each in ours if each not in back and getattr(contact, each) != getattr(before, each)]
        kept = tuple(f"Stays: {_TITLES.get(each, each)}, which somebody has changed since." for each in others)
        if not self._change(contact, back, now(), through, by):
            return (*kept, BUSY)
        return kept

    def _change(self, contact: Contact, back: dict[str, Any], at: datetime, through: str, by: str) -> bool:
        changed = domain.change_fields(contact, back, at, by, f"taken back: {through}")
        if changed is None:
            return True
        if not self._contacts.replace(changed[0], envelope(changed[1], changed[0])):
            return False
        left = {domain.key_of(each) for each in changed[0].identifiers}
        self._contacts.release(self._contacts.keys_of(contact.contact_id) - left, contact.contact_id)
        return True


def _differing(one: Contact, other: Contact) -> list[str]:
    return [each for each in domain.CHANGEABLE if getattr(one, each) != getattr(other, each)]


def _is_ours(consent: Consent, rules: Rules) -> bool:
    return rules.import_id in consent.evidence


def _withdrawal(statement: Statement, rules: Rules, number: int) -> Statement:
    return Statement(
        contact_id=statement.contact_id,
        purpose=statement.purpose,
        channel=statement.channel,
        given=False,
        method="import",
        wording="The import that recorded this consent was taken back.",
        evidence=f"Import taken back ({rules.through(number)}; {rules.import_id})"[:500],
    )
