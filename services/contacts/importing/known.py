"""The contacts as the rows of an import find them: the store, with what earlier rows would have made of it."""

import sqlite3
from collections.abc import Iterable, Sequence

from services.contacts import domain
from services.contacts.importing.reading import SaidConsent
from services.contacts.repository import Contacts, Said
from shared.contracts.consent import Consent
from shared.contracts.contacts import Contact

_TABLES = """
    CREATE TABLE IF NOT EXISTS carried (key TEXT, contact_id TEXT, PRIMARY KEY (key, contact_id)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS planned (contact_id TEXT PRIMARY KEY, contact TEXT) WITHOUT ROWID;
"""


class KnownContacts:
    """Asks the store once for all keys of a window; `scratch` remembers what earlier windows would have done."""

    def __init__(self, repository: Contacts, keys: Iterable[str], scratch: sqlite3.Connection | None = None) -> None:
        self._scratch = scratch
        wanted = list(dict.fromkeys(keys))
        self._owners = repository.owners(wanted)
        ids = {each for owners in self._owners.values() for each in owners}
        self._contacts = {key: each for key, each in repository.find(ids).items() if each.stands}
        self._said: dict[str, list[Consent | SaidConsent]] = {
            key: list(each.consents) for key, each in (repository.find_said(ids) if ids else dict[str, Said]()).items()
        }
        self._new: dict[str, Contact] = {}
        if scratch is not None:
            self._add_planned(scratch, wanted)

    def owners(self, keys: Iterable[str]) -> list[Contact]:
        ids = dict.fromkeys(each for key in keys for each in self._owners.get(key, ()))
        return [self._contacts[each] for each in ids if each in self._contacts]

    def said(self, contact_id: str) -> Sequence[Consent | SaidConsent]:
        return self._said.get(contact_id, ())

    def put(self, contact: Contact) -> None:
        self._contacts[contact.contact_id] = self._new[contact.contact_id] = contact
        for identifier in contact.identifiers:
            owners = self._owners.setdefault(domain.key_of(identifier), [])
            if contact.contact_id not in owners:
                owners.append(contact.contact_id)

    def add_said(self, contact_id: str, said: Sequence[SaidConsent]) -> None:
        self._said.setdefault(contact_id, []).extend(said)

    def remember(self) -> None:
        """Keep what this window would have done for the windows after it."""
        if self._scratch is None:
            return
        self._scratch.execute("BEGIN")
        self._scratch.executemany(
            "INSERT OR REPLACE INTO planned VALUES (?, ?)",
            [(key, each.model_dump_json()) for key, each in self._new.items()],
        )
        self._scratch.executemany(
            "INSERT OR IGNORE INTO carried VALUES (?, ?)",
            [(domain.key_of(one), key) for key, each in self._new.items() for one in each.identifiers],
        )
        self._scratch.execute("COMMIT")

    def _add_planned(self, scratch: sqlite3.Connection, keys: list[str]) -> None:
        scratch.executescript(_TABLES)
        for start in range(0, len(keys), 500):
            part = keys[start : start + 500]
            marks = ",".join("?" * len(part))
            found = scratch.execute(
                f"SELECT key, carried.contact_id, contact FROM carried JOIN planned USING (contact_id) "
                f"WHERE key IN ({marks})",
                part,
            )
            for key, contact_id, contact in found:
                owners = self._owners.setdefault(key, [])
                if contact_id not in owners:
                    owners.append(contact_id)
                self._contacts[contact_id] = Contact.model_validate_json(contact)
