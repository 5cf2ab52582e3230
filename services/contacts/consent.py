"""What a contact allows: statements are only ever added, and the strictest of what applies wins. Pure.

The order in which statements arrive never matters: only what they say and the time they are of.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import NamedTuple, get_args

from shared.contracts.consent import Allowance, Consent, ConsentChannel, ContactConsents, Purpose, Statement
from shared.errors import Invalid

PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
CHANNELS: tuple[ConsentChannel, ...] = get_args(ConsentChannel)
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
CLOCKS_DIFFER = timedelta(minutes=5)
MAX_GIVINGS = 1000
"""Statements of one contact after which it takes no more givings, so that its document stays bounded."""


class Standing(NamedTuple):
    """Whether one purpose over one channel is allowed, and by which statement; `reason` says why not."""

    allowed: bool
    consent_id: str | None
    reason: str


def standing(consents: Iterable[Consent], purpose: Purpose, channel: ConsentChannel, at: datetime) -> Standing:
    """Where a purpose and channel stands at a moment. Of equal times the withdrawal wins."""
    decided = _deciding(consents, purpose, channel, at)
    if decided is not None and decided.given:
        return Standing(True, decided.consent_id, "")
    return Standing(False, None, "withdrawn" if decided else "no_consent")


def allowances(consents: Sequence[Consent], at: datetime) -> tuple[Allowance, ...]:
    """Where every purpose and channel stands at a moment."""
    return tuple(_allowance(consents, purpose, channel, at) for purpose in PURPOSES for channel in CHANNELS)


def contact_consents(contact_id: str, consents: Sequence[Consent], at: datetime) -> ContactConsents:
    """Where everything stands, and every statement, newest first."""
    newest_first = sorted(consents, key=lambda each: (each.at, each.consent_id), reverse=True)
    return ContactConsents(contact_id=contact_id, allowances=allowances(consents, at), consents=tuple(newest_first))


def check_statement(statement: Statement, now: datetime) -> None:
    """Raises Invalid for what nobody can have said."""
    if statement.given and "*" in (statement.purpose, statement.channel):
        raise Invalid("Consent is given for one purpose and one channel at a time; only a withdrawal can be for all.")
    if statement.at and statement.at > now + CLOCKS_DIFFER:
        raise Invalid("A statement cannot be of a time to come.")
    if statement.at and statement.at < EARLIEST:
        raise Invalid("A statement cannot be of a time before 1900.")


def check_room(standing_consents: Sequence[Consent], added: Sequence[Consent]) -> None:
    """Raises Invalid when a contact has so many statements that another giving is refused; a withdrawal never is."""
    if len(standing_consents) + len(added) > MAX_GIVINGS and any(each.given for each in added):
        raise Invalid(f"A contact can have {MAX_GIVINGS:,} statements; after that only withdrawals are recorded.")


def consent(statement: Statement, request_id: str, place: int, now: datetime, by: str) -> Consent:
    """The statement as it is recorded. Its id is made of the request and its place in it: once, however often sent."""
    key = sha256(f"{request_id}\0{place}".encode()).hexdigest()[:32]
    return Consent(
        consent_id=f"cst_{key}",
        contact_id=statement.contact_id,
        purpose=statement.purpose,
        channel=statement.channel,
        given=statement.given,
        at=min(statement.at or now, now),
        method=statement.method,
        wording=statement.wording,
        evidence=statement.evidence,
        recorded_by=by,
    )


def _deciding(consents: Iterable[Consent], purpose: Purpose, channel: ConsentChannel, at: datetime) -> Consent | None:
    """The latest statement that applies; of equal times a withdrawal, then the one with the greater id."""
    applying = (
        each for each in consents if each.at <= at and each.purpose in (purpose, "*") and each.channel in (channel, "*")
    )
    return max(applying, key=lambda each: (each.at, not each.given, each.consent_id), default=None)


def _allowance(consents: Sequence[Consent], purpose: Purpose, channel: ConsentChannel, at: datetime) -> Allowance:
    decided = _deciding(consents, purpose, channel, at)
    if decided is None:
        return Allowance(purpose=purpose, channel=channel, allowed=False, reason="no_consent")
    return Allowance(
        purpose=purpose,
        channel=channel,
        allowed=decided.given,
        reason="" if decided.given else "withdrawn",
        decided_by=decided.consent_id,
        since=decided.at,
        method=decided.method,
    )
