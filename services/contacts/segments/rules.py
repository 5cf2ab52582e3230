"""What a rule asks of a contact. Pure: the moment is passed in."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import NamedTuple
from zoneinfo import ZoneInfo

from services.contacts.consent import CLOCKS_DIFFER, standing
from shared.contracts.consent import Consent
from shared.contracts.segments import (
    Allows,
    AnyCondition,
    AtPractice,
    Engaged,
    InGroup,
    InLocality,
    KindIs,
    NameHas,
    Quiet,
    Rule,
)

LONDON = ZoneInfo("Europe/London")
BEHAVIOUR = ("engaged", "quiet")


class Took(NamedTuple):
    """A contact took part in an engagement of a kind."""

    at: datetime
    kind: str


@dataclass(frozen=True)
class Person:
    """What a rule can ask about: a contact, what it said of its consent, and what it took part in."""

    contact_id: str
    kind: str
    name: str
    locality: str | None = None
    practice: str | None = None
    groups: Sequence[str] = ()
    consents: Sequence[Consent] = ()
    took: Sequence[Took] = ()

    @cached_property
    def words(self) -> list[str]:
        return folded_words(self.name)


def matches(rule: Rule, person: Person, at: datetime) -> bool:
    """Whether the rule finds the person at a moment."""
    found = (_holds(each, person, at) != each.negated for each in rule.conditions)
    return all(found) if rule.match == "all" else any(found)


def asks_behaviour(rule: Rule) -> bool:
    """Whether what contacts took part in matters to the rule."""
    return any(each.field in BEHAVIOUR for each in rule.conditions)


def follows_time(rule: Rule) -> bool:
    """Whether the rule can find others merely because time has passed."""
    return any(
        (isinstance(each, Engaged) and each.within_days) or (isinstance(each, Quiet) and each.for_days)
        for each in rule.conditions
    )


def folded_words(text: str) -> list[str]:
    """Words without case and accents."""
    plain = "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each))
    return plain.casefold().split()


def _holds(condition: AnyCondition, person: Person, at: datetime) -> bool:
    match condition:
        case KindIs():
            return person.kind == condition.value
        case NameHas():
            wanted = folded_words(condition.words)
            return all(any(word.startswith(each) for word in person.words) for each in wanted)
        case InGroup():
            return not set(condition.any_of).isdisjoint(person.groups)
        case InLocality():
            return person.locality in condition.any_of
        case AtPractice():
            return person.practice in condition.any_of
        case Allows():
            return standing(person.consents, condition.purpose, condition.channel, _just_after(at)).allowed
        case Engaged():
            return _engaged(condition, person, at)
        case Quiet():
            last = max((each.at for each in person.took if each.at <= _just_after(at)), default=None)
            return last is not None and last < (_begins(condition.before) or _ago(condition.for_days or 0, at))
    raise TypeError(f"{condition.field} is no condition that is known here")


def _engaged(condition: Engaged, person: Person, at: datetime) -> bool:
    begin = _begins(condition.since) or (_ago(condition.within_days, at) if condition.within_days else None)
    counted = [
        each
        for each in person.took
        if (not condition.kinds or each.kind in condition.kinds)
        and (not begin or each.at >= begin)
        and each.at <= _just_after(at)
    ]
    return len(counted) >= condition.at_least


def _begins(day: date | None) -> datetime | None:
    """The instant at which a local day begins; a day before all records is one."""
    return datetime.combine(max(day, date(1900, 1, 1)), time(), LONDON).astimezone(UTC) if day else None


def _just_after(at: datetime) -> datetime:
    """What is said to have happened by then has happened: clocks differ, and the store keeps milliseconds."""
    return at + CLOCKS_DIFFER


def _ago(days: int, at: datetime) -> datetime:
    return at - timedelta(days=days)
