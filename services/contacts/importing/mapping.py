"""What the columns of a spreadsheet mean: guessed from their headings, and checked once staff have said so. Pure."""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import get_args

from shared.contracts.consent import ConsentChannel, Purpose
from shared.contracts.imports import ColumnMeaning, ColumnUse, ImportSettings
from shared.errors import Invalid

_HEADINGS: dict[ColumnMeaning, str] = {
    "name": "name|full name|contact|contact name|person|member|member name",
    "first_name": "first name|first|firstname|forename|forenames|given name|given names|christian name",
    "surname": "surname|last name|last|lastname|family name|second name",
    "organisation": "organisation|organization|organisation name|company|body|employer|charity",
    "email": "email|e mail|email address|e mail address|mail|email 1|email 2|primary email",
    "phone": "phone|telephone|tel|mobile|phone number|telephone number|mobile number|mobile phone|landline|tel no",
    "postcode": "postcode|post code|zip|zip code|postal code",
    "locality": "locality|area|district|place|town",
    "practice": "practice|gp practice|surgery|gp surgery|gp|registered practice",
    "groups": "groups|group|stakeholder group|stakeholder groups|category|categories|type",
    "reference": "reference|ref|id|membership number|member number|membership no|member no|our reference|own reference",
    "consented_on": "consent date|date of consent|consented on|consent given on|date consented|consented",
}
_BY_HEADING = {each: meaning for meaning, headings in _HEADINGS.items() for each in headings.split("|")}
_PURPOSES: dict[str, Purpose] = {
    "newsletter": "newsletter",
    "news": "newsletter",
    "bulletin": "newsletter",
    "consultation": "consultation",
    "survey": "survey",
    "surveys": "survey",
    "questionnaire": "survey",
    "membership": "membership",
}
_CHANNELS: dict[str, ConsentChannel] = {
    "email": "email",
    "mail": "email",
    "sms": "sms",
    "text": "sms",
    "texts": "sms",
    "phone": "phone",
    "telephone": "phone",
    "call": "phone",
    "post": "post",
    "letter": "post",
}
_REPEATABLE = {"ignore", "email", "phone", "groups", "consent", "reference"}
_TITLES: dict[str, str] = {
    "name": "the name", "first_name": "the first name", "surname": "the surname", "organisation": "the organisation",
    "postcode": "the postcode", "locality": "the locality", "practice": "the practice",
    "consented_on": "the date of consent",
}  # fmt: skip


def guess(headings: Sequence[str]) -> tuple[ColumnUse, ...]:
    """What each heading seems to mean; of two columns for one thing the first counts."""
    taken: set[str] = set()
    uses = []
    for heading in headings:
        use = _guess(_words(heading))
        if use.meaning in taken and use.meaning not in _REPEATABLE:
            use = ColumnUse()
        taken.add(use.meaning)
        uses.append(use)
    return tuple(uses)


def check_settings(settings: ImportSettings, columns: int, today: date) -> None:
    """Raises Invalid with a sentence that says what to choose instead."""
    meanings = Counter(use.meaning for use in settings.uses)
    if len(settings.uses) != columns:
        raise Invalid(f"Say for each of the {columns} columns what it holds.")
    twice = next((each for each, times in meanings.items() if times > 1 and each not in _REPEATABLE), None)
    if twice:
        raise Invalid(f"Two columns hold {_TITLES[twice]}: choose one of them.")
    if not meanings.keys() & {"name", "first_name", "surname", "organisation"}:
        raise Invalid("Say which column holds the name of the person or the organisation.")
    if meanings["reference"] and not settings.list_name.strip():
        raise Invalid("Say whose numbers the references are, for example “Health Panel”.")
    if meanings["consent"]:
        _check_consents(settings, meanings["consented_on"], today)


def _check_consents(settings: ImportSettings, dated: int, today: date) -> None:
    if any(use.meaning == "consent" and not (use.purpose and use.channel) for use in settings.uses):
        raise Invalid("Say for each consent column what it is for, and over which channel.")
    if not settings.wording.strip():
        raise Invalid("Say what people were asked when they gave their consent, word for word.")
    if not settings.evidence.strip():
        raise Invalid("Say where the proof of the consents is, for example “Paper forms, archive box 12”.")
    if settings.consented_on is None and not dated:
        raise Invalid("Say when the consents were given: in a column, or with one date for all of them.")
    if settings.consented_on and not date(1900, 1, 1) <= settings.consented_on <= today:
        raise Invalid("The date of the consents cannot be in the future, or before 1900.")


def _guess(words: str) -> ColumnUse:
    parts = words.split()
    purpose = next((_PURPOSES[each] for each in parts if each in _PURPOSES), None)
    channel = next((_CHANNELS[each] for each in parts if each in _CHANNELS), None)
    if words in _BY_HEADING:
        return ColumnUse(meaning=_BY_HEADING[words])
    if purpose and (channel or "by" in parts or "consent" in parts or len(parts) == 1):
        return ColumnUse(meaning="consent", purpose=purpose, channel=channel or "email")
    return ColumnUse()


def _words(heading: str) -> str:
    """`E-mail address:` as `email address`"""
    words = " ".join(re.sub(r"[^\w]+", " ", heading.casefold()).replace("_", " ").split())
    return words.replace("e mail", "email")


assert set(_HEADINGS) <= set(get_args(ColumnMeaning))
