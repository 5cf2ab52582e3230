"""Does what the rows of a window are to do: registers, changes, records consents; what was done is not repeated."""

from collections.abc import Callable, Sequence

from services.contacts import domain
from services.contacts.consent import consent
from services.contacts.consents import ConsentBook, said_by
from services.contacts.envelopes import envelope, now
from services.contacts.importing.judging import Planned, Rules, identifiers_added
from services.contacts.repository import Added, Contacts, Said
from shared import failpoints
from shared.contracts.base import Envelope, Event
from shared.contracts.consent import Consent
from shared.contracts.contacts import Contact, ContactRegistered
from shared.errors import Invalid

MEANWHILE = "The contact was changed at the same moment by somebody else. Import this row again."


class Doer:
    """Carries out plans against the store; safe to repeat after a crash at any point.

    `again` judges rows afresh whose plan was overtaken: by a partner's event, or by somebody at the contact's page.
    """

    def __init__(self, contacts: Contacts, again: Callable[[Sequence[Planned]], list[Planned]]) -> None:
        self._contacts = contacts
        self._book = ConsentBook(contacts)
        self._again = again

    def do(self, planned: Sequence[Planned], rules: Rules, by: str) -> tuple[Planned, ...]:
        """What has become of the rows."""
        done = {each.number: each for each in planned}
        overtaken = self._apply(planned, rules, by)
        if overtaken:
            afresh = self._again(overtaken)
            done |= {each.number: each for each in afresh}
            done |= {each.number: _gone_wrong(each) for each in self._apply(afresh, rules, by)}
        failpoints.reach("import.after_contacts")
        outcome = tuple(done[each.number] for each in planned)
        return self._record_consents(outcome, rules, by)

    def _apply(self, planned: Sequence[Planned], rules: Rules, by: str) -> list[Planned]:
        """Returns those whose plan does not hold any more."""
        overtaken = self._register([each for each in planned if each.after and not each.before], rules, by)
        return overtaken + self._change([each for each in planned if each.before], rules, by)

    def _register(self, planned: Sequence[Planned], rules: Rules, by: str) -> list[Planned]:
        there = self._contacts.find(_ids(planned))
        new = [each for each in planned if each.contact_id not in there]
        taken = self._contacts.claim(_claims([each for each in new if not each.shared]))
        lost = [each for each in new if not each.shared and not taken.isdisjoint(_keys(each))]
        for each in lost:
            self._contacts.give_up(_keys(each), each.contact_id or "")
        for each in new:
            if each.shared and each.contact_id:
                self._contacts.share(_keys(each), each.contact_id)
        lost_numbers = {each.number for each in lost}
        won = [each for each in new if each.number not in lost_numbers]
        self._contacts.insert_saying([_newcomer(each, each.after, rules, by) for each in won if each.after])
        stored = self._contacts.find(_ids(won)) | there
        # A partner's event may have named the contact between claim and insert: then it is known, and not as we say.
        others = [
            each for each in planned
            if each.contact_id in stored and each.after and stored[each.contact_id].registered_at != _at(each)
        ]  # fmt: skip
        return lost + others

    def _change(self, planned: Sequence[Planned], rules: Rules, by: str) -> list[Planned]:
        current = self._contacts.find(_ids(planned))
        left = [each for each in planned if not _is_applied(each, current, planned)]
        taken = self._contacts.claim(_claims(left))
        lost = {each.number for each in left if not taken.isdisjoint(_keys(each))}
        for each in left:
            if each.number in lost:
                self._contacts.give_up(_keys(each), each.contact_id or "")
        changes = []
        for each in left:
            if each.number not in lost and each.before and each.after:
                changes.append((each.after, _changed(each, each.before, each.after, rules, by)))
        self._contacts.replace_all(changes)
        current = self._contacts.find(_ids(left))
        return [each for each in left if each.number in lost or not _is_applied(each, current, planned)]

    def _record_consents(self, planned: tuple[Planned, ...], rules: Rules, by: str) -> tuple[Planned, ...]:
        """Those of known contacts; a new one has been stored with its own, which are found there."""
        consents = [one for each in planned for one in _consents(each, rules, by)]
        if not consents:
            return planned
        try:
            self._book.add(consents)
        except Invalid:  # one contact has too many statements: the others are recorded all the same
            return tuple(self._record_alone(each, rules, by) for each in planned)
        return planned

    def _record_alone(self, planned: Planned, rules: Rules, by: str) -> Planned:
        try:
            if planned.statements:
                self._book.add(_consents(planned, rules, by))
        except Invalid as error:
            return planned.model_copy(update={"reasons": (*planned.reasons, error.detail), "statements": ()})
        return planned


def _gone_wrong(planned: Planned) -> Planned:
    return Planned(number=planned.number, verdict="faulty", name=planned.name, reasons=(MEANWHILE,))


def _ids(planned: Sequence[Planned]) -> list[str]:
    return [each.contact_id for each in planned if each.contact_id]


def _keys(planned: Planned) -> set[str]:
    return {domain.key_of(each) for each in identifiers_added(planned)}


def _claims(planned: Sequence[Planned]) -> dict[str, str]:
    return {key: each.contact_id for each in planned if each.contact_id for key in _keys(each)}


def _at(planned: Planned) -> object:
    return planned.after.registered_at if planned.after else None


def _is_applied(planned: Planned, current: dict[str, Contact], window: Sequence[Planned]) -> bool:
    """Each change has a time of its own: the contact carries it, or that of a later row of this window."""
    if planned.after is None or planned.contact_id not in current:
        return False
    times = {
        each.after.changed_at for each in window
        if each.after and each.contact_id == planned.contact_id and each.after.changed_at >= planned.after.changed_at
    }  # fmt: skip
    return current[planned.contact_id].changed_at in times


def _consents(planned: Planned, rules: Rules, by: str) -> list[Consent]:
    """The row's statements, under ids that are made of the import, the row and their place in it."""
    request_id = f"{rules.import_id}:{planned.number}"
    return [consent(each, request_id, place, now(), by) for place, each in enumerate(planned.statements)]


def _newcomer(planned: Planned, contact: Contact, rules: Rules, by: str) -> tuple[Contact, Envelope[Event], Added]:
    said = Said(contact.name, contact.version, ())
    added = said_by(contact.contact_id, said, _consents(planned, rules, by))
    return contact, _registered(planned, contact, rules, by), added


def _registered(planned: Planned, contact: Contact, rules: Rules, by: str) -> Envelope[Event]:
    event = ContactRegistered(contact=contact, registered_by=by, through=rules.through(planned.number))
    return envelope(event, contact)


def _changed(planned: Planned, before: Contact, after: Contact, rules: Rules, by: str) -> Envelope[Event]:
    wanted = {name: getattr(after, name) for name in domain.CHANGEABLE}
    changed = domain.change_fields(before, wanted, after.changed_at, by, rules.through(planned.number))
    assert changed is not None, "only changes are planned"
    return envelope(changed[1], after)
