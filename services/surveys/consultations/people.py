"""What was said in a consultation, by people: who was several contacts when they said it, and is one now, is one."""

from dataclasses import replace

from services.surveys.consultations.contribution import Noted
from services.surveys.consultations.contributions import Asked, Contributions
from services.surveys.merges import Merges


def said_by_people(contributions: Contributions, merges: Merges, asked: Asked) -> list[Noted]:
    """Every contribution without its words, each person under one id in all of them."""
    said = list(contributions.every(asked))
    people = merges.people({one.contact_id for each in said for one in each.contributors})
    several = {contact_id: person[0] for contact_id, person in people.items() if len(person) > 1}
    return [_by_people(each, several) for each in said] if several else said


def _by_people(each: Noted, several: dict[str, str]) -> Noted:
    contributors = [replace(one, contact_id=several.get(one.contact_id, one.contact_id)) for one in each.contributors]
    return replace(each, contributors=tuple(contributors))
