"""A rule as a sentence that a colleague would say. Pure."""

from datetime import date

from services.contacts.reference import REFERENCE
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

_PLACES = {each.code: each.name for each in (*REFERENCE.localities, *REFERENCE.practices)}
_NAMES = _PLACES | {each.code: each.name for each in REFERENCE.groups}
_PURPOSES = {
    "newsletter": "the newsletter",
    "consultation": "invitations to consultations",
    "survey": "surveys",
    "membership": "messages about membership",
}
_CHANNELS = {"email": "by e-mail", "sms": "by text message", "phone": "by telephone", "post": "by post"}
_TIMES = {1: "once", 2: "twice"}


def meaning(rule: Rule) -> str:
    """`Contacts who live in Eastmere, and allow the newsletter by e-mail.`"""
    joint = ", and " if rule.match == "all" else ", or "
    return f"Contacts who {joint.join(map(_phrase, rule.conditions))}."


def _phrase(condition: AnyCondition) -> str:
    is_not = "are not" if condition.negated else "are"
    match condition:
        case KindIs():
            return f"{is_not} {'people' if condition.value == 'person' else 'organisations'}"
        case NameHas():
            return f"{'do not have' if condition.negated else 'have'} “{condition.words}” in their name"
        case InGroup():
            return f"{is_not} in {_either(condition.any_of)}"
        case InLocality():
            return f"{is_not} of {_either(condition.any_of)}"
        case AtPractice():
            return f"{is_not} at {_either(condition.any_of)}"
        case Allows():
            verb = "do not allow" if condition.negated else "allow"
            return f"{verb} {_PURPOSES[condition.purpose]} {_CHANNELS[condition.channel]}"
        case Engaged():
            return _engaged(condition)
        case Quiet():
            return _quiet(condition)
    raise TypeError(f"{condition.field} is no condition that has words")


def _engaged(condition: Engaged) -> str:
    times = _TIMES.get(condition.at_least, f"{condition.at_least} times")
    kinds = f" in {_either([each.replace('_', ' ') for each in condition.kinds])}" if condition.kinds else ""
    when = f" since {_day(condition.since)}" if condition.since else ""
    if condition.within_days:
        when = f" in the last {_days(condition.within_days)}"
    verb = "did not take part" if condition.negated else "took part"
    return f"{verb}{kinds} at least {times}{when}"


def _quiet(condition: Quiet) -> str:
    last = f"before {_day(condition.before)}" if condition.before else f"over {_days(condition.for_days or 0)} ago"
    return f"{'did not take' if condition.negated else 'took'} part for the last time {last}"


def _either(codes: tuple[str, ...] | list[str]) -> str:
    """`Eastmere, Saltham or Thornwold`"""
    *head, last = [_NAMES.get(each, each) for each in codes]
    return f"{', '.join(head)} or {last}" if head else last


def _days(number: int) -> str:
    return "day" if number == 1 else f"{number} days"


def _day(day: date | None) -> str:
    return f"{day.day} {day:%B %Y}" if day else ""
