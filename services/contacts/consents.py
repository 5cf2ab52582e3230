"""The book of consents: records statements in the contacts' own documents, once, and says what they come to."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from services.contacts import consent
from services.contacts.envelopes import about, now
from services.contacts.repository import Added, Contacts, Said
from shared.contracts.consent import Consent, ConsentChanged, ContactConsents, Statement
from shared.errors import NotFound, Unavailable

ATTEMPTS = 5
"""Rounds that somebody else may win, by changing the same contacts, before the caller is asked to come again."""


MAX_CHAIN = 20
"""Merges of survivors into others that are followed."""


class _Asked(NamedTuple):
    """What one request says of one contact."""

    contact_id: str
    consents: tuple[Consent, ...]


class ConsentBook:
    """Adds statements, each with its event in the same write, and reads them."""

    def __init__(self, repository: Contacts) -> None:
        self._repository = repository

    def record(self, request_id: str, statements: Sequence[Statement], by: str) -> tuple[Consent, ...]:
        """The statements as recorded, in the order asked."""
        at = now()
        for each in statements:
            consent.check_statement(each, at)
        homes = self._survivors({each.contact_id for each in statements})
        statements = [each.model_copy(update={"contact_id": homes[each.contact_id]}) for each in statements]
        asked = [consent.consent(each, request_id, place, at, by) for place, each in enumerate(statements)]
        return self.add(asked)

    def add(self, consents: Sequence[Consent]) -> tuple[Consent, ...]:
        """The statements as they stand in the store, each once, in the order given."""
        recorded = self._add(_by_contact(consents))
        return tuple(recorded[each.consent_id] for each in consents)

    def of(self, contact_id: str) -> ContactConsents:
        """What a contact allows now, and what it said. Raises NotFound."""
        survivor_id = self._survivors({contact_id})[contact_id]
        said = self._find([survivor_id])[survivor_id]
        return consent.contact_consents(survivor_id, said.consents, now())

    def _survivors(self, contact_ids: Collection[str]) -> dict[str, str]:
        """Who stands for each contact: what is said of one that was merged is said of its survivor."""
        homes = {each: each for each in contact_ids}
        for _ in range(MAX_CHAIN):
            found = self._repository.find_standings(set(homes.values()))
            if not any(each.merged_into for each in found.values()):
                return homes
            homes = {key: (found[at].merged_into or at) if at in found else at for key, at in homes.items()}
        return homes

    def _add(self, asked: Sequence[_Asked]) -> dict[str, Consent]:
        """Every statement asked, by id, as it stands in the store."""
        for _ in range(ATTEMPTS):
            said = self._find([each.contact_id for each in asked])
            there = {one.consent_id: one for each in said.values() for one in each.consents}
            missing = [
                _Asked(contact_id, left)
                for contact_id, consents in asked
                if (left := tuple(each for each in consents if each.consent_id not in there))
            ]
            if not missing:
                return there
            for each in missing:
                consent.check_room(said[each.contact_id].consents, each.consents)
            self._repository.add_consents(
                [said_by(each.contact_id, said[each.contact_id], each.consents) for each in missing]
            )
        raise Unavailable("These contacts are being changed elsewhere just now. Send the same again.")

    def _find(self, contact_ids: Sequence[str]) -> dict[str, Said]:
        found = self._repository.find_said(contact_ids)
        if not found.keys() >= set(contact_ids):
            raise NotFound("There is no such contact.")
        return found


def _by_contact(consents: Sequence[Consent]) -> list[_Asked]:
    grouped: dict[str, list[Consent]] = {}
    for each in consents:
        grouped.setdefault(each.contact_id, []).append(each)
    return [_Asked(contact_id, tuple(each)) for contact_id, each in grouped.items()]


def said_by(contact_id: str, said: Said, consents: Sequence[Consent]) -> Added:
    """The statements with their events: each is a version of its own."""
    envelopes = tuple(
        about(ConsentChanged(consent=each, name=said.name), contact_id, version)
        for version, each in enumerate(consents, start=said.version + 1)
    )
    return Added(contact_id, said.version, tuple(consents), envelopes)
