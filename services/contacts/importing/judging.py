"""What a row would do to the contacts that are known: pure; each row sees what the rows before it would do."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from services.contacts import domain
from services.contacts.importing.reading import ReadRow, SaidConsent
from shared.contracts.base import Value, id_of
from shared.contracts.consent import Consent, Statement
from shared.contracts.contacts import Contact, Identifier
from shared.contracts.imports import ImportSettings, RowChange, Verdict


class Known(Protocol):
    """What a judgement asks about contacts, and tells of them."""

    def owners(self, keys: Iterable[str]) -> list[Contact]:
        """Contacts that carry one of the keys, each once."""
        ...

    def said(self, contact_id: str) -> Sequence[Consent | SaidConsent]: ...

    def put(self, contact: Contact) -> None:
        """From here on the contact stands like this."""
        ...

    def add_said(self, contact_id: str, said: Sequence[SaidConsent]) -> None: ...


class Planned(Value):
    """What a row is to do, kept with the row until it has been done, and for the way back."""

    number: int
    verdict: Verdict
    name: str = ""
    contact_id: str | None = None
    reasons: tuple[str, ...] = ()
    changes: tuple[RowChange, ...] = ()
    before: Contact | None = None
    after: Contact | None = None
    """As registered or changed; None when only consents are recorded, or nothing."""
    shared: bool = False
    """Its identifiers stand on another contact too."""
    statements: tuple[Statement, ...] = ()
    kept: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for every row of one import."""

    import_id: str
    file_name: str
    settings: ImportSettings

    def through(self, number: int) -> str:
        return f"{self.file_name}, row {number}"

    def contact_id(self, number: int) -> str:
        """Made of the import and the row: however often a row is run, it registers one contact."""
        return id_of("con", f"{self.import_id}:{number}")

    def evidence(self, number: int) -> str:
        return f"{self.settings.evidence} ({self.through(number)}; {self.import_id})"[:500]


def judge(row: ReadRow, known: Known, rules: Rules, at: datetime) -> Planned:
    """What the row comes to; `known` has seen the rows before it, and sees what this one would do."""
    if row.faults:
        return Planned(number=row.number, verdict="faulty", name=row.name, reasons=row.faults)
    # Each change of a window has a time of its own, so that one that was made before a crash is recognised.
    at += timedelta(microseconds=row.number % 100_000)
    mine = rules.contact_id(row.number)
    owners = known.owners(domain.key_of(each) for each in row.identifiers)
    others = [each for each in owners if each.contact_id != mine]
    if len(others) < len(owners):  # a partner's event named it between the two steps of registering it
        return _update(row, next(each for each in owners if each.contact_id == mine), known, rules, at)
    if not others or rules.settings.duplicates == "separate":
        return _register(row, known, rules, at, others)
    match = _match(row, others)
    if match is None or rules.settings.duplicates == "refuse":
        return _duplicate(row, others, match)
    return _update(row, match, known, rules, at)


def _register(row: ReadRow, known: Known, rules: Rules, at: datetime, others: Sequence[Contact]) -> Planned:
    contact = Contact(
        contact_id=rules.contact_id(row.number),
        version=1,
        kind=row.kind,
        name=row.name,
        identifiers=row.identifiers,
        groups=row.groups,
        registered_at=at,
        changed_at=at,
        **row.fields,
    )
    known.put(contact)
    notes = [f"Shares an address or number with {each.name}: look whether they are one." for each in others[:3]]
    if not row.identifiers:
        notes.append("Has no e-mail address, phone number or reference: nothing recognises it in another file.")
    return Planned(
        number=row.number,
        verdict="new",
        name=row.name,
        contact_id=contact.contact_id,
        reasons=tuple(notes),
        after=contact,
        shared=bool(others),
        statements=_statements(row, row.consents, contact.contact_id, rules),
    )


def _update(row: ReadRow, contact: Contact, known: Known, rules: Rules, at: datetime) -> Planned:
    changed = domain.change_fields(contact, _wanted(row, contact), at, "", "")
    said = known.said(contact.contact_id)
    new = [each for each in row.consents if not _is_said(each, said)]
    statements = _statements(row, new, contact.contact_id, rules)
    after = changed[0] if changed else None
    if after is not None:
        known.put(after)
    known.add_said(contact.contact_id, new)
    changes = (
        [RowChange(field=each.field, before=each.before, after=each.after) for each in changed[1].changes]
        if (changed)
        else []
    )
    changes += [
        RowChange(field="consent", before="", after=f"{each.purpose} {each.channel} {'yes' if each.given else 'no'}")
        for each in new
    ]
    return Planned(
        number=row.number,
        verdict="changed" if changes else "unchanged",
        name=contact.name,
        contact_id=contact.contact_id,
        changes=tuple(changes),
        before=contact if after else None,
        after=after,
        statements=statements,
    )


def _duplicate(row: ReadRow, others: Sequence[Contact], match: Contact | None) -> Planned:
    if match is not None:
        reason = f"Is known already as {match.name}."
    elif len(others) > 1:
        names = ", ".join(each.name for each in others[:3])
        reason = f"Its addresses and numbers stand on several contacts: {names}. A person has to decide."
    else:
        reason = f"Its address or number belongs to {others[0].name}, who has another name. A person has to decide."
    contact = match or others[0]
    return Planned(
        number=row.number, verdict="duplicate", name=row.name, contact_id=contact.contact_id, reasons=(reason,)
    )


def _match(row: ReadRow, others: Sequence[Contact]) -> Contact | None:
    """The one contact that the row means. A shared address never decides for another name; a reference does."""
    references = {each for each in row.identifiers if each.scheme == "partner"}
    by_reference = [each for each in others if references & set(each.identifiers)]
    named = by_reference or [each for each in others if folded_name(each.name) == folded_name(row.name)]
    return named[0] if len(named) == 1 else None


def folded_name(name: str) -> str:
    return " ".join(name.casefold().replace("’", "'").replace(".", " ").split())


def _wanted(row: ReadRow, contact: Contact) -> dict[str, Any]:
    """Filled cells take the place of what is known, identifiers and groups are added; an empty cell says nothing."""
    return {
        "name": row.name if folded_name(row.name) != folded_name(contact.name) else contact.name,
        **row.fields,
        "identifiers": _joined(contact.identifiers, row.identifiers),
        "groups": _joined(contact.groups, row.groups),
    }


def _joined(there: tuple[Any, ...], added: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys([*there, *added]))


def _is_said(asked: SaidConsent, said: Iterable[SaidConsent | Consent]) -> bool:
    return any(
        (each.purpose, each.channel, each.given, each.at) == (asked.purpose, asked.channel, asked.given, asked.at)
        for each in said
    )


def _statements(row: ReadRow, said: Iterable[SaidConsent], contact_id: str, rules: Rules) -> tuple[Statement, ...]:
    return tuple(
        Statement(
            contact_id=contact_id,
            purpose=each.purpose,
            channel=each.channel,
            given=each.given,
            at=each.at,
            method=rules.settings.method,
            wording=rules.settings.wording,
            evidence=rules.evidence(row.number),
        )
        for each in said
    )


def identifiers_added(planned: Planned) -> tuple[Identifier, ...]:
    """Identifiers that the contact carries because of the row."""
    before = planned.before.identifiers if planned.before else ()
    return tuple(each for each in planned.after.identifiers if each not in before) if planned.after else ()
