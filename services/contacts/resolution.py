"""Resolves references to contacts: known ones are found, newcomers registered, once, whoever else asks at once."""

import time
from collections.abc import Sequence

from services.contacts import domain
from services.contacts.envelopes import envelope, now
from services.contacts.repository import Contacts, Standing
from shared import failpoints
from shared.contracts.base import new_id
from shared.contracts.contacts import ContactReference, Resolution
from shared.errors import Unavailable

LOOKS, PAUSE = 20, 0.02
"""How often, and with how many seconds between, a resolution looks for a contact that is about to be stored."""
ATTEMPTS = 5
"""Rounds of a resolution that others may win before the caller is asked to come again."""


class Resolving:
    """Finds who is meant, and registers who nobody knows yet."""

    def __init__(self, repository: Contacts) -> None:
        self._repository = repository

    def resolve(self, references: Sequence[ContactReference]) -> tuple[Resolution, ...]:
        """One resolution for each reference, in order."""
        keys = list({key for reference in references for key in domain.keys_of(reference)})
        owners = self._register_newcomers(references, keys)
        meant = [_ids(each, owners) for each in references]
        found = self._find_all(references, meant, owners)
        return tuple(_resolution(each, ids, found) for each, ids in zip(references, meant, strict=True))

    def _register_newcomers(self, references: Sequence[ContactReference], keys: Sequence[str]) -> dict[str, list[str]]:
        """Who owns each key, after everyone nobody knew has been registered.

        A newcomer's identifiers are claimed first. If another process holds one of them, ours are released and
        looked up again: it has registered the same person.
        """
        for _ in range(ATTEMPTS):
            owners = self._repository.owners(keys)
            newcomers = {new_id("con"): each for each in domain.newcomers(references, owners)}
            if not newcomers:
                return owners
            lost = self._repository.claim({key: each for each, new in newcomers.items() for key in new.identifiers})
            failpoints.reach("contacts.after_claim")
            won = {each: new for each, new in newcomers.items() if lost.isdisjoint(new.identifiers)}
            self._insert_newcomers(won)
            for contact_id, newcomer in newcomers.items():
                if contact_id not in won:
                    self._repository.give_up(newcomer.identifiers, contact_id)
        raise Unavailable("The same contacts are being registered elsewhere. Send the same again.")

    def _insert_newcomers(self, newcomers: dict[str, domain.Newcomer]) -> None:
        entries = []
        for contact_id, new in newcomers.items():
            contact, event = domain.register_named(new.reference, new.identifiers.values(), contact_id, now())
            entries.append((contact, envelope(event, contact, new.reference.correlation_id)))
        self._repository.insert(entries)

    def _find_all(
        self, references: Sequence[ContactReference], meant: Sequence[Sequence[str]], owners: dict[str, list[str]]
    ) -> dict[str, Standing]:
        """Every contact that a reference means."""
        found = self._repository.find_standings({each for ids in meant for each in ids})
        missing = {each for ids in owners.values() for each in ids} - found.keys()
        if missing:
            claimed = {
                each: _claimed_by(each, reference, owners)
                for reference in references
                for each in missing.intersection(_owned(reference, owners))
            }
            found |= self._complete(claimed)
        return self._with_survivors(found)

    def _with_survivors(self, found: dict[str, Standing]) -> dict[str, Standing]:
        """Those too who stand for contacts that were merged."""
        while missing := {each.merged_into for each in found.values() if each.merged_into} - found.keys():
            more = self._repository.find_standings(missing)
            if not more:
                break
            found |= more
        return found

    def _complete(self, claimed: dict[str, domain.Newcomer]) -> dict[str, Standing]:
        """Claims whose contacts are not stored: another process is about to, or it died between the two steps.

        Whoever claimed them knows most of them, so it gets a moment. Then we do it: a claim that is sealed cannot be
        given up any more, so the contact we store is the one the claim is for, whatever the other process does.
        """
        found: dict[str, Standing] = {}
        for _ in range(LOOKS):
            found |= self._repository.find_standings(claimed.keys() - found.keys())
            if found.keys() == claimed.keys():
                return found
            time.sleep(PAUSE)
        sealed = self._repository.seal(claimed.keys() - found.keys())
        self._insert_newcomers({each: claimed[each] for each in sealed})
        found |= self._repository.find_standings(claimed.keys() - found.keys())
        if found.keys() != claimed.keys():  # the others were given up for another process's contacts
            raise Unavailable("One of these contacts is being registered just now. Send the same again.")
        return found


def _resolution(reference: ContactReference, ids: Sequence[str], found: dict[str, Standing]) -> Resolution:
    known = {(home := _survivor(each, found)): found[home] for each in ids if each in found}
    return Resolution(
        contact_ids=tuple(known),
        unknown=tuple(
            value for scheme, value in reference.identifiers if scheme == "contact_id" and value not in found
        ),
        groups=tuple(sorted({group for each in known.values() for group in each.groups})),
        locality=next((each.locality for each in known.values() if each.locality), None),
    )


def _survivor(contact_id: str, found: dict[str, Standing]) -> str:
    """The contact that stands for one, through merges of merges."""
    while (following := found[contact_id].merged_into) is not None and following in found:
        contact_id = following
    return contact_id


def _ids(reference: ContactReference, owners: dict[str, list[str]]) -> list[str]:
    """The contacts a reference means, each once: those named by id, then those that carry its identifiers."""
    named = [value for scheme, value in reference.identifiers if scheme == "contact_id"]
    return list(dict.fromkeys(named + _owned(reference, owners)))


def _owned(reference: ContactReference, owners: dict[str, list[str]]) -> list[str]:
    return [each for key in domain.keys_of(reference) for each in owners.get(key, ())]


def _claimed_by(contact_id: str, reference: ContactReference, owners: dict[str, list[str]]) -> domain.Newcomer:
    """The contact that a reference is about, with those of its identifiers that are claimed for it."""
    mine = domain.identifiers_of(reference).items()
    return domain.Newcomer(reference, {key: each for key, each in mine if contact_id in owners.get(key, ())})
